/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/lru.h"

int
lru_init(struct lru *l, uint32_t size, struct errmsg *e)
{
	memset(l, 0, sizeof(*l));
	/* Pages that are not touched cost no memory. */
	l->links = calloc((size_t)size + 1, sizeof(*l->links));
	l->chains = calloc(size, sizeof(*l->chains));
	l->size = size;
	l->fresh = 1;
	if (l->links == NULL || l->chains == NULL) {
		lru_fini(l);
		return errmsg_set(e, "no memory for %lu entries",
		    (unsigned long)size);
	}
	return 0;
}

void
lru_fini(struct lru *l)
{
	free(l->links);
	free(l->chains);
	memset(l, 0, sizeof(*l));
}

void
lru_clear(struct lru *l)
{
	memset(l->links, 0, ((size_t)l->size + 1) * sizeof(*l->links));
	memset(l->chains, 0, l->size * sizeof(*l->chains));
	l->count = 0;
	l->free = LRU_NONE;
	l->fresh = 1;
}

static uint32_t *
chain_of(const struct lru *l, uint64_t hash)
{
	return &l->chains[(hash >> 32) * l->size >> 32];
}

static void
make_newest(struct lru *l, uint32_t at)
{
	struct lru_link *ends = &l->links[LRU_NONE];

	l->links[at].older = ends->older;
	l->links[at].newer = LRU_NONE;
	l->links[ends->older].newer = at;
	ends->older = at;
}

static void
leave_order(struct lru *l, uint32_t at)
{
	l->links[l->links[at].older].newer = l->links[at].newer;
	l->links[l->links[at].newer].older = l->links[at].older;
}

void
lru_adopt(struct lru *l, uint32_t at, uint64_t hash)
{
	uint32_t *chain = chain_of(l, hash);

	l->links[at].next = *chain;
	*chain = at;
	make_newest(l, at);
	l->count++;
	if (at >= l->fresh)
		l->fresh = at + 1;
}

void
lru_spare(struct lru *l, uint32_t at)
{
	if (at >= l->fresh)
		return;
	l->links[at].next = l->free;
	l->free = at;
}

uint32_t
lru_take(struct lru *l, uint64_t hash)
{
	uint32_t at = l->free;

	if (at != LRU_NONE)
		l->free = l->links[at].next;
	else
		at = l->fresh;
	lru_adopt(l, at, hash);
	return at;
}

void
lru_touch(struct lru *l, uint32_t at)
{
	leave_order(l, at);
	make_newest(l, at);
}

void
lru_release(struct lru *l, uint32_t at, uint64_t hash)
{
	uint32_t *link = chain_of(l, hash);

	while (*link != at)
		link = &l->links[*link].next;
	*link = l->links[at].next;
	leave_order(l, at);
	l->count--;
	lru_spare(l, at);
}

uint32_t
lru_first(const struct lru *l, uint64_t hash)
{
	return *chain_of(l, hash);
}

uint32_t
lru_next(const struct lru *l, uint32_t at)
{
	return l->links[at].next;
}

uint32_t
lru_oldest(const struct lru *l)
{
	return l->links[LRU_NONE].newer;
}

uint32_t
lru_newest(const struct lru *l)
{
	return l->links[LRU_NONE].older;
}

uint32_t
lru_newer(const struct lru *l, uint32_t at)
{
	return l->links[at].newer;
}
