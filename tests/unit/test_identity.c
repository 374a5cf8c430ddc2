/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of identity.
 */
#include "config.h"

#include <string.h>

#include "front/identity.h"
#include "tests/unit/unit.h"

static void
test_format(void **state)
{
	static const struct {
		const char *login, *realm, *seen, *unseen;
	} rows[] = {
		{ "joe", "", "joe", "joe" },
		{ "JoE", "", "joe", "joe" },
		{ "", "", "", "" },
		{ "", "example.org", "@example.org", "" },
		/* One account, as -r and clients spell it. */
		{ "joe", "example.org", "joe@example.org", "joe" },
		{ "Joe", "EXAMPLE.org", "joe@example.org", "joe" },
		{ "joe@example.org", "", "joe@example.org",
		    "joe@example.org" },
		{ "joe@example.org", "example.org", "joe@example.org",
		    "joe@example.org" },
		{ "joe@Example.ORG", "eXample.org", "joe@example.org",
		    "joe@example.org" },
		/* Another one. */
		{ "joe@example.org", "example.com",
		    "joe@example.org@example.com", "joe@example.org" },
		{ "joe@mail.example.org", "example.org",
		    "joe@mail.example.org@example.org",
		    "joe@mail.example.org" },
		{ "joe@example.org", "org", "joe@example.org@org",
		    "joe@example.org" },
		{ "example.org", "example.org", "example.org@example.org",
		    "example.org" },
		{ "@example.org", "example.org", "@example.org",
		    "@example.org" },
		{ "joe", "@", "joe@@", "joe" },
		/* ASCII only, whatever the locale. */
		{ "J\xc3\x96RG", "", "j\xc3\x96rg", "j\xc3\x96rg" },
		{ "A[Z]@`{", "", "a[z]@`{", "a[z]@`{" },
	};
	char got[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(identity_format(got, sizeof(got),
		    rows[i].login, rows[i].realm, true),
		    strlen(rows[i].seen));
		assert_string_equal(got, rows[i].seen);
		assert_int_equal(identity_format(got, sizeof(got),
		    rows[i].login, rows[i].realm, false),
		    strlen(rows[i].unseen));
		assert_string_equal(got, rows[i].unseen);
	}
}

/* What was formatted stays as it is. */
static void
test_format_twice(void **state)
{
	char once[64], twice[64];

	(void)state;
	(void)identity_format(once, sizeof(once), "Joe", "Example.org", true);
	(void)identity_format(twice, sizeof(twice), once, "", true);
	assert_string_equal(once, twice);
	(void)identity_format(twice, sizeof(twice), once, "example.org",
	    true);
	assert_string_equal(once, twice);
}

/* Cut at any size, and never written beyond it. */
static void
test_cut(void **state)
{
	static const char whole[] = "joe@example.org";
	char got[32];
	size_t size, len;

	(void)state;
	for (size = 1; size <= sizeof(whole); size++) {
		memset(got, '!', sizeof(got));
		len = identity_format(got, size, "joe", "example.org", true);
		assert_int_equal(len, strlen(got));
		assert_memory_equal(got, whole, len);
		assert_int_equal(got[size], '!');
		/* All that fits is there. */
		assert_int_equal(len, size - 1);
	}
	assert_string_equal(got, whole);
}

/* At the size that identity.h names, no two of them meet. */
#define NAME_MAX_BYTES 64

static void
test_longest(void **state)
{
	char login[NAME_MAX_BYTES + 1], realm[NAME_MAX_BYTES + 1];
	char first[2 * NAME_MAX_BYTES + 2], got[2 * NAME_MAX_BYTES + 2];

	(void)state;
	memset(login, 'l', NAME_MAX_BYTES);
	memset(realm, 'r', NAME_MAX_BYTES);
	login[NAME_MAX_BYTES] = realm[NAME_MAX_BYTES] = '\0';
	assert_int_equal(identity_format(first, sizeof(first), login, realm,
	    true), 2 * NAME_MAX_BYTES + 1);
	realm[NAME_MAX_BYTES - 1] = 's';
	(void)identity_format(got, sizeof(got), login, realm, true);
	assert_string_not_equal(first, got);
	realm[NAME_MAX_BYTES - 1] = '\0';
	(void)identity_format(got, sizeof(got), login, realm, true);
	assert_string_not_equal(first, got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_twice),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_longest)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
