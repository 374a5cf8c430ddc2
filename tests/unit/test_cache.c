/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of cache: what it answers, learns and forgets. Its memory is
 * tested in test_cache_memory.c.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cache_keys.h"

#define TTL 100
#define GRACE 50
#define NEGATIVE_TTL 10
#define ROOMY (1024 * 1024)

static const struct cache_key joe = {
	"pam", "joe", "example.org", "smtp", "192.0.2.1"
};

static struct cache *
new_cache(void)
{
	return cache_keys_new(&(struct cache_config){
		.bytes = ROOMY, .life[0].ttl_sec = TTL
	});
}

static struct cache *
new_full_cache(void)
{
	return cache_keys_new(&(struct cache_config){
		.bytes = ROOMY, .life[0].ttl_sec = TTL,
		.life[0].grace_sec = GRACE,
		.life[0].negative_ttl_sec = NEGATIVE_TTL
	});
}

static size_t
entries(const struct cache *c)
{
	struct cache_stats s;

	cache_stats(c, &s);
	return s.entries;
}

static size_t
refusals(const struct cache *c)
{
	struct cache_stats s;

	cache_stats(c, &s);
	return s.refusals;
}

static void
test_a_different_password_is_never_believed(void **state)
{
	static const char *const others[] = {
		"", "s", "s3cre", "s3crets", "S3cret", "s3cret ", " s3cret"
	};
	struct cache *c = new_cache();
	size_t i;

	(void)state;
	assert_int_equal(look_up(c, &joe, "s3cret", 0), CACHE_MISS);
	store(c, &joe, "s3cret", 0);
	for (i = 0; i < COUNT_OF(others); i++) {
		assert_row(others[i],
		    look_up(c, &joe, others[i], 0) == CACHE_OTHER);
		/* Refused as wrong: what is stored stays. */
		refuse(c, &joe, others[i], REASON_BAD_PASSWORD, 0);
		assert_row(others[i],
		    look_up(c, &joe, "s3cret", 0) == CACHE_HIT);
	}
	assert_int_equal(entries(c), 1);
	cache_free(c);
	cache_free(NULL);
}

/* One with a NUL inside is another one than its beginning. */
static void
test_all_bytes_of_a_password_count(void **state)
{
	struct secret with_nul = SECRET_INIT;
	struct cache *c = new_cache();
	struct cache_found found;

	(void)state;
	assert_int_equal(secret_set(&with_nul, "s3\0cret", 7), 0);
	cache_store(c, &joe, &with_nul, 0, 0);
	assert_int_equal(look_up(c, &joe, "s3", 0), CACHE_OTHER);
	assert_int_equal(cache_lookup(c, &joe, &with_nul, 0, &found),
	    CACHE_HIT);
	secret_wipe(&with_nul);
	cache_free(c);
}

static void
test_age(void **state)
{
	static const struct {
		const char *name;
		int64_t now;
		enum cache_verdict right, wrong;
	} rows[] = {
		{ "fresh", 1000, CACHE_HIT, CACHE_OTHER },
		{ "clock went back", 900, CACHE_HIT, CACHE_OTHER },
		{ "last", 1000 + TTL - 1, CACHE_HIT, CACHE_OTHER },
		{ "expired", 1000 + TTL, CACHE_STALE, CACHE_MISS },
		{ "last of grace", 1000 + TTL + GRACE - 1, CACHE_STALE,
		    CACHE_MISS },
		{ "gone", 1000 + TTL + GRACE, CACHE_MISS, CACHE_MISS },
		{ "long gone", 1000000000, CACHE_MISS, CACHE_MISS },
	};
	struct cache *c = new_full_cache();
	size_t i;

	(void)state;
	store(c, &joe, "s3cret", 1000);
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].name, look_up(c, &joe, "s3cret",
		    rows[i].now) == rows[i].right);
		assert_row(rows[i].name, look_up(c, &joe, "wrong",
		    rows[i].now) == rows[i].wrong);
	}
	/* No lookup prolonged it, a new success does. */
	store(c, &joe, "s3cret", 1000 + TTL - 1);
	assert_int_equal(look_up(c, &joe, "s3cret", 1000 + TTL), CACHE_HIT);
	assert_int_equal(cache_stored_sec(c, &joe, NULL), 1000 + TTL - 1);
	assert_int_equal(entries(c), 1);
	/* One from before the first: counts from the first on. */
	store(c, &joe, "s3cret", 10);
	assert_int_equal(look_up(c, &joe, "s3cret", 10), CACHE_HIT);
	assert_int_equal(look_up(c, &joe, "s3cret", 1000 + TTL), CACHE_STALE);
	cache_free(c);
}

