/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/deadline.h"
#include "common/io.h"
#include "front/dispatch.h"
#include "front/front.h"
#include "front/generation.h"
#include "front/keeper_link.h"
#include "front/listener.h"
#include "front/loop.h"
#include "front/memory.h"

/* ---- the end ---------------------------------------------------------- */

static void
generation_free(struct generation *g)
{
	size_t i;

	for (i = 0; i < SITE_LISTENERS_MAX; i++)
		listener_free(g->listeners[i]);
	for (i = 0; i < SITE_BACKENDS_MAX; i++)
		dispatch_free(g->dispatches[i]);
	editions_fini(&g->editions);
	site_fini(&g->site);
	conf_entries_fini(&g->entries);
	free(g);
}

/* Whoever let go last may be one of those that go now: so this comes from the
 * loop. */
static void
on_reap(void *arg)
{
	struct front *f = arg;
	struct generation *g, *next;
	uint32_t number;

	for (g = LIST_FIRST(&f->old); g != NULL; g = next) {
		next = LIST_NEXT(g, link);
		if (g->holders > 0)
			continue;
		LIST_REMOVE(g, link);
		number = g->number;
		generation_free(g);
		keeper_link_released(number);
	}
}

int
generation_open(struct front *f)
{
	LIST_INIT(&f->old);
	LIST_INIT(&f->awaiting_reload);
	f->reaper = loop_timer_new(on_reap, f);
	return f->reaper != NULL ? 0 : -1;
}

void
generation_hold(struct generation *g)
{
	g->holders++;
}

void
generation_let_go(struct generation *g)
{
	if (--g->holders == 0 && g != g->front->now)
		loop_timer_set(g->front->reaper, 0);
}

void
generation_drop_coming(struct front *f)
{
	struct generation *g = f->coming;
	uint32_t number;

	if (g == NULL)
		return;
	number = g->number;
	f->coming = NULL;
	generation_free(g);
	keeper_link_released(number);
}

/* ---- the beginning ---------------------------------------------------- */

/* What descriptors, memory and rights were made by at the start. */
static int
keep_fixed(struct settings *s, const struct settings *now)
{
	char *run_dir = strdup(now->run_dir), *user = strdup(now->user);

	if (run_dir == NULL || user == NULL) {
		free(run_dir);
		free(user);
		return -1;
	}
	free(s->run_dir);
	free(s->user);
	s->run_dir = run_dir;
	s->user = user;
	s->clients_max = now->clients_max;
	s->cache_size_kb = now->cache_size_kb;
	s->limit_size_kb = now->limit_size_kb;
	return 0;
}

static int
make_dispatches(struct generation *g)
{
	size_t i;

	for (i = 0; i < g->site.backend_count; i++) {
		g->dispatches[i] = dispatch_new(g, &g->site.backends[i]);
		if (g->dispatches[i] == NULL)
			return -1;
	}
	return 0;
}

int
generation_prepare(struct front *f, uint32_t number, struct conf_entries *es,
    struct errmsg *e)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return errmsg_set(e, "the front is short of memory");
	generation_drop_coming(f);
	g->front = f;
	g->number = number;
	if (site_build(&g->site, es, NULL, NULL) != 0) {
		generation_free(g);
		return errmsg_set(e, "BUG: the settings make no site");
	}
	g->entries = *es;	/* config_report() tells where all is from */
	*es = (struct conf_entries)CONF_ENTRIES_INIT;
	g->wire_limits.name_max = (size_t)g->site.settings.name_max;
	g->wire_limits.password_max = (size_t)g->site.settings.password_max;
	if ((f->now != NULL && keep_fixed(&g->site.settings,
	    &f->now->site.settings) != 0) || make_dispatches(g) != 0) {
		generation_free(g);
		return errmsg_set(e, "the front is short of memory");
	}
	f->coming = g;
	return 0;
}

int
generation_add_listener(struct generation *g, const char *name,
    struct admission *who, int fd, struct errmsg *e)
{
	size_t i = site_find_listener(&g->site, name);

	if (i == g->site.listener_count || g->listeners[i] != NULL) {
		io_close(&fd);
		admission_fini(who);
		return errmsg_set(e, "BUG: a listener nobody knows: %s",
		    name);
	}
	g->listeners[i] = listener_new(g, &g->site.listeners[i], who, fd);
	return g->listeners[i] != NULL ? 0 :
	    errmsg_set(e, "the front is short of memory");
}

