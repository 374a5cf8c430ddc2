/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "front/front.h"
#include "saslauthd/family.h"

#define FRONT_BACKOFF_MAX_MSEC 1000	/* clients hang without a front */

int
family_init(struct family *f, struct plan *plan,
    const struct sockets *sockets)
{
	*f = (struct family){ .handover = HANDOVER_INIT,
	    .sockets = sockets, .began_msec = deadline_now_msec() };
	part_init(&f->front, "front", FRONT_BACKOFF_MAX_MSEC);
	f->now = crew_new(plan);
	if (f->now != NULL)
		return 0;
	plan_fini(plan);
	free(plan);
	return -1;
}

void
family_fini(struct family *f)
{
	size_t i;

	child_release(&f->front.child);
	crew_free(f->now);
	crew_free(f->coming);
	for (i = 0; i < FAMILY_OLD_MAX; i++)
		crew_free(f->old[i]);
	handover_fini(&f->handover);
}

/* ---- who is who ------------------------------------------------------- */

/* In the order of age, the one that serves first; NULL is no end. */
static struct crew *
crew_at(const struct family *f, size_t i)
{
	if (i == 0)
		return f->now;
	return i == 1 ? f->coming : f->old[i - 2];
}

struct family_member
family_member(struct family *f, size_t i)
{
	struct family_member m = { NULL, NULL, NULL };
	struct crew *c;
	size_t k;

	if (i-- == 0) {
		m.part = &f->front;
		return m;
	}
	for (k = 0; k < FAMILY_CREWS_MAX; k++) {
		c = crew_at(f, k);
		if (c == NULL)
			continue;
		if (i < c->count) {
			m.crew = c;
			m.pool = c->pools[i];
			m.part = &m.pool->part;
			break;
		}
		i -= c->count;
	}
	return m;
}

struct family_member
family_find_pid(struct family *f, pid_t pid)
{
	struct family_member m;
	size_t i = 0;

	do
		m = family_member(f, i++);
	while (m.part != NULL && m.part->child.pid != pid);
	return m;
}

struct crew *
family_find_crew(const struct family *f, uint32_t generation)
{
	struct crew *c;
	size_t i;

	for (i = 0; i < FAMILY_CREWS_MAX; i++) {
		c = crew_at(f, i);
		if (c != NULL && c->plan->number == generation)
			return c;
	}
	return NULL;
}

const char *
family_awaited(const struct family *f)
{
	const struct part_pool *p = crew_awaited(f->now);

	return p != NULL && f->front.ready ? p->what : f->front.what;
}

/* ---- starting --------------------------------------------------------- */

static struct roles
roles_now(const struct family *f)
{
	struct roles r = {
		.keeper_pid = (uint32_t)getpid(),
		.front_pid = (uint32_t)f->front.child.pid,
		.owner_uid = (uint32_t)getuid(),
		.front_restarts = part_restarts(&f->front),
		.keeper_began_msec = f->began_msec,
		.front_began_msec = f->front.started_msec,
		.pool_count = f->now->count
	};
	size_t i;

	for (i = 0; i < f->now->count; i++)
		r.pools[i] = part_pool_role(f->now->pools[i]);
	return r;
}

static int
hand_over(struct family *f, struct errmsg *e)
{
	const struct launch *l = f->now->plan->launch;
	char title[] = FRONT_ARGV0;
	struct roles roles;

	if (part_start(&f->front, l->self, title, l->options.foreground, e) !=
	    0)
		return -1;
	roles = roles_now(f);
	return handover_to_front(&f->handover, f->front.child.channel,
	    f->now->plan, f->sockets, &roles, e);
}

static int
start_front(struct family *f)
{
	struct errmsg e = ERRMSG_INIT;

	f->roles_changed = true;
	if (hand_over(f, &e) == 0)
		return 0;
	log_msg(LOG_ERR, "keeper", "cannot start the front: %s", e.text);
	child_release(&f->front.child);
	return -1;
}

int
family_start_all(struct family *f)
{
	return start_front(f) == 0 ? crew_start(f->now) : -1;
}

