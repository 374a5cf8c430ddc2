/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Successes stand in one ring, refusals in another. The verifier is a digest
 * of identity and password: services have the same one, so that a changed
 * password is noticed whichever service it is used for first.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/cache.h"
#include "front/digest.h"
#include "front/entries.h"
#include "front/identity.h"
#include "front/ring.h"

#define FLUSH_PIECE 4096	/* entries looked at in one go: 0.4 ms */
#define FORGOTTEN 1024		/* two that share a place are no harm */
#define REFUSALS_SHARE 8	/* they get an eighth of the memory */
#define IDENTITY_SIZE (2 * ENTRIES_NAME_MAX + 2)

struct cache {
	struct cache_config config;
	unsigned char *key;
	struct ring *successes;
	struct ring *refusals;		/* NULL: not remembered */
	bool based;			/* is there a base_sec? */
	int64_t base_sec;		/* when the first entry was stored */
	int64_t now_sec;		/* the latest time that was told */
	int64_t flushed_sec;
	int64_t forgotten_sec[FORGOTTEN];	/* by an identity's hash */
	struct cache_stats counted;	/* only what is counted */
};

static bool
keeps_refusals(const struct cache_config *config)
{
	size_t i;

	for (i = 0; i < CACHE_LIVES_MAX; i++)
		if (config->life[i].negative_ttl_sec > 0)
			return true;
	return false;
}

struct cache *
cache_new(const struct cache_config *config, struct errmsg *e)
{
	const size_t for_refusals = keeps_refusals(config) ?
	    config->bytes / REFUSALS_SHARE : 0;
	struct cache *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->key = digest_key_new()) == NULL) {
		(void)errmsg_set(e, "cannot set up the cache's key");
		goto fail;
	}
	c->config = *config;
	c->successes = ring_new(config->bytes - for_refusals, e);
	if (c->successes == NULL)
		goto fail;
	if (for_refusals > 0 &&
	    (c->refusals = ring_new(for_refusals, e)) == NULL)
		goto fail;
	return c;
fail:
	cache_free(c);
	return NULL;
}

void
cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	ring_free(c->successes);
	ring_free(c->refusals);
	digest_key_free(c->key);
	free(c);
}

/* ---- time ---------------------------------------------------------------- */

/* Seconds since the first entry fit in 32 bits for 136 years. */
static uint32_t
to_stored(struct cache *c, int64_t now_sec)
{
	if (!c->based)
		c->base_sec = now_sec;
	c->based = true;
	return now_sec > c->base_sec ? (uint32_t)(now_sec - c->base_sec) : 0;
}

static int64_t
stored_sec(const struct cache *c, const struct entry *en)
{
	return c->base_sec + en->stored;
}

/* Less than this old? What is stored after `now` counts as new. */
static bool
is_younger(const struct cache *c, const struct entry *en, int64_t now_sec,
    int64_t than_sec)
{
	return now_sec - stored_sec(c, en) < than_sec;
}

/* ---- lookup -------------------------------------------------------------- */

static enum cache_verdict
look_among_successes(const struct cache *c, const struct entries_key *k,
    const unsigned char verifier[DIGEST_VERIFIER_BYTES], int64_t now_sec,
    struct cache_found *found_r)
{
	const struct entry *en = entries_find(c->successes, k);
	const struct cache_life *life;
	bool right;

	if (en == NULL)
		return CACHE_MISS;
	found_r->by = en->by;
	life = &c->config.life[en->life];
	right = digest_equal(en->verifier, verifier);
	if (is_younger(c, en, now_sec, life->ttl_sec))
		return right ? CACHE_HIT : CACHE_OTHER;
	return right && is_younger(c, en, now_sec,
	    life->ttl_sec + life->grace_sec) ? CACHE_STALE : CACHE_MISS;
}

static bool
is_refused(const struct cache *c, const struct entries_key *k,
    const unsigned char verifier[DIGEST_VERIFIER_BYTES], int64_t now_sec,
    struct cache_found *found_r)
{
	const struct entry *en;

