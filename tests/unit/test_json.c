/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of json.
 */
#include "config.h"

#include <string.h>

#include "common/json.h"
#include "tests/unit/unit.h"

#define ROOM 4096

static struct buf b;
static struct json j;

static int
set_up(void **state)
{
	(void)state;
	buf_init(&b, ROOM);
	json_begin(&j, &b);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buf_fini(&b);
	return 0;
}

static void
expect(const char *text)
{
	assert_int_equal(json_end(&j), 0);
	assert_int_equal(buf_len(&b), strlen(text));
	assert_memory_equal(buf_data(&b), text, strlen(text));
}

static void
test_members(void **state)
{
	(void)state;
	json_str(&j, "kind", "end");
	json_int(&j, "n", -5);
	json_bool(&j, "yes", true);
	json_bool(&j, "no", false);
	json_bytes(&j, "bytes", "two\0z", 5);
	expect("{\"kind\":\"end\",\"n\":-5,\"yes\":true,\"no\":false,"
	    "\"bytes\":\"two\\u0000z\"}\n");
}

static void
test_no_members(void **state)
{
	(void)state;
	expect("{}\n");
}

static void
test_two_lines(void **state)
{
	(void)state;
	json_str(&j, "a", "");
	assert_int_equal(json_end(&j), 0);
	json_begin(&j, &b);
	json_str(&j, "b", "");
	expect("{\"a\":\"\"}\n{\"b\":\"\"}\n");
}

static void
test_strings(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "joe@example.org", "joe@example.org" },
		{ "\"\\/", "\\\"\\\\/" },
		{ "a\nb\tc\x01\x1f", "a\\nb\\u0009c\\u0001\\u001f" },
		{ "\x7f\xc2\x9b", "\\u007f\\u009b" },
		{ "\x1b[2J", "\\u001b[2J" },
		/* well-formed UTF-8 stays, up to four bytes */
		{ "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x98\x80",
		    "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x98\x80" },
		/* Latin-1; overlong; surrogate; too large; cut off */
		{ "J\xf6rg", "J\xef\xbf\xbdrg" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80",
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf5z", "\xef\xbf\xbdz" },
		{ "x\xe2\x82", "x\xef\xbf\xbd\xef\xbf\xbd" }
	};
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&b);
		json_begin(&j, &b);
		json_str(&j, "k", rows[i].in);
		assert_int_equal(json_end(&j), 0);
		assert_true(buf_len(&b) < sizeof(text));
		memcpy(text, buf_data(&b), buf_len(&b));
		text[buf_len(&b) - strlen("\"}\n")] = '\0';
		assert_string_equal(text + strlen("{\"k\":\""), rows[i].out);
	}
}

static void
test_numbers(void **state)
{
	(void)state;
	json_int(&j, "a", INT64_MIN);
	json_int(&j, "b", INT64_MAX);
	json_decimal(&j, "c", 1234567, 3);
	json_decimal(&j, "d", 5, 3);
	json_decimal(&j, "e", -5, 3);
	json_decimal(&j, "f", 0, 6);
	json_decimal(&j, "g", 7, 0);
	expect("{\"a\":-9223372036854775808,\"b\":9223372036854775807,"
	    "\"c\":1234.567,\"d\":0.005,\"e\":-0.005,\"f\":0.000000,"
	    "\"g\":7}\n");
}

/* What does not fit leaves nothing, wherever the room ends. */
static void
test_full(void **state)
{
	const char line[] = "{\"key\":\"value \\\"\",\"n\":12}\n";
	size_t max;

	(void)state;
	for (max = 3; max <= strlen(line) + 3; max++) {
		buf_fini(&b);
		buf_init(&b, max);
		assert_int_equal(buf_put(&b, "...", 3), 0);
		json_begin(&j, &b);
		json_str(&j, "key", "value \"");
		json_int(&j, "n", 12);
		if (max == strlen(line) + 3) {
			assert_int_equal(json_end(&j), 0);
			assert_memory_equal(buf_data(&b) + 3, line,
			    strlen(line));
		} else {
			assert_int_equal(json_end(&j), -1);
			assert_int_equal(buf_len(&b), 3);
			assert_memory_equal(buf_data(&b), "...", 3);
		}
	}
}

/* The buffer has been read from in front meanwhile. */
static void
test_full_behind_consumed(void **state)
{
	(void)state;
	buf_fini(&b);
	buf_init(&b, 12);
	assert_int_equal(buf_put(&b, "123456789", 9), 0);
	buf_consume(&b, 8);
	json_begin(&j, &b);
	json_str(&j, "key", "too long");
	assert_int_equal(json_end(&j), -1);
	assert_int_equal(buf_len(&b), 1);
	assert_memory_equal(buf_data(&b), "9", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_members, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_no_members, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_two_lines, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_strings, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_numbers, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_full_behind_consumed,
		    set_up, tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