static void
test_no_grace(void **state)
{
	struct cache *c = new_cache();

	(void)state;
	store(c, &joe, "s3cret", 0);
	assert_int_equal(look_up(c, &joe, "s3cret", TTL), CACHE_MISS);
	cache_free(c);
}

/* ---- keys ---------------------------------------------------------------- */

/* Joe; then what differs in one name, of another identity or of his. */
static const struct cache_key neighbours[] = {
	{ "pam", "joe", "example.org", "smtp", "192.0.2.1" },
	{ "ldap", "joe", "example.org", "smtp", "192.0.2.1" },
	{ "pam", "jim", "example.org", "smtp", "192.0.2.1" },
	{ "pam", "Joe", "example.org", "smtp", "192.0.2.1" },
	{ "pam", "joe", "", "smtp", "192.0.2.1" },
	{ "pam", "joe@example.org", "", "smtp", "192.0.2.1" },
	{ "pam", "joe", "example.org", "imap", "192.0.2.1" },
	{ "pam", "joe", "example.org", "smtp", "192.0.2.2" },
	{ "pam", "joe", "example.org", "smtp", "" },
};
#define STRANGERS_FROM 1
#define JOE_FROM 6

static void
store_neighbours(struct cache *c)
{
	size_t i;

	for (i = 0; i < COUNT_OF(neighbours); i++)
		store(c, &neighbours[i], "s3cret", 0);
	assert_int_equal(entries(c), COUNT_OF(neighbours));
}

/* Which of them still hit? */
static unsigned
hits(struct cache *c, const char *password)
{
	unsigned hit = 0;
	size_t i;

	for (i = 0; i < COUNT_OF(neighbours); i++)
		if (look_up(c, &neighbours[i], password, 0) == CACHE_HIT)
			hit |= 1u << i;
	return hit;
}

#define FIRST 0x001u		/* joe himself */
#define STRANGERS 0x03eu
#define JOES 0x1c0u		/* his other services and addresses */
#define ALL (FIRST | STRANGERS | JOES)

static void
test_each_name_counts(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT_OF(neighbours); i++) {
		struct cache *c = new_cache();

		store(c, &neighbours[i], "s3cret", 0);
		for (j = 0; j < COUNT_OF(neighbours); j++)
			assert_int_equal(look_up(c, &neighbours[j], "s3cret",
			    0), i == j ? CACHE_HIT : CACHE_MISS);
		cache_free(c);
	}
}

static void
success(struct cache *c)
{
	store(c, &joe, "s3cret", 0);
}

static void
success_with_another(struct cache *c)
{
	store(c, &joe, "changed", 0);
}

/* A service not seen before notices it as well. */
static void
success_elsewhere_with_another(struct cache *c)
{
	const struct cache_key k = {
		"pam", "joe", "example.org", "sieve", ""
	};

	store(c, &k, "changed", 0);
}

static void
refused_another(struct cache *c)
{
	refuse(c, &joe, "guess", REASON_BAD_PASSWORD, 0);
}

static void
refused_the_same(struct cache *c)
{
	refuse(c, &joe, "s3cret", REASON_BAD_PASSWORD, 0);
}

static void
refused_the_same_here(struct cache *c)
{
	refuse(c, &joe, "s3cret", REASON_NOT_PERMITTED, 0);
}

static void
forget_service(struct cache *c)
{
	cache_forget_service(c, &joe);
	cache_forget_service(c, &joe);
}

static void
forget_identity(struct cache *c)
{
	cache_forget_identity(c, &joe);
	cache_forget_identity(c, &joe);
}

static void
forget_who_is_not_there(struct cache *c)
{
	const struct cache_key k = { "pam", "jo", "e", "smtp", "" };

	cache_forget_service(c, &k);
	cache_forget_identity(c, &k);
}