	if (c->refusals == NULL)
		return false;
	en = entries_find_of(c->refusals, k, verifier,
	    ENTRIES_OF_KEY_AND_PASSWORD);
	if (en == NULL ||
	    !is_younger(c, en, now_sec,
	    c->config.life[en->life].negative_ttl_sec))
		return false;
	found_r->by = en->by;
	found_r->reason = (enum auth_reason)en->reason;
	return true;
}

static void
count(struct cache *c, enum cache_verdict verdict)
{
	switch (verdict) {
	case CACHE_MISS: c->counted.misses++; break;
	case CACHE_HIT: c->counted.hits++; break;
	case CACHE_STALE: c->counted.stales++; break;
	case CACHE_OTHER: c->counted.others++; break;
	case CACHE_REFUSED: c->counted.refused++; break;
	}
}

/* Memory is slow: in a large table chain and entry take as long to come as
 * the digest takes to be computed, so they are sent for in good time. */
static void
digest_and_fetch(const struct cache *c, const struct entries_key *k,
    const struct secret *password,
    unsigned char verifier[DIGEST_VERIFIER_BYTES])
{
	unsigned char half[DIGEST_KEY_BYTES];

	ring_prefetch_chain(c->successes, k->hash);
	digest_begin(c->key, password, half);
	ring_prefetch_record(c->successes, k->hash);
	digest_end(half, k->names, k->identity_len, verifier);
}

enum cache_verdict
cache_lookup(struct cache *c, const struct cache_key *k,
    const struct secret *password, int64_t now_sec,
    struct cache_found *found_r)
{
	unsigned char verifier[DIGEST_VERIFIER_BYTES];
	enum cache_verdict verdict = CACHE_MISS;
	struct entries_key packed;

	c->now_sec = now_sec;
	if (entries_pack(&packed, c->key, k) == 0) {
		digest_and_fetch(c, &packed, password, verifier);
		verdict = look_among_successes(c, &packed, verifier, now_sec,
		    found_r);
		if (verdict != CACHE_HIT &&
		    is_refused(c, &packed, verifier, now_sec, found_r))
			verdict = CACHE_REFUSED;
	}
	count(c, verdict);
	return verdict;
}

/* ---- learning ------------------------------------------------------------ */

/* How old it may get before it answers nothing any more. */
static int64_t
life_sec(const struct cache *c, const struct ring *r, const struct entry *en)
{
	const struct cache_life *life = &c->config.life[en->life];

	return r == c->refusals ? life->negative_ttl_sec :
	    life->ttl_sec + life->grace_sec;
}

static void
make_room(struct cache *c, struct ring *r, size_t size, int64_t now_sec)
{
	struct entry *oldest;

	while (!ring_has_room(r, size)) {
		oldest = ring_oldest(r);
		/* What is too old to answer is no loss. */
		c->counted.evicted += is_younger(c, oldest, now_sec,
		    life_sec(c, r, oldest));
		ring_drop(r, oldest);
	}
}

/* False: it is larger than the whole ring. */
static bool
add(struct cache *c, struct ring *r, const struct entries_key *k,
    const unsigned char verifier[DIGEST_VERIFIER_BYTES],
    const struct cache_found *what, unsigned life, int64_t now_sec)
{
	if (!ring_takes(r, entries_size(k)))
		return false;
	c->counted.evicted += entries_make_room(r, k);
	make_room(c, r, entries_size(k), now_sec);
	entries_add(r, k, verifier, what, life, to_stored(c, now_sec));
	return true;
}

void
cache_store(struct cache *c, const struct cache_key *k,
    const struct secret *password, unsigned life, int64_t now_sec)
{
	const struct cache_found success = { .by = life };
	unsigned char verifier[DIGEST_VERIFIER_BYTES];
	struct entries_key packed;

	if (entries_pack(&packed, c->key, k) != 0)
		return;
	digest_and_fetch(c, &packed, password, verifier);
	entries_drop(c->successes, &packed, verifier,
	    ENTRIES_OF_KEY_OR_OTHER_PASSWORD);
	/* It was wrong once, or of no use here. Now it is right. */
	if (c->refusals != NULL)
		entries_drop(c->refusals, &packed, verifier,
		    ENTRIES_OF_PASSWORD);
	c->counted.stored += add(c, c->successes, &packed, verifier,
	    &success, life, now_sec);
}

