/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of json_line.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "tests/unit/unit.h"
#include "tools/json_line.h"

#define ROOM 4096

static struct json_line line;
static struct errmsg e;

static int
parse(const char *text)
{
	memset(&e, 0, sizeof(e));
	return json_line_parse(text, strlen(text), &line, &e);
}

static void
test_values(void **state)
{
	(void)state;
	assert_int_equal(parse(" {\"kind\" : \"role\",\t\"pid\":4711,"
	    "\"up\":true, \"down\":false,\"ms\":-12.345,\"zero\":0,"
	    "\"empty\":\"\"}\r\n"), 0);
	assert_string_equal(json_line_str(&line, "kind"), "role");
	assert_int_equal(json_line_int(&line, "pid"), 4711);
	assert_true(json_line_bool(&line, "up"));
	assert_false(json_line_bool(&line, "down"));
	assert_true(json_line_real(&line, "ms") < -12.3449 &&
	    json_line_real(&line, "ms") > -12.3451);
	assert_int_equal(json_line_int(&line, "ms"), -12);
	assert_int_equal(json_line_int(&line, "zero"), 0);
	assert_true(json_line_has(&line, "empty"));
	assert_string_equal(json_line_str(&line, "empty"), "");
	json_line_fini(&line);
}

/* What is missing or of another type is nothing. */
static void
test_absent(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"s\":\"7\",\"n\":7,\"b\":true}"), 0);
	assert_false(json_line_has(&line, "none"));
	assert_string_equal(json_line_str(&line, "none"), "");
	assert_string_equal(json_line_str(&line, "n"), "");
	assert_int_equal(json_line_int(&line, "none"), 0);
	assert_int_equal(json_line_int(&line, "s"), 0);
	assert_int_equal(json_line_int(&line, "b"), 0);
	assert_true(json_line_real(&line, "s") == 0);
	assert_false(json_line_bool(&line, "n"));
	assert_false(json_line_bool(&line, "s"));
	json_line_fini(&line);
	assert_int_equal(parse("{}"), 0);
	assert_int_equal(line.count, 0);
	json_line_fini(&line);
}

static void
test_strings(void **state)
{
	static const struct { const char *json, *text; } rows[] = {
		{ "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
		{ "\\u0001\\u001B\\u007f", "\001\033\177" },
		{ "\\u00fc\\u20AC", "\xc3\xbc\xe2\x82\xac" },
		{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
		{ "\\ud800\\udc00", "\xf0\x90\x80\x80" },
		{ "\\uffff", "\xef\xbf\xbf" },
		{ "\xc3\xbc\xf0\x9f\x98\x80", "\xc3\xbc\xf0\x9f\x98\x80" },
		{ "{}[],:", "{}[],:" },
		{ "\177", "\177" },
	};
	char json[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		(void)snprintf(json, sizeof(json), "{\"s\":\"%s\",\"t\":1}",
		    rows[i].json);
		assert_row(rows[i].json, parse(json) == 0);
		assert_string_equal(json_line_str(&line, "s"),
		    rows[i].text);
		assert_int_equal(json_line_int(&line, "t"), 1);
		json_line_fini(&line);
	}
}

static void
test_numbers(void **state)
{
	static const struct { const char *json; int64_t number;
	    unsigned decimals; } rows[] = {
		{ "0", 0, 0 }, { "-0", 0, 0 }, { "0.001", 1, 3 },
		{ "-1.50", -150, 2 }, { "10", 10, 0 },
		{ "9223372036854775807", INT64_MAX, 0 },
		{ "-9223372036854775807", -INT64_MAX, 0 },
		{ "922337203685.4775807", INT64_MAX, 7 },
	};
	char json[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		(void)snprintf(json, sizeof(json), "{\"n\":%s}",
		    rows[i].json);
		assert_row(rows[i].json, parse(json) == 0);
		assert_true(line.members[0].number == rows[i].number);
		assert_int_equal(line.members[0].decimals,
		    rows[i].decimals);
		json_line_fini(&line);
	}
}

static void
test_refused(void **state)
{
	static const char *const rows[] = {
		"", " ", "{", "}", "[]", "\"a\"", "null", "{}{}", "{} x",
		"{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" 1}",
		"{\"a\":1 \"b\":2}", "{a:1}", "{\"a\":1", "{1:2}",
		"{\"a\":{}}", "{\"a\":[]}", "{\"a\":null}",
		"{\"a\":tru}", "{\"a\":truex}", "{\"a\":TRUE}",
		"{\"a\":01}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":.5}",
		"{\"a\":1.}", "{\"a\":1e3}", "{\"a\":0x10}",
		"{\"a\":9223372036854775808}",
		"{\"a\":1.00000000000000000000}",
		"{\"a\":\"}", "{\"a\":\"\\", "{\"a\":\"\\\"}",
		"{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12",
		"{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u0000\"}",
		"{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800x\"}",
		"{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\udc00\"}",
		"{\"a\":\"\n\"}", "{\"a\":\"\033\"}",
		"{\"a\":\"\xff\"}", "{\"a\":\"\xc3\"}",
		"{\"a\":\"\xc0\xaf\"}", "{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i], parse(rows[i]) == -1);
		assert_row(rows[i], e.text[0] != '\0');
		assert_int_equal(line.count, 0);
		assert_null(line.text);
	}
}

