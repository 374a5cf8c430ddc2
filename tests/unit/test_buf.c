/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of buf.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/secret.h"
#include "tests/unit/freed.h"
#include "tests/unit/unit.h"

#define MARK "correct horse battery"

static void
test_empty(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_int_equal(buf_len(&b), 0);
	assert_null(b.bytes);
	buf_reset(&b);
	buf_consume(&b, 0);
	buf_fini(&b);
	buf_fini(&b);
	assert_int_equal(b.max, 10);
}

static void
test_numbers(void **state)
{
	static const unsigned char expected[] = {
		0xab, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef,
		1, 2, 3, 4, 5, 6, 7, 8
	};
	struct buf b;
	unsigned u8, u16;
	uint32_t u32;
	uint64_t u64;

	(void)state;
	buf_init(&b, sizeof(expected));
	assert_int_equal(buf_put_u8(&b, 0xab), 0);
	assert_int_equal(buf_put_u16(&b, 0x1234), 0);
	assert_int_equal(buf_put_u32(&b, 0xdeadbeef), 0);
	assert_int_equal(buf_put_u64(&b, 0x0102030405060708), 0);
	assert_int_equal(buf_len(&b), sizeof(expected));
	assert_memory_equal(buf_data(&b), expected, sizeof(expected));
	assert_int_equal(buf_put_u8(&b, 0), -1);

	assert_int_equal(buf_get_u8(&b, &u8), 0);
	assert_int_equal(buf_get_u16(&b, &u16), 0);
	assert_int_equal(buf_get_u32(&b, &u32), 0);
	assert_int_equal(buf_get_u64(&b, &u64), 0);
	assert_int_equal(u8, 0xab);
	assert_int_equal(u16, 0x1234);
	assert_true(u32 == 0xdeadbeef);
	assert_true(u64 == 0x0102030405060708);
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
}

static void
test_numbers_out_of_range(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_put_u8(&b, 256), -1);
	assert_int_equal(buf_put_u16(&b, 65536), -1);
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
}

static void
test_numbers_too_short(void **state)
{
	struct buf b;
	unsigned small = 7;
	uint32_t u32 = 7;
	uint64_t u64 = 7;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_get_u8(&b, &small), -1);
	assert_int_equal(buf_put_u8(&b, 1), 0);
	assert_int_equal(buf_get_u16(&b, &small), -1);
	assert_int_equal(buf_put(&b, "xy", 2), 0);
	assert_int_equal(buf_get_u32(&b, &u32), -1);
	assert_int_equal(buf_put(&b, "abcd", 4), 0);
	assert_int_equal(buf_get_u64(&b, &u64), -1);
	assert_int_equal(buf_len(&b), 7);
	assert_int_equal(small, 7);
	assert_int_equal(u32, 7);
	assert_true(u64 == 7);
	buf_fini(&b);
}

static void
test_maximum(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1000);
	assert_null(buf_room(&b, 1001));
	assert_null(buf_room(&b, SIZE_MAX));
	for (i = 0; i < 1000; i++)
		assert_int_equal(buf_put(&b, "x", 1), 0);
	assert_int_equal(buf_put(&b, "x", 1), -1);
	assert_int_equal(buf_put_counted(&b, "", 0), -1);
	assert_int_equal(buf_put(&b, NULL, 0), 0);
	assert_int_equal(buf_len(&b), 1000);
	buf_consume(&b, 1);
	assert_int_equal(buf_put(&b, "yz", 2), -1);
	assert_int_equal(buf_put(&b, "y", 1), 0);
	assert_int_equal(buf_data(&b)[999], 'y');
	buf_fini(&b);
}

/* Reading and writing in turns must not grow the memory for ever. */
static void
test_compacts(void **state)
{
	unsigned char v = 0, next = 0;
	struct buf b;
	unsigned i, got;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < 60; i++)
		assert_int_equal(buf_put_u8(&b, v++), 0);
	for (i = 0; i < 10000; i++) {
		assert_int_equal(buf_put_u8(&b, v++), 0);
		assert_int_equal(buf_get_u8(&b, &got), 0);
		assert_int_equal(got, next++);
	}
	assert_true(b.cap <= 256);
	buf_fini(&b);
}