void
cache_refuse(struct cache *c, const struct cache_key *k,
    const struct secret *password, const struct cache_found *refusal,
    unsigned life, int64_t now_sec)
{
	unsigned char verifier[DIGEST_VERIFIER_BYTES];
	struct entries_key packed;

	if (entries_pack(&packed, c->key, k) != 0)
		return;
	digest_password(c->key, packed.names, packed.identity_len, password,
	    verifier);
	if (refusal->reason == REASON_BAD_PASSWORD)
		entries_drop(c->successes, &packed, verifier,
		    ENTRIES_OF_PASSWORD);
	if (c->config.life[life].negative_ttl_sec == 0)
		return;
	entries_drop(c->refusals, &packed, verifier,
	    ENTRIES_OF_KEY_AND_PASSWORD);
	(void)add(c, c->refusals, &packed, verifier, refusal, life, now_sec);
}

/* ---- other settings ------------------------------------------------------ */

/* The newest, as many as fit. */
static void
copy_entries(struct cache *c, struct ring *to)
{
	const struct entry *en;
	uint64_t cursor = 0;
	size_t size;

	while ((en = ring_next(c->successes, &cursor)) != NULL) {
		size = offsetof(struct entry, names) + en->len;
		if (!ring_takes(to, size))
			continue;
		make_room(c, to, size, c->now_sec);
		memcpy(ring_add(to, (uint32_t)digest_index(c->key, en->names,
		    en->identity_len), size), en, size);
	}
}

static int
divide(struct cache *c, struct errmsg *e)
{
	const size_t share = c->config.bytes / REFUSALS_SHARE;
	struct ring *successes = ring_new(c->config.bytes - share, e);

	if (successes == NULL)
		return -1;
	c->refusals = ring_new(share, e);
	if (c->refusals == NULL) {
		ring_free(successes);
		return -1;
	}
	copy_entries(c, successes);
	ring_free(c->successes);
	c->successes = successes;
	return 0;
}

int
cache_configure(struct cache *c, const struct cache_config *config,
    struct errmsg *e)
{
	if (c->refusals == NULL && keeps_refusals(config) &&
	    divide(c, e) != 0)
		return -1;
	memcpy(c->config.life, config->life, sizeof(c->config.life));
	return 0;
}

/* ---- what is too old to be learnt ---------------------------------------- */

static int64_t *
forgotten_at(struct cache *c, const struct entries_key *k)
{
	return &c->forgotten_sec[k->hash % FORGOTTEN];
}

bool
cache_is_outdated(struct cache *c, const struct cache_key *k,
    const struct secret *password, bool right, int64_t asked_sec)
{
	unsigned char verifier[DIGEST_VERIFIER_BYTES];
	struct entries_key packed;
	const struct entry *en;

	if (entries_pack(&packed, c->key, k) != 0)
		return true;
	if (c->flushed_sec > asked_sec ||
	    *forgotten_at(c, &packed) > asked_sec)
		return true;
	digest_password(c->key, packed.names, packed.identity_len, password,
	    verifier);
	en = entries_find_of(c->successes, &packed, verifier, right ?
	    ENTRIES_OF_OTHER_PASSWORD : ENTRIES_OF_PASSWORD);
	return en != NULL && stored_sec(c, en) > asked_sec;
}

/* ---- forgetting ---------------------------------------------------------- */

void
cache_forget_identity(struct cache *c, const struct cache_key *k)
{
	struct entries_key packed;

	if (entries_pack(&packed, c->key, k) != 0)
		return;
	*forgotten_at(c, &packed) = c->now_sec;
	entries_drop(c->successes, &packed, NULL, ENTRIES_ALL);
	if (c->refusals != NULL)
		entries_drop(c->refusals, &packed, NULL, ENTRIES_ALL);
}

void
cache_forget_service(struct cache *c, const struct cache_key *k)
{
	struct entries_key packed;

	if (entries_pack(&packed, c->key, k) == 0)
		entries_drop(c->successes, &packed, NULL, ENTRIES_OF_KEY);
}

size_t
cache_flush_all(struct cache *c)
{
	struct ring_stats s;

	c->flushed_sec = c->now_sec;
	ring_stats(c->successes, &s);
	ring_drop_all(c->successes);
	if (c->refusals != NULL)
		ring_drop_all(c->refusals);
	return s.records;
}

