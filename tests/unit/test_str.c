/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of str.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tests/unit/unit.h"

static void
test_copy(void **state)
{
	char to[4] = "zzz";

	(void)state;
	assert_int_equal(str_copy(to, sizeof(to), "abc"), 0);
	assert_string_equal(to, "abc");
	assert_int_equal(str_copy(to, sizeof(to), "abcd"), -1);
	assert_string_equal(to, "");
	assert_int_equal(str_copy(to, sizeof(to), ""), 0);
	to[0] = 'x';
	assert_int_equal(str_copy(to, 0, ""), -1);
	assert_int_equal(to[0], 'x');
}

static void
test_format(void **state)
{
	char to[6], *fresh;

	(void)state;
	assert_int_equal(str_format(to, sizeof(to), "%d-%s", 12, "ab"), 0);
	assert_string_equal(to, "12-ab");
	assert_int_equal(str_format(to, sizeof(to), "%d-%s", 12, "abc"),
	    -1);
	assert_string_equal(to, "");
	fresh = str_dup_format("%s:%d", "file", 12345);
	assert_string_equal(fresh, "file:12345");
	free(fresh);
}

static void
test_escape(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "", "" },
		{ "joe@example.org", "joe@example.org" },
		{ "a b", "a b" },
		{ "\"quoted\" 'too' %s", "\"quoted\" 'too' %s" },
		/* what would forge or break a line */
		{ "a\nb", "a\\x0ab" },
		{ "\r\t\v\b", "\\x0d\\x09\\x0b\\x08" },
		{ "\033[2J", "\\x1b\\x5b2J" },
		{ "\177", "\\x7f" },
		{ "x] [reason=ok", "x\\x5d \\x5breason=ok" },
		{ "back\\slash", "back\\x5cslash" },
		/* UTF-8 that stays */
		{ "J\303\266rg", "J\303\266rg" },
		{ "\342\202\254", "\342\202\254" },
		{ "\360\237\230\200", "\360\237\230\200" },
		/* UTF-8 that is none */
		{ "\200", "\\x80" },
		{ "\303", "\\xc3" },
		{ "\303(", "\\xc3(" },
		{ "\342\202", "\\xe2\\x82" },
		{ "\342\202x", "\\xe2\\x82x" },
		{ "\300\212", "\\xc0\\x8a" },		/* overlong \n */
		{ "\301\201", "\\xc1\\x81" },		/* overlong A */
		{ "\340\200\212", "\\xe0\\x80\\x8a" },
		{ "\360\200\200\212", "\\xf0\\x80\\x80\\x8a" },
		{ "\355\240\200", "\\xed\\xa0\\x80" },	/* surrogate */
		{ "\364\220\200\200", "\\xf4\\x90\\x80\\x80" },
		{ "\377\376", "\\xff\\xfe" },
		{ "\370\210\200\200\200", "\\xf8\\x88\\x80\\x80\\x80" },
		/* well-formed, but not to be seen or turning the line */
		{ "\302\205", "\\xc2\\x85" },		/* NEL */
		{ "\302\233", "\\xc2\\x9b" },		/* CSI */
		{ "\342\200\250", "\\xe2\\x80\\xa8" },	/* line end */
		{ "\342\200\256", "\\xe2\\x80\\xae" },	/* right to left */
		{ "\342\200\213", "\\xe2\\x80\\x8b" },	/* zero width */
		{ "\357\273\277", "\\xef\\xbb\\xbf" }	/* byte order */
	};
	char to[STR_ESCAPED_SIZE];
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		n = str_escape_log(to, sizeof(to), rows[i].in,
		    strlen(rows[i].in));
		assert_string_equal(to, rows[i].out);
		assert_int_equal(n, strlen(to));
	}
	n = str_escape_log(to, sizeof(to), "a\0b", 3);
	assert_string_equal(to, "a\\x00b");
}

static void
test_escape_word(void **state)
{
	char to[STR_ESCAPED_SIZE];
	size_t n;

	(void)state;
	assert_int_equal(str_escape_log(to, sizeof(to), "a b", 3), 3);
	assert_string_equal(to, "a b");
	n = str_escape_word(to, sizeof(to), " a]\303\266 ", 6);
	assert_string_equal(to, "\\x20a\\x5d\303\266\\x20");
	assert_int_equal(n, strlen(to));
}

/* The cut never comes inside an escape or a UTF-8 sequence. */
static void
test_escape_cut(void **state)
{
	char in[2 * STR_LOG_VALUE_MAX], to[STR_ESCAPED_SIZE];
	size_t i, n;

	(void)state;
	memset(in, 'x', sizeof(in));
	n = str_escape_log(to, sizeof(to), in, STR_LOG_VALUE_MAX);
	assert_int_equal(n, STR_LOG_VALUE_MAX);
	assert_null(strchr(to, '.'));
	n = str_escape_log(to, sizeof(to), in, STR_LOG_VALUE_MAX + 1);
	assert_int_equal(n, STR_LOG_VALUE_MAX + 3);
	assert_string_equal(to + STR_LOG_VALUE_MAX, "...");

	memset(in, '\n', sizeof(in));
	in[0] = 'x';
	n = str_escape_log(to, sizeof(to), in, sizeof(in));
	assert_int_equal(n, 1 + 63 * 4 + 3);
	assert_string_equal(to + n - 7, "\\x0a...");

	for (i = 0; i + 1 < sizeof(in); i += 2)
		memcpy(in + i, "\303\266", 2);
	memmove(in + 1, in, sizeof(in) - 1);
	in[0] = 'x';
	n = str_escape_log(to, sizeof(to), in, sizeof(in) - 1);
	assert_int_equal(n, 255 + 3);
	assert_string_equal(to + n - 5, "\303\266...");
}

