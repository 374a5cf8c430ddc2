/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of result.
 */
#include "config.h"

#include <string.h>

#include "common/result.h"
#include "tests/unit/unit.h"

static void
test_zero_is_no_result(void **state)
{
	enum auth_result zeroed;

	(void)state;
	memset(&zeroed, 0, sizeof(zeroed));
	assert_int_equal(zeroed, AUTH_UNSET);
	assert_int_not_equal(zeroed, AUTH_OK);
	assert_false(auth_result_valid(AUTH_UNSET));
}

static void
test_valid(void **state)
{
	(void)state;
	assert_true(auth_result_valid(AUTH_OK));
	assert_true(auth_result_valid(AUTH_DENIED));
	assert_true(auth_result_valid(AUTH_TEMPFAIL));
	assert_true(auth_result_valid(AUTH_MISCONFIG));
	assert_false(auth_result_valid(AUTH_MISCONFIG + 1));
	assert_false(auth_result_valid(255));
	assert_true(auth_reason_valid(REASON_NONE));
	assert_true(auth_reason_valid(REASON_INTERNAL));
	assert_false(auth_reason_valid(REASON_COUNT));
	assert_false(auth_reason_valid(255));
}

/* Log watchers go by these words: each is its own, and stays. */
static void
test_names(void **state)
{
	unsigned i, j;

	(void)state;
	assert_string_equal(auth_result_name(AUTH_OK), "ok");
	assert_string_equal(auth_result_name(AUTH_DENIED), "denied");
	assert_string_equal(auth_result_name(AUTH_TEMPFAIL), "tempfail");
	assert_string_equal(auth_result_name(AUTH_MISCONFIG), "misconfig");
	assert_string_equal(auth_result_name((enum auth_result)99),
	    "invalid");
	assert_string_equal(auth_reason_name(REASON_BAD_PASSWORD),
	    "bad_password");
	assert_string_equal(auth_reason_name((enum auth_reason)99),
	    "invalid");
	for (i = 0; i < REASON_COUNT; i++) {
		assert_string_not_equal(
		    auth_reason_name((enum auth_reason)i), "invalid");
		for (j = 0; j < i; j++)
			assert_string_not_equal(
			    auth_reason_name((enum auth_reason)i),
			    auth_reason_name((enum auth_reason)j));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_is_no_result),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_names)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
