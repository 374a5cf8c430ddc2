/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules. What they go by is counted here, with each try that comes to
 * or goes from the table:
 *
 *   word      tries of one password for one identity, wherever from
 *   identity  its words: distinct wrong passwords
 *   address   tries from there, unless it is exempt
 *   pair      tries of one identity from one address
 *
 * A word counts for its identity while at least one try has it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/digest.h"
#include "front/limits.h"
#include "front/tally.h"
#include "front/tries.h"

#define MINUTE_MSEC 60000
#define COUNTERS_EACH 4		/* for one try: see above */
#define EACH_BYTES (TRIES_EACH_BYTES + COUNTERS_EACH * TALLY_EACH_BYTES)
#define CAPACITY_MAX (UINT32_MAX / 16)	/* every index fits 32 bits */

/* Bit of an address' index: there is no counter for it. Pairs do without
 * it: limits of the identity hold at exempt addresses, too. */
#define EXEMPT UINT64_C(1)

enum kind { KIND_ADDRESS = 1, KIND_PAIR, KIND_WORD };

struct limits {
	struct limits_config config;
	struct tries tries;
	struct tally tally;
	uint32_t interval_msec;	/* of the trickle; 0: there is none */
	int64_t now_msec;	/* the latest time we were told */
	bool told;		/* ... in this process */
	size_t identities_over, addresses_over;
	uint64_t evicted;
};

/* Indexes of who tries. */
struct who {
	uint64_t identity;
	uint64_t address;	/* 0: none */
};

/* Who would have to let it pass, past their limits. */
struct judged {
	enum limits_verdict verdict;
	struct tally_counter *identity, *address;
};

static uint64_t
not_zero(uint64_t index)
{
	return index != 0 ? index : ~UINT64_C(0);
}

/* The other half of the key: no identity's text has an index by this. */
static uint64_t
index_of(const struct limits *l, enum kind kind, uint64_t a, uint64_t b)
{
	const uint64_t parts[] = { kind, a, b };

	return not_zero(digest_index(tries_key(&l->tries) +
	    DIGEST_KEY_BYTES / 2, parts, sizeof(parts)));
}

/* An IPv6 host has its /64 to choose from (RFC 4291 section 2.5.4), so that
 * is what counts as one address. */
static uint64_t
address_index(const struct limits *l, const char *text)
{
	struct network_address a;
	uint64_t half[2], index;

	if (text[0] == '\0' || network_address_parse(&a, text) == -1)
		return 0;
	_Static_assert(sizeof(half) == sizeof(a.bytes), "two halves");
	memcpy(half, a.bytes, sizeof(half));
	if (!network_address_is_ipv4(&a))
		half[1] = 0;
	index = index_of(l, KIND_ADDRESS, half[0], half[1]) | EXEMPT;
	if (networks_contain(l->config.exempt, &a))
		return index;
	return index != EXEMPT ? index ^ EXEMPT : ~EXEMPT;
}

static struct who
who_of(const struct limits *l, const struct limits_who *w)
{
	return (struct who){
		not_zero(digest_index(tries_key(&l->tries), w->identity,
		    strlen(w->identity))),
		address_index(l, w->address)
	};
}

static uint64_t
pair_index(const struct limits *l, uint64_t identity, uint64_t address)
{
	return index_of(l, KIND_PAIR, identity, address | EXEMPT);
}

static bool
is_counted(uint64_t address)
{
	return address != 0 && (address & EXEMPT) == 0;
}

static uint32_t
count_of(const struct tally_counter *c)
{
	return c == NULL ? 0 : c->count;
}

static void
count_up(struct limits *l, uint64_t key, unsigned limit, size_t *over)
{
	struct tally_counter *c = tally_add(&l->tally, key);

	if (c == NULL)
		return;
	if (c->count == 1)
		c->ready_msec = (uint32_t)l->now_msec;
	if (c->count == limit)
		++*over;
}

static void
count_down(struct limits *l, uint64_t key, unsigned limit, size_t *over)
{
	if (tally_find(&l->tally, key) != NULL &&
	    tally_drop(&l->tally, key) == limit - 1)
		--*over;
}

