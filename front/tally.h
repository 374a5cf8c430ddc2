/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally - counters by key, which exist only while they are not zero.
 *
 * Keys are results of a keyed hash, never 0. Bounded: one counter more than
 * there is room for is not counted.
 */
#ifndef FRONT_TALLY_H
#define FRONT_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "front/spread.h"

struct tally_counter {
	uint64_t key;
	uint32_t count;		/* 0: the slot is free */
	uint32_t ready_msec;	/* the user's; 0 when the counter is new */
};

struct tally {
	struct tally_counter *slots;
	uint32_t size, used, used_max;
	struct spread spread;
};

/* Slots for each counter, as a fraction: short searches when all are used. */
#define TALLY_SLOTS_NUM 5
#define TALLY_SLOTS_DEN 4
#define TALLY_EACH_BYTES \
	(sizeof(struct tally_counter) * TALLY_SLOTS_NUM / TALLY_SLOTS_DEN)

int tally_init(struct tally *t, uint32_t used_max, struct errmsg *e);
void tally_fini(struct tally *t);
void tally_clear(struct tally *t);

/* NULL: it is zero. Pointers are valid until the next change of the tally. */
struct tally_counter *tally_find(const struct tally *t, uint64_t key);
/* Count one more. NULL: no room. */
struct tally_counter *tally_add(struct tally *t, uint64_t key);
/* Count one less; returns what is left, 0 also if there was nothing. */
uint32_t tally_drop(struct tally *t, uint64_t key);

#endif
