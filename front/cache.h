/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache - verdicts remembered, in this process's memory only.
 *
 * An identity is (chain of backends, login, realm). Under it, for each
 * service (and client address, where a verdict may depend on it), stands a
 * keyed digest of the password that last succeeded, made under a random key
 * of this run. Passwords cannot be read out of the memory, nothing is on
 * disk, and the table is left out of core dumps. Refusals, if they are to be
 * remembered, have memory of their own: guesses push nobody's success out.
 *
 * No I/O, no clock: the caller passes monotonic seconds.
 */
#ifndef FRONT_CACHE_H
#define FRONT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/result.h"
#include "common/secret.h"

struct cache;

/* How long what a backend said is believed. */
struct cache_life {
	int64_t ttl_sec;	/* of a success; hits do not prolong it */
	int64_t grace_sec;	/* kept beyond that, for outages; 0: not */
	int64_t negative_ttl_sec;	/* of a refusal; 0: not kept */
};

#define CACHE_LIVES_MAX 64	/* a backend's slot is its life's index */

struct cache_config {
	size_t bytes;		/* hard bound on all of it */
	struct cache_life life[CACHE_LIVES_MAX];
};

struct cache_key {
	const char *chain, *login, *realm, *service;
	const char *address;	/* "" where no verdict depends on it */
};

enum cache_verdict {
	CACHE_MISS,		/* nothing known, or too old */
	CACHE_HIT,		/* this password succeeded not long ago */
	CACHE_STALE,		/* it did, expired by less than grace_sec */
	CACHE_OTHER,		/* another password did: ask the backend */
	CACHE_REFUSED		/* this password was refused not long ago */
};

struct cache *cache_new(const struct cache_config *config, struct errmsg *e);
void cache_free(struct cache *c);

/* Go on with other lives, and with what it holds; its bytes stay. To remember
 * refusals for the first time takes room from successes, and a while for each
 * of them. -1 with a message: no memory, and it is as it was. */
int cache_configure(struct cache *c, const struct cache_config *config,
    struct errmsg *e);

/* Of what is remembered: whose word it was (a life's index), and for
 * CACHE_REFUSED why. */
struct cache_found {
	unsigned by;
	enum auth_reason reason;
};

/* *found_r is set for CACHE_HIT, _STALE and _REFUSED. Costs the same however
 * full it is. */
enum cache_verdict cache_lookup(struct cache *c, const struct cache_key *k,
    const struct secret *password, int64_t now_sec,
    struct cache_found *found_r);

/* Remember a success, for as long as this life says. If the identity's
 * password was another one, every success of it goes first, and so does every
 * refusal of this password. The oldest entries make room; an identity with
 * very many loses its own. */
void cache_store(struct cache *c, const struct cache_key *k,
    const struct secret *password, unsigned life, int64_t now_sec);

/* Remember a refusal: of this service, address and password only. It is the
 * word of one backend, but may have the life of another. Call it for each,
 * even if they are not kept: successes of the identity with this password go
 * where that was wrong (REASON_BAD_PASSWORD), others never. */
void cache_refuse(struct cache *c, const struct cache_key *k,
    const struct secret *password, const struct cache_found *refusal,
    unsigned life, int64_t now_sec);

/* Is this verdict about a password, asked for at that time, overtaken? Since
 * then the identity was forgotten or flushed, or another password of it was
 * found right (for a refusal: this one). It is not to be learnt. Races within
 * one second are not seen. */
bool cache_is_outdated(struct cache *c, const struct cache_key *k,
    const struct secret *password, bool right, int64_t asked_sec);

/* Forget every entry of the identity (its refusals too); the successes of
 * this service and address. */
void cache_forget_identity(struct cache *c, const struct cache_key *k);
void cache_forget_service(struct cache *c, const struct cache_key *k);

/* Forget all. Returns how many successes went. */
size_t cache_flush_all(struct cache *c);
/* Forget every entry whose identity_format() is this one, a part of the table
 * at a time so that nobody waits long: start with a zeroed flush and repeat
 * until false. */
struct cache_flush {
	uint64_t at_success, at_refusal;
	size_t gone, refusals_gone;	/* successes, refusals that went */
};
bool cache_flush_identity(struct cache *c, const char *identity,
    struct cache_flush *flush);

struct cache_stats {
	size_t bytes, bytes_used;	/* may take, holds now */
	size_t entries, refusals;	/* expired ones included */
	uint64_t hits, misses, others, stales, refused;	/* of lookups */
	uint64_t stored, evicted;	/* evicted: by newer ones */
	size_t slots;			/* hash chains */
};
void cache_stats(const struct cache *c, struct cache_stats *s_r);

/* How entries are spread over the hash chains. Walks the whole table. */
struct cache_spread {
	size_t used;			/* chains with an entry */
	size_t shortest, longest;	/* entries in one, over all chains */
	size_t at_shortest, at_longest;	/* how many chains have that */
};
void cache_spread(const struct cache *c, struct cache_spread *s_r);

/* Successes one by one, the oldest first: start with *cursor = 0. Entries
 * may come and go between calls. False at the end. The strings are valid
 * until the next call of anything here. */
struct cache_entry {
	const char *chain, *login, *realm, *service, *address;
	int64_t stored_sec;
};
bool cache_next(const struct cache *c, uint64_t *cursor,
    struct cache_entry *entry_r);

/* When was this identity's success for this service stored, and how long is
 * it believed (NULL: no matter)? -1: there is none. */
int64_t cache_stored_sec(const struct cache *c, const struct cache_key *k,
    struct cache_life *life_r);

/* How many passwords are refused from memory for it now? *left_sec_r is set
 * if there are any: for how long the last of them still is. */
size_t cache_refusals(const struct cache *c, const struct cache_key *k,
    int64_t now_sec, int64_t *left_sec_r);

#endif