static void
count_try(struct limits *l, const struct try *try)
{
	const struct tally_counter *word;

	/* Bound to its identity, in case the table comes from elsewhere. */
	word = tally_add(&l->tally, index_of(l, KIND_WORD, try->identity,
	    try->word));
	if (count_of(word) == 1)
		count_up(l, try->identity, l->config.identity,
		    &l->identities_over);
	if (try->address != 0)
		(void)tally_add(&l->tally, pair_index(l, try->identity,
		    try->address));
	if (is_counted(try->address))
		count_up(l, try->address, l->config.address,
		    &l->addresses_over);
}

static void
remove_try(struct limits *l, uint32_t at)
{
	const struct try try = *tries_at(&l->tries, at);

	tries_remove(&l->tries, at);
	if (tally_drop(&l->tally, index_of(l, KIND_WORD, try.identity,
	    try.word)) == 0)
		count_down(l, try.identity, l->config.identity,
		    &l->identities_over);
	if (try.address != 0)
		(void)tally_drop(&l->tally, pair_index(l, try.identity,
		    try.address));
	if (is_counted(try.address))
		count_down(l, try.address, l->config.address,
		    &l->addresses_over);
}

static void
count_all(struct limits *l)
{
	uint32_t at;

	for (at = tries_first(&l->tries); at != LRU_NONE;
	    at = tries_next(&l->tries, at))
		count_try(l, tries_at(&l->tries, at));
}

/* The clock moves on, and tries leave the window. */
static void
advance(struct limits *l, int64_t now_msec)
{
	uint32_t at;

	if (!l->told && now_msec < tries_newest(&l->tries)) {
		/* What we took over is from the future: not ours. */
		tries_reset(&l->tries);
		tally_clear(&l->tally);
		l->identities_over = l->addresses_over = 0;
	}
	if (!l->told || now_msec > l->now_msec)
		l->now_msec = now_msec;
	l->told = true;
	while ((at = tries_first(&l->tries)) != LRU_NONE && l->now_msec -
	    tries_at(&l->tries, at)->seen_msec > l->config.window_msec)
		remove_try(l, at);
}

static void
take_config(struct limits *l, const struct limits_config *config)
{
	l->config = *config;
	l->interval_msec = config->compare > 0 ? (MINUTE_MSEC +
	    config->compare - 1) / config->compare : 0;
}

struct limits *
limits_new(const struct limits_config *config, int fd, struct errmsg *e)
{
	struct limits *l;
	size_t n = 0;

	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		(void)errmsg_set(e, "no memory for limits");
		return NULL;
	}
	take_config(l, config);
	if (config->bytes > TRIES_FIXED_BYTES)
		n = (config->bytes - TRIES_FIXED_BYTES) / EACH_BYTES;
	if (n > CAPACITY_MAX)
		n = CAPACITY_MAX;
	if (n == 0)
		n = 1;
	if (tries_open(&l->tries, (uint32_t)n, fd, e) == -1 ||
	    tally_init(&l->tally, (uint32_t)n * COUNTERS_EACH, e) == -1) {
		limits_free(l);
		return NULL;
	}
	count_all(l);
	return l;
}

void
limits_free(struct limits *l)
{
	if (l == NULL)
		return;
	tries_close(&l->tries);
	tally_fini(&l->tally);
	free(l);
}

void
limits_configure(struct limits *l, const struct limits_config *config)
{
	bool same = config->identity == l->config.identity &&
	    config->address == l->config.address;

	take_config(l, config);
	if (same)
		return;
	/* Who is past a limit is counted as tries come and go. */
	tally_clear(&l->tally);
	l->identities_over = l->addresses_over = 0;
	count_all(l);
}

static struct judged
judge(const struct limits *l, const struct who *k)
{
	struct tally_counter *identity, *address = NULL;
	struct judged past_neither = { LIMITS_PASS, NULL, NULL };
	uint64_t pair;

	identity = tally_find(&l->tally, k->identity);
	if (count_of(identity) < l->config.identity)
		identity = NULL;
	if (is_counted(k->address))
		address = tally_find(&l->tally, k->address);
	if (count_of(address) < l->config.address)
		address = NULL;
	if (identity == NULL && address == NULL)
		return past_neither;
	if (k->address != 0) {
		pair = pair_index(l, k->identity, k->address);
		if (tries_knows(&l->tries, k->identity, pair))
			return count_of(tally_find(&l->tally, pair)) <
			    l->config.identity ? past_neither :
			    (struct judged){ LIMITS_PAIR, identity, NULL };
	}
	return (struct judged){
		identity != NULL ? LIMITS_IDENTITY : LIMITS_ADDRESS,
		identity, address
	};
}

