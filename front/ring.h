/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring - records of any size in the order they were added, in memory of a
 * fixed size, found through hash chains.
 *
 * The arena is filled round and round: the oldest record stands where the
 * next one will go, so that making room costs nothing. A record that is
 * dropped before its turn leaves a gap until the oldest has passed it. The
 * memory is in no core dump, and pages never touched take none.
 *
 * A record is known by the address of its data, aligned to four bytes, which
 * stays until it is dropped.
 */
#ifndef FRONT_RING_H
#define FRONT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"

struct ring;

/* `bytes` holds arena and chains. NULL with a message: no memory. */
struct ring *ring_new(size_t bytes, struct errmsg *e);
void ring_free(struct ring *r);

/* The newest record of this hash, the next older one; NULL: no more. Others
 * may meet in a hash: compare. */
void *ring_find(const struct ring *r, uint32_t hash);
void *ring_find_older(const struct ring *r, const void *record);

/* Have memory fetched before ring_find() needs it, while something else is
 * computed: first the chain, then what stands in it. */
void ring_prefetch_chain(const struct ring *r, uint32_t hash);
void ring_prefetch_record(const struct ring *r, uint32_t hash);

/* Could a record of `size` bytes ever stand here? If so: is there room for it
 * now, or must ring_oldest() be dropped first? */
bool ring_takes(const struct ring *r, size_t size);
bool ring_has_room(const struct ring *r, size_t size);

/* Fresh data to be filled; there must be room. */
void *ring_add(struct ring *r, uint32_t hash, size_t size);

/* NULL: it is empty. */
void *ring_oldest(const struct ring *r);

/* Wipes the record. */
void ring_drop(struct ring *r, void *record);
void ring_drop_all(struct ring *r);

/* One by one, the oldest first: start with *cursor = 0. Records may come and
 * go between calls. NULL at the end. */
void *ring_next(const struct ring *r, uint64_t *cursor);

struct ring_stats {
	size_t records, bytes;		/* that stand here now */
	size_t chains;
};
void ring_stats(const struct ring *r, struct ring_stats *s_r);

/* How many records are in this chain, of `chains`? */
size_t ring_chain_length(const struct ring *r, size_t chain);

#endif
