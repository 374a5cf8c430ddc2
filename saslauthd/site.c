/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "saslauthd/site_work.h"

bool
site_list_has(const char *list, const char *word)
{
	const char *at = list;
	size_t len = strlen(word), n;

	for (;;) {
		at += strspn(at, SITE_LIST_BLANKS);
		n = strcspn(at, SITE_LIST_BLANKS);
		if (n == 0)
			return at == list + strspn(list, SITE_LIST_BLANKS);
		if (n == len && memcmp(at, word, len) == 0)
			return true;
		at += n;
	}
}

/* ---- kinds of parts --------------------------------------------------- */

static const char *const kinds[] = { "backend", "listener", "route" };

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static void
find_near_kind(const char *kind, struct conf_near *near_r)
{
	size_t i;

	conf_near_init(near_r, kind);
	for (i = 0; i < KIND_COUNT; i++)
		conf_near_offer(near_r, kinds[i]);
}

static bool
is_kind(const char *word)
{
	size_t i = 0;

	while (i < KIND_COUNT && strcmp(kinds[i], word) != 0)
		i++;
	return i < KIND_COUNT;
}

static void
judge_kinds(struct site_work *w)
{
	const struct conf_part *p;
	struct conf_near near;
	struct errmsg e;
	size_t i;

	for (i = 0; i < w->entries->part_count; i++) {
		p = &w->entries->parts[i];
		if (is_kind(p->kind))
			continue;
		find_near_kind(p->kind, &near);
		(void)errmsg_set(&e, "no part is called %s: there are "
		    "backend, listener and route", p->kind);
		conf_near_hint(&near, &e);
		site_work_tell(w, "%s: %s", p->origin, e.text);
	}
}

/* ---- the whole -------------------------------------------------------- */

/* Read the parts of one kind; also those that seem to be meant, for other
 * parts speak of them, but nothing more is told of these. */
static bool
read_parts(struct site_work *w, const char *kind,
    bool (*read)(struct site_work *w, size_t part))
{
	struct conf_near meant;
	bool usable = true;
	size_t i;

	for (i = 1; i <= w->entries->part_count && usable; i++) {
		find_near_kind(w->entries->parts[i - 1].kind, &meant);
		if (meant.name == NULL || strcmp(meant.name, kind) != 0)
			continue;
		w->quiet = meant.edits > 0;
		usable = read(w, i);
		w->quiet = false;
	}
	return usable;
}

/* Each knows the names of those before it. */
static void
read_site(struct site_work *w)
{
	judge_kinds(w);
	if (!read_parts(w, "backend", site_backends_read) ||
	    !site_backends_of_flag(w) ||
	    !site_listeners_default(w) ||
	    !read_parts(w, "listener", site_listeners_read) ||
	    !read_parts(w, "route", site_routes_read))
		return;
	if (w->site->route_count == 0)
		(void)site_routes_default(w);
}

static void
ignore_value(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

int
site_build(struct site *site, struct conf_entries *entries,
    conf_report *report, void *ctx)
{
	struct site_work w = {
		.site = site, .entries = entries, .report = report, .ctx = ctx
	};

	memset(site, 0, sizeof(*site));
	conf_defaults(&settings_table, &site->settings);
	(void)conf_apply(&settings_table, entries, &site->settings,
	    report != NULL ? report : ignore_value, ctx);
	site->named = entries->part_count > 0;
	read_site(&w);
	return w.failed ? -1 : 0;
}

static void
free_places(struct site_listener *l)
{
	size_t i;

	for (i = 0; l->places != NULL && i < listener_table.count; i++)
		free(l->places[i]);
	free(l->places);
}

void
site_fini(struct site *site)
{
	size_t i;

	for (i = 0; i < site->backend_count; i++) {
		free(site->backends[i].name);
		conf_fini(&settings_table, &site->backends[i].settings);
	}
	for (i = 0; i < site->listener_count; i++) {
		free_places(&site->listeners[i]);
		free(site->listeners[i].name);
		conf_fini(&listener_table, &site->listeners[i].settings);
	}
	for (i = 0; i < site->route_count; i++) {
		free(site->routes[i].name);
		conf_fini(&route_table, &site->routes[i].settings);
		networks_fini(&site->routes[i].clients);
		free(site->routes[i].steps);
		free(site->routes[i].chain);
	}
	free(site->backends);
	free(site->listeners);
	free(site->routes);
	conf_fini(&settings_table, &site->settings);
	memset(site, 0, sizeof(*site));
}

size_t
site_find_backend(const struct site *site, const char *name)
{
	size_t i = 0;

	while (i < site->backend_count &&
	    strcmp(site->backends[i].name, name) != 0)
		i++;
	return i;
}

size_t
site_find_listener(const struct site *site, const char *name)
{
	size_t i = 0;

	while (i < site->listener_count &&
	    strcmp(site->listeners[i].name, name) != 0)
		i++;
	return i;
}
