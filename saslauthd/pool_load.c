/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/frame.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/pool_load.h"
#include "saslauthd/site.h"

struct judge {
	const struct pool_load *load;
	struct site site;
	size_t backend;			/* ours, of the site */
	struct conf_entries entries;
	struct errmsg problem;		/* the first one of the site */
	bool refused;
	pool_load_report *report;
	void *ctx;
};

/* ---- telling ---------------------------------------------------------- */

static void
say(struct judge *j, int status, const char *text)
{
	if (status != EX_OK)
		j->refused = true;
	if (j->report != NULL)
		j->report(j->ctx, status, text);
}

/* Of the backend as a whole: no place in a file says which one is meant. */
static void
say_of_backend(struct judge *j, struct errmsg *e)
{
	if (j->site.backend_count > 1)
		(void)errmsg_prefix(e, "backend %s", j->load->name);
	say(j, EX_CONFIG, e->text);
}

static void
say_no_memory(struct judge *j)
{
	say(j, EX_OSERR, "out of memory");
}

/* What is new with this daemon is judged strictly, a flat file as before. */
static bool
is_strict(const struct judge *j, const char *origin)
{
	return j->site.named || origin[0] == '-';
}

static void
bad_value(void *ctx, const char *text)
{
	struct judge *j = ctx;

	say(j, is_strict(j, text) ? EX_CONFIG : EX_OK, text);
}

