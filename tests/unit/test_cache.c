/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of cache.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/errmsg.h"
#include "saslauthd/cache.h"
#include "tests/unit/unit.h"

#define TTL 100
#define ROOMY (1024 * 1024)

static struct cache *
new_cache(size_t bytes)
{
	struct errmsg e = ERRMSG_INIT;
	struct cache *c = cache_new(bytes, TTL, &e);

	assert_non_null(c);
	assert_string_equal(e.text, "");
	assert_int_equal(cache_count(c), 0);
	return c;
}

static struct cache_key
key(const char *login)
{
	return (struct cache_key){
		.backend = "pam", .login = login, .realm = "example.org",
		.service = "smtp", .address = ""
	};
}

static void
store(struct cache *c, const struct cache_key *k, const char *password,
    int64_t now)
{
	struct secret pw = SECRET_INIT;

	assert_int_equal(secret_set(&pw, password, strlen(password)), 0);
	cache_store(c, k, &pw, now);
	secret_wipe(&pw);
}

static enum cache_verdict
look_up(struct cache *c, const struct cache_key *k, const char *password,
    int64_t now)
{
	struct secret pw = SECRET_INIT;
	enum cache_verdict verdict;

	assert_int_equal(secret_set(&pw, password, strlen(password)), 0);
	verdict = cache_lookup(c, k, &pw, now);
	secret_wipe(&pw);
	return verdict;
}

static void
test_verdicts(void **state)
{
	const struct cache_key joe = key("joe"), jim = key("jim");
	struct cache *c = new_cache(ROOMY);

	(void)state;
	assert_int_equal(look_up(c, &joe, "s3cret", 0), CACHE_MISS);
	store(c, &joe, "s3cret", 0);
	assert_int_equal(look_up(c, &joe, "s3cret", 0), CACHE_HIT);
	assert_int_equal(look_up(c, &joe, "s3cre", 0), CACHE_OTHER);
	assert_int_equal(look_up(c, &joe, "s3crets", 0), CACHE_OTHER);
	assert_int_equal(look_up(c, &joe, "", 0), CACHE_OTHER);
	assert_int_equal(look_up(c, &jim, "s3cret", 0), CACHE_MISS);
	/* Another password does not spoil what is known. */
	assert_int_equal(look_up(c, &joe, "s3cret", 0), CACHE_HIT);
	assert_int_equal(cache_count(c), 1);
	cache_free(c);
	cache_free(NULL);
}

static void
test_expiry(void **state)
{
	const struct cache_key joe = key("joe");
	struct cache *c = new_cache(ROOMY);

	(void)state;
	store(c, &joe, "s3cret", 1000);
	assert_int_equal(look_up(c, &joe, "s3cret", 1000 + TTL - 1),
	    CACHE_HIT);
	/* The hit just now prolonged nothing. */
	assert_int_equal(look_up(c, &joe, "s3cret", 1000 + TTL), CACHE_MISS);
	assert_int_equal(look_up(c, &joe, "s3cret", 1000), CACHE_MISS);
	assert_int_equal(cache_count(c), 0);

	store(c, &joe, "s3cret", 2000);
	assert_int_equal(look_up(c, &joe, "wrong", 2000 + TTL), CACHE_MISS);
	/* A new success does. */
	store(c, &joe, "s3cret", 3000);
	store(c, &joe, "s3cret", 3000 + TTL - 1);
	assert_int_equal(look_up(c, &joe, "s3cret", 3000 + TTL), CACHE_HIT);
	cache_free(c);
}

static void
test_overwrite_and_remove(void **state)
{
	const struct cache_key joe = key("joe"), jim = key("jim");
	struct cache *c = new_cache(ROOMY);

	(void)state;
	store(c, &jim, "other", 0);
	store(c, &joe, "old", 0);
	store(c, &joe, "new", 0);
	assert_int_equal(cache_count(c), 2);
	assert_int_equal(look_up(c, &joe, "old", 0), CACHE_OTHER);
	assert_int_equal(look_up(c, &joe, "new", 0), CACHE_HIT);
	cache_remove(c, &joe);
	cache_remove(c, &joe);
	assert_int_equal(cache_count(c), 1);
	assert_int_equal(look_up(c, &joe, "new", 0), CACHE_MISS);
	assert_int_equal(look_up(c, &jim, "other", 0), CACHE_HIT);
	cache_free(c);
}