static void
test_counted(void **state)
{
	struct buf b;
	struct secret s = SECRET_INIT;
	char *text, chars[4];

	(void)state;
	buf_init(&b, 200000);
	assert_int_equal(buf_put_str(&b, "abc"), 0);
	assert_int_equal(buf_put_str(&b, ""), 0);
	assert_int_equal(buf_put_str(&b, "xyz"), 0);
	assert_int_equal(buf_put_counted(&b, "a\0b", 3), 0);
	assert_memory_equal(buf_data(&b), "\0\3abc\0\0\0\3xyz\0\3a\0b", 17);

	assert_int_equal(buf_get_str(&b, 3, &text), 0);
	assert_string_equal(text, "abc");
	free(text);
	assert_int_equal(buf_get_str(&b, 0, &text), 0);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(buf_get_chars(&b, chars, sizeof(chars)), 0);
	assert_string_equal(chars, "xyz");
	assert_int_equal(buf_get_secret(&b, 3, &s), 0);
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.bytes, "a\0b", 4);
	secret_wipe(&s);
	buf_fini(&b);
}

static void
test_counted_too_long(void **state)
{
	static char big[65536];
	struct buf b;

	(void)state;
	buf_init(&b, 200000);
	assert_int_equal(buf_put_counted(&b, big, 65536), -1);
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(buf_put_counted(&b, big, 65535), 0);
	assert_int_equal(buf_len(&b), 65537);
	buf_fini(&b);
}

/* Nothing is consumed, whatever the reader, by strings that do not fit. */
static void
test_counted_bad(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
		bool secret_too;
	} rows[] = {
		{ "empty", "", 0, true },
		{ "half a length", "\0", 1, true },
		{ "length only", "\0\1", 2, true },
		{ "one byte short", "\0\3ab", 4, true },
		{ "longest length", "\377\377abc", 5, true },
		{ "over the maximum", "\0\5abcde", 7, true },
		{ "NUL inside", "\0\3a\0b", 5, false },
		{ "only a NUL", "\0\1\0", 3, false }
	};
	struct secret s = SECRET_INIT;
	struct buf b;
	char *text, chars[5];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_init(&b, 100);
		assert_int_equal(buf_put(&b, rows[i].bytes, rows[i].n), 0);
		assert_row(rows[i].name, buf_get_str(&b, 4, &text) == -1);
		assert_row(rows[i].name,
		    buf_get_chars(&b, chars, sizeof(chars)) == -1);
		assert_row(rows[i].name, buf_get_chars(&b, chars, 0) == -1);
		assert_row(rows[i].name, buf_len(&b) == rows[i].n);
		assert_row(rows[i].name, buf_get_secret(&b, 4, &s) ==
		    (rows[i].secret_too ? -1 : 0));
		secret_wipe(&s);
		buf_fini(&b);
	}
}

static void
test_wiped(void **state)
{
	static const char filler[4096];
	const size_t n = strlen(MARK);
	unsigned char *memory;
	struct buf b;

	(void)state;
	freed_watch(MARK);
	buf_init(&b, 100000);
	assert_int_equal(buf_put(&b, MARK, n), 0);
	assert_int_equal(buf_put(&b, filler, sizeof(filler)), 0);
	buf_fini(&b);
	assert_int_equal(freed_finds(), 0);

	assert_int_equal(buf_put(&b, MARK, n), 0);
	memory = b.bytes;
	buf_consume(&b, n);
	assert_null(memmem(memory, b.cap, MARK, n));
	assert_int_equal(buf_put(&b, MARK, n), 0);
	assert_ptr_equal(b.bytes, memory);
	buf_reset(&b);
	assert_null(memmem(memory, b.cap, MARK, n));
	buf_fini(&b);
	freed_watch(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_numbers_out_of_range),
		cmocka_unit_test(test_numbers_too_short),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_compacts),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_counted_too_long),
		cmocka_unit_test(test_counted_bad),
		cmocka_unit_test(test_wiped)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
