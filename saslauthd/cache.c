/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of entries in the order they were stored, found through hash chains.
 * The ring position that comes next is the oldest, so eviction costs nothing.
 * Identity and verifier are BLAKE2b under a key of this process: chains
 * cannot be filled on purpose by someone who does not know it.
 */
#include "config.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "saslauthd/cache.h"

#define ID_BYTES 16		/* 2^-128 for two names to meet */
#define VERIFIER_BYTES 24
#define ENTRIES_MAX (UINT32_MAX - 1)

struct entry {
	unsigned char id[ID_BYTES];
	unsigned char verifier[VERIFIER_BYTES];
	int64_t stored_sec;
	uint32_t next;		/* in its chain */
	uint32_t used;
};

struct cache {
	unsigned char *key;	/* guarded memory of libsodium */
	struct entry *entries;
	uint32_t *chains;
	size_t map_bytes;
	uint32_t capacity;	/* entries, and chains */
	uint32_t head;		/* the position to be filled next */
	uint32_t count;
	int64_t ttl_sec;
};

/* Each string with its length in front: "ab"+"c" is not "a"+"bc". */
static void
digest(const struct cache *c, const struct cache_key *k,
    const struct secret *password, unsigned char *to, size_t size)
{
	const char *strings[] = {
		k->backend, k->login, k->realm, k->service, k->address
	};
	crypto_generichash_state st;
	uint64_t len;
	size_t i;

	(void)crypto_generichash_init(&st, c->key, crypto_generichash_KEYBYTES,
	    size);
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		len = strlen(strings[i]);
		(void)crypto_generichash_update(&st, (unsigned char *)&len,
		    sizeof(len));
		(void)crypto_generichash_update(&st,
		    (const unsigned char *)strings[i], len);
	}
	if (password != NULL) {
		len = password->len;
		(void)crypto_generichash_update(&st, (unsigned char *)&len,
		    sizeof(len));
		(void)crypto_generichash_update(&st, password->bytes, len);
	}
	(void)crypto_generichash_final(&st, to, size);
	sodium_memzero(&st, sizeof(st));
}

struct cache *
cache_new(size_t bytes, int64_t ttl_sec, struct errmsg *e)
{
	const size_t each = sizeof(struct entry) + sizeof(uint32_t);
	struct cache *c;
	size_t n = bytes / each;

	if (n == 0)
		n = 1;
	if (n > ENTRIES_MAX)
		n = ENTRIES_MAX;
	c = calloc(1, sizeof(*c));
	if (c == NULL || sodium_init() < 0 ||
	    (c->key = sodium_malloc(crypto_generichash_KEYBYTES)) == NULL) {
		free(c);
		(void)errmsg_set(e, "cannot set up the cache's key");
		return NULL;
	}
	crypto_generichash_keygen(c->key);
	c->map_bytes = n * each;
	c->capacity = (uint32_t)n;
	c->ttl_sec = ttl_sec;
	/* Untouched pages of a mapping cost no memory. */
	c->entries = mmap(NULL, c->map_bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->entries == MAP_FAILED) {
		(void)errmsg_errno(e, errno, "no memory for a cache of %zu "
		    "bytes", bytes);
		c->entries = NULL;
		cache_free(c);
		return NULL;
	}
	(void)madvise(c->entries, c->map_bytes, MADV_DONTDUMP);
	/* A chain's zero means "empty": positions are stored plus one. */
	c->chains = (uint32_t *)(void *)(c->entries + n);
	return c;
}

void
cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	if (c->entries != NULL)
		(void)munmap(c->entries, c->map_bytes);
	sodium_free(c->key);
	free(c);
}

static uint32_t *
chain_of(const struct cache *c, const unsigned char *id)
{
	uint64_t h;

	memcpy(&h, id, sizeof(h));
	return &c->chains[h % c->capacity];
}

/* The link that holds the position of this id, or the chain's last link. */
static uint32_t *
find(const struct cache *c, const unsigned char *id)
{
	uint32_t *link = chain_of(c, id);

	while (*link != 0 &&
	    memcmp(c->entries[*link - 1].id, id, ID_BYTES) != 0)
		link = &c->entries[*link - 1].next;
	return link;
}

static void
unlink_entry(struct cache *c, uint32_t *link)
{
	struct entry *en = &c->entries[*link - 1];

	*link = en->next;
	sodium_memzero(en, sizeof(*en));
	c->count--;
}

enum cache_verdict
cache_lookup(struct cache *c, const struct cache_key *k,
    const struct secret *password, int64_t now_sec)
{
	unsigned char id[ID_BYTES], verifier[VERIFIER_BYTES];
	const struct entry *en;
	uint32_t *link;

	digest(c, k, NULL, id, sizeof(id));
	link = find(c, id);
	if (*link == 0)
		return CACHE_MISS;
	en = &c->entries[*link - 1];
	if (now_sec - en->stored_sec >= c->ttl_sec) {
		unlink_entry(c, link);
		return CACHE_MISS;
	}
	digest(c, k, password, verifier, sizeof(verifier));
	return sodium_memcmp(verifier, en->verifier, sizeof(verifier)) == 0 ?
	    CACHE_HIT : CACHE_OTHER;
}

/* The next position of the ring, emptied and put into the id's chain. */
static struct entry *
take_oldest(struct cache *c, const unsigned char *id)
{
	struct entry *en = &c->entries[c->head];
	uint32_t *link;

	if (en->used)
		unlink_entry(c, find(c, en->id));
	link = chain_of(c, id);
	memcpy(en->id, id, sizeof(en->id));
	en->used = 1;
	en->next = *link;
	*link = c->head + 1;
	c->count++;
	c->head = (c->head + 1) % c->capacity;
	return en;
}

void
cache_store(struct cache *c, const struct cache_key *k,
    const struct secret *password, int64_t now_sec)
{
	unsigned char id[ID_BYTES];
	struct entry *en;
	uint32_t *link;

	digest(c, k, NULL, id, sizeof(id));
	link = find(c, id);
	/* In place: who changes his password pushes nobody else out. */
	en = *link != 0 ? &c->entries[*link - 1] : take_oldest(c, id);
	digest(c, k, password, en->verifier, sizeof(en->verifier));
	en->stored_sec = now_sec;
}

void
cache_remove(struct cache *c, const struct cache_key *k)
{
	unsigned char id[ID_BYTES];
	uint32_t *link;

	digest(c, k, NULL, id, sizeof(id));
	link = find(c, id);
	if (*link != 0)
		unlink_entry(c, link);
}

size_t
cache_capacity(const struct cache *c)
{
	return c->capacity;
}

size_t
cache_count(const struct cache *c)
{
	return c->count;
}
