/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saslauthd: read the command line, have a plan made and judged, become the
 * keeper. The same program is the front when the keeper executes it under
 * that name.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/compat/proctitle.h"
#include "common/io.h"
#include "common/log.h"
#include "common/str.h"
#include "front/front.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/activation.h"
#include "saslauthd/check.h"
#include "saslauthd/child.h"
#include "saslauthd/keeper.h"
#include "saslauthd/notify.h"
#include "saslauthd/options.h"
#include "saslauthd/plan.h"
#include "saslauthd/sigpipe.h"

/* What came with the start besides arguments. Nothing of it is for children,
 * and descriptors are known by number: before any is opened. */
static int
take_surroundings(struct launch *l, struct notify *notify)
{
	struct errmsg e = ERRMSG_INIT;
	int rc;

	rc = activation_take(&l->given, &e);
	log_open("saslauthd", true, false);
	if (rc != 0)
		log_msg(LOG_ERR, "main", "%s", e.text);
	notify_take(notify);
	return rc == 0 ? EX_OK : EX_CONFIG;
}

/* The daemon leaves the directory it was started in, and reads it again. */
static char *
absolute_path(const char *path)
{
	char here[PATH_MAX];

	if (path[0] == '/')
		return strdup(path);
	if (getcwd(here, sizeof(here)) == NULL)
		return NULL;
	return str_dup_format("%s/%s", here, path);
}

/* -O, which names a file for those that have a file of settings. */
static int
take_option(struct options *o)
{
	const struct conf_entry *flag = conf_find(&o->entries, "mechanism");
	const struct mech_name *m = flag != NULL ?
	    mech_name_find(flag->value) : NULL;
	const char *option = o->mech_option;
	char *path = NULL;
	int rc;

	if (option == NULL)
		return 0;
	if (m != NULL && m->reads_conf)
		option = path = absolute_path(option);
	rc = option == NULL ? -1 : conf_add(&o->entries, "mech_option",
	    option, "-O", NULL);
	free(path);
	return rc;
}

static int
complete_launch(struct launch *l)
{
	struct options *o = &l->options;

	l->self = child_self_path();
	l->pool = l->self != NULL ? child_pool_path(l->self) : NULL;
	if (o->config != NULL)
		l->config = absolute_path(o->config);
	if (l->pool != NULL && (o->config == NULL || l->config != NULL) &&
	    take_option(o) == 0)
		return EX_OK;
	log_msg(LOG_ERR, "main", "out of memory");
	return EX_OSERR;
}

static int
check_only(struct plan *p, int status)
{
	if (status == EX_OK)
		printf("configuration is good\n");
	if (status == EX_OK && p->launch->trying)
		status = check_try(p);
	return status;
}

static int
run(const struct launch *l, const struct notify *notify, int status)
{
	struct plan *p = calloc(1, sizeof(*p));
	int loaded, checked = EX_OK;

	if (p == NULL) {
		log_msg(LOG_ERR, "main", "out of memory");
		return EX_OSERR;
	}
	loaded = plan_load(p, l);
	if (status == EX_OK)
		status = loaded;
	/* What else is wrong is worth knowing to who asked for a check. */
	if (status == EX_OK || (l->checking && p->complete))
		checked = plan_check(p, NULL);
	if (status == EX_OK)
		status = checked;
	if (l->checking)
		status = check_only(p, status);
	else if (status == EX_OK)
		return keeper_run(p, notify);
	plan_fini(p);
	free(p);
	return status;
}

int
main(int argc, char **argv)
{
	static struct launch l;
	struct notify notify;
	int taken, status;

	if (io_fill_stdio() != 0)
		return EX_OSERR;
	sigpipe_reset();
	proctitle_init(argc, argv);
	if (argc == 1 && strcmp(argv[0], FRONT_ARGV0) == 0)
		front_main();
	taken = take_surroundings(&l, &notify);
	switch (options_parse(argc, argv, &l.options, &status)) {
	case OPTIONS_EXIT:
		goto out;
	case OPTIONS_TRY:
		l.trying = true;
		/* FALLTHROUGH */
	case OPTIONS_CHECK:
		l.checking = true;
		break;
	case OPTIONS_RUN:
		break;
	}
	status = complete_launch(&l);
	if (status == EX_OK)
		status = run(&l, &notify, taken);
out:
	options_fini(&l.options);
	free(l.config);
	free(l.self);
	free(l.pool);
	return status;
}
