/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "common/io.h"
#include "common/log.h"
#include "common/str.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/check.h"
#include "saslauthd/plan.h"
#include "saslauthd/privs.h"
#include "saslauthd/settings.h"

#define CONFIG_FILE SYSCONFDIR "/saslauthd.conf"

/* While it is loaded. */
struct loading {
	struct plan *plan;
	const struct options *options;
	int status;			/* first reason to refuse it */
};

static void
refuse(struct loading *ld, int status)
{
	if (ld->status == EX_OK)
		ld->status = status;
}

void
plan_complain(struct plan *p, const char *text)
{
	log_msg(LOG_ERR, "main", "%s", text);
	if (p->errors++ == 0)
		(void)errmsg_set(&p->why, "%s", text);
}

void
plan_warn(struct plan *p, const char *text)
{
	log_msg(LOG_WARNING, "main", "%s", text);
	if (p->warnings++ == 0)
		(void)errmsg_set(&p->warned, "%s", text);
}

void
plan_tell_why(const struct plan *p, struct errmsg *e_r)
{
	if (p->errors == 0 && p->warnings == 0)
		(void)errmsg_set(e_r, "out of memory");
	else if (p->errors == 0)
		(void)errmsg_set(e_r, "%s (%s)", p->warned.text,
		    "a warning is an error where strict is set, or parts "
		    "have names");
	else if (p->errors == 1)
		*e_r = p->why;
	else
		(void)errmsg_set(e_r, "%s (%u more in the log)", p->why.text,
		    p->errors - 1);
}

bool
plan_is_strict(const struct plan *p)
{
	return p->launch->checking || p->site.named ||
	    p->site.settings.strict;
}

/* ---- sources ---------------------------------------------------------- */

/* Of the daemon's own keys and parts. Flags are wrong use; --set and named
 * parts are new and therefore strict; a flat file is as forgiving as it
 * was. */