static bool
is_called(const struct entry *en, const char *identity, bool sees_realm)
{
	char formatted[IDENTITY_SIZE];
	struct cache_entry names;

	entries_unpack(en, &names);
	(void)identity_format(formatted, sizeof(formatted), names.login,
	    names.realm, sees_realm);
	return strcmp(formatted, identity) == 0;
}

/* Whether a chain looks at the realm is not known here: both are meant.
 * False: it is through. */
static bool
flush_some(struct ring *r, const char *identity, uint64_t *cursor,
    size_t *gone)
{
	struct entry *en;
	unsigned n;

	for (n = 0; n < FLUSH_PIECE; n++) {
		en = ring_next(r, cursor);
		if (en == NULL)
			return false;
		if (is_called(en, identity, true) ||
		    is_called(en, identity, false)) {
			ring_drop(r, en);
			++*gone;
		}
	}
	return true;
}

bool
cache_flush_identity(struct cache *c, const char *identity,
    struct cache_flush *flush)
{
	c->flushed_sec = c->now_sec;
	if (flush_some(c->successes, identity, &flush->at_success,
	    &flush->gone))
		return true;
	return c->refusals != NULL && flush_some(c->refusals, identity,
	    &flush->at_refusal, &flush->refusals_gone);
}

/* ---- looking at it ------------------------------------------------------- */

bool
cache_next(const struct cache *c, uint64_t *cursor,
    struct cache_entry *entry_r)
{
	const struct entry *en = ring_next(c->successes, cursor);

	if (en == NULL)
		return false;
	entries_unpack(en, entry_r);
	entry_r->stored_sec = stored_sec(c, en);
	return true;
}

int64_t
cache_stored_sec(const struct cache *c, const struct cache_key *k,
    struct cache_life *life_r)
{
	const struct entry *en;
	struct entries_key packed;

	if (entries_pack(&packed, c->key, k) != 0)
		return -1;
	en = entries_find(c->successes, &packed);
	if (en == NULL)
		return -1;
	if (life_r != NULL)
		*life_r = c->config.life[en->life];
	return stored_sec(c, en);
}

size_t
cache_refusals(const struct cache *c, const struct cache_key *k,
    int64_t now_sec, int64_t *left_sec_r)
{
	const struct entry *en;
	struct entries_key packed;
	int64_t left;
	size_t n = 0;

	if (c->refusals == NULL || entries_pack(&packed, c->key, k) != 0)
		return 0;
	for (en = entries_find(c->refusals, &packed); en != NULL;
	    en = entries_find_older(c->refusals, &packed, en)) {
		left = c->config.life[en->life].negative_ttl_sec -
		    (now_sec - stored_sec(c, en));
		if (left <= 0)
			continue;
		if (n++ == 0 || left > *left_sec_r)
			*left_sec_r = left;
	}
	return n;
}

void
cache_stats(const struct cache *c, struct cache_stats *s_r)
{
	struct ring_stats s;

	ring_stats(c->successes, &s);
	*s_r = c->counted;
	s_r->bytes = c->config.bytes;
	s_r->bytes_used = s.bytes;
	s_r->entries = s.records;
	s_r->slots = s.chains;
	if (c->refusals == NULL)
		return;
	ring_stats(c->refusals, &s);
	s_r->bytes_used += s.bytes;
	s_r->refusals = s.records;
}

void
cache_spread(const struct cache *c, struct cache_spread *s_r)
{
	struct ring_stats s;
	size_t i, n;

	*s_r = (struct cache_spread){ .shortest = SIZE_MAX };
	ring_stats(c->successes, &s);
	for (i = 0; i < s.chains; i++) {
		n = ring_chain_length(c->successes, i);
		s_r->used += n > 0;
		if (n < s_r->shortest) {
			s_r->shortest = n;
			s_r->at_shortest = 0;
		}
		if (n > s_r->longest) {
			s_r->longest = n;
			s_r->at_longest = 0;
		}
		s_r->at_shortest += n == s_r->shortest;
		s_r->at_longest += n == s_r->longest;
	}
}