static void
flush_all(struct cache *c)
{
	assert_int_equal(cache_flush_all(c), COUNT_OF(neighbours));
	assert_int_equal(cache_flush_all(c), 0);
}

static void
test_what_goes(void **state)
{
	static const struct {
		const char *name;
		void (*what)(struct cache *c);
		unsigned left;
	} rows[] = {
		{ "success again", success, ALL },
		{ "changed", success_with_another, STRANGERS },
		{ "changed elsewhere", success_elsewhere_with_another,
		    STRANGERS },
		{ "guess", refused_another, ALL },
		{ "no longer right", refused_the_same, STRANGERS },
		{ "right but not here", refused_the_same_here, ALL },
		{ "forget service", forget_service, STRANGERS | JOES },
		{ "forget identity", forget_identity, STRANGERS },
		{ "forget nobody", forget_who_is_not_there, ALL },
		{ "flush all", flush_all, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct cache *c = new_cache();

		store_neighbours(c);
		rows[i].what(c);
		assert_row(rows[i].name, hits(c, "s3cret") == rows[i].left);
		assert_row(rows[i].name, hits(c, "guess") == 0);
		assert_row(rows[i].name, hits(c, "changed") ==
		    (rows[i].what == success_with_another ? FIRST : 0));
		cache_free(c);
	}
}

static void
test_flush_identity(void **state)
{
	static const struct {
		const char *identity;
		unsigned gone;
	} rows[] = {
		/* (joe, example.org), Joe, and (joe@example.org, ""); in a
		 * chain of its own, too. */
		{ "joe@example.org", 0x1ebu },
		/* Of any realm: a backend may not look at it. */
		{ "joe", 0x1dbu },
		{ "jim", 0x004u },
		{ "jim@example.org", 0x004u },
		{ "jim@example.com", 0 },
		{ "Joe@example.org", 0 },	/* not as it is formatted */
		{ "jo", 0 },
		{ "@example.org", 0 },
		{ "", 0 },
	};
	unsigned bit, gone;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct cache *c = new_full_cache();

		store_neighbours(c);
		refuse(c, &joe, "guess", REASON_BAD_PASSWORD, 0);
		gone = 0;
		for (bit = rows[i].gone; bit != 0; bit &= bit - 1)
			gone++;
		assert_row(rows[i].identity,
		    flush_identity(c, rows[i].identity) == gone);
		assert_row(rows[i].identity,
		    hits(c, "s3cret") == (ALL & ~rows[i].gone));
		assert_row(rows[i].identity, refusals(c) ==
		    ((rows[i].gone & FIRST) != 0 ? 0 : 1));
		cache_free(c);
	}
}

/* ---- refusals ------------------------------------------------------------ */

static void
test_refusals_off(void **state)
{
	struct cache *c = new_cache();

	(void)state;
	refuse(c, &joe, "guess", REASON_BAD_PASSWORD, 0);
	assert_int_equal(look_up(c, &joe, "guess", 0), CACHE_MISS);
	assert_int_equal(refusals(c), 0);
	cache_free(c);
}

/* Whose word it was is another matter than how long it is believed. */
static void
test_who_said_so(void **state)
{
	struct cache *c = cache_keys_new(&(struct cache_config){
		.bytes = ROOMY, .life[2].ttl_sec = TTL,
		.life[2].negative_ttl_sec = NEGATIVE_TTL
	});
	const struct cache_found refusal = {
		.by = 5, .reason = REASON_LOCKED
	};
	struct secret pw = SECRET_INIT;
	struct cache_found found = { .by = 0 };

	(void)state;
	assert_int_equal(secret_set(&pw, "s3cret", 6), 0);
	cache_store(c, &joe, &pw, 2, 0);
	assert_int_equal(cache_lookup(c, &joe, &pw, 0, &found), CACHE_HIT);
	assert_int_equal(found.by, 2);
	cache_forget_identity(c, &joe);
	cache_refuse(c, &joe, &pw, &refusal, 2, 0);
	assert_int_equal(cache_lookup(c, &joe, &pw, 0, &found),
	    CACHE_REFUSED);
	assert_int_equal(found.by, 5);
	secret_wipe(&pw);
	cache_free(c);
}