static void
ignore_value(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static void
keep_problem(void *ctx, const char *text)
{
	struct judge *j = ctx;

	if (j->problem.text[0] == '\0')
		(void)errmsg_set(&j->problem, "%s", text);
}

/* ---- the mechanisms of all backends ----------------------------------- */

static const struct mech *
mech_of(const struct judge *j, size_t backend)
{
	return mech_find(j->site.backends[backend].settings.mechanism);
}

static bool
mech_has(const struct mech *m, const char *key)
{
	return m != NULL && m->keys != NULL &&
	    conf_key_find(m->keys, key) != NULL;
}

static bool
is_first_of_mechanism(const struct judge *j)
{
	size_t i;

	for (i = 0; i < j->backend; i++)
		if (mech_of(j, i) == j->load->mech)
			return false;
	return true;
}

static bool
some_backend_has(const struct judge *j, const char *key)
{
	size_t i;

	for (i = 0; i < j->site.backend_count; i++)
		if (mech_has(mech_of(j, i), key))
			return true;
	return false;
}

static const char *
owner_of(const char *key)
{
	const struct mech *m;
	size_t i;

	for (i = 0; i < mech_names_count; i++) {
		m = mech_find(mech_names[i].name);
		if (mech_has(m, key))
			return m->name;
	}
	return NULL;
}

/* The nearest key of those that may stand where the entry is. */
static const char *
nearest(const struct judge *j, const struct conf_entry *en)
{
	const char *near = NULL;
	const struct mech *m;
	size_t i;

	for (i = 0; i < j->site.backend_count && near == NULL; i++) {
		m = mech_of(j, i);
		if (m != NULL && m->keys != NULL &&
		    (en->part == 0 || i == j->backend))
			near = conf_nearest(m->keys, en->key);
	}
	return near != NULL ? near : conf_nearest(&settings_table, en->key);
}

/* ---- judging ---------------------------------------------------------- */

static void
judge_unknown(struct judge *j, const struct conf_entry *en)
{
	const bool strict = is_strict(j, en->origin);
	const char *owner = owner_of(en->key), *near;
	struct errmsg e;

	if (owner != NULL) {
		(void)errmsg_set(&e, "%s: %s: belongs to mechanism %s and is "
		    "not used by %s", en->origin, en->key, owner,
		    en->part != 0 || j->site.backend_count == 1 ?
		    j->load->mech->name : "any backend");
		/* By --set it does no harm. */
		say(j, j->site.named ? EX_CONFIG : EX_OK, e.text);
		return;
	}
	near = nearest(j, en);
	(void)errmsg_set(&e, "%s: %s: unknown key%s%s%s", en->origin, en->key,
	    near != NULL ? " (did you mean " : strict ? "" : ", ignored",
	    near != NULL ? near : "", near != NULL ? "?)" : "");
	say(j, strict ? EX_CONFIG : EX_OK, e.text);
}

/* What no table took: of our part, and of no part, where the first backend
 * speaks for all. */
static void
judge_rest(struct judge *j, size_t part)
{
	const struct conf_entry *en;
	size_t i;

	for (i = 0; i < j->entries.count; i++) {
		en = &j->entries.list[i];
		if (en->used)
			continue;
		if (en->part == 0 ? j->backend == 0 &&
		    !some_backend_has(j, en->key) : en->part == part)
			judge_unknown(j, en);
	}
}

/* A mechanism's keys in no part are those of each backend that has it; the
 * first of them tells what is wrong there. */
static void
judge_entries(struct judge *j, size_t part, void *mech_settings)
{
	const struct mech *m = j->load->mech;
	struct errmsg e = ERRMSG_INIT;

	if (m->keys != NULL)
		(void)conf_apply(m->keys, &j->entries, mech_settings,
		    is_first_of_mechanism(j) ? bad_value : ignore_value, j);
	if (m->keys != NULL && part != 0)
		(void)conf_apply_part(m->keys, &j->entries, part,
		    mech_settings, bad_value, j);
	judge_rest(j, part);
	if (m->verify != NULL && m->verify(mech_settings, &e) != 0)
		say_of_backend(j, &e);
}

/* -O becomes the mechanism's own key, and wins over the file's. */
static int
take_option(struct judge *j, size_t part)
{
	const struct mech *m = j->load->mech;
	struct conf_entry *option = NULL;
	struct errmsg e;
	size_t i;

	for (i = 0; i < j->entries.count; i++)
		if (strcmp(j->entries.list[i].key, "mech_option") == 0 &&
		    strcmp(j->entries.list[i].origin, "-O") == 0)
			option = &j->entries.list[i];
	if (option == NULL)
		return 0;
	option->used = true;
	if (m->option_key == NULL) {
		(void)errmsg_set(&e, "-O %s: mechanism %s takes no option, "
		    "ignored", option->value, m->name);
		say(j, EX_OK, e.text);
		return 0;
	}
	return conf_add_to(&j->entries, part, m->option_key, option->value,
	    "-O", NULL);
}

/* ---- loading ---------------------------------------------------------- */

/* The file first, then the flags: a later entry wins. The file is read here
 * so that a mechanism's secrets are in no other process. */
static int
read_entries(struct pool_load *l, struct buf *frame, int config_fd,
    struct judge *j, char **user_r)
{
	struct errmsg e = ERRMSG_INIT;
	char *config = NULL;
	unsigned log_stderr;
	int rc = -1;

	if (buf_get_u8(frame, &log_stderr) == 0 &&
	    buf_get_str(frame, FRAME_MAX, &config) == 0 &&
	    buf_get_str(frame, FRAME_MAX, &l->name) == 0 &&
	    (config_fd < 0 ||
	    conf_read_fd(&j->entries, config, config_fd, &e) == 0))
		rc = conf_entries_get(frame, &j->entries);
	if (rc == 0)
		rc = buf_get_str(frame, FRAME_MAX, user_r);
	if (rc != 0)
		say(j, EX_CONFIG, e.text[0] != '\0' ? e.text :
		    "BUG: settings frame does not parse");
	else
		l->log_stderr = log_stderr != 0;
	free(config);
	return rc;
}

/* The keeper built the same site, and told what is wrong with it. */
static int
find_backend(struct pool_load *l, struct judge *j)
{
	struct errmsg e;

	if (site_build(&j->site, &j->entries, keep_problem, j) != 0) {
		say(j, EX_CONFIG, j->problem.text);
		return -1;
	}
	j->backend = site_find_backend(&j->site, l->name);
	if (j->backend == j->site.backend_count) {
		(void)errmsg_set(&e, "no backend is called \"%s\"", l->name);
		say(j, EX_CONFIG, e.text);
		return -1;
	}
	l->mech = mech_of(j, j->backend);
	if (l->mech != NULL)
		return 0;
	(void)errmsg_set(&e, "mechanism %s is not built in",
	    j->site.backends[j->backend].settings.mechanism);
	say_of_backend(j, &e);
	return -1;
}

static void
load_mechanism(struct pool_load *l, struct judge *j)
{
	const size_t part = j->site.backends[j->backend].part;

	if (l->mech->settings_size > 0) {
		l->mech_settings = calloc(1, l->mech->settings_size);
		if (l->mech_settings == NULL) {
			say_no_memory(j);
			return;
		}
		conf_defaults(l->mech->keys, l->mech_settings);
	}
	if (take_option(j, part) != 0)
		say_no_memory(j);
	else
		judge_entries(j, part, l->mech_settings);
}

/* While the entries are there that say where each value comes from. */
static void
show_settings(struct pool_load *l, struct judge *j)
{
	const struct site_backend *sb = &j->site.backends[j->backend];
	struct conf_show_owner owner = {
		.table = &settings_table, .settings = &sb->settings,
		.scope = SETTINGS_BACKEND, .entries = &j->entries,
		.part = sb->part, .inherits = true
	};
	int rc;

	rc = conf_show_add(&l->config, &owner);
	if (rc == 0 && l->mech_settings != NULL) {
		owner.table = l->mech->keys;
		owner.settings = l->mech_settings;
		owner.scope = 0;
		rc = conf_show_add(&l->config, &owner);
	}
	if (rc != 0)
		say_no_memory(j);
}

int
pool_load(struct pool_load *l, struct buf *frame, int config_fd,
    pool_load_report *report, void *ctx)
{
	struct judge j = { .load = l, .report = report, .ctx = ctx };
	struct settings *found;
	char *user = NULL;

	memset(l, 0, sizeof(*l));
	if (read_entries(l, frame, config_fd, &j, &user) == 0 &&
	    find_backend(l, &j) == 0) {
		load_mechanism(l, &j);
		show_settings(l, &j);
		found = &j.site.backends[j.backend].settings;
		l->several = j.site.backend_count > 1;
		l->settings = *found;
		memset(found, 0, sizeof(*found));	/* it is ours now */
		free(l->settings.user);	/* a reload does not change it */
		l->settings.user = user;
		user = NULL;
	}
	free(user);
	site_fini(&j.site);
	conf_entries_fini(&j.entries);
	return j.refused ? -1 : 0;
}

void
pool_load_fini(struct pool_load *l)
{
	if (l->mech != NULL && l->mech->keys != NULL &&
	    l->mech_settings != NULL)
		conf_fini(l->mech->keys, l->mech_settings);
	free(l->mech_settings);
	free(l->name);
	l->mech_settings = NULL;
	l->name = NULL;
	conf_show_fini(&l->config);
	conf_fini(&settings_table, &l->settings);
}

void
pool_load_print_mechanisms(void)
{
	const struct mech *m;
	size_t i;

	for (i = 0; i < mech_names_count; i++) {
		m = mech_find(mech_names[i].name);
		if (m != NULL)
			fprintf(stderr, "  %-10s %s\n", m->name, m->summary);
	}
}

int
pool_load_print_keys(const char *name)
{
	const struct mech *m = mech_find(name);
	const struct conf_key *k;
	size_t i;

	if (m == NULL) {
		fprintf(stderr, "saslauthd-pool: no mechanism \"%s\" in this "
		    "build\n", name);
		return EX_USAGE;
	}
	for (i = 0; m->keys != NULL && i < m->keys->count; i++) {
		k = &m->keys->keys[i];
		printf("%s\t%s\t%ld..%ld\t%s\t%s\n", k->name,
		    conf_type_name(k->type), k->min, k->max,
		    k->def != NULL ? k->def : "", k->help);
	}
	return EX_OK;
}
