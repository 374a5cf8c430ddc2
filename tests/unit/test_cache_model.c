/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache against a plain model of it, by random: two chains of backends
 * that never agree on a password, names whose concatenations are equal, and
 * a daemon that learns from them. With room for all it must answer exactly
 * as the model does; with too little it may have forgotten, never more.
 *
 * CACHE_MODEL_SEED repeats a run.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/cache_keys.h"

#define OPERATIONS 10000000u
#define OPERATIONS_INSTRUMENTED 200000u

#define TTL 100
#define GRACE 50
#define NEGATIVE_TTL 30
#define OPERATIONS_PER_SEC 8

#define ROOMY (1024 * 1024)	/* for many times what the model can hold
				 * in the life of an entry */
#define TINY (32 * 1024)

enum { CHAINS = 2, LOGINS = 14, REALMS = 4, SERVICES = 3, ADDRESSES = 2,
	PASSWORDS = 5 };
#define ACCOUNTS (LOGINS * REALMS)
#define IDENTITIES (CHAINS * ACCOUNTS)
#define PLACES (SERVICES * ADDRESSES)

static const char *const chains[CHAINS] = { "a", "ab" };
static const char *const logins[LOGINS] = {
	"a", "b", "c", "ab", "bc", "abc", "b@c", "a@b", "A", "Ab",
	"bsmtp", "csmtp", "joe", "jo"
};
static const char *const realms[REALMS] = { "", "c", "bc", "csmtp" };
static const char *const services[SERVICES] = { "smtp", "imap", "" };
static const char *const addresses[ADDRESSES] = { "", "192.0.2.1" };
static const char *const passwords[PASSWORDS] = {
	"a", "aa", "b", "smtp", "ba"
};

#define NEVER INT64_MIN

struct success {
	int64_t stored;		/* or NEVER */
	unsigned password;
};

struct refusal {
	int64_t stored;		/* or NEVER */
	enum auth_reason reason;
};

struct model {
	unsigned truth[IDENTITIES];	/* what the backends know */
	struct success successes[IDENTITIES][PLACES];
	struct refusal refusals[IDENTITIES][PLACES][PASSWORDS];
};

struct run {
	struct cache *c;
	struct model m;
	struct secret passwords[PASSWORDS];
	bool roomy;
	int64_t now;
	uint64_t random;
	unsigned long answers[CACHE_REFUSED + 1];
};

/* xorshift64*: the same on every machine. */
static unsigned
below(struct run *r, unsigned n)
{
	r->random ^= r->random >> 12;
	r->random ^= r->random << 25;
	r->random ^= r->random >> 27;
	return (unsigned)((r->random * 2685821657736338717u) >> 33) % n;
}

static struct cache_key
key_of(unsigned id, unsigned place)
{
	return (struct cache_key){
		chains[id / ACCOUNTS], logins[id % ACCOUNTS / REALMS],
		realms[id % REALMS], services[place / ADDRESSES],
		addresses[place % ADDRESSES]
	};
}

/* ---- the model ----------------------------------------------------------- */

static void
forget(struct model *m, unsigned id)
{
	unsigned i, j;

	for (i = 0; i < PLACES; i++) {
		m->successes[id][i].stored = NEVER;
		for (j = 0; j < PASSWORDS; j++)
			m->refusals[id][i][j].stored = NEVER;
	}
}

static void
model_store(struct model *m, unsigned id, unsigned place, unsigned password,
    int64_t now)
{
	unsigned i;

	for (i = 0; i < PLACES; i++) {
		if (m->successes[id][i].password != password)
			m->successes[id][i].stored = NEVER;
		m->refusals[id][i][password].stored = NEVER;
	}
	m->successes[id][place] = (struct success){ now, password };
}

static void
model_refuse(struct model *m, unsigned id, unsigned place, unsigned password,
    enum auth_reason reason, int64_t now)
{
	unsigned i;

	for (i = 0; i < PLACES && reason == REASON_BAD_PASSWORD; i++)
		if (m->successes[id][i].password == password)
			m->successes[id][i].stored = NEVER;
	m->refusals[id][place][password] = (struct refusal){ now, reason };
}

