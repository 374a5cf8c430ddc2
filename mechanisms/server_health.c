/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_health - what all workers of a pool know of each server.
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/deadline.h"
#include "common/str.h"
#include "mechanisms/server_health.h"

/* Whoever holds the lock on the texts for longer was killed. */
#define LOCK_MSEC 10
/* Twice the longest life of an answer of DNS that names servers. */
#define LISTED_MSEC (2 * 3600 * INT64_C(1000))

/* Times are monotonic, in milliseconds, and never 0. */
struct slot {
	atomic_bool there;	/* name will not change any more */
	_Atomic int64_t listed;	/* last seen in a list; INT64_MAX: for ever */
	_Atomic int64_t down;	/* since then; 0: it is up */
	_Atomic int64_t up;	/* the last time it came up */
	_Atomic int64_t probe;	/* its back-off is over then */
	_Atomic int64_t backoff;	/* that back-off, not a point */
	_Atomic int64_t answered;
	_Atomic int64_t waiting;	/* the mark; void if answered since */
	char name[SERVER_NAME_MAX];
	char why[MECH_PART_WHY_MAX];	/* under the lock */
};

struct server_health {
	int64_t stuck_msec;
	_Atomic int64_t locked;	/* since then; 0: free */
	atomic_size_t taken;	/* of the slots, from the first one on */
	struct slot slots[SERVER_HEALTH_SLOTS];
};

/*
 * For texts only: should one process take the lock while another, that was
 * stopped for so long, still holds it, a text for people may be mixed of two.
 * The last byte of a text is never written, so it always ends.
 */
static int64_t
lock(struct server_health *h)
{
	const int64_t mine = deadline_now_msec();
	int64_t holder = 0;

	while (!atomic_compare_exchange_strong(&h->locked, &holder, mine)) {
		if (holder != 0 && deadline_now_msec() - holder < LOCK_MSEC) {
			(void)sched_yield();
			holder = 0;
		}
	}
	return mine;
}

static void
unlock(struct server_health *h, int64_t mine)
{
	atomic_compare_exchange_strong(&h->locked, &mine, 0);
}

struct server_health *
server_health_new(int64_t stuck_msec, struct errmsg *e)
{
	struct server_health *h = mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (h == MAP_FAILED) {
		errmsg_errno(e, errno, "memory to share with workers");
		return NULL;
	}
	h->stuck_msec = stuck_msec;
	return h;
}

void
server_health_free(struct server_health *h)
{
	if (h != NULL)
		(void)munmap(h, sizeof(*h));
}

static size_t
slots_taken(const struct server_health *h)
{
	const size_t n = atomic_load(&h->taken);

	return n < SERVER_HEALTH_SLOTS ? n : SERVER_HEALTH_SLOTS;
}

static int
find(const struct server_health *h, const char *name, size_t *slot_r)
{
	const size_t n = slots_taken(h);
	size_t i;

	for (i = 0; i < n; i++)
		if (atomic_load(&h->slots[i].there) &&
		    strcmp(h->slots[i].name, name) == 0) {
			*slot_r = i;
			return 0;
		}
	return -1;
}

/* A number of its own, so that nobody else writes there even if the lock was
 * taken away from us. */
static int
take(struct server_health *h, const char *name, size_t *slot_r,
    struct errmsg *e)
{
	struct slot *s;

	if (slots_taken(h) == SERVER_HEALTH_SLOTS)
		return errmsg_set(e, "%s: more than %d different servers "
		    "were seen", name, SERVER_HEALTH_SLOTS);
	*slot_r = atomic_fetch_add(&h->taken, 1);
	if (*slot_r >= SERVER_HEALTH_SLOTS)
		return errmsg_set(e, "%s: more than %d different servers "
		    "were seen", name, SERVER_HEALTH_SLOTS);
	s = &h->slots[*slot_r];
	(void)str_copy(s->name, sizeof(s->name), name);
	atomic_store(&s->up, deadline_now_msec());
	atomic_store(&s->there, true);
	return 0;
}

int
server_health_slot(struct server_health *h, const char *name, bool fixed,
    size_t *slot_r, struct errmsg *e)
{
	int64_t mine;
	int result;

	if (strlen(name) >= SERVER_NAME_MAX)
		return errmsg_set(e, "%.64s...: too long", name);
	mine = lock(h);
	result = find(h, name, slot_r);
	if (result == -1)
		result = take(h, name, slot_r, e);
	unlock(h, mine);
	if (result == 0)
		atomic_store(&h->slots[*slot_r].listed,
		    fixed ? INT64_MAX : deadline_now_msec());
	return result;
}

const char *
server_health_name(const struct server_health *h, size_t slot)
{
	return h->slots[slot].name;
}

/* The mark, unless an answer has come since it was made. */
static int64_t
live_mark(const struct slot *s)
{
	const int64_t mark = atomic_load(&s->waiting);

	return mark > atomic_load(&s->answered) ? mark : 0;
}