/* ---- one after the other ---------------------------------------------- */

/* The backend of this name, if its settings are known to be the same. */
static size_t
find_same(const struct generation *before, const struct dispatch *d)
{
	size_t i = site_find_backend(&before->site, dispatch_name(d));

	return i < before->site.backend_count &&
	    dispatch_config_equal(before->dispatches[i], d) ? i :
	    EDITIONS_NONE;
}

static int
give_editions(struct generation *g, const struct generation *before)
{
	uint64_t *last = &g->front->last_edition;
	size_t same[SITE_BACKENDS_MAX], i;

	if (before == NULL)
		return editions_init(&g->editions, &g->site, NULL, NULL,
		    last);
	for (i = 0; i < g->site.backend_count; i++)
		same[i] = find_same(before, g->dispatches[i]);
	return editions_init(&g->editions, &g->site, &before->editions, same,
	    last);
}

/* A backend is known by its name: where it was down, the log is to say when
 * it is up again. */
static void
follow_dispatches(struct generation *g, const struct generation *before)
{
	const struct dispatch *old;
	size_t i;

	for (i = 0; i < g->site.backend_count; i++) {
		old = generation_find_backend(before,
		    g->site.backends[i].name);
		if (old != NULL)
			dispatch_follow(g->dispatches[i], old);
	}
}

static void
retire(struct generation *g)
{
	LIST_INSERT_HEAD(&g->front->old, g, link);
	generation_close_listeners(g);
	if (g->holders == 0)
		loop_timer_set(g->front->reaper, 0);
}

int
generation_begin(struct front *f, struct errmsg *e)
{
	struct generation *g = f->coming, *before = f->now;

	if (give_editions(g, before) != 0)
		return errmsg_set(e, "the front is short of memory");
	g->began_msec = deadline_now_msec();
	f->coming = NULL;
	f->now = g;
	if (memory_follow(f, e) != 0)
		return -1;
	if (before == NULL)
		return 0;
	follow_dispatches(g, before);
	generation_resume_listeners(g);
	retire(before);
	return 0;
}

int
generation_backend_changed(struct generation *g,
    const struct site_backend *backend)
{
	/* One that has not begun has no editions yet. */
	if (g == g->front->coming)
		return 0;
	return editions_renew(&g->editions, &g->site,
	    (size_t)(backend - g->site.backends), &g->front->last_edition);
}

/* ---- finding ---------------------------------------------------------- */

struct generation *
generation_find(struct front *f, uint32_t number)
{
	struct generation *g;

	if (f->coming != NULL && f->coming->number == number)
		return f->coming;
	if (f->now != NULL && f->now->number == number)
		return f->now;
	LIST_FOREACH(g, &f->old, link)
		if (g->number == number)
			return g;
	return NULL;
}

size_t
generation_count_old(const struct front *f)
{
	const struct generation *g;
	size_t count = 0;

	LIST_FOREACH(g, &f->old, link)
		count++;
	return count;
}

struct dispatch *
generation_find_backend(const struct generation *g, const char *name)
{
	size_t i = site_find_backend(&g->site, name);

	return i < g->site.backend_count ? g->dispatches[i] : NULL;
}

struct dispatch *
generation_backend(const struct generation *g,
    const struct site_route *route, size_t step)
{
	return g->dispatches[route->steps[step].backend];
}

/* ---- together --------------------------------------------------------- */

void
generation_close_listeners(struct generation *g)
{
	size_t i;

	for (i = 0; i < g->site.listener_count; i++) {
		listener_close(g->listeners[i]);
		g->listeners[i] = NULL;
	}
}

void
generation_resume_listeners(struct generation *g)
{
	size_t i;

	for (i = 0; i < g->site.listener_count; i++)
		if (g->listeners[i] != NULL)
			listener_resume(g->listeners[i]);
}

static void
abandon(struct generation *g)
{
	size_t i;

	for (i = 0; i < g->site.backend_count; i++)
		dispatch_abandon(g->dispatches[i]);
}

void
generation_abandon_all(struct front *f)
{
	struct generation *g;

	abandon(f->now);
	LIST_FOREACH(g, &f->old, link)
		abandon(g);
}
