/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The listeners of a site: the default one, and those of parts.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "saslauthd/site_work.h"

#define OCTAL 8

/* Where each key stands: what is wrong with a user, a group or a path shows
 * only when the socket is made. */
static bool
keep_places(const struct site_work *w, struct site_listener *l, size_t part)
{
	const struct conf_entry *en;
	size_t i;

	if (part == 0)
		return true;
	l->places = calloc(listener_table.count, sizeof(*l->places));
	for (i = 0; l->places != NULL && i < listener_table.count; i++) {
		en = conf_find_in(w->entries, part,
		    listener_table.keys[i].name);
		if (en == NULL)
			continue;
		l->places[i] = strdup(en->origin);
		if (l->places[i] == NULL)
			return false;
	}
	return l->places != NULL;
}

static void
judge_path(struct site_work *w, const struct site_listener *l, size_t part)
{
	const struct conf_entry *en = conf_find_in(w->entries, part, "path");

	if (l->settings.path[0] != '\0' ||
	    strcmp(l->name, SITE_LISTENER_DEFAULT) == 0)
		return;
	if (site_work_lacks(w, part, &listener_table, "path"))
		site_work_tell(w, "%s: listener %s: path is missing",
		    site_work_origin(w, part), l->name);
	else if (en != NULL && en->value[0] == '\0')
		site_work_tell(w, "%s: path: must not be empty", en->origin);
}

static bool
add_listener(struct site_work *w, const char *name, size_t part)
{
	struct site *site = w->site;
	struct site_listener *l;
	void *list;

	if (site->listener_count == SITE_LISTENERS_MAX) {
		site_work_tell(w, "%s: more than %d listeners",
		    site_work_origin(w, part), SITE_LISTENERS_MAX);
		return false;
	}
	list = site_work_grow(w, site->listeners, site->listener_count,
	    sizeof(*site->listeners));
	if (list == NULL)
		return false;
	site->listeners = list;
	l = &site->listeners[site->listener_count++];
	l->name = strdup(name);
	conf_defaults(&listener_table, &l->settings);
	if (l->name == NULL || !keep_places(w, l, part)) {
		site_work_tell(w, "out of memory");
		return false;
	}
	if (part != 0) {
		(void)conf_apply_part(&listener_table, w->entries, part,
		    &l->settings, site_work_bad_value, w);
		site_work_judge_keys(w, part, &listener_table);
		judge_path(w, l, part);
	}
	l->mode = (mode_t)strtoul(l->settings.mode, NULL, OCTAL);
	return true;
}

bool
site_listeners_read(struct site_work *w, size_t part)
{
	const char *name = w->entries->parts[part - 1].name;

	return strcmp(name, SITE_LISTENER_DEFAULT) == 0 ||
	    add_listener(w, name, part);
}

bool
site_listeners_default(struct site_work *w)
{
	return add_listener(w, SITE_LISTENER_DEFAULT, conf_find_part(
	    w->entries, "listener", SITE_LISTENER_DEFAULT));
}

int
site_blame(const struct site_listener *l, struct errmsg *e)
{
	const char *key, *place = NULL;
	size_t i;

	for (i = 0; l->places != NULL && i < listener_table.count; i++) {
		key = listener_table.keys[i].name;
		if (str_starts(e->text, key) &&
		    str_starts(e->text + strlen(key), ": "))
			place = l->places[i];
	}
	(void)errmsg_prefix(e, "listener %s", l->name);
	return place != NULL ? errmsg_prefix(e, "%s", place) : -1;
}