int64_t
server_health_enter(struct server_health *h, size_t slot)
{
	struct slot *s = &h->slots[slot];
	int64_t mark = atomic_load(&s->waiting);
	const int64_t now = deadline_now_msec();

	/* That of a worker that was killed must give way some time. While the
	 * server is down, it has done what it is for. */
	if (live_mark(s) != 0 && atomic_load(&s->down) == 0)
		return 0;
	return atomic_compare_exchange_strong(&s->waiting, &mark, now) ?
	    now : 0;
}

void
server_health_leave(struct server_health *h, size_t slot, int64_t mark)
{
	if (mark != 0)
		atomic_compare_exchange_strong(&h->slots[slot].waiting, &mark,
		    0);
}

void
server_health_up(struct server_health *h, size_t slot)
{
	struct slot *s = &h->slots[slot];
	const int64_t now = deadline_now_msec();

	atomic_store(&s->answered, now);
	if (atomic_load(&s->down) == 0)
		return;
	atomic_store(&s->up, now);
	atomic_store(&s->down, 0);
}

/* The next back-off; of all who saw the last one end, one has it. */
static bool
prolong(struct slot *s, int64_t now, int64_t over_msec)
{
	int64_t probe = atomic_load(&s->probe), backoff;

	if (atomic_load(&s->down) == 0 || now - probe < over_msec)
		return false;
	backoff = 2 * atomic_load(&s->backoff);
	if (backoff > SERVER_BACKOFF_MAX_MSEC)
		backoff = SERVER_BACKOFF_MAX_MSEC;
	if (!atomic_compare_exchange_strong(&s->probe, &probe, now + backoff))
		return false;
	atomic_store(&s->backoff, backoff);
	return true;
}

/* Of a server that was up. One that has only just come back goes on where it
 * was; the probe that it answered has made that longer. Who answers probes,
 * and nothing else, would otherwise cost the requests of all workers their
 * time every few seconds. */
static int64_t
first_backoff(struct slot *s, int64_t now)
{
	const int64_t last = atomic_load(&s->backoff);

	return last != 0 && now - atomic_load(&s->up) <
	    SERVER_BACKOFF_MAX_MSEC ? last : SERVER_BACKOFF_FIRST_MSEC;
}

void
server_health_down(struct server_health *h, size_t slot, const char *why)
{
	struct slot *s = &h->slots[slot];
	const int64_t now = deadline_now_msec();
	size_t n = strlen(why);
	int64_t mine, none = 0, backoff;

	if (n >= sizeof(s->why))
		n = sizeof(s->why) - 1;
	mine = lock(h);
	(void)str_copy_n(s->why, sizeof(s->why), why, n);
	unlock(h, mine);
	if (atomic_load(&s->down) != 0) {
		(void)prolong(s, now, 0);
		return;
	}
	/* Two may come here at once: they write the same. */
	backoff = first_backoff(s, now);
	atomic_store(&s->backoff, backoff);
	atomic_store(&s->probe, now + backoff);
	atomic_compare_exchange_strong(&s->down, &none, now);
}

int64_t
server_health_down_since(struct server_health *h, size_t slot)
{
	struct slot *s = &h->slots[slot];
	const int64_t mark = live_mark(s);

	if (atomic_load(&s->down) == 0 && mark != 0 &&
	    deadline_now_msec() - mark > h->stuck_msec)
		server_health_down(h, slot, "a worker waits for it");
	return atomic_load(&s->down);
}

bool
server_health_answered_since(const struct server_health *h, size_t slot,
    int64_t msec)
{
	return atomic_load(&h->slots[slot].answered) > msec;
}

int64_t
server_health_probe_at(const struct server_health *h, size_t slot)
{
	return atomic_load(&h->slots[slot].probe);
}

bool
server_health_claim(struct server_health *h, size_t slot, int64_t over_msec)
{
	return server_health_down_since(h, slot) != 0 &&
	    prolong(&h->slots[slot], deadline_now_msec(), over_msec);
}

static void
tell(struct server_health *h, size_t slot, struct mech_part *part_r)
{
	struct slot *s = &h->slots[slot];
	const int64_t down = server_health_down_since(h, slot);
	size_t n = strlen(s->name);
	int64_t mine;

	if (n >= sizeof(part_r->name))
		n = sizeof(part_r->name) - 1;
	*part_r = (struct mech_part){ .up = down == 0,
	    .since_msec = down != 0 ? down : atomic_load(&s->up) };
	(void)str_copy_n(part_r->name, sizeof(part_r->name), s->name, n);
	if (part_r->up)
		return;
	mine = lock(h);
	(void)str_copy(part_r->why, sizeof(part_r->why), s->why);
	unlock(h, mine);
}

size_t
server_health_parts(struct server_health *h, struct mech_part *parts_r,
    size_t max)
{
	const size_t n = slots_taken(h);
	const int64_t oldest = deadline_now_msec() - LISTED_MSEC;
	size_t i, told = 0;

	for (i = 0; i < n && told < max; i++)
		if (atomic_load(&h->slots[i].there) &&
		    atomic_load(&h->slots[i].listed) >= oldest)
			tell(h, i, &parts_r[told++]);
	return told;
}
