/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_names and mech_table: the two lists of mechanisms agree.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mechanisms/mech.h"
#include "mechanisms/mech_names.h"

static void
built_is_what_the_table_has(void **state)
{
	size_t i;
	const struct mech *m;

	(void)state;
	for (i = 0; i < mech_names_count; i++) {
		m = mech_find(mech_names[i].name);
		/* Of a module the keys are here. */
		assert_int_equal(m != NULL ||
		    mech_keys(mech_names[i].name) != NULL,
		    mech_names[i].built);
		if (m == NULL)
			continue;
		assert_ptr_equal(mech_load(m->name, NULL), m);
		assert_ptr_equal(mech_keys(m->name), m->keys);
		assert_string_equal(m->name, mech_names[i].name);
		assert_non_null(m->summary);
		assert_non_null(m->open);
		assert_non_null(m->check);
		assert_non_null(m->close);
	}
}

/* What `saslauthd -v` has always printed, and scripts look for. */
static void
historic_order(void **state)
{
	static const char *const wanted[] = {
		"sasldb", "getpwent", "kerberos5", "pam", "rimap", "shadow",
		"ldap", "httpform", "radius",
	};
	size_t i;

	(void)state;
	assert_int_equal(mech_names_count, sizeof(wanted) / sizeof(wanted[0]));
	for (i = 0; i < mech_names_count; i++)
		assert_string_equal(mech_names[i].name, wanted[i]);
}

static void
found_in_any_case_and_whole(void **state)
{
	struct errmsg e = ERRMSG_INIT;

	(void)state;
	assert_ptr_equal(mech_name_find("GetPwEnt"), &mech_names[1]);
	assert_ptr_equal(mech_find("GETPWENT"), mech_find("getpwent"));
	assert_null(mech_name_find("getpwen"));
	assert_null(mech_name_find("getpwents"));
	assert_null(mech_name_find(""));
	assert_null(mech_find(""));
	assert_null(mech_keys(""));
	assert_null(mech_load("getpwen", &e));
	assert_string_equal(e.text, "mechanism getpwen is not built in");
}

static void
long_details_are_cut(void **state)
{
	struct mech_answer a = { .result = AUTH_UNSET };
	char text[2 * MECH_DETAIL_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	mech_answer_set(&a, AUTH_DENIED, REASON_LOCKED, "%s", text);
	assert_int_equal(a.result, AUTH_DENIED);
	assert_int_equal(a.reason, REASON_LOCKED);
	assert_int_equal(strlen(a.detail), MECH_DETAIL_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_is_what_the_table_has),
		cmocka_unit_test(historic_order),
		cmocka_unit_test(found_in_any_case_and_whole),
		cmocka_unit_test(long_details_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
