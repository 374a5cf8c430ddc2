/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of digest.
 */
#include "config.h"

#include <string.h>

#include "front/digest.h"
#include "tests/unit/unit.h"

#define VERIFIER DIGEST_VERIFIER_BYTES

static void
digest(const unsigned char *key, const char *bytes, size_t n,
    const char *password, size_t len, unsigned char to[VERIFIER])
{
	struct secret pw = SECRET_INIT;

	assert_int_equal(secret_set(&pw, password, len), 0);
	digest_password(key, bytes, n, &pw, to);
	secret_wipe(&pw);
}

static void
test_index(void **state)
{
	/* The key and the first results of SipHash-2-4's authors: over
	 * nothing, 00, 00 01 and so on. */
	static const unsigned char key[DIGEST_KEY_BYTES] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	};
	static const unsigned char expected[][8] = {
		{ 0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72 },
		{ 0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74 },
		{ 0x5a, 0x4f, 0xa9, 0xd9, 0x09, 0x80, 0x6c, 0x0d },
	};
	uint64_t got;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(expected); i++) {
		got = digest_index(key, key, i);
		assert_memory_equal(&got, expected[i], sizeof(got));
	}
}

/* Whatever differs, the digest does. */
static void
test_password(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
		const char *password;
		size_t len;
	} rows[] = {
		{ "the one", "joe", 3, "s3cret", 6 },
		{ "bytes", "jim", 3, "s3cret", 6 },
		{ "fewer bytes", "jo", 2, "s3cret", 6 },
		{ "no bytes", "", 0, "s3cret", 6 },
		{ "a NUL more", "joe", 4, "s3cret", 6 },
		{ "password", "joe", 3, "S3cret", 6 },
		{ "shorter password", "joe", 3, "s3cre", 5 },
		{ "password's NUL", "joe", 3, "s3cret", 7 },
		{ "empty password", "joe", 3, "", 0 },
		{ "nothing", "", 0, "", 0 },
		{ "cut elsewhere", "joes", 4, "3cret", 5 },
		{ "the other way round", "s3cret", 6, "joe", 3 },
	};
	unsigned char *key = digest_key_new();
	unsigned char got[COUNT_OF(rows)][VERIFIER], again[VERIFIER];
	size_t i, j;

	(void)state;
	assert_non_null(key);
	for (i = 0; i < COUNT_OF(rows); i++) {
		digest(key, rows[i].bytes, rows[i].n, rows[i].password,
		    rows[i].len, got[i]);
		digest(key, rows[i].bytes, rows[i].n, rows[i].password,
		    rows[i].len, again);
		assert_row(rows[i].name, digest_equal(got[i], again));
		for (j = 0; j < i; j++)
			assert_row(rows[i].name,
			    !digest_equal(got[i], got[j]));
	}
	digest_key_free(key);
	digest_key_free(NULL);
}

/* Every byte of a key counts, and of a long password. */
static void
test_every_byte(void **state)
{
	unsigned char key[DIGEST_KEY_BYTES] = { 0 };
	unsigned char first[VERIFIER], got[VERIFIER];
	char password[300];
	size_t i;

	(void)state;
	memset(password, 'x', sizeof(password));
	digest(key, "joe", 3, password, sizeof(password), first);
	for (i = 0; i < sizeof(key); i++) {
		key[i] = 1;
		digest(key, "joe", 3, password, sizeof(password), got);
		assert_false(digest_equal(first, got));
		key[i] = 0;
	}
	for (i = 0; i < sizeof(password); i++) {
		password[i] = 'y';
		digest(key, "joe", 3, password, sizeof(password), got);
		assert_false(digest_equal(first, got));
		password[i] = 'x';
	}
}

static void
test_two_steps(void **state)
{
	static const unsigned char zero[DIGEST_KEY_BYTES];
	unsigned char half[DIGEST_KEY_BYTES], one[VERIFIER], two[VERIFIER];
	unsigned char *key = digest_key_new();
	struct secret pw = SECRET_INIT;

	(void)state;
	assert_non_null(key);
	assert_int_equal(secret_set(&pw, "s3cret", 6), 0);
	digest_password(key, "joe", 3, &pw, one);
	digest_begin(key, &pw, half);
	assert_memory_not_equal(half, zero, sizeof(half));
	digest_end(half, "joe", 3, two);
	assert_true(digest_equal(one, two));
	assert_memory_equal(half, zero, sizeof(half));
	secret_wipe(&pw);
	digest_key_free(key);
}

static void
test_keys_are_random(void **state)
{
	unsigned char *a = digest_key_new(), *b = digest_key_new();
	unsigned char c[DIGEST_KEY_BYTES], d[DIGEST_KEY_BYTES];

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(digest_key_fill(c), 0);
	assert_int_equal(digest_key_fill(d), 0);
	assert_memory_not_equal(a, b, DIGEST_KEY_BYTES);
	assert_memory_not_equal(a, c, DIGEST_KEY_BYTES);
	assert_memory_not_equal(c, d, DIGEST_KEY_BYTES);
	digest_key_free(a);
	digest_key_free(b);
}

static void
test_equal(void **state)
{
	unsigned char a[VERIFIER] = { 0 }, b[VERIFIER] = { 0 };
	size_t i;

	(void)state;
	assert_true(digest_equal(a, b));
	for (i = 0; i < VERIFIER; i++) {
		b[i] = 0x80;
		assert_false(digest_equal(a, b));
		b[i] = 0;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_two_steps),
		cmocka_unit_test(test_keys_are_random),
		cmocka_unit_test(test_equal)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
