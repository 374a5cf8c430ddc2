/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_migrate - saslauthctl migrate: what the old daemon was started with, as
 * a saslauthd.conf(5) of named parts.
 *
 * Several instances become one daemon: the first has the run directory, each
 * other one a listener where its socket was. Those that are alike share a
 * backend; if not all are, a route leads from each listener to its own.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tools/ctl.h"
#include "tools/draft.h"
#include "tools/old_conf.h"
#include "tools/old_defaults.h"

#define NAME_ROOM (CONF_NAME_MAX - 8)	/* for "-2" behind it */
#define FIRST_LISTENER "default"	/* the one in run_dir */
#define INSTANCE_PREFIX "saslauthd"

#define OLD_WORKERS_DEFAULT "5"
#define NO_RUN_DIR "no -m: the old daemon's default"
#define OLD_CACHE_TTL_DEFAULT "28800"
#define OLD_FIELD_MAX "256"

struct migration {
	struct old_instance *list;
	size_t count;
	struct draft d;
};

/* ---- the instances ---- */

/* Its file's, without the daemon's name in front: saslauthd-postfix is
 * postfix. No two are the same. */
static void
name_instance(struct migration *m, size_t i)
{
	struct old_instance *in = &m->list[i];
	const char *slash = strrchr(in->path, '/');
	const char *base = slash != NULL ? slash + 1 : in->path;
	char name[NAME_ROOM], *c;
	unsigned number = 1;
	size_t j;

	if (str_starts(base, INSTANCE_PREFIX) &&
	    base[strlen(INSTANCE_PREFIX)] != '\0')
		base += strlen(INSTANCE_PREFIX);
	while ((*base == '-' || *base == '_') && base[1] != '\0')
		base++;
	(void)snprintf(name, sizeof(name), "%s", base);
	for (c = name; *c != '\0'; c++)
		if (strchr(".-_", *c) == NULL && (str_lower(*c) < 'a' ||
		    str_lower(*c) > 'z') && (*c < '0' || *c > '9'))
			*c = '-';
	do {
		(void)snprintf(in->name, sizeof(in->name),
		    number == 1 ? "%s" : "%s-%u", name, number);
		number++;
		for (j = 0; j < i; j++)
			if (strcmp(m->list[j].name, in->name) == 0)
				break;
	} while (j < i);
}

static const char *
run_dir_of(const struct old_instance *in)
{
	const char *dir = in->flags.value[OLD_RUN_DIR];

	return dir != NULL ? dir : in->run_dir;
}

static int
judge_run_dir(const struct migration *m, size_t i, struct errmsg *e)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (strcmp(run_dir_of(&m->list[j]),
		    run_dir_of(&m->list[i])) == 0)
			return errmsg_set(e, "%s: has the run directory of "
			    "%s, so that only one of them can have run; name "
			    "the file of that one", m->list[i].path,
			    m->list[j].path);
	return 0;
}

/* Where files were looked for, those that did not run are left out, unless
 * none did. */
static void
drop_idle(struct migration *m)
{
	size_t i, kept = 0, on = 0;

	for (i = 0; i < m->count; i++)
		if (!m->list[i].off)
			on++;
	for (i = 0; i < m->count; i++) {
		if (m->list[i].off && on > 0) {
			draft_note(&m->d, "%s: left out: it has no START=yes",
			    m->list[i].path);
			old_instance_fini(&m->list[i]);
		} else {
			m->list[kept++] = m->list[i];
		}
	}
	m->count = kept;
}

static int
read_instances(struct migration *m, const char *const *paths, size_t count,
    bool all, struct errmsg *e)
{
	size_t i;

	m->list = calloc(count, sizeof(*m->list));
	if (m->list == NULL)
		return errmsg_set(e, "out of memory");
	for (; m->count < count; m->count++) {
		if (old_instance_read(&m->list[m->count], paths[m->count],
		    &m->d, e) == -1) {
			m->count++;	/* what it has is freed */
			return -1;
		}
	}
	if (!all)
		drop_idle(m);
	for (i = 0; i < m->count; i++) {
		if (judge_run_dir(m, i, e) == -1)
			return -1;
		if (m->list[i].off)
			draft_note(&m->d, "%s: has no START=yes, without "
			    "which Debian's script started nothing",
			    m->list[i].path);
		(void)snprintf(m->list[i].name, sizeof(m->list[i].name), "%s",
		    FIRST_LISTENER);
		if (i > 0)
			name_instance(m, i);
	}
	return 0;
}

