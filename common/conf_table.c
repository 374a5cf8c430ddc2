/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_table - the half of conf.h that gives entries a meaning: typed keys.
 */
#include "config.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/network.h"
#include "common/secret.h"
#include "common/str.h"

#define NEAR_EDITS 2		/* misspelt by no more than this */
#define NUMBER_SIZE 32		/* digits, sign, unit and NUL of a time */

static int
parse_bool(const char *text, bool *v_r)
{
	static const char *const no[] = { "no", "false", "off", "0" };
	static const char *const yes[] = { "yes", "true", "on", "1" };
	size_t i;

	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (str_casecmp(text, no[i]) == 0) {
			*v_r = false;
			return 0;
		}
		if (str_casecmp(text, yes[i]) == 0) {
			*v_r = true;
			return 0;
		}
	}
	return -1;
}

/* A number with an optional unit; -1 also when the product overflows. */
static int
parse_seconds(const char *text, long min, long max, long *v_r)
{
	static const struct { char unit; long seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }
	};
	char number[NUMBER_SIZE];
	size_t len = strlen(text), i;
	long factor = 1, v;

	if (len == 0 || len >= sizeof(number))
		return -1;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_lower(text[len - 1]) == units[i].unit) {
			factor = units[i].seconds;
			len--;
			break;
		}
	memcpy(number, text, len);
	number[len] = 0;
	if (str_to_long(number, LONG_MIN / factor, LONG_MAX / factor,
	    &v) == -1)
		return -1;
	v *= factor;
	if (v < min || v > max)
		return -1;
	*v_r = v;
	return 0;
}

static int
parse_choice(const char *text, const char *const *choices, int *v_r)
{
	int i;

	for (i = 0; choices[i] != NULL; i++)
		if (str_casecmp(text, choices[i]) == 0) {
			*v_r = i;
			return 0;
		}
	return -1;
}

static bool
length_fits(const struct conf_key *k, size_t len)
{
	return len >= (size_t)k->min &&
	    (k->max == 0 || len <= (size_t)k->max);
}

/* Replace a string member. */
static int
set_string(const struct conf_key *k, char **member, const char *text)
{
	char *copy;

	if (!length_fits(k, strlen(text)))
		return -1;
	if (k->type == CONF_PATH && text[0] != 0 && text[0] != '/')
		return -1;
	if (k->check != NULL && k->check(text, NULL) != 0)
		return -1;
	copy = strdup(text);
	if (copy == NULL)
		return -1;
	free(*member);
	*member = copy;
	return 0;
}

/* The text is kept; who uses the networks parses it again. */
static int
set_networks(const struct conf_key *k, char **member, const char *text)
{
	struct networks ns;

	if (networks_parse(&ns, text, NULL) == -1)
		return -1;
	networks_fini(&ns);
	return set_string(k, member, text);
}

static int
add_line(const struct conf_key *k, char **member, const char *text)
{
	char *more;

	if (*member == NULL || **member == '\0')
		return set_string(k, member, text);
	if (!length_fits(k, strlen(text)))
		return -1;
	more = str_dup_format("%s\n%s", *member, text);
	if (more == NULL)
		return -1;
	free(*member);
	*member = more;
	return 0;
}

/* Set one member; -1 when the text is no such value: unchanged then, but for
 * what the key's own read() does. 1 with a remark. */
static int
set_member(const struct conf_key *k, void *settings, const char *text,
    struct errmsg *e)
{
	void *member = (char *)settings + k->offset;

	if (k->read != NULL)
		return k->read(k, member, text, e);
	switch (k->type) {
	case CONF_BOOL:
		return parse_bool(text, member);
	case CONF_INT:
		return str_to_long(text, k->min, k->max, member);
	case CONF_SECONDS:
		return parse_seconds(text, k->min, k->max, member);
	case CONF_STRING:
	case CONF_PATH:
		return set_string(k, member, text);
	case CONF_CHOICE:
		return parse_choice(text, k->choices, member);
	case CONF_NETWORKS:
		return set_networks(k, member, text);
	case CONF_LINES:
		return add_line(k, member, text);
	case CONF_SECRET:
		return length_fits(k, strlen(text)) ?
		    secret_set(member, text, strlen(text)) : -1;
	}
	return -1;
}