static void
test_refusal_of_this_only(void **state)
{
	struct cache *c = new_full_cache();
	struct secret pw = SECRET_INIT;
	struct cache_found found = { .reason = REASON_NONE };
	size_t i;

	(void)state;
	refuse(c, &joe, "stale", REASON_LOCKED, 0);
	assert_int_equal(secret_set(&pw, "stale", 5), 0);
	assert_int_equal(cache_lookup(c, &joe, &pw, 0, &found),
	    CACHE_REFUSED);
	assert_int_equal(found.reason, REASON_LOCKED);
	secret_wipe(&pw);
	assert_int_equal(look_up(c, &joe, "stal", 0), CACHE_MISS);
	assert_int_equal(look_up(c, &joe, "", 0), CACHE_MISS);
	for (i = 1; i < COUNT_OF(neighbours); i++)
		assert_int_equal(look_up(c, &neighbours[i], "stale", 0),
		    CACHE_MISS);
	assert_int_equal(look_up(c, &joe, "stale", NEGATIVE_TTL - 1),
	    CACHE_REFUSED);
	assert_int_equal(look_up(c, &joe, "stale", NEGATIVE_TTL),
	    CACHE_MISS);
	/* Once more from then on, and one only. */
	refuse(c, &joe, "stale", REASON_BAD_PASSWORD, NEGATIVE_TTL);
	assert_int_equal(look_up(c, &joe, "stale", NEGATIVE_TTL),
	    CACHE_REFUSED);
	assert_int_equal(refusals(c), 1);
	cache_free(c);
}

static void
test_refusal_beside_success(void **state)
{
	const struct cache_key *imap = &neighbours[JOE_FROM];
	struct cache *c = new_full_cache();

	(void)state;
	/* Before "another one succeeded". */
	store(c, &joe, "s3cret", 0);
	refuse(c, &joe, "stale", REASON_BAD_PASSWORD, 0);
	assert_int_equal(look_up(c, &joe, "stale", 0), CACHE_REFUSED);
	assert_int_equal(look_up(c, &joe, "else", 0), CACHE_OTHER);
	assert_int_equal(look_up(c, &joe, "s3cret", 0), CACHE_HIT);
	/* The phone's stale password stays stale when the password changes,
	 * but what succeeds now is refused nowhere. */
	refuse(c, imap, "changed", REASON_BAD_PASSWORD, 0);
	store(c, &joe, "changed", 0);
	assert_int_equal(look_up(c, &joe, "stale", 0), CACHE_REFUSED);
	assert_int_equal(look_up(c, imap, "changed", 0), CACHE_MISS);
	/* Refused since it expired: no grace for it. */
	refuse(c, &joe, "changed", REASON_BAD_PASSWORD, TTL);
	assert_int_equal(look_up(c, &joe, "changed", TTL), CACHE_REFUSED);
	assert_int_equal(look_up(c, &joe, "changed", TTL + NEGATIVE_TTL),
	    CACHE_MISS);
	/* Forgetting a service leaves them, forgetting the identity not. */
	cache_forget_service(c, &joe);
	assert_int_equal(refusals(c), 2);
	cache_forget_identity(c, &joe);
	assert_int_equal(refusals(c), 0);
	refuse(c, &joe, "stale", REASON_BAD_PASSWORD, TTL);
	assert_int_equal(cache_flush_all(c), 0);
	assert_int_equal(refusals(c), 0);
	cache_free(c);
}

/* ---- concatenations ------------------------------------------------------ */

/* One way to cut CUT_TEXT into five strings, each maybe empty. */
#define CUT_TEXT "abcd"
#define CUTS 70

struct cut {
	char part[5][sizeof(CUT_TEXT)];
	char password[32];		/* of this cut only */
};

static void
cut_at(struct cut *c, size_t w, size_t x, size_t y, size_t z)
{
	const size_t at[] = { 0, w, x, y, z, strlen(CUT_TEXT) };
	size_t i;

	for (i = 0; i < 5; i++)
		(void)snprintf(c->part[i], sizeof(c->part[i]), "%.*s",
		    (int)(at[i + 1] - at[i]), &CUT_TEXT[at[i]]);
	/* One identity has one password. */
	(void)snprintf(c->password, sizeof(c->password), "%zu %zu %zu", w,
	    x, y);
}

