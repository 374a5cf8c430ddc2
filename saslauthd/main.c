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
#include "saslauthd/activation.h"
#include "saslauthd/check.h"
#include "saslauthd/child.h"
#include "saslauthd/keeper.h"
#include "saslauthd/notify.h"
#include "saslauthd/options.h"
#include "saslauthd/settings.h"
#include "saslauthd/sigpipe.h"
#include "saslauthd/site.h"

#define CONFIG_FILE SYSCONFDIR "/saslauthd.conf"

struct start {
	struct options options;
	struct conf_entries own;	/* the daemon's keys, all sources */
	struct site site;
	struct activation given;	/* sockets */
	struct notify notify;
	char *config;			/* the file that was read, or NULL */
	bool checking;			/* --check */
	bool trying;			/* --try with it */
	bool complete;			/* each backend's mechanism is built */
	unsigned warnings;
	int status;			/* first reason not to start */
};

static void
refuse(struct start *st, int status)
{
	if (st->status == EX_OK)
		st->status = status;
}

/* Of the daemon's own keys and parts. Flags are wrong use; --set and named
 * parts are new and therefore strict; a flat file is as forgiving as it
 * was. */
static void
on_problem(void *ctx, const char *text)
{
	struct start *st = ctx;

	if (text[0] != '-' && st->own.part_count == 0) {
		log_msg(LOG_WARNING, "main", "%s; the default is used", text);
		st->warnings++;
		return;
	}
	log_msg(LOG_ERR, "main", "%s", text);
	refuse(st, text[0] == '-' && !str_starts(text, "--set") ? EX_USAGE :
	    EX_CONFIG);
}

/* Does the default file matter to -a? Not to one mechanism that never read
 * it; chains and backends are new. */
static bool
is_file_unread(const struct conf_entries *flags)
{
	const struct conf_entry *flag = conf_find(flags, "mechanism");
	const struct mech_name *m = flag != NULL ?
	    mech_name_find(flag->value) : NULL;

	return m != NULL && !m->reads_conf;
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
	    is_file_unread(&st->options.entries)) {
		log_msg(LOG_WARNING, "main", "%s; the file is not used",
		    e.text);
		st->warnings++;
		return;
	}
	log_msg(LOG_ERR, "main", "%s", e.text);
	refuse(st, EX_CONFIG);
}

/* The entry that names the mechanism of a backend's part. */
static const char *
place_of(const struct start *st, const struct site_backend *sb)
{
	const char *origin = "";
	size_t i;

	for (i = 0; i < st->own.count; i++)
		if (st->own.list[i].part == sb->part &&
		    strcmp(st->own.list[i].key, "mechanism") == 0)
			origin = st->own.list[i].origin;
	return origin;
}

static void
judge_mechanism(struct start *st, const struct site_backend *sb)
{
	const struct mech_name *m = mech_name_find(sb->settings.mechanism);
	struct errmsg e = ERRMSG_INIT;

	if (m != NULL && m->built)
		return;
	st->complete = false;
	if (m == NULL)
		(void)errmsg_set(&e, "unknown authentication mechanism: %s",
		    sb->settings.mechanism);
	else
		(void)errmsg_set(&e, "mechanism %s is not built in: %s",
		    m->name, m->later ? "this version does not have it" :
		    "rebuild with its library (see the end of configure)");
	if (sb->part != 0)
		(void)errmsg_prefix(&e, "%s: mechanism", place_of(st, sb));
	log_msg(LOG_ERR, "main", "%s", e.text);
	refuse(st, m == NULL && sb->part == 0 ? EX_USAGE : EX_CONFIG);
}

static bool
is_asked(const struct site *site, size_t backend)
{
	const struct site_route *r;
	size_t i, k;

	for (i = 0; i < site->route_count; i++) {
		r = &site->routes[i];
		for (k = 0; k < r->step_count; k++)
			if (r->steps[k].backend == backend)
				return true;
	}
	return false;
}