static enum cache_verdict
verdict_of_success(const struct run *r, unsigned id, unsigned place,
    unsigned password)
{
	const struct success *s = &r->m.successes[id][place];

	if (s->stored == NEVER || r->now - s->stored >= TTL + GRACE)
		return CACHE_MISS;
	if (r->now - s->stored >= TTL)
		return s->password == password ? CACHE_STALE : CACHE_MISS;
	return s->password == password ? CACHE_HIT : CACHE_OTHER;
}

static bool
is_refused(const struct run *r, unsigned id, unsigned place,
    unsigned password)
{
	const struct refusal *no = &r->m.refusals[id][place][password];

	return no->stored != NEVER && r->now - no->stored < NEGATIVE_TTL;
}

/* ---- one operation ------------------------------------------------------- */

/* May the cache say so? */
static bool
is_right(const struct run *r, enum cache_verdict said, unsigned id,
    unsigned place, unsigned password)
{
	enum cache_verdict known = verdict_of_success(r, id, place, password);
	bool refused = is_refused(r, id, place, password);

	if (r->roomy)
		return said == (known != CACHE_HIT && refused ?
		    CACHE_REFUSED : known);
	if (said == CACHE_REFUSED)
		return refused;
	return said == CACHE_MISS || said == known;
}

static void
learn(struct run *r, unsigned id, unsigned place, unsigned password)
{
	const struct cache_key k = key_of(id, place);
	const struct secret *pw = &r->passwords[password];
	enum auth_reason reason = REASON_BAD_PASSWORD;

	if (password == r->m.truth[id]) {
		switch (below(r, 16)) {
		case 0:
			reason = REASON_LOCKED;
			cache_forget_identity(r->c, &k);
			forget(&r->m, id);
			break;
		case 1:
			reason = REASON_NOT_PERMITTED;
			cache_forget_service(r->c, &k);
			r->m.successes[id][place].stored = NEVER;
			break;
		default:
			cache_store(r->c, &k, pw, 0, r->now);
			model_store(&r->m, id, place, password, r->now);
			return;
		}
	}
	cache_refuse(r->c, &k, pw, &(struct cache_found){ .reason = reason },
	    0, r->now);
	model_refuse(&r->m, id, place, password, reason, r->now);
}

static void
try_password(struct run *r)
{
	const unsigned id = below(r, IDENTITIES), place = below(r, PLACES);
	const unsigned password = below(r, 3) == 0 ? below(r, PASSWORDS) :
	    r->m.truth[id];
	const struct cache_key k = key_of(id, place);
	struct cache_found found = { .reason = REASON_NONE };
	enum cache_verdict said = cache_lookup(r->c, &k,
	    &r->passwords[password], r->now, &found);

	if (!is_right(r, said, id, place, password))
		fail_msg("%s/%s/%s/%s/%s, password %s: said %d",
		    k.chain, k.login, k.realm, k.service, k.address,
		    passwords[password], (int)said);
	if (said == CACHE_REFUSED)
		assert_int_equal(found.reason,
		    r->m.refusals[id][place][password].reason);
	r->answers[said]++;
	/* Out of ten times the backend is down once. */
	if (said != CACHE_HIT && said != CACHE_REFUSED && below(r, 10) != 0)
		learn(r, id, place, password);
}

/* Both backends know the account, with another password each. */
static void
change_password(struct run *r)
{
	const unsigned account = below(r, ACCOUNTS);
	unsigned *a = &r->m.truth[account];
	unsigned *b = &r->m.truth[ACCOUNTS + account];

	*a = below(r, PASSWORDS);
	*b = (*a + 1 + below(r, PASSWORDS - 1)) % PASSWORDS;
}

static void
forget_somebody(struct run *r)
{
	const unsigned id = below(r, IDENTITIES), place = below(r, PLACES);
	const struct cache_key k = key_of(id, place);

	if (below(r, 2) == 0) {
		cache_forget_service(r->c, &k);
		r->m.successes[id][place].stored = NEVER;
	} else {
		cache_forget_identity(r->c, &k);
		forget(&r->m, id);
	}
}

