/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of cache: what it takes, holds, pushes out and lists.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/entries.h"
#include "tests/unit/cache_keys.h"

#define TTL 100
#define GRACE 50
#define NEGATIVE_TTL 10
#define ROOMY (4 * 1024 * 1024)

static struct cache *
new_cache(size_t bytes)
{
	return cache_keys_new(&(struct cache_config){
		.bytes = bytes, .life[0].ttl_sec = TTL
	});
}

static struct cache_stats
stats(const struct cache *c)
{
	struct cache_stats s;

	cache_stats(c, &s);
	return s;
}

/* The same buffer each time. */
static const struct cache_key *
user(unsigned i)
{
	static char login[32];
	static const struct cache_key k = {
		"pam", login, "example.org", "smtp", ""
	};

	(void)snprintf(login, sizeof(login), "user%u", i);
	return &k;
}

static void
store_users(struct cache *c, unsigned from, unsigned to)
{
	unsigned i;

	for (i = from; i < to; i++)
		store(c, user(i), "s3cret", 0);
}

/* ---- how much ------------------------------------------------------------ */

/* Whatever it was asked to take: never more, the oldest goes first, and each
 * that went is counted. */
static void
test_bound_and_order(void **state)
{
	static const size_t sizes[] = {
		0, 1, 3, 8, 63, 64, 100, 128, 1024, 1111, 4096, 100000
	};
	unsigned first, i, n;
	size_t row;
	char name[32];

	(void)state;
	for (row = 0; row < COUNT_OF(sizes); row++) {
		struct cache *c = new_cache(sizes[row]);

		(void)snprintf(name, sizeof(name), "%zu bytes", sizes[row]);
		n = (unsigned)(sizes[row] / 20 + 10);
		for (i = 0; i < n; i++) {
			store_users(c, i, i + 1);
			assert_row(name, stats(c).bytes_used <= sizes[row]);
		}
		first = n - (unsigned)stats(c).entries;
		assert_row(name, first > 0);
		assert_row(name, sizes[row] < 128 || first < n);
		for (i = 0; i < n; i++)
			assert_row(name, look_up(c, user(i), "s3cret", 0) ==
			    (i < first ? CACHE_MISS : CACHE_HIT));
		assert_row(name, stats(c).evicted == stats(c).stored -
		    stats(c).entries);
		cache_free(c);
	}
}

static size_t
resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*u %lu", &pages), 1);
	(void)fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Nothing until it is used, then no more than it may. */
static void
test_resident_memory(void **state)
{
	const size_t slack = 256 * 1024;
	struct cache *c;
	size_t before;
	unsigned i;

	(void)state;
	if (INSTRUMENTED)
		skip();
	before = resident_bytes();
	c = cache_keys_new(&(struct cache_config){
		.bytes = ROOMY, .life[0].ttl_sec = TTL,
		.life[0].negative_ttl_sec = NEGATIVE_TTL
	});
	assert_true(resident_bytes() < before + slack);
	for (i = 0; i < 4 * ROOMY / 64; i++) {
		store(c, user(i), "s3cret", 0);
		refuse(c, user(i), "guess", REASON_BAD_PASSWORD, 0);
	}
	assert_true(resident_bytes() > before + ROOMY / 2);
	assert_true(resident_bytes() < before + ROOMY + slack);
	/* What is forgotten is given back. */
	assert_true(cache_flush_all(c) > ROOMY / 128);
	assert_true(resident_bytes() < before + slack);
	store_users(c, 0, 1);
	assert_int_equal(look_up(c, user(0), "s3cret", 0), CACHE_HIT);
	cache_free(c);
}

/* The kernel's word on it, proc(5): "dd", do not include in core dump. */
static void
test_not_in_a_core(void **state)
{
	unsigned dumped = 0, kept = 0;
	unsigned long kb = 0;
	struct cache *c;
	char line[512];
	FILE *f;

	(void)state;
	if (INSTRUMENTED)
		skip();
	c = new_cache(ROOMY);
	f = fopen("/proc/self/smaps", "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		(void)sscanf(line, "Size: %lu kB", &kb);
		if (strncmp(line, "VmFlags:", 8) != 0 || kb < ROOMY / 1024)
			continue;
		if (strstr(line, " dd") != NULL)
			kept++;
		else
			dumped++;
	}
	(void)fclose(f);
	assert_int_equal(kept, 1);
	assert_int_equal(dumped, 0);
	cache_free(c);
}

/* The documented default: 32768 kilobytes. */
static void
test_default_size(void **state)
{
	const unsigned n = RUNNING_ON_VALGRIND ? 1000 : 100000;
	struct cache *c = new_cache(32768 * 1024);
	unsigned i;

	(void)state;
	store_users(c, 0, n);
	for (i = 0; i < n; i++)
		assert_int_equal(look_up(c, user(i), "s3cret", 0), CACHE_HIT);
	assert_true(stats(c).evicted == 0);
	cache_free(c);
}