/* The length counts, not a NUL. */
static void
test_bytes(void **state)
{
	(void)state;
	assert_int_equal(json_line_parse("{}x", 2, &line, &e), 0);
	json_line_fini(&line);
	assert_int_equal(json_line_parse("{}\0", 3, &line, &e), -1);
	assert_int_equal(json_line_parse("{\"a\":\"\0\"}", 9, &line, &e), -1);
}

static void
test_too_many(void **state)
{
	char text[JSON_LINE_MEMBERS * 16 + 16];
	int count, n, i;

	(void)state;
	for (count = JSON_LINE_MEMBERS; count <= JSON_LINE_MEMBERS + 1;
	    count++) {
		n = snprintf(text, sizeof(text), "{");
		for (i = 0; i < count; i++)
			n += snprintf(text + n, sizeof(text) - (size_t)n,
			    "%s\"k%d\":%d", i == 0 ? "" : ",", i, i);
		(void)snprintf(text + n, sizeof(text) - (size_t)n, "}");
		assert_int_equal(parse(text),
		    count <= JSON_LINE_MEMBERS ? 0 : -1);
		json_line_fini(&line);
	}
}

/* Every prefix of a line is refused, and none is read beyond its end. */
static void
test_prefixes(void **state)
{
	static const char whole[] = "{\"a\":\"\\ud83d\\ude00\xe2\x82\xac\","
	    "\"b\":-12.5,\"c\":true}";
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(whole) - 1; n++)
		assert_int_equal(json_line_parse(whole, n, &line, &e), -1);
	assert_int_equal(parse(whole), 0);
	json_line_fini(&line);
}

static void
test_copy(void **state)
{
	static const char text[] = "{\"kind\":\"x\",\"s\":\"\\\"\\u001b\","
	    "\"n\":-0.050,\"i\":7,\"t\":true,\"f\":false}";
	static const char copied[] = "{\"s\":\"\\\"\\u001b\",\"n\":-0.050,"
	    "\"i\":7,\"t\":true,\"f\":false}\n";
	struct json j;
	struct buf b;

	(void)state;
	buf_init(&b, ROOM);
	assert_int_equal(parse(text), 0);
	json_begin(&j, &b);
	json_line_copy(&line, "kind", &j);
	assert_int_equal(json_end(&j), 0);
	assert_int_equal(buf_len(&b), sizeof(copied) - 1);
	assert_memory_equal(buf_data(&b), copied, sizeof(copied) - 1);
	json_line_fini(&line);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