static void
flush_joe(struct run *r)
{
	unsigned id;

	(void)flush_identity(r->c, "joe");
	for (id = 0; id < IDENTITIES; id++)
		if (strcmp(key_of(id, 0).login, "joe") == 0)
			forget(&r->m, id);
}

/* What is listed is remembered, and in the order it was stored. */
static void
compare_list(const struct run *r)
{
	int64_t before = NEVER;
	uint64_t cursor = 0;
	struct cache_entry en;
	unsigned id, place, known = 0, listed = 0;

	while (cache_next(r->c, &cursor, &en)) {
		assert_true(en.stored_sec >= before);
		before = en.stored_sec;
		listed += r->now - en.stored_sec < TTL + GRACE;
	}
	for (id = 0; id < IDENTITIES; id++) {
		for (place = 0; place < PLACES; place++) {
			const struct cache_key k = key_of(id, place);
			int64_t stored = r->m.successes[id][place].stored;
			int64_t got = cache_stored_sec(r->c, &k, NULL);

			if (stored == NEVER ||
			    r->now - stored >= TTL + GRACE)
				continue;
			known++;
			assert_true(got == stored || (!r->roomy && got == -1));
		}
	}
	assert_true(r->roomy ? listed == known : listed <= known);
}

static void
operate(struct run *r)
{
	switch (below(r, 1000)) {
	case 0:
		flush_joe(r);
		break;
	case 1:
		if (below(r, 100) == 0) {
			unsigned id;

			(void)cache_flush_all(r->c);
			for (id = 0; id < IDENTITIES; id++)
				forget(&r->m, id);
		}
		break;
	case 2:
		compare_list(r);
		break;
	case 3: case 4: case 5: case 6:
		forget_somebody(r);
		break;
	case 7: case 8: case 9: case 10:
		change_password(r);
		break;
	default:
		try_password(r);
	}
	r->now += below(r, OPERATIONS_PER_SEC) == 0;
}

static uint64_t
seed(void)
{
	const char *given = getenv("CACHE_MODEL_SEED");

	return given != NULL ? strtoull(given, NULL, 10) :
	    (uint64_t)time(NULL) | 1;
}

static void
compare(size_t bytes)
{
	static struct run r;
	const unsigned n = (INSTRUMENTED ? OPERATIONS_INSTRUMENTED :
	    OPERATIONS) / 2;
	struct cache_stats s;
	unsigned i;

	r = (struct run){ .roomy = bytes == ROOMY, .random = seed() };
	print_message("CACHE_MODEL_SEED=%llu\n",
	    (unsigned long long)r.random);
	r.c = cache_keys_new(&(struct cache_config){
		.bytes = bytes, .life[0].ttl_sec = TTL,
		.life[0].grace_sec = GRACE,
		.life[0].negative_ttl_sec = NEGATIVE_TTL
	});
	for (i = 0; i < PASSWORDS; i++)
		assert_int_equal(secret_set(&r.passwords[i], passwords[i],
		    strlen(passwords[i])), 0);
	for (i = 0; i < IDENTITIES; i++) {
		forget(&r.m, i);
		r.m.truth[i] = i / ACCOUNTS;
	}
	for (i = 0; i < n; i++)
		operate(&r);
	compare_list(&r);
	/* All that can be said was said, not only once. */
	for (i = 0; i <= CACHE_REFUSED; i++)
		assert_true(r.answers[i] > 10);
	cache_stats(r.c, &s);
	assert_int_equal(s.evicted > 0, !r.roomy);
	assert_true(s.bytes_used <= bytes);
	for (i = 0; i < PASSWORDS; i++)
		secret_wipe(&r.passwords[i]);
	cache_free(r.c);
}

static void
test_with_room(void **state)
{
	(void)state;
	compare(ROOMY);
}

static void
test_with_too_little(void **state)
{
	(void)state;
	compare(TINY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_room),
		cmocka_unit_test(test_with_too_little)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