/* What was too old to answer is not missed. */
static void
test_expired_are_not_counted(void **state)
{
	struct cache *c = cache_keys_new(&(struct cache_config){
		.bytes = 1024, .life[0].ttl_sec = TTL,
		.life[0].grace_sec = GRACE
	});
	unsigned i;

	(void)state;
	store_users(c, 0, 100);
	assert_int_equal(stats(c).evicted, 100 - stats(c).entries);
	i = (unsigned)stats(c).evicted;
	store(c, user(100), "s3cret", TTL + GRACE - 1);
	assert_true(stats(c).evicted > i);
	i = (unsigned)stats(c).evicted;
	store(c, user(101), "s3cret", TTL + GRACE);
	assert_int_equal(stats(c).evicted, i);
	cache_free(c);
}

/* Guesses push no success out. */
static void
test_refusals_have_their_own(void **state)
{
	struct cache *c = cache_keys_new(&(struct cache_config){
		.bytes = 64 * 1024, .life[0].ttl_sec = TTL,
		.life[0].negative_ttl_sec = NEGATIVE_TTL
	});
	unsigned i, left = 0;

	(void)state;
	store_users(c, 0, 100);
	for (i = 0; i < 10000; i++)
		refuse(c, user(i), "guess", REASON_BAD_PASSWORD, 0);
	assert_int_equal(stats(c).entries, 100);
	for (i = 0; i < 100; i++)
		assert_int_equal(look_up(c, user(i), "s3cret", 0), CACHE_HIT);
	/* The newest of them are there. */
	for (i = 0; i < 10000; i++)
		left += look_up(c, user(i), "guess", 0) == CACHE_REFUSED;
	assert_int_equal(left, stats(c).refusals);
	assert_int_equal(look_up(c, user(9999), "guess", 0), CACHE_REFUSED);
	assert_true(left > 50 && left < 200);
	cache_free(c);
}

/* ---- names of any length ------------------------------------------------- */

#define LONGEST ENTRIES_NAME_MAX

static void
test_longest_names(void **state)
{
	char names[5][LONGEST + 2];
	const struct cache_key k = {
		names[0], names[1], names[2], names[3], names[4]
	};
	struct cache *c = new_cache(ROOMY), *tiny = new_cache(4096);
	unsigned i, j;

	(void)state;
	for (i = 0; i < 5; i++) {
		memset(names[i], 'a' + (int)i, LONGEST);
		names[i][LONGEST] = '\0';
	}
	store(c, &k, "s3cret", 0);
	assert_int_equal(look_up(c, &k, "s3cret", 0), CACHE_HIT);
	/* They are compared to their ends. */
	for (i = 0; i < 5; i++) {
		names[i][LONGEST - 1] = '!';
		assert_int_equal(look_up(c, &k, "s3cret", 0), CACHE_MISS);
		names[i][LONGEST - 1] = 'a' + (char)i;
	}
	/* Over and over, between others. */
	for (j = 0; j < 1000; j++) {
		names[1][j] = 'B';
		store_users(c, j, j + 1);
		store(c, &k, "s3cret", 0);
		assert_int_equal(look_up(c, &k, "s3cret", 0), CACHE_HIT);
		assert_int_equal(look_up(c, user(j), "s3cret", 0), CACHE_HIT);
	}
	assert_true(stats(c).evicted > 0);
	/* Where it cannot stand it pushes nobody out. */
	store_users(tiny, 0, 5);
	store(tiny, &k, "s3cret", 0);
	assert_int_equal(look_up(tiny, &k, "s3cret", 0), CACHE_MISS);
	assert_int_equal(stats(tiny).entries, 5);
	/* Longer than a name may be. */
	for (i = 0; i < 5; i++) {
		names[i][LONGEST] = 'x';
		names[i][LONGEST + 1] = '\0';
		store(c, &k, "s3cret", 0);
		refuse(c, &k, "s3cret", REASON_BAD_PASSWORD, 0);
		assert_int_equal(look_up(c, &k, "s3cret", 0), CACHE_MISS);
		assert_int_equal(cache_stored_sec(c, &k, NULL), -1);
		cache_forget_identity(c, &k);
		cache_forget_service(c, &k);
		names[i][LONGEST] = '\0';
	}
	assert_int_equal(look_up(c, &k, "s3cret", 0), CACHE_HIT);
	cache_free(c);
	cache_free(tiny);
}

/* ---- one user's many addresses ------------------------------------------- */

#define IDENTITY_MAX 64		/* entries of one */

