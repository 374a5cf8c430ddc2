/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/frame.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/pool_load.h"

struct judge {
	pool_load_report *report;
	void *ctx;
	bool refused;
};

static void
say(struct judge *j, int status, const char *text)
{
	if (status != EX_OK)
		j->refused = true;
	if (j->report != NULL)
		j->report(j->ctx, status, text);
}

/* What is new with this daemon is judged strictly, the file as before. */
static bool
is_strict(const char *origin)
{
	return origin[0] == '-';
}

static void
bad_value(void *ctx, const char *text)
{
	struct judge *j = ctx;

	say(j, is_strict(text) ? EX_CONFIG : EX_OK, text);
}

/* The daemon judges its own keys before it starts a pool. */
static void
ignore_value(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static const char *
owner_of(const char *key)
{
	const struct mech *m;
	size_t i;

	for (i = 0; i < mech_names_count; i++) {
		m = mech_find(mech_names[i].name);
		if (m != NULL && m->keys != NULL &&
		    conf_key_find(m->keys, key) != NULL)
			return m->name;
	}
	return NULL;
}

static void
judge_unknown(struct judge *j, const struct mech *m,
    const struct conf_entry *en)
{
	const char *owner = owner_of(en->key), *near = NULL;
	struct errmsg e;

	if (owner != NULL) {
		(void)errmsg_set(&e, "%s: %s: belongs to mechanism %s and is "
		    "not used by %s", en->origin, en->key, owner, m->name);
		say(j, EX_OK, e.text);
		return;
	}
	if (m->keys != NULL)
		near = conf_nearest(m->keys, en->key);
	if (near == NULL)
		near = conf_nearest(&settings_table, en->key);
	(void)errmsg_set(&e, "%s: %s: unknown key%s%s%s", en->origin, en->key,
	    near != NULL ? " (did you mean " : ", ignored",
	    near != NULL ? near : "", near != NULL ? "?)" : "");
	say(j, is_strict(en->origin) ? EX_CONFIG : EX_OK, e.text);
}

/* -O becomes the mechanism's own key. */
static int
take_option(struct judge *j, const struct mech *m, struct conf_entries *es)
{
	struct conf_entry *option = NULL;
	size_t i;

	for (i = 0; i < es->count; i++)
		if (strcmp(es->list[i].key, "mech_option") == 0 &&
		    strcmp(es->list[i].origin, "-O") == 0)
			option = &es->list[i];
	if (option == NULL)
		return 0;
	option->used = true;
	if (m->option_key == NULL) {
		struct errmsg e;

		(void)errmsg_set(&e, "-O %s: mechanism %s takes no option, "
		    "ignored", option->value, m->name);
		say(j, EX_OK, e.text);
		return 0;
	}
	return conf_add(es, m->option_key, option->value, "-O", NULL);
}

static void
judge_entries(struct judge *j, struct pool_load *l, struct conf_entries *es)
{
	const struct mech *m = l->mech;
	struct errmsg e = ERRMSG_INIT;
	size_t i;

	if (m->keys != NULL)
		(void)conf_apply(m->keys, es, l->mech_settings, bad_value, j);
	for (i = 0; i < es->count; i++)
		if (!es->list[i].used)
			judge_unknown(j, m, &es->list[i]);
	if (m->verify != NULL && m->verify(l->mech_settings, &e) != 0)
		say(j, EX_CONFIG, e.text);
}

/* The file first, then the flags: a later entry wins. The file is read here
 * so that a mechanism's secrets are in no other process. */
static int
read_entries(struct pool_load *l, struct buf *frame, struct conf_entries *es,
    struct judge *j)
{
	struct errmsg e = ERRMSG_INIT;
	char *config = NULL;
	unsigned log_stderr;
	int rc = -1;

	if (buf_get_u8(frame, &log_stderr) != 0 ||
	    buf_get_str(frame, FRAME_MAX, &config) != 0)
		(void)errmsg_set(&e, "BUG: settings frame does not parse");
	else if (config[0] == '\0' ||
	    conf_read_file(es, config, NULL, &e) == 0)
		rc = conf_entries_get(frame, es);
	if (rc != 0)
		say(j, EX_CONFIG, e.text[0] != '\0' ? e.text :
		    "BUG: settings frame does not parse");
	else
		l->log_stderr = log_stderr != 0;
	free(config);
	return rc;
}

int
pool_load(struct pool_load *l, struct buf *frame, pool_load_report *report,
    void *ctx)
{
	struct judge j = { .report = report, .ctx = ctx };
	struct conf_entries es = { NULL, 0 };

	memset(l, 0, sizeof(*l));
	conf_defaults(&settings_table, &l->settings);
	if (read_entries(l, frame, &es, &j) != 0)
		goto out;
	(void)conf_apply(&settings_table, &es, &l->settings, ignore_value,
	    NULL);
	l->mech = mech_find(l->settings.mechanism);
	if (l->mech == NULL) {
		say(&j, EX_CONFIG, "the mechanism is not built in");
		goto out;
	}
	if (l->mech->settings_size > 0) {
		l->mech_settings = calloc(1, l->mech->settings_size);
		if (l->mech_settings == NULL) {
			say(&j, EX_OSERR, "out of memory");
			goto out;
		}
		conf_defaults(l->mech->keys, l->mech_settings);
	}
	if (take_option(&j, l->mech, &es) != 0)
		say(&j, EX_OSERR, "out of memory");
	else
		judge_entries(&j, l, &es);
out:
	conf_entries_fini(&es);
	return j.refused ? -1 : 0;
}

void
pool_load_fini(struct pool_load *l)
{
	if (l->mech != NULL && l->mech->keys != NULL &&
	    l->mech_settings != NULL)
		conf_fini(l->mech->keys, l->mech_settings);
	free(l->mech_settings);
	l->mech_settings = NULL;
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
