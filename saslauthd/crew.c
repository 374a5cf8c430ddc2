/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "saslauthd/crew.h"

#define DISMISS_MSEC 2000	/* a pool ends its workers with SIGKILL */

struct crew *
crew_new(struct plan *plan)
{
	struct crew *c = calloc(1, sizeof(*c));
	struct part_pool *p;
	size_t i;

	if (c == NULL) {
		log_msg(LOG_ERR, "keeper", "out of memory");
		return NULL;
	}
	c->end = deadline_never();
	for (i = 0; i < plan->site.backend_count; i++) {
		p = part_pool_new(plan, plan->site.backends[i].name);
		if (p == NULL) {
			crew_free(c);
			return NULL;
		}
		c->pools[c->count++] = p;
	}
	c->plan = plan;
	return c;
}

void
crew_free(struct crew *c)
{
	if (c == NULL)
		return;
	while (c->count > 0)
		part_pool_free(c->pools[--c->count]);
	if (c->plan != NULL) {
		plan_fini(c->plan);
		free(c->plan);
	}
	free(c);
}

/* ---- starting and linking --------------------------------------------- */

static int
start_pool(const struct crew *c, struct part_pool *p)
{
	struct errmsg e = ERRMSG_INIT;

	if (part_pool_start(p, c->plan, &e) == 0)
		return 0;
	log_msg(LOG_ERR, "keeper", "cannot start the %s: %s", p->what,
	    e.text);
	child_release(&p->part.child);
	return -1;
}

int
crew_start(struct crew *c)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < c->count; i++)
		if (start_pool(c, c->pools[i]) != 0)
			rc = -1;
	return rc;
}

void
crew_link(struct crew *c, const struct part *front)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		part_pool_link(c->pools[i], front);
}

bool
crew_go_on(struct crew *c, const struct part *front)
{
	struct part_pool *p;
	bool started = false;
	size_t i;

	if (deadline_passed(&c->end) && c->dismissed) {
		c->end = deadline_in_msec(DISMISS_MSEC);
		crew_kill(c);
	} else if (deadline_passed(&c->end)) {
		crew_dismiss(c);
	}
	for (i = 0; i < c->count; i++) {
		p = c->pools[i];
		if (deadline_passed(&p->part.restart)) {
			(void)start_pool(c, p);
			started = true;
		}
		if (deadline_passed(&p->relink))
			part_pool_link(p, front);
	}
	return started;
}

struct deadline
crew_next(const struct crew *c)
{
	struct deadline next = c->end;
	size_t i;

	for (i = 0; i < c->count; i++)
		next = deadline_min(next, deadline_min(
		    c->pools[i]->part.restart, c->pools[i]->relink));
	return next;
}

/* ---- how it is -------------------------------------------------------- */

struct part_pool *
crew_find(const struct crew *c, const char *backend)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (strcmp(c->pools[i]->name, backend) == 0)
			return c->pools[i];
	return NULL;
}

const struct part_pool *
crew_awaited(const struct crew *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (!c->pools[i]->part.ready && c->pools[i]->why[0] == '\0')
			return c->pools[i];
	return NULL;
}

enum crew_state
crew_state(const struct crew *c)
{
	size_t i;

	if (crew_awaited(c) != NULL)
		return CREW_WAITING;
	for (i = 0; i < c->count; i++)
		if (c->pools[i]->part.ready)
			return CREW_OPEN;
	return CREW_CLOSED;
}

/* ---- the end ---------------------------------------------------------- */

void
crew_no_restart(struct crew *c)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		c->pools[i]->part.restart = deadline_never();
		c->pools[i]->relink = deadline_never();
	}
}

void
crew_dismiss(struct crew *c)
{
	size_t i;

	if (c->dismissed)
		return;
	c->dismissed = true;
	c->end = deadline_in_msec(DISMISS_MSEC);
	crew_no_restart(c);
	for (i = 0; i < c->count; i++)
		child_release(&c->pools[i]->part.child);
}

void
crew_kill(const struct crew *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		part_kill(&c->pools[i]->part);
}

bool
crew_is_gone(const struct crew *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->pools[i]->part.child.pid > 0)
			return false;
	return true;
}