static void
test_many_addresses(void **state)
{
	char address[32];
	const struct cache_key k = {
		"pam", "joe", "example.org", "smtp", address
	};
	struct cache *c = cache_keys_new(&(struct cache_config){
		.bytes = ROOMY, .life[0].ttl_sec = TTL,
		.life[0].negative_ttl_sec = NEGATIVE_TTL
	});
	struct cache_spread spread;
	unsigned i;

	(void)state;
	store_users(c, 0, 10);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(address, sizeof(address), "192.0.2.%u", i);
		refuse(c, &k, "guess", REASON_BAD_PASSWORD, 0);
		store(c, &k, "s3cret", 0);
	}
	assert_int_equal(stats(c).entries, 10 + IDENTITY_MAX);
	assert_int_equal(stats(c).refusals, IDENTITY_MAX);
	assert_int_equal(stats(c).evicted, 2 * (1000 - IDENTITY_MAX));
	cache_spread(c, &spread);
	assert_true(spread.longest >= IDENTITY_MAX);
	assert_true(spread.longest <= 10 + IDENTITY_MAX);
	/* The last ones are there, and so is everybody else. */
	for (i = 0; i < 1000; i++) {
		(void)snprintf(address, sizeof(address), "192.0.2.%u", i);
		assert_int_equal(look_up(c, &k, "s3cret", 0),
		    i < 1000 - IDENTITY_MAX ? CACHE_MISS : CACHE_HIT);
		assert_int_equal(look_up(c, &k, "guess", 0),
		    i < 1000 - IDENTITY_MAX ? CACHE_MISS : CACHE_REFUSED);
	}
	for (i = 0; i < 10; i++)
		assert_int_equal(look_up(c, user(i), "s3cret", 0), CACHE_HIT);
	cache_free(c);
}

/* ---- the list ------------------------------------------------------------ */

static unsigned
number_of(const struct cache_entry *en)
{
	unsigned i;

	assert_int_equal(sscanf(en->login, "user%u", &i), 1);
	return i;
}

static void
test_list(void **state)
{
	const struct cache_key k = {
		"ldap", "joe", "", "imap", "2001:db8::1"
	};
	struct cache *c = new_cache(ROOMY);
	struct cache_entry en;
	uint64_t cursor = 0;
	unsigned i;

	(void)state;
	assert_false(cache_next(c, &cursor, &en));
	store(c, &k, "s3cret", 77);
	assert_true(cache_next(c, &cursor, &en));
	assert_string_equal(en.chain, "ldap");
	assert_string_equal(en.login, "joe");
	assert_string_equal(en.realm, "");
	assert_string_equal(en.service, "imap");
	assert_string_equal(en.address, "2001:db8::1");
	assert_int_equal(en.stored_sec, 77);
	assert_false(cache_next(c, &cursor, &en));
	cache_forget_identity(c, &k);
	/* The oldest first; who succeeds again is the newest. */
	store_users(c, 0, 10);
	store_users(c, 3, 4);
	cursor = 0;
	for (i = 0; i < 10; i++) {
		assert_true(cache_next(c, &cursor, &en));
		assert_int_equal(number_of(&en), i == 9 ? 3 :
		    i < 3 ? i : i + 1);
	}
	assert_false(cache_next(c, &cursor, &en));
	/* At the end, it goes on with what comes later. */
	store_users(c, 10, 11);
	assert_true(cache_next(c, &cursor, &en));
	assert_int_equal(number_of(&en), 10);
	assert_false(cache_next(c, &cursor, &en));
	cache_free(c);
}

/* What is done while the list is read: after the n-th, `last`, was shown. */
enum change { ONE_COMES, MANY_COME, THIS_GOES, NEXT_GOES, ALL_GO, CHANGES };

static void
change(struct cache *c, enum change what, unsigned n, unsigned last,
    unsigned *next)
{
	const unsigned first = *next;

	switch (what) {
	case ONE_COMES:
		*next += n < 20;
		store_users(c, first, *next);
		return;
	case MANY_COME:
		*next += n == 3 ? 400 : 0;
		store_users(c, first, *next);
		return;
	case THIS_GOES:
		cache_forget_identity(c, user(last));
		return;
	case NEXT_GOES:
		cache_forget_identity(c, user(last + 1));
		return;
	case ALL_GO:
		if (n == 7)
			assert_true(cache_flush_all(c) >= 50);
		return;
	case CHANGES:
		break;
	}
	fail();
}

/* In their order, nobody twice, nobody who went, all who came, to an end. */
static void
test_list_under_change(void **state)
{
	struct cache *c = new_cache(8 * 1024);
	unsigned next, last, round, n;
	struct cache_entry en;
	uint64_t cursor;

	(void)state;
	for (round = 0; round < 200; round++) {
		const enum change what = round % CHANGES;

		cursor = 0;
		next = round * 1000 + 50;
		store_users(c, round * 1000, next);
		last = 0;
		for (n = 0; cache_next(c, &cursor, &en); n++) {
			assert_true(n == 0 || number_of(&en) > last);
			assert_true(what != NEXT_GOES || n == 0 ||
			    number_of(&en) != last + 1);
			last = number_of(&en);
			change(c, what, n, last, &next);
		}
		switch (what) {
		case ALL_GO:
			assert_int_equal(n, 8);
			break;
		case NEXT_GOES:
			assert_true(last == next - 1 || last == next - 2);
			break;
		default:
			assert_int_equal(last, next - 1);
		}
	}
	cache_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound_and_order),
		cmocka_unit_test(test_resident_memory),
		cmocka_unit_test(test_not_in_a_core),
		cmocka_unit_test(test_default_size),
		cmocka_unit_test(test_expired_are_not_counted),
		cmocka_unit_test(test_refusals_have_their_own),
		cmocka_unit_test(test_longest_names),
		cmocka_unit_test(test_many_addresses),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_under_change)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