/* Whatever the table was asked to take: one entry at least, never more
 * than there is room for, and the oldest goes. */
static void
test_capacity(void **state)
{
	static const size_t sizes[] = { 0, 1, 59, 60, 61, 120, 1024, 10000 };
	char login[32], row[32];
	struct cache_key k = key(login);
	size_t i, j, n;

	(void)state;
	for (i = 0; i < COUNT_OF(sizes); i++) {
		struct cache *c = new_cache(sizes[i]);

		(void)snprintf(row, sizeof(row), "%zu bytes", sizes[i]);
		n = cache_capacity(c);
		assert_row(row, n >= 1);
		/* No entry is smaller than its two digests. */
		assert_row(row, n == 1 || n * 40 <= sizes[i]);
		for (j = 0; j < n + 3; j++) {
			(void)snprintf(login, sizeof(login), "user%zu", j);
			store(c, &k, login, 0);
			assert_row(row, cache_count(c) ==
			    (j < n ? j + 1 : n));
		}
		for (j = 0; j < n + 3; j++) {
			(void)snprintf(login, sizeof(login), "user%zu", j);
			assert_row(row, look_up(c, &k, login, 0) ==
			    (j < 3 ? CACHE_MISS : CACHE_HIT));
		}
		cache_free(c);
	}
}

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
	(void)snprintf(c->password, sizeof(c->password), "%zu %zu %zu %zu", w,
	    x, y, z);
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
	struct cache *c = new_cache(ROOMY);
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
	assert_int_equal(cache_count(c), CUTS);
	cache_free(c);
}

/* ---- against a plain model -------------------------------------------- */

#define OPERATIONS 200000
#define LOGINS 200
#define PASSWORDS 3

struct model {
	int password;		/* -1: none stored */
	int64_t stored;
};

static enum cache_verdict
model_lookup(const struct model *m, int password, int64_t now)
{
	if (m->password < 0 || now - m->stored >= TTL)
		return CACHE_MISS;
	return m->password == password ? CACHE_HIT : CACHE_OTHER;
}

/* Returns how often the table had forgotten what the model remembers. */
static unsigned
compare(size_t bytes)
{
	static const char *const passwords[PASSWORDS] = { "a", "aa", "b" };
	struct model models[LOGINS];
	struct cache *c = new_cache(bytes);
	enum cache_verdict got, want;
	unsigned i, forgotten = 0;
	int64_t now = 0;
	char login[32];
	struct cache_key k = key(login);
	int pw;

	for (i = 0; i < LOGINS; i++)
		models[i].password = -1;
	for (i = 0; i < OPERATIONS; i++) {
		struct model *m = &models[(unsigned)rand() % LOGINS];

		(void)snprintf(login, sizeof(login), "user%td", m - models);
		pw = rand() % PASSWORDS;
		now += rand() % 8 == 0;
		switch (rand() % 8) {
		case 0:
			cache_remove(c, &k);
			m->password = -1;
			break;
		case 1:
		case 2:
			store(c, &k, passwords[pw], now);
			*m = (struct model){ pw, now };
			break;
		default:
			got = look_up(c, &k, passwords[pw], now);
			want = model_lookup(m, pw, now);
			if (got == CACHE_MISS && want != CACHE_MISS)
				forgotten++;
			else
				assert_int_equal(got, want);
		}
		assert_true(cache_count(c) <= cache_capacity(c));
	}
	cache_free(c);
	return forgotten;
}

static void
test_random(void **state)
{
	(void)state;
	srand(20);	/* the same run each time */
	/* Room for everything that is ever stored: exactly the model. */
	assert_int_equal(compare((size_t)OPERATIONS * 64), 0);
	/* Too small: it forgets, and is never wrong. */
	assert_true(compare(50 * 64) > 0);
	assert_true(compare(0) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_overwrite_and_remove),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_concatenations),
		cmocka_unit_test(test_random)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