static void
clear_lines(char **member)
{
	free(*member);
	*member = NULL;
}

void
conf_defaults(const struct conf_table *t, void *settings)
{
	const char *def;
	size_t i;
	int rc;

	for (i = 0; i < t->count; i++) {
		def = t->keys[i].def;
		/* What was set before is no default's line. */
		if (t->keys[i].type == CONF_LINES)
			clear_lines((char **)(void *)((char *)settings +
			    t->keys[i].offset));
		rc = set_member(&t->keys[i], settings, def == NULL ? "" : def,
		    NULL);
		assert(rc == 0);
		(void)rc;
	}
}

void
conf_fini(const struct conf_table *t, void *settings)
{
	void *member;
	size_t i;

	for (i = 0; i < t->count; i++) {
		member = (char *)settings + t->keys[i].offset;
		switch (t->keys[i].type) {
		case CONF_STRING:
		case CONF_PATH:
		case CONF_NETWORKS:
		case CONF_LINES:
			free(*(char **)member);
			*(char **)member = NULL;
			break;
		case CONF_SECRET:
			secret_wipe(member);
			break;
		case CONF_BOOL:
		case CONF_INT:
		case CONF_SECONDS:
		case CONF_CHOICE:
			break;
		}
	}
}

/* "keyword, keyword or keyword" of a choice. */
static void
list_choices(const struct conf_key *k, struct errmsg *e)
{
	struct errmsg list = ERRMSG_INIT;
	size_t i;

	for (i = 0; k->choices[i] != NULL; i++)
		errmsg_set(&list, "%s%s%s", list.text,
		    i == 0 ? "" : k->choices[i + 1] == NULL ? " or " : ", ",
		    k->choices[i]);
	errmsg_set(e, "wants %s", list.text);
}

/* What a value of this key has to look like. */
static void
explain(const struct conf_key *k, const char *text, struct errmsg *e)
{
	struct networks ns;

	if (k->check != NULL && length_fits(k, strlen(text))) {
		(void)k->check(text, e);
		return;
	}
	switch (k->type) {
	case CONF_BOOL:
		errmsg_set(e, "wants yes or no");
		break;
	case CONF_INT:
		errmsg_set(e, "wants a number from %ld to %ld", k->min,
		    k->max);
		break;
	case CONF_SECONDS:
		errmsg_set(e, "wants a time from %ld to %ld seconds "
		    "(10, 10s, 5m, 2h, 1d)", k->min, k->max);
		break;
	case CONF_PATH:
		errmsg_set(e, "wants an absolute path");
		break;
	case CONF_CHOICE:
		list_choices(k, e);
		break;
	case CONF_NETWORKS:
		/* It was refused before, and says which word it was. */
		if (networks_parse(&ns, text, e) == 0)
			networks_fini(&ns);
		break;
	case CONF_STRING:
	case CONF_LINES:
	case CONF_SECRET:
		if (k->max == 0)
			errmsg_set(e, "wants at least %ld bytes", k->min);
		else
			errmsg_set(e, "wants %ld to %ld bytes", k->min,
			    k->max);
		break;
	}
}

/* e is empty, or has what the key's own read() said. */
static void
report_bad(const struct conf_key *k, const struct conf_entry *en,
    const char *text, struct errmsg *e, conf_report *bad, void *ctx)
{
	char shown[STR_ESCAPED_SIZE];

	if (k->read == NULL)
		explain(k, text, e);
	if (k->type != CONF_SECRET && k->type != CONF_NETWORKS) {
		str_escape_log(shown, sizeof(shown), text, strlen(text));
		errmsg_set(e, "%s, not '%s'", e->text, shown);
	}
	errmsg_prefix(e, "%s: %s", en->origin, k->name);
	bad(ctx, e->text);
}

