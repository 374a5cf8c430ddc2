/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saslauthd: read the command line and the settings, judge them, leave the
 * terminal, become the keeper. The same program is the front when the keeper
 * executes it under that name.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/compat/proctitle.h"
#include "common/io.h"
#include "common/log.h"
#include "common/str.h"
#include "front/front.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/check.h"
#include "saslauthd/child.h"
#include "saslauthd/keeper.h"
#include "saslauthd/options.h"
#include "saslauthd/settings.h"
#include "saslauthd/sigpipe.h"

#define CONFIG_FILE SYSCONFDIR "/saslauthd.conf"

struct start {
	struct options options;
	struct conf_entries own;	/* the daemon's keys, all sources */
	struct settings settings;
	char *config;			/* the file that was read, or NULL */
	const struct mech_name *mech;
	bool checking;			/* --check */
	unsigned warnings;
	int status;			/* first reason not to start */
};

static void
refuse(struct start *st, int status)
{
	if (st->status == EX_OK)
		st->status = status;
}

/* A bad value of the daemon's own keys. Flags are wrong use; --set is new
 * and therefore strict; the file is as forgiving as it was. */
static void
bad_value(void *ctx, const char *text)
{
	struct start *st = ctx;

	if (str_starts(text, "--set")) {
		log_msg(LOG_ERR, "main", "%s", text);
		refuse(st, EX_CONFIG);
	} else if (text[0] == '-') {
		log_msg(LOG_ERR, "main", "%s", text);
		refuse(st, EX_USAGE);
	} else {
		log_msg(LOG_WARNING, "main", "%s; the default is used", text);
		st->warnings++;
	}
}

/* The file of --config must be readable and right; the default one need not
 * exist, and stops nobody whose mechanism never read it. */
static void
read_config(struct start *st, struct conf_entries *es)
{
	const char *path = st->options.config;
	struct errmsg e = ERRMSG_INIT;
	int errnum = 0;

	if (path == NULL)
		path = CONFIG_FILE;
	if (conf_read_file(es, path, &errnum, &e) == 0) {
		/* The pool reads it again, from another directory. */
		st->config = realpath(path, NULL);
		return;
	}
	if (st->options.config == NULL && errnum == ENOENT)
		return;
	if (st->options.config == NULL &&
	    (st->mech == NULL || !st->mech->reads_conf)) {
		log_msg(LOG_WARNING, "main", "%s; the file is not used",
		    e.text);
		st->warnings++;
		return;
	}
	log_msg(LOG_ERR, "main", "%s", e.text);
	refuse(st, EX_CONFIG);
}

static void
pick_mechanism(struct start *st)
{
	const char *name = st->settings.mechanism;

	if (name[0] == '\0') {
		log_msg(LOG_ERR, "main",
		    "no authentication mechanism specified: use -a");
		refuse(st, EX_USAGE);
		return;
	}
	st->mech = mech_name_find(name);
	if (st->mech == NULL) {
		log_msg(LOG_ERR, "main",
		    "unknown authentication mechanism: %s", name);
		refuse(st, EX_USAGE);
	} else if (!st->mech->built) {
		log_msg(LOG_ERR, "main", "mechanism %s is not built in: %s",
		    st->mech->name, st->mech->later ?
		    "this version does not have it" :
		    "rebuild with its library (see the end of configure)");
		refuse(st, EX_CONFIG);
	}
}

/* The file's entries, then those of the command line. What is not the
 * daemon's own (a mechanism's password, say) is wiped again at once. */
static int
collect_entries(struct start *st)
{
	struct conf_entries all = { NULL, 0 };
	struct options *o = &st->options;
	const struct conf_entry *flag;
	int rc = 0;

	/* Does the default file matter? That depends on -a. */
	flag = conf_find(&o->entries, "mechanism");
	st->mech = flag != NULL ? mech_name_find(flag->value) : NULL;
	read_config(st, &all);
	if (settings_filter(&all, &st->own) != 0 ||
	    settings_filter(&o->entries, &st->own) != 0 ||
	    (o->mech_option != NULL && conf_add(&o->entries, "mech_option",
	    o->mech_option, "-O", NULL) != 0)) {
		log_msg(LOG_ERR, "main", "out of memory");
		refuse(st, EX_OSERR);
		rc = -1;
	}
	conf_entries_fini(&all);
	return rc;
}

static void
load_settings(struct start *st)
{
	if (collect_entries(st) != 0)
		return;
	conf_defaults(&settings_table, &st->settings);
	(void)conf_apply(&settings_table, &st->own, &st->settings, bad_value,
	    st);
	log_set_verbose(st->settings.verbose);
	if (st->options.stray != NULL) {
		log_msg(LOG_WARNING, "main", "\"%s\" is ignored: "
		    "only one mechanism can be given, by -a",
		    st->options.stray);
		st->warnings++;
	}
	pick_mechanism(st);
	if (st->settings.run_dir[0] == '\0') {
		log_msg(LOG_ERR, "main", "run_dir: must not be empty");
		refuse(st, EX_USAGE);
	}
	if (st->warnings > 0 && (st->settings.strict || st->checking))
		refuse(st, EX_CONFIG);
}

static int
run(struct start *st)
{
	struct keeper_plan plan = {
		.settings = &st->settings,
		.own = &st->own,
		.flags = &st->options.entries,
		.config = st->config,
		.foreground = st->options.foreground,
	};
	char *self = child_self_path();
	char *pool = self != NULL ? child_pool_path(self) : NULL;
	int status = EX_OSERR;

	if (pool == NULL)
		goto out;
	plan.self = self;
	plan.pool = pool;
	status = check_backend(&plan, st->checking || st->settings.strict);
	if (status == EX_OK)
		status = st->status;
	if (status == EX_OK && !st->checking)
		status = keeper_run(&plan);
out:
	free(self);
	free(pool);
	return status;
}

int
main(int argc, char **argv)
{
	struct start st = { .status = EX_OK };
	int status;

	if (io_fill_stdio() != 0)
		return EX_OSERR;
	sigpipe_reset();
	proctitle_init(argc, argv);
	if (argc == 1 && strcmp(argv[0], FRONT_ARGV0) == 0)
		front_main();
	log_open("saslauthd", true, false);
	switch (options_parse(argc, argv, &st.options, &status)) {
	case OPTIONS_EXIT:
		goto out;
	case OPTIONS_CHECK:
		st.checking = true;
		break;
	case OPTIONS_RUN:
		break;
	}
	load_settings(&st);
	/* What else is wrong is worth knowing to who asked for a check. */
	status = st.status;
	if (status == EX_OK || (st.checking && st.mech != NULL &&
	    st.mech->built))
		status = run(&st);
	if (status == EX_OK && st.checking)
		printf("configuration is good\n");
out:
	options_fini(&st.options);
	conf_fini(&settings_table, &st.settings);
	conf_entries_fini(&st.own);
	free(st.config);
	return status;
}
