/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "common/frame.h"
#include "common/str.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/pool_load.h"
#include "saslauthd/site.h"

struct judge {
	const struct pool_load *load;
	struct site site;
	size_t backend;			/* ours, of the site */
	struct conf_entries entries;
	char *config;			/* the daemon's file, or "" */
	const char *option_file;	/* -O's, if it is one; an entry's */
	struct errmsg problem;		/* the first one of the site */
	bool refused;
	pool_load_report *report;
	void *ctx;
};

/* ---- telling ---------------------------------------------------------- */

static void
say(struct judge *j, int status, const char *text)
{
	if (status != EX_OK && status != FRAME_REMARK)
		j->refused = true;
	if (j->report != NULL)
		j->report(j->ctx, status, text);
}

/* Of the backend as a whole: no place in a file says which one is meant. */
static void
say_of_backend(struct judge *j, int status, struct errmsg *e)
{
	if (j->site.backend_count > 1)
		(void)errmsg_prefix(e, "backend %s", j->load->name);
	say(j, status, e->text);
}

/* What a mechanism warns of. */
static void
say_warning(void *ctx, const char *text)
{
	struct errmsg e;

	(void)errmsg_set(&e, "%s", text);
	say_of_backend(ctx, EX_OK, &e);
}

/* What a mechanism remarks. */
static void
say_remark(void *ctx, const char *text)
{
	struct errmsg e;

	(void)errmsg_set(&e, "%s", text);
	say_of_backend(ctx, FRAME_REMARK, &e);
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

static const char *
mech_name_of(const struct judge *j, size_t backend)
{
	return j->site.backends[backend].settings.mechanism;
}

/* Of another mechanism than ours only the keys: its library stays away. */
static bool
mech_has(const char *mech, const char *key)
{
	const struct conf_table *t = mech_keys(mech);

	return t != NULL && conf_key_find(t, key) != NULL;
}

static bool
is_first_of_mechanism(const struct judge *j)
{
	size_t i;

	for (i = 0; i < j->backend; i++)
		if (str_casecmp(mech_name_of(j, i), j->load->mech->name) == 0)
			return false;
	return true;
}

static bool
some_backend_has(const struct judge *j, const char *key)
{
	size_t i;

	for (i = 0; i < j->site.backend_count; i++)
		if (mech_has(mech_name_of(j, i), key))
			return true;
	return false;
}

static const char *
owner_of(const char *key)
{
	size_t i;

	for (i = 0; i < mech_names_count; i++)
		if (mech_has(mech_names[i].name, key))
			return mech_names[i].name;
	return NULL;
}

/* The nearest key of those that may stand where the entry is. */
static const char *
nearest(const struct judge *j, const struct conf_entry *en)
{
	const struct conf_table *t;
	const char *near = NULL;
	size_t i;

	for (i = 0; i < j->site.backend_count && near == NULL; i++) {
		t = mech_keys(mech_name_of(j, i));
		if (t != NULL && (en->part == 0 || i == j->backend))
			near = conf_nearest(t, en->key);
	}
	return near != NULL ? near : conf_nearest(&settings_table, en->key);
}

/* ---- judging ---------------------------------------------------------- */

/* "PATH:LINE" is the origin of what a file has. */
static bool
is_from(const struct conf_entry *en, const char *path)
{
	return str_starts(en->origin, path) && en->origin[strlen(path)] == ':';
}

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

/* Is this one of ours to judge? What stands in no part is told by the first
 * backend of its mechanism. */
static bool
is_ours(const struct judge *j, const struct conf_entry *en, size_t part)
{
	return en->part == 0 ? is_first_of_mechanism(j) : en->part == part;
}

/* Of values that mean something else now. What is new with this daemon was
 * never read otherwise. */
static void
tell_value_remarks(struct judge *j, size_t part)
{
	const struct conf_entry *en;
	size_t i;

	for (i = 0; i < j->entries.count; i++) {
		en = &j->entries.list[i];
		if (en->remark != NULL && is_ours(j, en, part) &&
		    !is_strict(j, en->origin))
			say(j, EX_OK, en->remark);
	}
}

/* A password in a file that everybody may read. */
static void
judge_privacy(struct judge *j, size_t part, const char *path)
{
	const struct conf_entry *en;
	const struct conf_key *k;
	struct errmsg e;
	struct stat st;
	size_t i;

	if (stat(path, &st) != 0 || (st.st_mode & S_IROTH) == 0)
		return;
	for (i = 0; i < j->entries.count; i++) {
		en = &j->entries.list[i];
		k = conf_key_find(j->load->mech->keys, en->key);
		if (k == NULL || k->type != CONF_SECRET ||
		    !is_ours(j, en, part) || !is_from(en, path))
			continue;
		(void)errmsg_set(&e, "%s: %s: everybody may read this file",
		    en->origin, en->key);
		say(j, EX_OK, e.text);
		return;
	}
}

/* Does the complaint go on with the word this line begins with? */
static bool
is_of_line(const char *complaint, const char *line)
{
	const size_t n = strcspn(line, " \t=");

	return n > 0 && strncmp(complaint, line, n) == 0;
}

/* What verify() says of a key begins with its name: where does it stand? */
static const char *
origin_of(const struct judge *j, size_t part, const char *complaint)
{
	const struct conf_entry *en, *found = NULL;
	const struct conf_key *k;
	size_t i, n;

	for (i = 0; i < j->entries.count; i++) {
		en = &j->entries.list[i];
		n = strlen(en->key);
		if (en->refused || !is_ours(j, en, part) ||
		    !str_starts(complaint, en->key) ||
		    !str_starts(complaint + n, ": "))
			continue;
		k = conf_key_find(j->load->mech->keys, en->key);
		if (k != NULL && (found == NULL || k->type != CONF_LINES ||
		    is_of_line(complaint + n + 2, en->value)))
			found = en;
	}
	return found != NULL ? found->origin : NULL;
}

/* A mechanism's keys in no part are those of each backend that has it; the
 * first of them tells what is wrong there. */
static void
judge_entries(struct judge *j, size_t part, void *mech_settings)
{
	const struct mech *m = j->load->mech;
	struct errmsg e = ERRMSG_INIT;
	const char *origin;

	if (m->keys != NULL) {
		(void)conf_apply(m->keys, &j->entries, mech_settings,
		    is_first_of_mechanism(j) ? bad_value : ignore_value, j);
		if (part != 0)
			(void)conf_apply_part(m->keys, &j->entries, part,
			    mech_settings, bad_value, j);
		tell_value_remarks(j, part);
		judge_privacy(j, part, j->config);
		if (j->option_file != NULL)
			judge_privacy(j, part, j->option_file);
	}
	judge_rest(j, part);
	if (m->verify != NULL && m->verify(mech_settings, &e) != 0) {
		origin = m->keys != NULL ? origin_of(j, part, e.text) : NULL;
		if (origin != NULL)
			(void)errmsg_prefix(&e, "%s", origin);
		say_of_backend(j, EX_CONFIG, &e);
		return;
	}
	if (m->lacks != NULL)
		m->lacks(mech_settings, say_warning, j);
	if (m->remarks != NULL)
		m->remarks(mech_settings, say_remark, j);
}

/* ---- -O --------------------------------------------------------------- */

static bool
is_same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* What the daemon's own file has of the mechanism: it read one file only. */
static void
hide_entries(struct judge *j, size_t part, const char *path)
{
	const char *name = j->load->mech->name;
	struct conf_entry *en;
	struct errmsg e;
	size_t hidden = 0, i;

	for (i = 0; i < j->entries.count; i++) {
		en = &j->entries.list[i];
		if ((en->part != 0 && en->part != part) ||
		    en->origin[0] == '-' || !mech_has(name, en->key))
			continue;
		en->part = CONF_PART_UNUSED;
		en->used = true;
		hidden++;
	}
	if (hidden == 0)
		return;
	(void)errmsg_set(&e, "%s: what it has of mechanism %s (%zu) is not "
	    "used: -O names %s", j->config, name, hidden, path);
	say(j, EX_OK, e.text);
}

/* The daemon does not look into that file; Cyrus' had no keys of its own. */
static void
judge_daemon_keys(struct judge *j, size_t count)
{
	struct conf_entry *en;
	struct errmsg e;

	for (en = j->entries.list; count > 0; en++, count--) {
		if (conf_key_find(&settings_table, en->key) == NULL)
			continue;
		en->used = true;
		(void)errmsg_set(&e, "%s: %s: stands in a file that only "
		    "mechanism %s reads, ignored", en->origin, en->key,
		    j->load->mech->name);
		say(j, EX_OK, e.text);
	}
}

static void
take_file(struct judge *j, size_t part, const char *path)
{
	struct errmsg e = ERRMSG_INIT;
	size_t before;

	if (is_same_file(path, j->config))
		return;
	hide_entries(j, part, path);
	before = j->entries.count;
	if (conf_read_file_into(&j->entries, part, path, NULL, &e) != 0) {
		(void)errmsg_prefix(&e, "-O");
		say(j, EX_CONFIG, e.text);
		return;
	}
	j->option_file = path;
	judge_daemon_keys(j, j->entries.count - before);
}

static struct conf_entry *
find_option(struct conf_entries *es)
{
	size_t i;

	for (i = es->count; i > 0; i--)
		if (strcmp(es->list[i - 1].key, "mech_option") == 0 &&
		    strcmp(es->list[i - 1].origin, "-O") == 0)
			return &es->list[i - 1];
	return NULL;
}

/* -O is a file of the mechanism's keys, or becomes one key, and wins over
 * what the file says of it. */
static void
take_option(struct judge *j, size_t part)
{
	const struct mech *m = j->load->mech;
	struct conf_entry *option = find_option(&j->entries);
	struct errmsg e;

	if (option == NULL)
		return;
	option->used = true;
	if (m->option_is_file) {
		take_file(j, part, option->value);
		return;
	}
	if (m->option_key == NULL) {
		(void)errmsg_set(&e, "-O %s: mechanism %s takes no option, "
		    "ignored", option->value, m->name);
		say(j, EX_OK, e.text);
		return;
	}
	if (conf_add_to(&j->entries, part, m->option_key, option->value,
	    "-O", NULL) != 0)
		say_no_memory(j);
}

/* ---- loading ---------------------------------------------------------- */

/* The file first, then the flags: a later entry wins. The file is read here
 * so that a mechanism's secrets are in no other process. */
static int
read_entries(struct pool_load *l, struct buf *frame, int config_fd,
    struct judge *j, char **user_r)
{
	struct errmsg e = ERRMSG_INIT;
	unsigned log_stderr;
	int rc = -1;

	if (buf_get_u8(frame, &log_stderr) == 0 &&
	    buf_get_str(frame, FRAME_MAX, &j->config) == 0 &&
	    buf_get_str(frame, FRAME_MAX, &l->name) == 0 &&
	    (config_fd < 0 || conf_read_fd(&j->entries, j->config, config_fd,
	    &e) == 0))
		rc = conf_entries_get(frame, &j->entries);
	if (rc == 0)
		rc = buf_get_str(frame, FRAME_MAX, user_r);
	if (rc != 0)
		say(j, EX_CONFIG, e.text[0] != '\0' ? e.text :
		    "BUG: settings frame does not parse");
	else
		l->log_stderr = log_stderr != 0;
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
	l->mech = mech_load(mech_name_of(j, j->backend), &e);
	if (l->mech != NULL)
		return 0;
	say_of_backend(j, EX_CONFIG, &e);
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
	take_option(j, part);
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
	free(j.config);
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