static struct cache_key
cut_key(const struct cut *c)
{
	return (struct cache_key){ c->part[0], c->part[1], c->part[2],
	    c->part[3], c->part[4] };
}

/* Each of them is a key of its own. */
static void
test_concatenations(void **state)
{
	const size_t n = strlen(CUT_TEXT);
	struct cache *c = new_cache();
	struct cut cuts[CUTS];
	struct cache_key k;
	size_t w, x, y, z, i = 0;

	(void)state;
	for (w = 0; w <= n; w++)
		for (x = w; x <= n; x++)
			for (y = x; y <= n; y++)
				for (z = y; z <= n; z++)
					cut_at(&cuts[i++], w, x, y, z);
	assert_int_equal(i, CUTS);
	for (i = 0; i < CUTS; i++) {
		k = cut_key(&cuts[i]);
		assert_int_equal(look_up(c, &k, cuts[i].password, 0),
		    CACHE_MISS);
		store(c, &k, cuts[i].password, 0);
	}
	for (i = 0; i < CUTS; i++) {
		k = cut_key(&cuts[i]);
		assert_int_equal(look_up(c, &k, cuts[i].password, 0),
		    CACHE_HIT);
	}
	assert_int_equal(entries(c), CUTS);
	cache_free(c);
}

/* ---- figures ------------------------------------------------------------- */

static void
test_stats(void **state)
{
	struct cache *c = new_full_cache();
	struct cache_stats s;

	(void)state;
	cache_stats(c, &s);
	assert_int_equal(s.bytes, ROOMY);
	assert_int_equal(s.bytes_used, 0);
	store(c, &joe, "s3cret", 0);
	refuse(c, &joe, "stale", REASON_BAD_PASSWORD, 0);
	(void)look_up(c, &joe, "s3cret", 0);
	(void)look_up(c, &joe, "other", 0);
	(void)look_up(c, &joe, "stale", 0);
	(void)look_up(c, &joe, "s3cret", TTL);
	(void)look_up(c, &joe, "s3cret", TTL + GRACE);
	(void)look_up(c, &neighbours[STRANGERS_FROM], "s3cret", 0);
	cache_stats(c, &s);
	assert_int_equal(s.entries, 1);
	assert_int_equal(s.refusals, 1);
	assert_int_equal(s.stored, 1);
	assert_int_equal(s.hits, 1);
	assert_int_equal(s.others, 1);
	assert_int_equal(s.refused, 1);
	assert_int_equal(s.stales, 1);
	assert_int_equal(s.misses, 2);
	assert_int_equal(s.evicted, 0);
	assert_true(s.bytes_used > 0 && s.bytes_used <= s.bytes);
	assert_true(s.slots > 0);
	assert_int_equal(cache_stored_sec(c, &joe, NULL), 0);
	assert_int_equal(cache_stored_sec(c, &neighbours[JOE_FROM],
	    NULL), -1);
	cache_free(c);
}

static void
test_spread(void **state)
{
	struct cache *c = new_cache();
	struct cache_spread spread;
	struct cache_stats s;

	(void)state;
	cache_stats(c, &s);
	cache_spread(c, &spread);
	assert_int_equal(spread.used, 0);
	assert_int_equal(spread.shortest, 0);
	assert_int_equal(spread.longest, 0);
	assert_int_equal(spread.at_shortest, s.slots);
	assert_int_equal(spread.at_longest, s.slots);
	/* An identity has one chain. */
	store(c, &joe, "s3cret", 0);
	store(c, &neighbours[JOE_FROM], "s3cret", 0);
	cache_spread(c, &spread);
	assert_int_equal(spread.used, 1);
	assert_int_equal(spread.shortest, 0);
	assert_int_equal(spread.longest, 2);
	assert_int_equal(spread.at_shortest, s.slots - 1);
	assert_int_equal(spread.at_longest, 1);
	cache_free(c);
}

/* ---- overtaken verdicts ------------------------------------------------- */

static bool
outdated(struct cache *c, const char *password, bool right, int64_t asked)
{
	struct secret pw = SECRET_INIT;
	bool is;

	assert_int_equal(secret_set(&pw, password, strlen(password)), 0);
	is = cache_is_outdated(c, &joe, &pw, right, asked);
	secret_wipe(&pw);
	return is;
}

