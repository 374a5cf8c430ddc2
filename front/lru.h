/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lru - positions of an array, found by a hash and ordered by last use.
 *
 * It knows positions only, 1 to size; what lies there is the caller's, and
 * so is the comparison: lru_first() and lru_next() walk the positions that
 * may be the one. Every call but that walk costs the same however full.
 */
#ifndef FRONT_LRU_H
#define FRONT_LRU_H

#include <stdint.h>

#include "common/errmsg.h"

#define LRU_NONE 0		/* no position */

struct lru_link {
	uint32_t next;		/* in its chain, or in the list of free ones */
	uint32_t older, newer;
};

struct lru {
	struct lru_link *links;	/* [LRU_NONE] closes the circle of ages */
	uint32_t *chains;
	uint32_t size, count;
	uint32_t free;		/* those given back */
	uint32_t fresh;		/* this one and above: never used */
};

/* Memory for one position. */
#define LRU_EACH_BYTES (sizeof(struct lru_link) + sizeof(uint32_t))

int lru_init(struct lru *l, uint32_t size, struct errmsg *e);
void lru_fini(struct lru *l);
void lru_clear(struct lru *l);

/* A free position becomes the newest, to be found by `hash`. There must be
 * one: count < size. */
uint32_t lru_take(struct lru *l, uint64_t hash);
/* The same for a position of the caller's choice, on a cleared one. When
 * all are adopted, lru_spare() frees those left out. */
void lru_adopt(struct lru *l, uint32_t at, uint64_t hash);
void lru_spare(struct lru *l, uint32_t at);
/* Make it the newest. */
void lru_touch(struct lru *l, uint32_t at);
/* Free it; `hash` as it was taken with. */
void lru_release(struct lru *l, uint32_t at, uint64_t hash);

uint32_t lru_first(const struct lru *l, uint64_t hash);
uint32_t lru_next(const struct lru *l, uint32_t at);
uint32_t lru_oldest(const struct lru *l);
uint32_t lru_newest(const struct lru *l);
uint32_t lru_newer(const struct lru *l, uint32_t at);

#endif
