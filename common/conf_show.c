/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_show - the settings that are in force, as text.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_show.h"
#include "common/secret.h"
#include "common/str.h"

#define CUT_MARK "..."
#define CUT_MARK_LEN (sizeof(CUT_MARK) - 1)
#define TEXT_MIN 16		/* nothing is cut to less */
#define ITEM_OVERHEAD 7		/* three lengths, and how it is shown */

static void
shown_fini(struct conf_shown *sh)
{
	free(sh->key);
	free(sh->value);
	free(sh->origin);
}

void
conf_show_fini(struct conf_show *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		shown_fini(&s->list[i]);
	free(s->list);
	s->list = NULL;
	s->count = 0;
}

/* Takes the texts over, also when it fails. */
static int
append(struct conf_show *s, struct conf_shown *sh)
{
	struct conf_shown *list = NULL;

	if (sh->key != NULL && sh->value != NULL && sh->origin != NULL)
		list = reallocarray(s->list, s->count + 1, sizeof(*list));
	if (list == NULL) {
		shown_fini(sh);
		return -1;
	}
	s->list = list;
	s->list[s->count++] = *sh;
	return 0;
}

/* ---- from settings ---------------------------------------------------- */

/* Without the blanks behind it, which no line of a setting has. */
static bool
is_line(const char *value, const char *line, size_t len)
{
	size_t n = strlen(value);

	while (n > 0 && str_is_blank(value[n - 1]))
		n--;
	return n == len && memcmp(value, line, len) == 0;
}

/* By this name or another one of it? */
static bool
is_of(const struct conf_show_owner *o, const struct conf_entry *en,
    const struct conf_key *k)
{
	const struct conf_key *by = conf_key_find(o->table, en->key);

	return by == k || (by != NULL && by->alias_of != NULL &&
	    strcmp(by->alias_of, k->name) == 0);
}

/* The last good entry of a part; of CONF_LINES the one that gave this line. */
static const struct conf_entry *
deciding(const struct conf_show_owner *o, size_t part,
    const struct conf_key *k, const char *line, size_t len)
{
	const struct conf_entry *en;
	size_t i;

	for (i = o->entries->count; i > 0; i--) {
		en = &o->entries->list[i - 1];
		if (en->part == part && !en->refused &&
		    is_of(o, en, k) &&
		    (line == NULL || is_line(en->value, line, len)))
			return en;
	}
	return NULL;
}

static const char *
origin_of(const struct conf_show_owner *o, const struct conf_key *k,
    const char *line, size_t len)
{
	const struct conf_entry *en = NULL;

	if (o->entries != NULL)
		en = deciding(o, o->part, k, line, len);
	if (o->entries != NULL && en == NULL && o->inherits)
		en = deciding(o, 0, k, line, len);
	return en != NULL ? en->origin : CONF_SHOW_DEFAULT;
}

static char *
value_of(const struct conf_key *k, const void *member)
{
	switch (k->type) {
	case CONF_BOOL:
		return strdup(*(const bool *)member ? "yes" : "no");
	case CONF_INT:
	case CONF_SECONDS:
		return str_dup_format("%ld", *(const long *)member);
	case CONF_CHOICE:
		return strdup(k->choices[*(const int *)member]);
	case CONF_STRING:
	case CONF_PATH:
	case CONF_NETWORKS:
	case CONF_LINES:
		return strdup(*(char *const *)member);
	case CONF_SECRET:
		return strdup(((const struct secret *)member)->len > 0 ?
		    "(hidden)" : "");
	}
	return NULL;
}

static int
add_lines(struct conf_show *s, const struct conf_show_owner *o,
    const struct conf_key *k, const char *text)
{
	struct conf_shown sh = { .how = CONF_SHOWN_WHOLE };
	size_t len;

	do {
		len = strcspn(text, "\n");
		sh.key = strdup(k->name);
		sh.value = strndup(text, len);
		sh.origin = strdup(origin_of(o, k, text, len));
		if (append(s, &sh) != 0)
			return -1;
		text += len;
	} while (*text++ == '\n');
	return 0;
}