/* ---- as time goes by -------------------------------------------------- */

static void
forget_gone(struct crew **c)
{
	if (*c == NULL || !(*c)->dismissed || !crew_is_gone(*c))
		return;
	crew_free(*c);
	*c = NULL;
}

void
family_go_on(struct family *f)
{
	struct crew *c;
	size_t i;

	if (deadline_passed(&f->front.restart))
		(void)start_front(f);
	for (i = 0; i < FAMILY_CREWS_MAX; i++) {
		c = crew_at(f, i);
		if (c == NULL)
			continue;
		if (crew_go_on(c, &f->front))
			f->roles_changed = true;
	}
	forget_gone(&f->coming);
	for (i = 0; i < FAMILY_OLD_MAX; i++)
		forget_gone(&f->old[i]);
}

struct deadline
family_next(const struct family *f)
{
	struct deadline next = f->front.restart;
	const struct crew *c;
	size_t i;

	for (i = 0; i < FAMILY_CREWS_MAX; i++) {
		c = crew_at(f, i);
		if (c != NULL)
			next = deadline_min(next, crew_next(c));
	}
	return next;
}

/* Once for many changes: the front's channel must not fill. */
void
family_tell_roles(struct family *f)
{
	struct roles roles;

	if (!f->roles_changed || !f->front.ready)
		return;
	roles = roles_now(f);
	/* A front that cannot take it now hears of the next change. */
	(void)handover_roles(f->front.child.channel, &roles, NULL);
	f->roles_changed = false;
}

/* ---- generations ------------------------------------------------------ */

static size_t
find_place(const struct family *f)
{
	size_t i = 0;

	while (i < FAMILY_OLD_MAX && f->old[i] != NULL)
		i++;
	return i;
}

bool
family_has_room(const struct family *f)
{
	return f->coming == NULL && find_place(f) < FAMILY_OLD_MAX;
}

void
family_switch(struct family *f, int64_t msec)
{
	f->now->end = deadline_in_msec(msec);
	f->old[find_place(f)] = f->now;
	f->now = f->coming;
	f->coming = NULL;
	f->roles_changed = true;
}

void
family_dismiss_old(struct family *f)
{
	size_t i;

	for (i = 0; i < FAMILY_OLD_MAX; i++)
		if (f->old[i] != NULL)
			crew_dismiss(f->old[i]);
}

long
family_request_timeout_sec(const struct family *f)
{
	long longest = f->now->plan->site.settings.request_timeout_sec, one;
	size_t i;

	for (i = 0; i < FAMILY_OLD_MAX; i++) {
		if (f->old[i] == NULL || f->old[i]->dismissed)
			continue;
		one = f->old[i]->plan->site.settings.request_timeout_sec;
		if (one > longest)
			longest = one;
	}
	return longest;
}

/* ---- the end ---------------------------------------------------------- */

void
family_no_restart(struct family *f)
{
	size_t i;

	f->front.restart = deadline_never();
	for (i = 0; i < FAMILY_CREWS_MAX; i++)
		if (crew_at(f, i) != NULL)
			crew_no_restart(crew_at(f, i));
}

void
family_release(struct family *f)
{
	size_t i;

	child_release(&f->front.child);
	for (i = 0; i < FAMILY_CREWS_MAX; i++)
		if (crew_at(f, i) != NULL)
			crew_dismiss(crew_at(f, i));
}

void
family_kill(const struct family *f)
{
	size_t i;

	part_kill(&f->front);
	for (i = 0; i < FAMILY_CREWS_MAX; i++)
		if (crew_at(f, i) != NULL)
			crew_kill(crew_at(f, i));
}

void
family_end(const struct family *f)
{
	family_kill(f);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

bool
family_is_gone(const struct family *f)
{
	size_t i;

	for (i = 0; i < FAMILY_CREWS_MAX; i++)
		if (crew_at(f, i) != NULL && !crew_is_gone(crew_at(f, i)))
			return false;
	return f->front.child.pid == 0;
}