static void
on_problem(void *ctx, const char *text)
{
	struct loading *ld = ctx;

	struct errmsg e;

	if (text[0] != '-' && ld->plan->own.part_count == 0) {
		(void)errmsg_set(&e, "%s; the default is used", text);
		plan_warn(ld->plan, e.text);
		return;
	}
	plan_complain(ld->plan, text);
	refuse(ld, text[0] == '-' && !str_starts(text, "--set") ? EX_USAGE :
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

static int
take_config(struct plan *p, struct conf_entries *es, const char *path,
    int *errnum_r, struct errmsg *e)
{
	*errnum_r = 0;
	p->config = strdup(path);
	p->config_fd = p->config != NULL ? io_copy_file(path, CONF_FILE_MAX,
	    "saslauthd-conf") : -1;
	if (p->config_fd < 0) {
		*errnum_r = errno;
		return errmsg_errno(e, errno, "%s", path);
	}
	return conf_read_fd(es, path, p->config_fd, e);
}

/* Without a file at all. */
static void
drop_config(struct plan *p)
{
	io_close(&p->config_fd);
	free(p->config);
	p->config = NULL;
}

/* The file of --config must be readable and right; the default one need not
 * exist, and stops nobody whose mechanism never read it, unless it has what
 * none of that time has: named parts. */
static void
read_config(struct loading *ld, struct conf_entries *es)
{
	const char *named = ld->plan->launch->config;
	const char *path = named != NULL ? named : CONFIG_FILE;
	struct errmsg e = ERRMSG_INIT, unused;
	int errnum = 0;

	if (take_config(ld->plan, es, path, &errnum, &e) == 0)
		return;
	drop_config(ld->plan);
	if (named == NULL && errnum == ENOENT)
		return;
	if (named == NULL && !es->has_parts &&
	    is_file_unread(&ld->options->entries)) {
		(void)errmsg_set(&unused, "%s; the file is not used", e.text);
		plan_warn(ld->plan, unused.text);
		return;
	}
	plan_complain(ld->plan, e.text);
	refuse(ld, EX_CONFIG);
}

/* The file's entries, then those of the command line. What is not the
 * daemon's own (a mechanism's password, say) is wiped again at once. */
static int
collect_entries(struct loading *ld)
{
	struct conf_entries all = CONF_ENTRIES_INIT;
	int rc = 0;

	read_config(ld, &all);
	if (settings_filter(&all, &ld->plan->own) != 0 ||
	    settings_filter(&ld->options->entries, &ld->plan->own) != 0) {
		plan_complain(ld->plan, "out of memory");
		refuse(ld, EX_OSERR);
		rc = -1;
	}
	conf_entries_fini(&all);
	return rc;
}

/* ---- judging ---------------------------------------------------------- */

/* A part names a mechanism; -a names one, or a backend of the file's. */
static void
hint_mechanism(const struct site *site, const struct site_backend *sb,
    struct errmsg *e)
{
	struct conf_near near;
	size_t i;

	conf_near_init(&near, sb->settings.mechanism);
	for (i = 0; i < mech_names_count; i++)
		conf_near_offer(&near, mech_names[i].name);
	for (i = 0; sb->part == 0 && i < site->backend_count; i++)
		if (site->backends[i].part != 0)
			conf_near_offer(&near, site->backends[i].name);
	conf_near_hint(&near, e);
}

static void
judge_mechanism(struct loading *ld, const struct site_backend *sb)
{
	const struct mech_name *m = mech_name_find(sb->settings.mechanism);
	const struct conf_entry *en;
	struct errmsg e;
	bool flag;

	if (m != NULL && m->built)
		return;
	en = conf_find_in(&ld->plan->own, sb->part, "mechanism");
	flag = en == NULL || en->origin[0] == '-';
	ld->plan->complete = false;
	if (m == NULL) {
		(void)errmsg_set(&e, "unknown authentication mechanism: %s",
		    sb->settings.mechanism);
		hint_mechanism(&ld->plan->site, sb, &e);
	} else {
		(void)errmsg_set(&e, "mechanism %s is not built in: %s",
		    m->name, m->later ? "this version does not have it" :
		    "rebuild with its library (see the end of configure)");
	}
	if (!flag)
		(void)errmsg_prefix(&e, "%s: mechanism", en->origin);
	plan_complain(ld->plan, e.text);
	refuse(ld, m == NULL && flag ? EX_USAGE : EX_CONFIG);
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

/* What is named to be asked, and no route of the file asks it. */
static void
judge_use(struct loading *ld, size_t backend)
{
	const struct site_backend *sb = &ld->plan->site.backends[backend];
	const struct conf_entries *own = &ld->plan->own;
	const char *where;
	struct errmsg e;
	size_t i = 0;

	if (sb->part != 0 || mech_name_find(sb->name) == NULL ||
	    is_asked(&ld->plan->site, backend))
		return;
	while (strcmp(own->parts[i].kind, "route") != 0)
		i++;
	where = conf_find(own, "mechanism")->origin;
	(void)errmsg_set(&e, "%s: route %s: neither this nor another route "
	    "asks %s, which %s names: add \"step: %s\" to one, or leave it "
	    "out of %s", own->parts[i].origin, own->parts[i].name, sb->name,
	    where, sb->name, where);
	plan_complain(ld->plan, e.text);
	refuse(ld, EX_CONFIG);
}

static void
judge_backends(struct loading *ld)
{
	const struct site *site = &ld->plan->site;
	size_t i;

	if (site->backend_count == 0 && ld->status != EX_OK)
		return;		/* the file that says more was refused */
	if (site->backend_count == 0) {
		plan_complain(ld->plan,
		    "no authentication mechanism specified: use -a");
		refuse(ld, EX_USAGE);
		return;
	}
	ld->plan->complete = true;
	for (i = 0; i < site->backend_count; i++) {
		judge_mechanism(ld, &site->backends[i]);
		judge_use(ld, i);
	}
	if (site->backend_count > 1 && ld->options->mech_option != NULL) {
		plan_complain(ld->plan, "-O is for a single mechanism: "
		    "of several, each has a key of its own");
		refuse(ld, EX_USAGE);
	}
}

static void
assign_given(struct loading *ld)
{
	struct plan *p = ld->plan;
	struct errmsg e = ERRMSG_INIT;

	p->given = p->launch->given;
	if (activation_assign(&p->given, &p->site, &e) == 0)
		return;
	plan_complain(p, e.text);
	refuse(ld, EX_CONFIG);
}

int
plan_is_readable_now(struct plan *p, const struct launch *l)
{
	const char *path = l->config != NULL ? l->config : CONFIG_FILE;
	struct errmsg e = ERRMSG_INIT;
	struct stat sb;

	*p = (struct plan){ .launch = l, .config_fd = -1 };
	if (stat(path, &sb) != 0 || S_ISREG(sb.st_mode))
		return 0;	/* plan_load() says what is wrong */
	(void)errmsg_set(&e, "%s: no regular file, which a reload takes", path);
	plan_complain(p, e.text);
	return -1;
}

int
plan_load(struct plan *p, const struct launch *l)
{
	struct loading ld = { .plan = p, .options = &l->options,
	    .status = EX_OK };
	const struct settings *s = &p->site.settings;
	struct errmsg e;

	*p = (struct plan){ .launch = l, .config_fd = -1 };
	if (collect_entries(&ld) != 0)
		return ld.status;
	if (site_build(&p->site, &p->own, on_problem, &ld) != 0) {
		refuse(&ld, EX_OSERR);	/* unless a reason was told */
		(void)check_listeners(p);
		return ld.status;
	}
	log_set_verbose(s->verbose);
	if (l->options.stray != NULL) {
		(void)errmsg_set(&e, "\"%s\" is ignored: mechanisms are "
		    "given by -a, with commas between them",
		    l->options.stray);
		plan_warn(p, e.text);
	}
	judge_backends(&ld);
	assign_given(&ld);
	if (s->run_dir[0] == '\0') {
		plan_complain(p, "run_dir: must not be empty");
		refuse(&ld, EX_USAGE);
	}
	if (p->warnings > 0 && plan_is_strict(p))
		refuse(&ld, EX_CONFIG);
	return ld.status;
}

/* Once for all backends; their own worker_user is theirs to judge. */
static int
check_user(struct plan *p)
{
	const struct conf_entry *en = conf_find(&p->own, "user");
	struct errmsg e = ERRMSG_INIT;
	struct privs unused;
	bool fallback;

	if (privs_find(&unused, p->site.settings.user, &fallback, &e) == 0)
		return EX_OK;
	if (en != NULL)
		(void)errmsg_prefix(&e, "%s: user", en->origin);
	plan_complain(p, e.text);
	return EX_CONFIG;
}

int
plan_check(struct plan *p, struct notify *beat)
{
	int status = check_user(p), backends;

	backends = check_backends(p, plan_is_strict(p), beat);
	if (status == EX_OK)
		status = backends;
	if (check_listeners(p) != 0 && status == EX_OK)
		status = EX_CONFIG;
	return status;
}

/* ---- what cannot change ----------------------------------------------- */

/* Of the entries, too: a front that is started again takes its settings from
 * them, and must find the descriptors and the memory that are there. */
static void
keep_entry(struct plan *p, const char *key, const char *old)
{
	const struct conf_entry *en = conf_find(&p->own, key);
	char *origin = str_dup_format("running, not %s",
	    en != NULL ? en->origin : "default");
	struct errmsg waits;

	log_msg(LOG_WARNING, "keeper", "%s: another value takes effect at "
	    "the next start", key);
	(void)str_format(waits.text, sizeof(waits.text), "%s%s%s",
	    p->waits.text, p->waits.text[0] != '\0' ? ", " : "", key);
	p->waits = waits;
	if (origin == NULL || conf_add(&p->own, key, old, origin, NULL) != 0)
		log_msg(LOG_ERR, "keeper", "out of memory");
	free(origin);
}

static void
keep_text(struct plan *p, const char *key, char **text, const char *old)
{
	char *copy;

	if (strcmp(*text, old) == 0)
		return;
	keep_entry(p, key, old);
	copy = strdup(old);
	if (copy == NULL)
		return;
	free(*text);
	*text = copy;
}

static void
keep_number(struct plan *p, const char *key, long *number, long old)
{
	char text[32];	/* a long, and more */

	if (*number == old)
		return;
	*number = old;
	(void)str_format(text, sizeof(text), "%ld", old);
	keep_entry(p, key, text);
}

void
plan_keep_fixed(struct plan *p, const struct plan *now)
{
	struct settings *s = &p->site.settings;
	const struct settings *old = &now->site.settings;

	keep_text(p, "run_dir", &s->run_dir, old->run_dir);
	keep_text(p, "user", &s->user, old->user);
	if (s->sandbox != old->sandbox) {
		s->sandbox = old->sandbox;
		keep_entry(p, "sandbox",
		    s->sandbox == SANDBOX_REQUIRE ? "require" : "prefer");
	}
	keep_number(p, "clients_max", &s->clients_max, old->clients_max);
	keep_number(p, "cache_size", &s->cache_size_kb, old->cache_size_kb);
	keep_number(p, "limit_size", &s->limit_size_kb, old->limit_size_kb);
}

void
plan_fini(struct plan *p)
{
	site_fini(&p->site);
	conf_entries_fini(&p->own);
	drop_config(p);
}