/* Has its trickle a token? The clock's low half is enough: what is not
 * within one interval ahead is past, however long. */
static bool
is_ready(const struct limits *l, const struct tally_counter *c)
{
	uint32_t ahead = c->ready_msec - (uint32_t)l->now_msec;

	return l->interval_msec != 0 &&
	    (ahead == 0 || ahead > l->interval_msec);
}

static void
take_token(const struct limits *l, struct tally_counter *c)
{
	c->ready_msec = (uint32_t)l->now_msec + l->interval_msec;
}

enum limits_verdict
limits_try(struct limits *l, const struct limits_who *w, int64_t now_msec)
{
	struct judged j;
	struct who k;

	advance(l, now_msec);
	if (tries_count(&l->tries) == 0)
		return LIMITS_PASS;
	k = who_of(l, w);
	j = judge(l, &k);
	if (j.identity != NULL && !is_ready(l, j.identity))
		return j.verdict;
	if (j.address != NULL && !is_ready(l, j.address))
		return LIMITS_ADDRESS;
	/* Only now: a try refused by one must not cost the other. */
	if (j.identity != NULL)
		take_token(l, j.identity);
	if (j.address != NULL)
		take_token(l, j.address);
	return LIMITS_PASS;
}

void
limits_wrong(struct limits *l, const struct limits_who *w,
    const struct secret *password, int64_t now_msec)
{
	unsigned char digest[DIGEST_VERIFIER_BYTES];
	struct try try;
	struct who k;

	advance(l, now_msec);
	k = who_of(l, w);
	try.identity = k.identity;
	try.address = k.address;
	digest_password(tries_key(&l->tries), w->identity,
	    strlen(w->identity), password, digest);
	memcpy(&try.word, digest, sizeof(try.word));
	try.word = not_zero(try.word);
	try.seen_msec = l->now_msec;
	if (tries_refresh(&l->tries, &try))
		return;
	if (tries_count(&l->tries) == l->tries.capacity) {
		remove_try(l, tries_first(&l->tries));
		l->evicted++;
	}
	tries_add(&l->tries, &try);
	count_try(l, &try);
}

void
limits_right(struct limits *l, const struct limits_who *w, int64_t now_msec)
{
	struct who k;

	advance(l, now_msec);
	k = who_of(l, w);
	if (k.address != 0)
		tries_learn(&l->tries, k.identity,
		    pair_index(l, k.identity, k.address), l->now_msec);
}

void
limits_forget(struct limits *l, const char *identity)
{
	const struct limits_who w = { identity, "" };
	uint64_t index = who_of(l, &w).identity;
	uint32_t at, next;

	for (at = tries_first(&l->tries); at != LRU_NONE; at = next) {
		next = tries_next(&l->tries, at);
		if (tries_at(&l->tries, at)->identity == index)
			remove_try(l, at);
	}
}

void
limits_state(struct limits *l, const struct limits_who *w, int64_t now_msec,
    struct limits_state *s_r)
{
	uint64_t pair;
	struct who k;

	advance(l, now_msec);
	k = who_of(l, w);
	memset(s_r, 0, sizeof(*s_r));
	s_r->verdict = judge(l, &k).verdict;
	s_r->identity = count_of(tally_find(&l->tally, k.identity));
	if (k.address == 0)
		return;
	pair = pair_index(l, k.identity, k.address);
	s_r->pair = count_of(tally_find(&l->tally, pair));
	s_r->known = tries_knows(&l->tries, k.identity, pair);
	s_r->exempt = !is_counted(k.address);
	if (!s_r->exempt)
		s_r->address = count_of(tally_find(&l->tally, k.address));
}

void
limits_stats(struct limits *l, int64_t now_msec, struct limits_stats *s_r)
{
	advance(l, now_msec);
	s_r->tries = tries_count(&l->tries);
	s_r->tries_max = l->tries.capacity;
	s_r->identities_over = l->identities_over;
	s_r->addresses_over = l->addresses_over;
	s_r->evicted = l->evicted;
}