static void
test_escape_small(void **state)
{
	char to[8] = "zzzzzzz";

	(void)state;
	assert_int_equal(str_escape_log(to, 0, "abc", 3), 0);
	assert_int_equal(to[0], 'z');
	assert_int_equal(str_escape_log(to, 3, "abc", 3), 0);
	assert_string_equal(to, "");
	assert_int_equal(str_escape_log(to, sizeof(to), "abcd", 4), 4);
	assert_string_equal(to, "abcd");
	assert_int_equal(str_escape_log(to, sizeof(to), "abcdefgh", 8), 7);
	assert_string_equal(to, "abcd...");
	assert_int_equal(str_escape_log(to, sizeof(to), "a\n\n", 3), 4);
	assert_string_equal(to, "a...");
}

static void
test_to_long(void **state)
{
	static const struct { const char *text; long min, max, v; } good[] = {
		{ "0", 0, 10, 0 },
		{ "10", 0, 10, 10 },
		{ "-5", -5, 5, -5 },
		{ "007", 0, 10, 7 },
		{ "-0", 0, 10, 0 }
	};
	static const struct { const char *text; long min, max; } bad[] = {
		{ "", 0, 10 }, { "-", -9, 10 }, { "+1", 0, 10 },
		{ " 1", 0, 10 }, { "1 ", 0, 10 }, { "1x", 0, 10 },
		{ "x", 0, 10 }, { "0x1", 0, 10 }, { "1.0", 0, 10 },
		{ "--1", -9, 9 }, { "11", 0, 10 }, { "-1", 0, 10 },
		{ "99999999999999999999", LONG_MIN, LONG_MAX },
		{ "-99999999999999999999", LONG_MIN, LONG_MAX }
	};
	char text[32];
	long v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(good); i++) {
		assert_row(good[i].text, str_to_long(good[i].text,
		    good[i].min, good[i].max, &v) == 0);
		assert_row(good[i].text, v == good[i].v);
	}
	v = 77;
	for (i = 0; i < COUNT_OF(bad); i++)
		assert_row(bad[i].text, str_to_long(bad[i].text, bad[i].min,
		    bad[i].max, &v) == -1);
	assert_int_equal(v, 77);
	(void)snprintf(text, sizeof(text), "%ld", LONG_MIN);
	assert_int_equal(str_to_long(text, LONG_MIN, LONG_MAX, &v), 0);
	assert_true(v == LONG_MIN);
}

static void
test_case(void **state)
{
	(void)state;
	assert_int_equal(str_lower('A'), 'a');
	assert_int_equal(str_lower('Z'), 'z');
	assert_int_equal(str_lower('@'), '@');
	assert_int_equal(str_lower('['), '[');
	assert_int_equal(str_lower((char)0xc4), (char)0xc4);
	assert_int_equal(str_casecmp("PAM", "pam"), 0);
	assert_int_equal(str_casecmp("", ""), 0);
	assert_true(str_casecmp("a", "B") < 0);
	assert_true(str_casecmp("ab", "A") > 0);
	assert_true(str_casecmp("\377", "a") > 0);
	assert_true(str_starts("abc", "ab"));
	assert_true(str_starts("abc", ""));
	assert_false(str_starts("ab", "abc"));
	assert_true(str_is_blank(' ') && str_is_blank('\t'));
	assert_false(str_is_blank('\n') || str_is_blank(0));
}

static void
test_distance(void **state)
{
	static const struct { const char *a, *b; unsigned d; } rows[] = {
		{ "", "", 0 }, { "abc", "abc", 0 }, { "", "abc", 3 },
		{ "abc", "", 3 }, { "abc", "abd", 1 }, { "abc", "abcd", 1 },
		{ "abc", "ac", 1 }, { "abc", "acb", 1 }, { "ab", "ba", 1 },
		{ "kitten", "sitting", 3 }, { "abc", "xyz", 3 },
		{ "ca", "abc", 3 }
	};
	char longest[66];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++)
		assert_row(rows[i].a,
		    str_distance(rows[i].a, rows[i].b) == rows[i].d);
	memset(longest, 'x', sizeof(longest));
	longest[64] = 0;
	assert_int_equal(str_distance(longest, longest), 0);
	longest[64] = 'x';
	longest[65] = 0;
	assert_true(str_distance(longest, longest) > 64);
	assert_true(str_distance("a", longest) > 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_word),
		cmocka_unit_test(test_escape_cut),
		cmocka_unit_test(test_escape_small),
		cmocka_unit_test(test_to_long),
		cmocka_unit_test(test_case),
		cmocka_unit_test(test_distance)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
