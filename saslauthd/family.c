/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "front/front.h"
#include "saslauthd/family.h"

#define FRONT_BACKOFF_MAX_MSEC 1000	/* clients hang without a front */

int
family_init(struct family *f, const struct keeper_plan *plan,
    const struct sockets *sockets)
{
	struct part_pool *p;
	size_t i;

	memset(f, 0, sizeof(*f));
	f->plan = plan;
	f->began_msec = deadline_now_msec();
	part_init(&f->front, "front", FRONT_BACKOFF_MAX_MSEC);
	if (handover_init(&f->handover, plan, sockets) != 0)
		return -1;
	for (i = 0; i < plan->site->backend_count; i++) {
		p = part_pool_new(plan, plan->site->backends[i].name);
		if (p == NULL)
			return -1;
		f->pools[f->pool_count++] = p;
	}
	return 0;
}

void
family_fini(struct family *f)
{
	child_release(&f->front.child);
	while (f->pool_count > 0)
		part_pool_free(f->pools[--f->pool_count]);
	handover_fini(&f->handover);
}

/* ---- who is who ------------------------------------------------------- */

struct family_member
family_member(struct family *f, size_t i)
{
	struct family_member m = { NULL, NULL };

	if (i == 0) {
		m.part = &f->front;
	} else if (i <= f->pool_count) {
		m.pool = f->pools[i - 1];
		m.part = &m.pool->part;
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

struct part_pool *
family_find_pool(struct family *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->pool_count; i++)
		if (strcmp(f->pools[i]->name, name) == 0)
			return f->pools[i];
	return NULL;
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
		.pool_count = f->pool_count
	};
	size_t i;

	for (i = 0; i < f->pool_count; i++)
		r.pools[i] = part_pool_role(f->pools[i]);
	return r;
}

static int
start_front(struct family *f, struct errmsg *e)
{
	char title[] = FRONT_ARGV0;
	struct roles roles;

	if (part_start(&f->front, f->plan->self, title, f->plan->foreground,
	    e) != 0)
		return -1;
	roles = roles_now(f);
	return handover_to_front(&f->handover, f->front.child.channel,
	    &roles, e);
}

int
family_start(struct family *f, struct family_member m)
{
	struct errmsg e = ERRMSG_INIT;
	int rc;

	rc = m.pool != NULL ? part_pool_start(m.pool, f->plan, &e) :
	    start_front(f, &e);
	f->roles_changed = true;
	if (rc == 0)
		return 0;
	log_msg(LOG_ERR, "keeper", "cannot start the %s: %s", m.part->what,
	    e.text);
	child_release(&m.part->child);
	return -1;
}

int
family_start_all(struct family *f)
{
	struct family_member m;
	size_t i;

	for (i = 0; (m = family_member(f, i)).part != NULL; i++)
		if (family_start(f, m) != 0)
			return -1;
	return 0;
}

void
family_start_due(struct family *f)
{
	struct family_member m;
	size_t i;

	for (i = 0; (m = family_member(f, i)).part != NULL; i++)
		if (deadline_passed(&m.part->restart))
			(void)family_start(f, m);
}

/* ---- telling the front ------------------------------------------------ */

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

void
family_link_all(struct family *f)
{
	size_t i;

	for (i = 0; i < f->pool_count; i++)
		part_pool_link(f->pools[i], &f->front);
}

void
family_link_due(struct family *f)
{
	size_t i;

	for (i = 0; i < f->pool_count; i++)
		if (deadline_passed(&f->pools[i]->relink))
			part_pool_link(f->pools[i], &f->front);
}

/* ---- how it is -------------------------------------------------------- */

/* A pool that is neither ready nor known to be closed, or NULL. */
static const struct part_pool *
undecided(const struct family *f)
{
	size_t i;

	for (i = 0; i < f->pool_count; i++)
		if (!f->pools[i]->part.ready && f->pools[i]->why[0] == '\0')
			return f->pools[i];
	return NULL;
}

enum family_state
family_state(const struct family *f)
{
	size_t i, open = 0;

	if (undecided(f) != NULL)
		return FAMILY_WAITING;
	for (i = 0; i < f->pool_count; i++)
		open += f->pools[i]->part.ready;
	if (open == 0)
		return FAMILY_CLOSED;
	return f->front.ready ? FAMILY_READY : FAMILY_WAITING;
}

const char *
family_awaited(const struct family *f)
{
	const struct part_pool *p = undecided(f);

	return p != NULL && f->front.ready ? p->what : f->front.what;
}

struct deadline
family_next(const struct family *f)
{
	struct deadline next = f->front.restart;
	size_t i;

	for (i = 0; i < f->pool_count; i++)
		next = deadline_min(next, deadline_min(
		    f->pools[i]->part.restart, f->pools[i]->relink));
	return next;
}

/* ---- the end ---------------------------------------------------------- */

void
family_no_restart(struct family *f)
{
	struct family_member m;
	size_t i;

	for (i = 0; (m = family_member(f, i)).part != NULL; i++) {
		m.part->restart = deadline_never();
		if (m.pool != NULL)
			m.pool->relink = deadline_never();
	}
}

void
family_release(struct family *f)
{
	struct family_member m;
	size_t i;

	for (i = 0; (m = family_member(f, i)).part != NULL; i++)
		child_release(&m.part->child);
}

void
family_kill(const struct family *f)
{
	size_t i;

	part_kill(&f->front);
	for (i = 0; i < f->pool_count; i++)
		part_kill(&f->pools[i]->part);
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

	for (i = 0; i < f->pool_count; i++)
		if (f->pools[i]->part.child.pid > 0)
			return false;
	return f->front.child.pid == 0;
}