static int
add_key(struct conf_show *s, const struct conf_show_owner *o,
    const struct conf_key *k)
{
	const void *member = (const char *)o->settings + k->offset;
	struct conf_shown sh = { .how = CONF_SHOWN_WHOLE };

	if (k->type == CONF_LINES)
		return add_lines(s, o, k, *(char *const *)member);
	sh.key = strdup(k->name);
	sh.value = value_of(k, member);
	sh.origin = strdup(origin_of(o, k, NULL, 0));
	if (k->type == CONF_SECRET && sh.value != NULL && sh.value[0] != '\0')
		sh.how = CONF_SHOWN_HIDDEN;
	return append(s, &sh);
}

int
conf_show_add(struct conf_show *s, const struct conf_show_owner *o)
{
	const struct conf_key *k = o->table->keys;
	const struct conf_key *end = k + o->table->count;

	for (; k < end; k++)
		if ((k->scope & o->scope) == o->scope &&
		    k->alias_of == NULL && add_key(s, o, k) != 0)
			return -1;
	return 0;
}

/* ---- through a frame -------------------------------------------------- */

static size_t
shorter(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Of the list with no value and no origin longer than `max`. */
static size_t
length_with(const struct conf_show *s, size_t max)
{
	const struct conf_shown *sh;
	size_t length = 0;

	for (sh = s->list; sh < s->list + s->count; sh++)
		length += ITEM_OVERHEAD + strlen(sh->key) +
		    shorter(strlen(sh->value), max) +
		    shorter(strlen(sh->origin), max);
	return length;
}

/* A value is known by its beginning. */
static int
put_value(struct buf *b, const char *value, size_t max)
{
	char *cut;
	int rc;

	if (strlen(value) <= max)
		return buf_put_str(b, value);
	cut = str_dup_format("%.*s" CUT_MARK, (int)(max - CUT_MARK_LEN),
	    value);
	rc = cut != NULL ? buf_put_str(b, cut) : -1;
	free(cut);
	return rc;
}

/* The number of a line is at its end. */
static int
put_origin(struct buf *b, const char *origin, size_t max)
{
	size_t len = strlen(origin);
	char *cut;
	int rc;

	if (len <= max)
		return buf_put_str(b, origin);
	cut = str_dup_format(CUT_MARK "%s", origin + len - max +
	    CUT_MARK_LEN);
	rc = cut != NULL ? buf_put_str(b, cut) : -1;
	free(cut);
	return rc;
}

int
conf_show_put(struct buf *b, const struct conf_show *s)
{
	const struct conf_shown *sh;
	size_t max = CONF_LINE_MAX, room = b->max - buf_len(b);
	enum conf_shown_how how;

	while (max > TEXT_MIN && length_with(s, max) > room)
		max /= 2;
	for (sh = s->list; sh < s->list + s->count; sh++) {
		how = strlen(sh->value) <= max ? sh->how : CONF_SHOWN_CUT;
		if (buf_put_str(b, sh->key) != 0 ||
		    put_value(b, sh->value, max) != 0 ||
		    put_origin(b, sh->origin, max) != 0 ||
		    buf_put_u8(b, (unsigned)how) != 0)
			return -1;
	}
	return 0;
}

int
conf_show_get(struct buf *b, struct conf_show *s)
{
	struct conf_shown sh;
	unsigned how;

	while (buf_len(b) > 0) {
		memset(&sh, 0, sizeof(sh));
		if (buf_get_str(b, CONF_LINE_MAX, &sh.key) != 0 ||
		    buf_get_str(b, CONF_LINE_MAX, &sh.value) != 0 ||
		    buf_get_str(b, CONF_LINE_MAX, &sh.origin) != 0 ||
		    buf_get_u8(b, &how) != 0 || how > CONF_SHOWN_CUT) {
			shown_fini(&sh);
			return -1;
		}
		sh.how = (enum conf_shown_how)how;
		if (append(s, &sh) != 0)
			return -1;
	}
	return 0;
}

/* ---- comparing -------------------------------------------------------- */

bool
conf_show_equal(const struct conf_show *a, const struct conf_show *b)
{
	size_t i;

	if (a->count == 0 || a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (a->list[i].how == CONF_SHOWN_CUT ||
		    a->list[i].how != b->list[i].how ||
		    strcmp(a->list[i].key, b->list[i].key) != 0 ||
		    strcmp(a->list[i].value, b->list[i].value) != 0)
			return false;
	return true;
}
