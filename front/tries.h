/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tries - wrong tries and known pairs, in memory that outlives the process.
 *
 * Two flat arrays behind a header with their key: wrong tries, and pairs of
 * identity and address that succeeded. They hold keyed digests and times, no
 * names. Whatever order and index they need is memory of this process, made
 * anew from the arrays, and every write leaves them fit to be taken over: a
 * process may die anywhere. Nobody else writes while this process runs.
 */
#ifndef FRONT_TRIES_H
#define FRONT_TRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "front/lru.h"
#include "front/spread.h"

/* A wrong password, for one identity and from one address. */
struct try {
	uint64_t identity;
	uint64_t address;	/* 0: none was told */
	uint64_t word;		/* identity and password; 0: a free entry */
	int64_t seen_msec;	/* last; monotonic */
};

struct pair {
	uint64_t pair;		/* 0: a free entry */
	uint64_t identity : 24;	/* whose: as much as tells its own apart */
	uint64_t used_msec : 40;	/* 34 years */
};

struct tries_header;

struct tries {
	struct tries_header *header;
	struct try *tries;	/* [0] is position 1 */
	struct pair *pairs;
	struct lru try_order, pair_order;
	size_t map_bytes;
	uint32_t capacity;	/* of each array */
	struct spread spread;	/* of this process */
};

/* Memory for one try and one pair, shared and private, and for all else:
 * the header, and what the pages of a handful of areas are rounded up by. */
#define TRIES_EACH_BYTES \
	(sizeof(struct try) + sizeof(struct pair) + 2 * LRU_EACH_BYTES)
#define TRIES_FIXED_BYTES 32768

/* Take over what the descriptor holds, or begin empty where that is nothing
 * of ours. -1: private memory. Times are not judged: see tries_newest(). */
int tries_open(struct tries *t, uint32_t capacity, int fd, struct errmsg *e);
void tries_close(struct tries *t);
/* Begin empty, under a fresh key. */
void tries_reset(struct tries *t);

/* DIGEST_KEY_BYTES: under this key are the digests made. */
const unsigned char *tries_key(const struct tries *t);
/* The newest time of all. INT64_MIN: it is empty. */
int64_t tries_newest(const struct tries *t);

/* Is it known (compared without its time)? Then it becomes the newest. */
bool tries_refresh(struct tries *t, const struct try *try);
/* Add as the newest what is not known. There must be room. */
void tries_add(struct tries *t, const struct try *try);
void tries_remove(struct tries *t, uint32_t at);
size_t tries_count(const struct tries *t);
/* From the oldest on; LRU_NONE at the end. */
uint32_t tries_first(const struct tries *t);
uint32_t tries_next(const struct tries *t, uint32_t at);
const struct try *tries_at(const struct tries *t, uint32_t at);

/* Pairs: the one that was not used for longest makes room; of the same
 * identity, if that has many: nobody pushes out all others' by coming from
 * ever new addresses. */
bool tries_knows(const struct tries *t, uint64_t identity, uint64_t pair);
void tries_learn(struct tries *t, uint64_t identity, uint64_t pair,
    int64_t now_msec);

#endif
