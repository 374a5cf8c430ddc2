/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pass_base64: the vectors of RFC 4648, section 10, and what is no base64.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "mechanisms/pass_base64.h"
#include "tests/unit/unit.h"

static void
test_good(void **state)
{
	static const struct {
		const char *text, *bytes;
		size_t len;
	} rows[] = {
		{ "", "", 0 },
		{ "Zg==", "f", 1 },
		{ "Zm8=", "fo", 2 },
		{ "Zm9v", "foo", 3 },
		{ "Zm9vYg==", "foob", 4 },
		{ "Zm9vYmE=", "fooba", 5 },
		{ "Zm9vYmFy", "foobar", 6 },
		{ "Zg", "f", 1 },		/* without padding */
		{ "Zm8", "fo", 2 },
		{ "+/+/", "\xfb\xff\xbf", 3 },
		{ "./8", "\xfb\xff", 2 },	/* with passlib's letter */
		{ "AAAA", "\0\0\0", 3 },
		{ "019z", "\xd3\x5f\x73", 3 }
	};
	struct secret got = SECRET_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].text, pass_base64_decode(rows[i].text,
		    strlen(rows[i].text), &got) == 0);
		assert_row(rows[i].text, got.len == rows[i].len);
		assert_row(rows[i].text,
		    memcmp(got.bytes, rows[i].bytes, got.len) == 0);
	}
	secret_wipe(&got);
}

static void
test_bad(void **state)
{
	static const char *const rows[] = {
		"Z", "Zm9vY", "Zg=", "Zg===", "=", "==", "====", "Z===",
		"Zm9v=", "Zm9v==", "Zm9v====", "Zm=v", "Zg==Zg==", "=Zg=",
		"Zh==", "Zm9=", "Zh", "Zm9",	/* bits left over */
		"Zm9v\n", " Zm9v", "Zm 9v", "Zm-v", "Zm_v", "Zm9\xc3"
	};
	struct secret got = SECRET_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		errno = 0;
		assert_row(rows[i], pass_base64_decode(rows[i],
		    strlen(rows[i]), &got) == -1);
		assert_row(rows[i], errno == EINVAL);
		assert_row(rows[i], got.len == 0);
	}
	assert_int_equal(pass_base64_decode("Zm\0v", 4, &got), -1);
	/* Only what belongs to it is read. */
	assert_int_equal(pass_base64_decode("Zm9vYmFy", 4, &got), 0);
	assert_string_equal(secret_cstr(&got), "foo");
	secret_wipe(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