/* ---- keys of the whole daemon ---- */

static void
put_flag(struct draft *d, const struct old_instance *in, enum old_flag flag,
    const char *key)
{
	if (in->flags.value[flag] != NULL)
		draft_set(d, key, in->flags.value[flag],
		    in->flags.origin[flag]);
}

static size_t
given(const struct migration *m, enum old_flag flag, size_t *first_r)
{
	size_t i, count = 0;

	*first_r = 0;
	for (i = m->count; i > 0; i--) {
		if (m->list[i - 1].flags.value[flag] == NULL)
			continue;
		*first_r = i - 1;
		count++;
	}
	return count;
}

static void
put_realm(struct migration *m)
{
	size_t first, count = given(m, OLD_REALM, &first);

	if (count == m->count)
		put_flag(&m->d, &m->list[first], OLD_REALM, "append_realm");
	else if (count > 0)
		draft_by_hand(&m->d, "%s: left out: the others have no -r, "
		    "and append_realm is for the whole daemon",
		    m->list[first].flags.origin[OLD_REALM]);
}

/* One cache for all: the largest of theirs. */
static void
put_cache_size(struct migration *m)
{
	const struct old_instance *in, *largest = NULL;
	long size, most = 0;
	size_t i;

	for (i = 0; i < m->count; i++) {
		in = &m->list[i];
		if (in->flags.value[OLD_CACHE_SIZE] == NULL)
			continue;
		size = strtol(in->flags.value[OLD_CACHE_SIZE], NULL, 10);
		if (in->flags.value[OLD_CACHE] == NULL) {
			draft_note(&m->d, "%s: dropped: had no effect without "
			    "-c", in->flags.origin[OLD_CACHE_SIZE]);
		} else if (size > most) {
			most = size;
			largest = in;
		}
	}
	if (largest != NULL)
		put_flag(&m->d, largest, OLD_CACHE_SIZE, "cache_size");
}

static void
put_daemon(struct migration *m)
{
	struct draft *d = &m->d;
	size_t first;

	draft_empty_line(d);
	if (m->list[0].flags.value[OLD_RUN_DIR] != NULL)
		put_flag(d, &m->list[0], OLD_RUN_DIR, "run_dir");
	else
		draft_set(d, "run_dir", m->list[0].run_dir, NO_RUN_DIR);
	if (given(m, OLD_VERBOSE, &first) > 0)
		put_flag(d, &m->list[first], OLD_VERBOSE, "verbose");
	put_realm(m);
	put_cache_size(m);
	draft_empty_line(d);
	draft_note(d, "Without the # the next lines do as the old daemon "
	    "did.");
	draft_offer(d, "tempfail_reply", "no",
	    "An outage is answered as a wrong password:");
	draft_offer(d, "limits", "off", "Nobody watches who guesses:");
	draft_offer(d, "name_max", OLD_FIELD_MAX, "Longer names are refused:");
	draft_offer(d, "password_max", OLD_FIELD_MAX,
	    "Longer passwords are refused:");
}

/* ---- parts ---- */

/* Would one backend do for both? */
static bool
is_alike(const struct old_instance *a, const struct old_instance *b)
{
	static const enum old_flag flags[] = {
		OLD_MECH, OLD_OPTION, OLD_WORKERS, OLD_CACHE, OLD_CACHE_TTL
	};
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!old_flags_equal(&a->flags, &b->flags, flags[i]))
			return false;
	return true;
}

/* The first instance like this one: it gives the backend. */
static size_t
model_of(const struct migration *m, size_t i)
{
	size_t j = 0;

	while (!is_alike(&m->list[j], &m->list[i]))
		j++;
	return j;
}

/* The mechanism's; of those with the same one, the second is called -2. */
static void
backend_name(const struct migration *m, size_t model,
    char name_r[CONF_NAME_MAX + 1])
{
	unsigned number = 1;
	size_t j;

	for (j = 0; j < model; j++)
		if (model_of(m, j) == j && old_flags_equal(&m->list[j].flags,
		    &m->list[model].flags, OLD_MECH))
			number++;
	(void)snprintf(name_r, CONF_NAME_MAX + 1,
	    number == 1 ? "%.*s" : "%.*s-%u", NAME_ROOM,
	    m->list[model].flags.value[OLD_MECH], number);
}

