/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open addressing with linear probing; what stands behind a slot that
 * becomes free moves up (Knuth, TAOCP vol. 3, 6.4, algorithm R), so that no
 * mark of the removed is needed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/tally.h"

int
tally_init(struct tally *t, uint32_t used_max, struct errmsg *e)
{
	t->used = 0;
	t->used_max = used_max;
	t->size = (uint32_t)((uint64_t)used_max * TALLY_SLOTS_NUM /
	    TALLY_SLOTS_DEN);
	/* A search ends at a free slot. */
	if (t->size == used_max)
		t->size++;
	t->slots = calloc(t->size, sizeof(*t->slots));
	if (t->slots == NULL || spread_init(&t->spread) != 0)
		return errmsg_set(e, "no memory for %lu counters",
		    (unsigned long)used_max);
	return 0;
}

void
tally_fini(struct tally *t)
{
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

void
tally_clear(struct tally *t)
{
	memset(t->slots, 0, t->size * sizeof(*t->slots));
	t->used = 0;
}

static uint32_t
home_of(const struct tally *t, uint64_t key)
{
	return (uint32_t)((spread_key(&t->spread, key) >> 32) * t->size >> 32);
}

static uint32_t
behind(const struct tally *t, uint32_t at)
{
	return at + 1 == t->size ? 0 : at + 1;
}

/* The slot of this key, or the free one where it would be put. */
static struct tally_counter *
slot_of(const struct tally *t, uint64_t key)
{
	uint32_t at = home_of(t, key);

	while (t->slots[at].count != 0 && t->slots[at].key != key)
		at = behind(t, at);
	return &t->slots[at];
}

struct tally_counter *
tally_find(const struct tally *t, uint64_t key)
{
	struct tally_counter *c = slot_of(t, key);

	return c->count == 0 ? NULL : c;
}

struct tally_counter *
tally_add(struct tally *t, uint64_t key)
{
	struct tally_counter *c = slot_of(t, key);

	if (c->count == 0) {
		if (t->used == t->used_max)
			return NULL;
		t->used++;
		c->key = key;
		c->ready_msec = 0;
	}
	c->count++;
	return c;
}

/* Slots from one to the other, round the end. */
static uint32_t
distance(const struct tally *t, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : t->size - from + to;
}

static void
close_gap(struct tally *t, uint32_t gap)
{
	uint32_t at = gap, home;

	for (;;) {
		at = behind(t, at);
		if (t->slots[at].count == 0)
			break;
		home = home_of(t, t->slots[at].key);
		/* May it stand in the gap, or only behind it? */
		if (distance(t, home, at) < distance(t, gap, at))
			continue;
		t->slots[gap] = t->slots[at];
		gap = at;
	}
	t->slots[gap].count = 0;
}

uint32_t
tally_drop(struct tally *t, uint64_t key)
{
	struct tally_counter *c = slot_of(t, key);

	if (c->count == 0)
		return 0;
	if (--c->count > 0)
		return c->count;
	t->used--;
	close_gap(t, (uint32_t)(c - t->slots));
	return 0;
}
