/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "front/ring.h"

#define ALIGNMENT 8u
#define BYTES_PER_CHAIN 24	/* of the arena: chains of one, mostly */
#define BYTES_MAX (UINT32_MAX * (uint64_t)ALIGNMENT)

/*
 * Huge pages save a tenth of the time of a lookup in a large table (measured
 * with cachebench), but the first use of each costs 2 MiB at once: not in a
 * small one.
 */
#define HUGE_PAGES_FROM (64 * 1024 * 1024)

struct record {
	uint32_t next;		/* older one of the chain, as in chains[] */
	uint32_t hash;
	uint32_t size;		/* with this header, a multiple of ALIGNMENT,
				 * plus DROPPED */
	unsigned char data[];
};
#define DROPPED 1u

/*
 * Positions grow for ever, and a record stands at its position modulo the
 * arena's size, in one piece. All records are between tail and head. Where
 * one does not fit in front of the arena's end, a dropped one fills the rest;
 * where not even its header would, nothing does.
 */
struct ring {
	unsigned char *arena;
	uint32_t *chains;	/* 1 + offset / ALIGNMENT of the newest, or 0 */
	size_t size;		/* of the arena */
	size_t chain_count;
	size_t map_bytes;
	uint64_t head, tail;	/* positions: of the next, of the oldest */
	size_t records, bytes;
};

struct ring *
ring_new(size_t bytes, struct errmsg *e)
{
	struct ring *r = calloc(1, sizeof(*r));

	if (r == NULL || bytes > BYTES_MAX) {
		free(r);
		(void)errmsg_set(e, "no memory for a table of %zu bytes",
		    bytes);
		return NULL;
	}
	r->chain_count = bytes / (BYTES_PER_CHAIN + sizeof(*r->chains)) + 1;
	r->map_bytes = r->chain_count * sizeof(*r->chains);
	if (bytes > r->map_bytes)
		r->size = (bytes - r->map_bytes) / ALIGNMENT * ALIGNMENT;
	r->map_bytes += r->size;
	r->arena = mmap(NULL, r->map_bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->arena == MAP_FAILED) {
		(void)errmsg_errno(e, errno, "no memory for a table of %zu "
		    "bytes", bytes);
		free(r);
		return NULL;
	}
	r->chains = (uint32_t *)(void *)(r->arena + r->size);
	(void)madvise(r->arena, r->map_bytes, MADV_DONTDUMP);
	if (r->map_bytes >= HUGE_PAGES_FROM)
		(void)madvise(r->arena, r->map_bytes, MADV_HUGEPAGE);
	return r;
}

void
ring_free(struct ring *r)
{
	if (r == NULL)
		return;
	(void)munmap(r->arena, r->map_bytes);
	free(r);
}

/* ---- chains ------------------------------------------------------------- */

static struct record *
of_data(const void *data)
{
	return (struct record *)(void *)((unsigned char *)(uintptr_t)data -
	    offsetof(struct record, data));
}

static struct record *
of_link(const struct ring *r, uint32_t link)
{
	return (struct record *)(void *)(r->arena +
	    (size_t)(link - 1) * ALIGNMENT);
}

static uint32_t
link_to(const struct ring *r, const struct record *rec)
{
	size_t offset = (size_t)((const unsigned char *)rec - r->arena);

	return (uint32_t)(offset / ALIGNMENT + 1);
}

/* As good as the remainder, without a division. */
static uint32_t *
chain_of(const struct ring *r, uint32_t hash)
{
	return &r->chains[(uint64_t)hash * r->chain_count >> 32];
}

static void *
follow(const struct ring *r, uint32_t link, uint32_t hash)
{
	struct record *rec;

	for (; link != 0; link = rec->next) {
		rec = of_link(r, link);
		if (rec->hash == hash)
			return rec->data;
	}
	return NULL;
}

void *
ring_find(const struct ring *r, uint32_t hash)
{
	return follow(r, *chain_of(r, hash), hash);
}

void *
ring_find_older(const struct ring *r, const void *record)
{
	const struct record *rec = of_data(record);

	return follow(r, rec->next, rec->hash);
}

void
ring_prefetch_chain(const struct ring *r, uint32_t hash)
{
	__builtin_prefetch(chain_of(r, hash));
}

void
ring_prefetch_record(const struct ring *r, uint32_t hash)
{
	const uint32_t link = *chain_of(r, hash);
	const char *rec;

	if (link == 0)
		return;
	rec = (const char *)of_link(r, link);
	__builtin_prefetch(rec);
	__builtin_prefetch(rec + 64);	/* the next line of the processor's */
}