static void
keep_remark(const struct conf_key *k, struct conf_entry *en,
    const struct errmsg *e)
{
	free(en->remark);
	/* Without memory a remark is less than the value, which was taken. */
	en->remark = str_dup_format("%s: %s: %s", en->origin, k->name,
	    e->text);
}

/* Set a member from an entry; false when the value is bad. */
static bool
apply_entry(const struct conf_key *k, struct conf_entry *en, void *settings,
    conf_report *bad, void *ctx)
{
	struct errmsg e = ERRMSG_INIT;
	size_t len = strlen(en->value);
	char *text = en->value, *trimmed = NULL;
	int rc;

	/* A password may end in blanks; nothing else means any. */
	if (k->type != CONF_SECRET && len > 0 &&
	    str_is_blank(text[len - 1])) {
		while (len > 0 && str_is_blank(text[len - 1]))
			len--;
		text = trimmed = strndup(text, len);
		if (trimmed == NULL) {
			bad(ctx, "out of memory");
			return false;
		}
	}
	rc = set_member(k, settings, text, &e);
	if (rc == -1)
		report_bad(k, en, text, &e, bad, ctx);
	else if (rc == 1)
		keep_remark(k, en, &e);
	free(trimmed);
	return rc != -1;
}

unsigned
conf_apply(const struct conf_table *t, struct conf_entries *es,
    void *settings, conf_report *bad, void *ctx)
{
	return conf_apply_part(t, es, 0, settings, bad, ctx);
}

unsigned
conf_apply_part(const struct conf_table *t, struct conf_entries *es,
    size_t part, void *settings, conf_report *bad, void *ctx)
{
	const struct conf_key *k;
	unsigned wrong = 0;
	size_t i;

	for (i = 0; i < es->count; i++) {
		if (es->list[i].part != part)
			continue;
		k = conf_key_find(t, es->list[i].key);
		if (k == NULL)
			continue;
		es->list[i].used = true;
		es->list[i].refused = !apply_entry(k, &es->list[i], settings,
		    bad, ctx);
		if (es->list[i].refused)
			wrong++;
	}
	return wrong;
}

void
conf_near_init(struct conf_near *n, const char *word)
{
	n->word = word;
	n->name = NULL;
	n->edits = NEAR_EDITS + 1;
}

void
conf_near_offer(struct conf_near *n, const char *name)
{
	unsigned edits = str_distance(name, n->word);

	/* A short word is not "near" when nothing of it is left. */
	if (edits < n->edits && edits < strlen(n->word)) {
		n->edits = edits;
		n->name = name;
	}
}

void
conf_near_hint(const struct conf_near *n, struct errmsg *e)
{
	if (n->name != NULL)
		(void)errmsg_set(e, "%s (did you mean %s?)", e->text,
		    n->name);
}

const char *
conf_nearest(const struct conf_table *t, const char *key)
{
	struct conf_near near;
	size_t i;

	conf_near_init(&near, key);
	for (i = 0; i < t->count; i++)
		if (t->keys[i].alias_of == NULL)
			conf_near_offer(&near, t->keys[i].name);
	return near.name;
}

const struct conf_key *
conf_key_find(const struct conf_table *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (str_casecmp(t->keys[i].name, name) == 0)
			return &t->keys[i];
	return NULL;
}

const char *
conf_type_name(enum conf_type type)
{
	switch (type) {
	case CONF_BOOL: return "yes/no";
	case CONF_INT: return "number";
	case CONF_SECONDS: return "seconds";
	case CONF_STRING: return "text";
	case CONF_PATH: return "path";
	case CONF_CHOICE: return "choice";
	case CONF_NETWORKS: return "networks";
	case CONF_LINES: return "lines";
	case CONF_SECRET: return "secret";
	}
	return "invalid";
}
