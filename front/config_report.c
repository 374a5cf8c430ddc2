/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_report - the settings in force, for the operator.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/conf_show.h"
#include "common/str.h"
#include "front/config_report.h"
#include "front/dispatch.h"
#include "front/generation.h"
#include "front/report.h"

static const char *
how_word(enum conf_shown_how how)
{
	switch (how) {
	case CONF_SHOWN_WHOLE: return "whole";
	case CONF_SHOWN_HIDDEN: return "hidden";
	case CONF_SHOWN_CUT: return "cut";
	}
	return "";
}

static int
write_list(const char *kind, const char *name, const struct conf_show *s,
    struct buf *to)
{
	const struct conf_shown *sh;
	struct json j;

	for (sh = s->list; sh < s->list + s->count; sh++) {
		report_begin(&j, to, "setting");
		json_str(&j, "part", kind);
		json_str(&j, "name", name);
		json_str(&j, "key", sh->key);
		json_str(&j, "value", sh->value);
		json_str(&j, "shown", how_word(sh->how));
		json_str(&j, "origin", sh->origin);
		if (json_end(&j) != 0)
			return -1;
	}
	return 0;
}

static int
write_owner(const char *kind, const char *name,
    const struct conf_show_owner *owner, struct buf *to)
{
	struct conf_show s = CONF_SHOW_INIT;
	int rc;

	rc = conf_show_add(&s, owner);
	if (rc == 0)
		rc = write_list(kind, name, &s, to);
	conf_show_fini(&s);
	return rc;
}

static void
ignore_value(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* What the entries say is not what runs where a reload cannot change it, a
 * limit of the system lowers it, or the operator has said otherwise. */
static int
mark_changed(struct conf_show *running, const struct conf_show *configured)
{
	struct conf_shown *sh = running->list;
	char *origin;
	size_t i;

	for (i = 0; i < running->count; i++, sh++) {
		if (strcmp(sh->value, configured->list[i].value) == 0)
			continue;
		origin = str_dup_format("running, not %s", sh->origin);
		if (origin == NULL)
			return -1;
		free(sh->origin);
		sh->origin = origin;
	}
	return 0;
}

static int
write_daemon(struct generation *g, struct buf *to)
{
	struct conf_show running = CONF_SHOW_INIT, configured = CONF_SHOW_INIT;
	struct settings settings = { .mechanism = NULL };
	struct conf_show_owner owner = {
		.table = &settings_table, .settings = &g->site.settings,
		.entries = &g->entries
	};
	int rc;

	conf_defaults(&settings_table, &settings);
	(void)conf_apply(&settings_table, &g->entries, &settings,
	    ignore_value, NULL);
	rc = conf_show_add(&running, &owner);
	owner.settings = &settings;
	if (rc == 0 && (rc = conf_show_add(&configured, &owner)) == 0)
		rc = mark_changed(&running, &configured);
	if (rc == 0)
		rc = write_list("daemon", "", &running, to);
	conf_show_fini(&running);
	conf_show_fini(&configured);
	conf_fini(&settings_table, &settings);
	return rc;
}

/* What the front knows by itself of one that was never open. */
static int
write_unopened(const struct generation *g, const struct site_backend *sb,
    struct dispatch *d, struct buf *to)
{
	const struct conf_show_owner owner = {
		.table = &settings_table, .settings = &sb->settings,
		.scope = SETTINGS_BACKEND, .entries = &g->entries,
		.part = sb->part, .inherits = true
	};
	struct dispatch_status status;
	struct json j;

	if (write_owner("backend", sb->name, &owner, to) != 0)
		return -1;
	dispatch_status(d, &status);
	report_begin(&j, to, "unopened");
	json_str(&j, "part", "backend");
	json_str(&j, "name", sb->name);
	json_str(&j, "trouble", status.trouble);
	return json_end(&j);
}

static int
write_backend(const struct generation *g, size_t i, struct buf *to)
{
	const struct site_backend *sb = &g->site.backends[i];
	const struct conf_show *told = dispatch_config(g->dispatches[i]);

	return told->count > 0 ?
	    write_list("backend", sb->name, told, to) :
	    write_unopened(g, sb, g->dispatches[i], to);
}

static int
write_listener(const struct generation *g, size_t i, struct buf *to)
{
	const struct site_listener *l = &g->site.listeners[i];
	const size_t part = conf_find_part(&g->entries, "listener", l->name);
	const struct conf_show_owner owner = {
		.table = &listener_table, .settings = &l->settings,
		.entries = part != 0 ? &g->entries : NULL, .part = part
	};

	return write_owner("listener", l->name, &owner, to);
}

/* The route that is made where none is given: its steps as they would stand
 * in a file, a line each. Nothing in such a chain is unusual. */
static int
write_made_route(const struct site_route *r, struct buf *to)
{
	struct route_settings settings = r->settings;
	const struct conf_show_owner owner = {
		.table = &route_table, .settings = &settings
	};
	char *steps = strdup(r->chain), *at;
	int rc;

	if (steps == NULL)
		return -1;
	for (at = steps; (at = strchr(at, ',')) != NULL; at++)
		*at = '\n';
	settings.steps = steps;
	rc = write_owner("route", r->name, &owner, to);
	free(steps);
	return rc;
}

static int
write_route(const struct generation *g, size_t i, struct buf *to)
{
	const struct site_route *r = &g->site.routes[i];
	const size_t part = conf_find_part(&g->entries, "route", r->name);
	const struct conf_show_owner owner = {
		.table = &route_table, .settings = &r->settings,
		.entries = &g->entries, .part = part
	};

	return part != 0 ? write_owner("route", r->name, &owner, to) :
	    write_made_route(r, to);
}

int
config_report(struct generation *g, size_t *next, struct buf *to)
{
	const size_t backends = g->site.backend_count;
	const size_t listeners = g->site.listener_count;
	const size_t routes = g->site.route_count;
	size_t i = (*next)++;
	int rc;

	if (i == 0)
		rc = write_daemon(g, to);
	else if ((i -= 1) < backends)
		rc = write_backend(g, i, to);
	else if ((i -= backends) < listeners)
		rc = write_listener(g, i, to);
	else if ((i -= listeners) < routes)
		rc = write_route(g, i, to);
	else
		return 0;
	if (rc != 0)
		return -1;
	return *next <= backends + listeners + routes;
}