/* What was asked before the password changed, the account was locked or the
 * operator flushed is not believed when it comes. */
static void
test_outdated(void **state)
{
	struct cache *c = new_cache();

	(void)state;
	assert_false(outdated(c, "old", true, 0));
	store(c, &joe, "new", 10);
	assert_true(outdated(c, "old", true, 9));
	assert_false(outdated(c, "old", true, 10));
	assert_false(outdated(c, "new", true, 9));
	/* A refusal is overtaken by a success of the same password. */
	assert_true(outdated(c, "new", false, 9));
	assert_false(outdated(c, "old", false, 9));
	assert_false(outdated(c, "new", false, 10));

	assert_int_equal(look_up(c, &joe, "new", 20), CACHE_HIT);
	cache_forget_identity(c, &joe);
	assert_true(outdated(c, "new", true, 19));
	assert_false(outdated(c, "new", true, 20));
	assert_int_equal(look_up(c, &joe, "new", 30), CACHE_MISS);
	(void)cache_flush_all(c);
	assert_true(outdated(c, "any", true, 29));
	assert_false(outdated(c, "any", true, 30));
	assert_int_equal(look_up(c, &joe, "new", 40), CACHE_MISS);
	(void)flush_identity(c, "somebody");
	assert_true(outdated(c, "any", true, 39));
	cache_free(c);
}

static enum cache_verdict
look_up_number(struct cache *c, unsigned number, const char *password)
{
	struct cache_key k = joe;
	char login[16];

	(void)snprintf(login, sizeof(login), "u%u", number);
	k.login = login;
	return look_up(c, &k, password, 1);
}

/* Other lives count at once; room for refusals is made when they are first
 * wanted, and the newest successes stay. */
static void
test_configure(void **state)
{
	enum { MANY = 2000 };
	struct cache_config config = {
		.bytes = 65536, .life[0].ttl_sec = TTL
	};
	struct cache *c = cache_keys_new(&config);
	struct errmsg e = ERRMSG_INIT;
	struct cache_key k = joe;
	size_t before, left;
	struct cache_stats s;
	char login[16];
	unsigned i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		(void)snprintf(login, sizeof(login), "u%u", i);
		k.login = login;
		store(c, &k, "right", 0);
	}
	before = entries(c);
	assert_true(before < MANY);
	config.life[0].negative_ttl_sec = NEGATIVE_TTL;
	assert_int_equal(cache_configure(c, &config, &e), 0);
	left = entries(c);
	assert_in_range(left, before * 3 / 4, before - 1);
	for (i = 0; i < MANY; i++)
		assert_int_equal(look_up_number(c, i, "right"),
		    i < MANY - left ? CACHE_MISS : CACHE_HIT);
	assert_int_equal(look_up_number(c, MANY - 1, "wrong"), CACHE_OTHER);
	refuse(c, &joe, "wrong", REASON_BAD_PASSWORD, 1);
	assert_int_equal(look_up(c, &joe, "wrong", 2), CACHE_REFUSED);
	cache_stats(c, &s);
	assert_int_equal(s.bytes, 65536);
	assert_true(s.bytes_used <= s.bytes);

	config.life[0].ttl_sec = 1;
	config.life[0].negative_ttl_sec = 0;
	assert_int_equal(cache_configure(c, &config, &e), 0);
	assert_int_equal(look_up_number(c, MANY - 1, "right"), CACHE_MISS);
	assert_int_equal(look_up(c, &joe, "wrong", 2), CACHE_MISS);
	refuse(c, &joe, "wrong", REASON_BAD_PASSWORD, 3);
	assert_int_equal(look_up(c, &joe, "wrong", 3), CACHE_MISS);
	cache_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_different_password_is_never_believed),
		cmocka_unit_test(test_all_bytes_of_a_password_count),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_no_grace),
		cmocka_unit_test(test_each_name_counts),
		cmocka_unit_test(test_what_goes),
		cmocka_unit_test(test_flush_identity),
		cmocka_unit_test(test_refusals_off),
		cmocka_unit_test(test_who_said_so),
		cmocka_unit_test(test_refusal_of_this_only),
		cmocka_unit_test(test_refusal_beside_success),
		cmocka_unit_test(test_concatenations),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_outdated),
		cmocka_unit_test(test_configure)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