static void
put_cache(struct draft *d, const struct old_instance *in)
{
	const char *const *origin = (const char *const *)in->flags.origin;

	if (in->flags.value[OLD_CACHE] == NULL) {
		if (origin[OLD_CACHE_TTL] != NULL)
			draft_note(d, "%s: dropped: had no effect without -c",
			    origin[OLD_CACHE_TTL]);
		return;
	}
	put_flag(d, in, OLD_CACHE, "cache");
	put_flag(d, in, OLD_CACHE_TTL, "cache_ttl");
	if (origin[OLD_CACHE_TTL] == NULL)
		draft_offer(d, "cache_ttl", OLD_CACHE_TTL_DEFAULT,
		    "For 8 hours, as by default in the old daemon:");
}

static void
put_backend(struct migration *m, size_t i)
{
	const struct old_instance *in = &m->list[i];
	const char *workers = in->flags.value[OLD_WORKERS];
	char name[CONF_NAME_MAX + 1];

	backend_name(m, i, name);
	draft_begin(&m->d, "backend", name);
	put_flag(&m->d, in, OLD_MECH, "mechanism");
	old_conf_put(&m->d, &in->flags);
	put_flag(&m->d, in, OLD_WORKERS, "workers");
	if (workers == NULL || strcmp(workers, "0") != 0)
		draft_offer(&m->d, "workers_max",
		    workers != NULL ? workers : OLD_WORKERS_DEFAULT,
		    "Never more than these:");
	put_cache(&m->d, in);
	draft_end(&m->d);
}

static void
put_listener(struct draft *d, const struct old_instance *in)
{
	const char *origin = in->flags.origin[OLD_RUN_DIR];
	char *path = str_dup_format("%s/mux", run_dir_of(in));

	draft_begin(d, "listener", in->name);
	if (path != NULL)
		draft_set(d, "path", path, origin != NULL ? origin :
		    NO_RUN_DIR);
	draft_note(d, "As before, the directory's mode decides who may ask.");
	draft_end(d);
	free(path);
}

static void
put_route(struct migration *m, size_t i)
{
	char name[CONF_NAME_MAX + 1];

	backend_name(m, model_of(m, i), name);
	draft_begin(&m->d, "route", m->list[i].name);
	fprintf(m->d.to, "    listener: %s\n    step: %s\n", m->list[i].name,
	    name);
	draft_end(&m->d);
}

static void
put_parts(struct migration *m)
{
	bool alike = true;
	size_t i;

	for (i = 0; i < m->count; i++) {
		if (model_of(m, i) != i)
			continue;
		put_backend(m, i);
		alike = i == 0;
	}
	for (i = 1; i < m->count; i++)
		put_listener(&m->d, &m->list[i]);
	for (i = 0; !alike && i < m->count; i++)
		put_route(m, i);
}

/* ---- the command ---- */

static int
write_draft(struct migration *m, const char *const *paths, size_t count,
    bool all, struct errmsg *e)
{
	if (draft_init(&m->d) == -1)
		return errmsg_set(e, "out of memory");
	draft_note(&m->d, "saslauthd.conf(5), made by saslauthctl migrate "
	    "from:");
	if (read_instances(m, paths, count, all, e) == -1)
		return -1;
	put_daemon(m);
	put_parts(m);
	if (draft_print(&m->d) == -1)
		return errmsg_set(e, "out of memory");
	return 0;
}

int
ctl_migrate(const struct ctl *c)
{
	struct migration m;
	struct errmsg e = ERRMSG_INIT;
	char **found = NULL;
	size_t count = 0, i;
	int rc;

	memset(&m, 0, sizeof(m));
	if (c->count > 1)
		rc = write_draft(&m, c->words + 1, c->count - 1, true, &e);
	else {
		rc = old_instance_find(&found, &count, &e);
		if (rc == 0)
			rc = write_draft(&m, (const char *const *)found,
			    count, false, &e);
	}
	if (rc == -1)
		ctl_complain(&e);
	for (i = 0; i < m.count; i++)
		old_instance_fini(&m.list[i]);
	free(m.list);
	draft_fini(&m.d);
	for (i = 0; i < count; i++)
		free(found[i]);
	free(found);
	if (rc == -1)
		return CTL_UNKNOWN;
	return m.d.by_hand ? CTL_WARNING : CTL_OK;
}
