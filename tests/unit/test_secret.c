/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of secret.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "tests/unit/freed.h"
#include "tests/unit/unit.h"

#define MARK "correct horse battery"

static void
test_empty(void **state)
{
	struct secret a = SECRET_INIT, b = SECRET_INIT;

	(void)state;
	assert_string_equal(secret_cstr(&a), "");
	assert_false(secret_has_nul(&a));
	assert_true(secret_equal(&a, &b));
	secret_wipe(&a);
	secret_wipe(&a);
	assert_int_equal(secret_set(&a, NULL, 0), 0);
	assert_string_equal(secret_cstr(&a), "");
	assert_true(secret_equal(&a, &b));
	secret_wipe(&a);
}

static void
test_set(void **state)
{
	struct secret s = SECRET_INIT;

	(void)state;
	assert_int_equal(secret_set(&s, "long password", 13), 0);
	assert_string_equal(secret_cstr(&s), "long password");
	assert_int_equal(secret_set(&s, "short", 5), 0);
	assert_int_equal(s.len, 5);
	assert_memory_equal(s.bytes, "short\0\0\0\0\0\0\0\0\0", s.cap);
	assert_int_equal(secret_set(&s, MARK, strlen(MARK)), 0);
	assert_string_equal(secret_cstr(&s), MARK);
	secret_wipe(&s);
	assert_null(s.bytes);
	assert_int_equal(s.len, 0);
}

static void
test_reserve(void **state)
{
	struct secret s = SECRET_INIT;

	(void)state;
	assert_int_equal(secret_reserve(&s, 100), 0);
	memcpy(s.bytes, "abc", 3);
	secret_end(&s, 3);
	assert_string_equal(secret_cstr(&s), "abc");
	assert_int_equal(secret_reserve(&s, SIZE_MAX), -1);
	assert_string_equal(secret_cstr(&s), "abc");
	secret_wipe(&s);
}

static void
test_move(void **state)
{
	struct secret a = SECRET_INIT, b = SECRET_INIT;
	const unsigned char *bytes;

	(void)state;
	assert_int_equal(secret_set(&a, MARK, strlen(MARK)), 0);
	assert_int_equal(secret_set(&b, "old", 3), 0);
	bytes = a.bytes;
	secret_move(&b, &a);
	assert_ptr_equal(b.bytes, bytes);
	assert_null(a.bytes);
	secret_move(&b, &b);
	assert_string_equal(secret_cstr(&b), MARK);
	secret_wipe(&b);
}

static void
test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		size_t na, nb;
		bool equal;
	} rows[] = {
		{ "", "", 0, 0, true },
		{ "abc", "abc", 3, 3, true },
		{ "abc", "abd", 3, 3, false },
		{ "xbc", "abc", 3, 3, false },
		{ "abc", "ab", 3, 2, false },
		{ "", "a", 0, 1, false },
		{ "a\0b", "a\0b", 3, 3, true },
		{ "a\0b", "a\0c", 3, 3, false },
		{ "a\0", "a", 2, 1, false },
		{ "\200", "\0", 1, 1, false }
	};
	struct secret a = SECRET_INIT, b = SECRET_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(secret_set(&a, rows[i].a, rows[i].na), 0);
		assert_int_equal(secret_set(&b, rows[i].b, rows[i].nb), 0);
		assert_row(rows[i].a, secret_equal(&a, &b) == rows[i].equal);
	}
	secret_wipe(&a);
	secret_wipe(&b);
}

static void
test_has_nul(void **state)
{
	struct secret s = SECRET_INIT;

	(void)state;
	assert_int_equal(secret_set(&s, "abc", 3), 0);
	assert_false(secret_has_nul(&s));
	assert_int_equal(secret_set(&s, "abc\0", 4), 0);
	assert_true(secret_has_nul(&s));
	assert_int_equal(secret_set(&s, "\0", 1), 0);
	assert_true(secret_has_nul(&s));
	secret_wipe(&s);
}

/* First that the watch sees anything at all. */
static void
test_wiped(void **state)
{
	struct secret s = SECRET_INIT;
	char *copy = strdup(MARK);

	(void)state;
	freed_watch(MARK);
	free(copy);
	assert_int_equal(freed_finds(), 1);

	freed_watch(MARK);
	assert_int_equal(secret_set(&s, MARK, strlen(MARK)), 0);
	secret_wipe(&s);
	assert_int_equal(secret_set(&s, MARK, strlen(MARK)), 0);
	assert_int_equal(secret_reserve(&s, 1000), 0);
	assert_int_equal(freed_finds(), 0);
	assert_int_equal(secret_set(&s, MARK, strlen(MARK)), 0);
	assert_int_equal(secret_reserve(&s, 10), 0);
	assert_null(memmem(s.bytes, s.cap, MARK, strlen(MARK)));
	secret_wipe(&s);
	assert_int_equal(freed_finds(), 0);
	freed_watch(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_has_nul),
		cmocka_unit_test(test_wiped)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