static void
unchain(struct ring *r, const struct record *rec)
{
	const uint32_t wanted = link_to(r, rec);
	uint32_t *link = chain_of(r, rec->hash);

	while (*link != wanted)
		link = &of_link(r, *link)->next;
	*link = rec->next;
}

/* ---- the arena ---------------------------------------------------------- */

static size_t
whole_size(size_t size)
{
	size += offsetof(struct record, data);
	return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static struct record *
at(const struct ring *r, uint64_t pos)
{
	return (struct record *)(void *)(r->arena + pos % r->size);
}

/* Bytes from here to the arena's end. */
static size_t
left_behind(const struct ring *r, uint64_t pos)
{
	return r->size - (size_t)(pos % r->size);
}

/* The position behind the record at this one. */
static uint64_t
behind(const struct ring *r, uint64_t pos)
{
	size_t left;

	pos += at(r, pos)->size & ~DROPPED;
	left = left_behind(r, pos);
	return left < sizeof(struct record) ? pos + left : pos;
}

bool
ring_takes(const struct ring *r, size_t size)
{
	return whole_size(size) <= r->size;
}

bool
ring_has_room(const struct ring *r, size_t size)
{
	const size_t whole = whole_size(size);
	const size_t left = left_behind(r, r->head);
	const uint64_t begin = r->head + (left < whole ? left : 0);

	return begin + whole - r->tail <= r->size;
}

static void
fill_to_end(struct ring *r)
{
	struct record *rec = at(r, r->head);
	size_t left = left_behind(r, r->head);

	rec->size = (uint32_t)left | DROPPED;
	r->head += left;
}

void *
ring_add(struct ring *r, uint32_t hash, size_t size)
{
	const size_t whole = whole_size(size);
	struct record *rec;
	uint32_t *link;

	if (left_behind(r, r->head) < whole)
		fill_to_end(r);
	rec = at(r, r->head);
	rec->hash = hash;
	rec->size = (uint32_t)whole;
	link = chain_of(r, hash);
	rec->next = *link;
	*link = link_to(r, rec);
	r->head = behind(r, r->head);
	r->records++;
	r->bytes += whole;
	return rec->data;
}

void *
ring_oldest(const struct ring *r)
{
	return r->tail == r->head ? NULL : at(r, r->tail)->data;
}

/* From the arena's beginning, so that all of it is in one piece. */
static void
begin_anew(struct ring *r)
{
	if (r->head % r->size != 0)
		r->head += left_behind(r, r->head);
	r->tail = r->head;
}

void
ring_drop(struct ring *r, void *record)
{
	struct record *rec = of_data(record);

	unchain(r, rec);
	r->records--;
	r->bytes -= rec->size;
	memset(rec->data, 0, rec->size - offsetof(struct record, data));
	rec->size |= DROPPED;
	while (r->tail != r->head && (at(r, r->tail)->size & DROPPED) != 0)
		r->tail = behind(r, r->tail);
	if (r->tail == r->head)
		begin_anew(r);
}

void
ring_drop_all(struct ring *r)
{
	if (r->records == 0)
		return;
	/* Private pages given back are zeroes when they are next touched,
	 * madvise(2). */
	if (madvise(r->arena, r->map_bytes, MADV_DONTNEED) != 0)
		memset(r->arena, 0, r->map_bytes);
	begin_anew(r);
	r->records = 0;
	r->bytes = 0;
}

void *
ring_next(const struct ring *r, uint64_t *cursor)
{
	struct record *rec;

	if (*cursor < r->tail)
		*cursor = r->tail;
	while (*cursor < r->head) {
		rec = at(r, *cursor);
		*cursor = behind(r, *cursor);
		if ((rec->size & DROPPED) == 0)
			return rec->data;
	}
	return NULL;
}

/* ---- figures ------------------------------------------------------------ */

void
ring_stats(const struct ring *r, struct ring_stats *s_r)
{
	*s_r = (struct ring_stats){
		.records = r->records, .bytes = r->bytes,
		.chains = r->chain_count
	};
}

size_t
ring_chain_length(const struct ring *r, size_t chain)
{
	uint32_t link = r->chains[chain];
	size_t n = 0;

	for (; link != 0; link = of_link(r, link)->next)
		n++;
	return n;
}
