/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "saslauthd/settings.h"
#include "saslauthd/site_work.h"

/* ---- telling ---------------------------------------------------------- */

void
site_work_tell(struct site_work *w, const char *fmt, ...)
{
	char text[ERRMSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (w->report != NULL && !w->quiet)
		w->report(w->ctx, text);
	w->failed = true;
}

void
site_work_tell_entry(struct site_work *w, const struct conf_entry *en,
    const struct conf_near *near, struct errmsg *e)
{
	conf_near_hint(near, e);
	site_work_tell(w, "%s: %s: %s", en->origin, en->key, e->text);
}

void
site_work_bad_value(void *ctx, const char *text)
{
	struct site_work *w = ctx;

	if (w->report != NULL && !w->quiet)
		w->report(w->ctx, text);
	if (w->site->named)
		w->failed = true;
}

/* ---- parts ------------------------------------------------------------ */

const char *
site_work_origin(const struct site_work *w, size_t part)
{
	const struct conf_entry *en = conf_find(w->entries, "mechanism");

	if (part != 0)
		return w->entries->parts[part - 1].origin;
	return en != NULL ? en->origin : "-a";
}

/* Whose key it is, if it is one: "a listener". */
static const char *
owner_of(const char *key)
{
	if (conf_key_find(&listener_table, key) != NULL)
		return "a listener";
	if (conf_key_find(&route_table, key) != NULL)
		return "a route";
	if (conf_key_find(&settings_table, key) != NULL)
		return "the daemon";
	return NULL;
}

static void
tell_unknown(struct site_work *w, const struct conf_entry *en,
    const struct conf_table *t)
{
	const char *owner = owner_of(en->key);
	struct conf_near near;
	struct errmsg e;
	size_t i;

	conf_near_init(&near, en->key);
	if (owner != NULL) {
		(void)errmsg_set(&e, "no key of a %s: it is one of %s",
		    t->owner, owner);
	} else {
		(void)errmsg_set(&e, "no key of a %s", t->owner);
		for (i = 0; i < t->count; i++)
			conf_near_offer(&near, t->keys[i].name);
	}
	site_work_tell_entry(w, en, &near, &e);
}

void
site_work_judge_keys(struct site_work *w, size_t part,
    const struct conf_table *t)
{
	const struct conf_entry *en;
	size_t i;

	for (i = 0; i < w->entries->count; i++) {
		en = &w->entries->list[i];
		if (en->part == part && conf_key_find(t, en->key) == NULL)
			tell_unknown(w, en, t);
	}
}

bool
site_work_lacks(const struct site_work *w, size_t part,
    const struct conf_table *t, const char *key)
{
	const struct conf_entry *en;
	const char *near;
	size_t i;

	for (i = 0; i < w->entries->count; i++) {
		en = &w->entries->list[i];
		if (en->part != part)
			continue;
		if (strcmp(en->key, key) == 0)
			return false;
		if (conf_key_find(t, en->key) != NULL)
			continue;
		near = conf_nearest(t, en->key);
		if (near != NULL && strcmp(near, key) == 0)
			return false;
	}
	return true;
}

/* ---- lists ------------------------------------------------------------ */

void *
site_work_grow(struct site_work *w, void *list, size_t count, size_t size)
{
	void *more = reallocarray(list, count + 1, size);

	if (more == NULL)
		site_work_tell(w, "out of memory");
	else
		memset((char *)more + count * size, 0, size);
	return more;
}

static void
copy_cut(char to[SITE_WORD_MAX], const char *from, size_t len)
{
	if (len >= SITE_WORD_MAX)
		len = SITE_WORD_MAX - 1;
	(void)str_copy_n(to, SITE_WORD_MAX, from, len);
}

bool
site_work_next_word(const char **list, char to[SITE_WORD_MAX])
{
	size_t len;

	*list += strspn(*list, SITE_LIST_BLANKS);
	len = strcspn(*list, SITE_LIST_BLANKS);
	copy_cut(to, *list, len);
	*list += len;
	return len > 0;
}

bool
site_work_next_of_chain(const char **chain, char to[SITE_WORD_MAX])
{
	const char *from;
	size_t len;

	*chain += strspn(*chain, SITE_LIST_BLANKS);
	from = *chain;
	len = strcspn(from, ",");
	*chain += len;
	while (len > 0 && str_is_blank(from[len - 1]))
		len--;
	copy_cut(to, from, len);
	return len > 0;
}
