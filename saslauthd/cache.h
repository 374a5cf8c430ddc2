/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache - successes remembered, in this process's memory only.
 *
 * A key is (backend, login, realm, service, and the client's address where
 * the verdict may depend on it); beside it stands a keyed digest
 * of the password that succeeded, under a random key made at start. Neither
 * names nor passwords can be read out of the memory, nothing is on disk, and
 * the table is left out of core dumps. No I/O, no clock: the caller passes
 * monotonic seconds.
 */
#ifndef SASLAUTHD_CACHE_H
#define SASLAUTHD_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/secret.h"

struct cache;

struct cache_key {
	const char *backend, *login, *realm, *service;
	const char *address;	/* "" where the backend does not see it */
};

enum cache_verdict {
	CACHE_MISS,		/* nothing known, or too old */
	CACHE_HIT,		/* this password succeeded not long ago */
	CACHE_OTHER		/* another password did: ask the backend */
};

/* `bytes` is a hard bound on the table; at least one entry is kept. An entry
 * is valid for ttl_sec after its success; hits do not prolong it. */
struct cache *cache_new(size_t bytes, int64_t ttl_sec, struct errmsg *e);
void cache_free(struct cache *c);

enum cache_verdict cache_lookup(struct cache *c, const struct cache_key *k,
    const struct secret *password, int64_t now_sec);

/* Remember a success, in place of what was there; the oldest entry goes when
 * the table is full. */
void cache_store(struct cache *c, const struct cache_key *k,
    const struct secret *password, int64_t now_sec);

/* Forget the entry. */
void cache_remove(struct cache *c, const struct cache_key *k);

/* Entries the table can hold, and holds (expired ones included). */
size_t cache_capacity(const struct cache *c);
size_t cache_count(const struct cache *c);

#endif