static void
judge_backends(struct start *st)
{
	const struct site *site = &st->site;
	size_t i;

	if (site->backend_count == 0) {
		log_msg(LOG_ERR, "main",
		    "no authentication mechanism specified: use -a");
		refuse(st, EX_USAGE);
		return;
	}
	st->complete = true;
	for (i = 0; i < site->backend_count; i++) {
		judge_mechanism(st, &site->backends[i]);
		if (site->backends[i].part == 0 && !is_asked(site, i)) {
			log_msg(LOG_ERR, "main", "-a %s: no route asks it",
			    site->backends[i].name);
			refuse(st, EX_CONFIG);
		}
	}
	if (site->backend_count > 1 && st->options.mech_option != NULL) {
		log_msg(LOG_ERR, "main", "-O is for a single mechanism: "
		    "of several, each has a key of its own");
		refuse(st, EX_USAGE);
	}
}

/* The file's entries, then those of the command line. What is not the
 * daemon's own (a mechanism's password, say) is wiped again at once. */
static int
collect_entries(struct start *st)
{
	struct conf_entries all = CONF_ENTRIES_INIT;
	struct options *o = &st->options;
	int rc = 0;

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

/* What came with the start besides arguments. Nothing of it is for children,
 * and descriptors are known by number: before any is opened. */
static void
take_surroundings(struct start *st)
{
	struct errmsg e = ERRMSG_INIT;
	int rc;

	rc = activation_take(&st->given, &e);
	log_open("saslauthd", true, false);
	if (rc != 0) {
		log_msg(LOG_ERR, "main", "%s", e.text);
		refuse(st, EX_CONFIG);
	}
	notify_take(&st->notify);
}

static void
assign_given(struct start *st)
{
	struct errmsg e = ERRMSG_INIT;

	if (activation_assign(&st->given, &st->site, &e) == 0)
		return;
	log_msg(LOG_ERR, "main", "%s", e.text);
	refuse(st, EX_CONFIG);
}

static bool
is_strict(const struct start *st)
{
	return st->checking || st->site.named || st->site.settings.strict;
}

static void
load_settings(struct start *st)
{
	const struct settings *s = &st->site.settings;

	if (collect_entries(st) != 0)
		return;
	if (site_build(&st->site, &st->own, on_problem, st) != 0) {
		refuse(st, EX_OSERR);	/* unless a reason was told */
		return;
	}
	log_set_verbose(s->verbose);
	if (st->options.stray != NULL) {
		log_msg(LOG_WARNING, "main", "\"%s\" is ignored: "
		    "mechanisms are given by -a, with commas between them",
		    st->options.stray);
		st->warnings++;
	}
	judge_backends(st);
	assign_given(st);
	if (s->run_dir[0] == '\0') {
		log_msg(LOG_ERR, "main", "run_dir: must not be empty");
		refuse(st, EX_USAGE);
	}
	if (st->warnings > 0 && is_strict(st))
		refuse(st, EX_CONFIG);
}

static int
run(struct start *st)
{
	struct keeper_plan plan = {
		.site = &st->site,
		.own = &st->own,
		.flags = &st->options.entries,
		.config = st->config,
		.given = &st->given,
		.notify = st->notify,
		.foreground = st->options.foreground,
	};
	char *self = child_self_path();
	char *pool = self != NULL ? child_pool_path(self) : NULL;
	int status = EX_OSERR;

	if (pool == NULL)
		goto out;
	plan.self = self;
	plan.pool = pool;
	status = check_backends(&plan, is_strict(st));
	/* A start finds these when it makes the sockets. */
	if (st->checking && check_listeners(&st->site) != 0)
		refuse(st, EX_CONFIG);
	if (status == EX_OK)
		status = st->status;
	if (status != EX_OK)
		goto out;
	if (!st->checking) {
		status = keeper_run(&plan);
		goto out;
	}
	printf("configuration is good\n");
	if (st->trying)
		status = check_try(&plan);
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
	take_surroundings(&st);
	switch (options_parse(argc, argv, &st.options, &status)) {
	case OPTIONS_EXIT:
		goto out;
	case OPTIONS_TRY:
		st.trying = true;
		/* FALLTHROUGH */
	case OPTIONS_CHECK:
		st.checking = true;
		break;
	case OPTIONS_RUN:
		break;
	}
	load_settings(&st);
	/* What else is wrong is worth knowing to who asked for a check. */
	status = st.status;
	if (status == EX_OK || (st.checking && st.complete))
		status = run(&st);
out:
	options_fini(&st.options);
	site_fini(&st.site);
	conf_entries_fini(&st.own);
	free(st.config);
	return status;
}
