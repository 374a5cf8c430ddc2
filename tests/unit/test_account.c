/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account: the ageing fields of shadow(5) on the days around each edge.
 */
#include "config.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mechanisms/account.h"

#define TODAY 20000L
#define NONE ACCOUNT_FIELD_EMPTY

struct row {
	const char *what;
	struct account_ageing a;	/* last, max, inactive, expire */
	enum account_verdict wanted;
};

static const struct row rows[] = {
	{ "usual", { TODAY - 1000, 99999, NONE, NONE }, ACCOUNT_USABLE },
	{ "no maximum", { TODAY - 1000, NONE, NONE, NONE }, ACCOUNT_USABLE },
	{ "changed today", { TODAY, 0, NONE, NONE }, ACCOUNT_USABLE },
	{ "changed tomorrow", { TODAY + 1, 0, 0, NONE }, ACCOUNT_USABLE },

	{ "expires tomorrow", { TODAY, 90, NONE, TODAY + 1 },
	    ACCOUNT_USABLE },
	{ "expires today", { TODAY, 90, NONE, TODAY }, ACCOUNT_EXPIRED },
	{ "expired", { TODAY, 90, NONE, 1 }, ACCOUNT_EXPIRED },
	{ "expiry day 0", { TODAY, 90, NONE, 0 }, ACCOUNT_EXPIRED },
	{ "expired before must change", { 0, 90, NONE, TODAY },
	    ACCOUNT_EXPIRED },

	{ "last change 0", { 0, 99999, NONE, NONE }, ACCOUNT_MUST_CHANGE },
	{ "last change 0, no maximum", { 0, NONE, NONE, NONE },
	    ACCOUNT_MUST_CHANGE },
	{ "last change empty, no maximum", { NONE, NONE, NONE, NONE },
	    ACCOUNT_USABLE },
	{ "last change empty, maximum", { NONE, 90, NONE, NONE },
	    ACCOUNT_PASSWORD_OLD },

	{ "last good day", { TODAY - 90, 90, NONE, NONE }, ACCOUNT_USABLE },
	{ "first old day", { TODAY - 91, 90, NONE, NONE },
	    ACCOUNT_PASSWORD_OLD },
	{ "last day to change it", { TODAY - 97, 90, 7, NONE },
	    ACCOUNT_PASSWORD_OLD },
	{ "one day late", { TODAY - 98, 90, 7, NONE }, ACCOUNT_INACTIVE },
	{ "no days to change it", { TODAY - 91, 90, 0, NONE },
	    ACCOUNT_INACTIVE },
	{ "inactive but no maximum", { TODAY - 98, NONE, 7, NONE },
	    ACCOUNT_USABLE },

	{ "sum too large", { TODAY - 98, 90, LONG_MAX, NONE },
	    ACCOUNT_PASSWORD_OLD },
	{ "maximum too large", { TODAY - 98, LONG_MAX, LONG_MAX, NONE },
	    ACCOUNT_USABLE },
	{ "age too large", { LONG_MIN, 90, 7, NONE }, ACCOUNT_INACTIVE },
};

static void
every_edge(void **state)
{
	size_t i;
	enum account_verdict got;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = account_judge(&rows[i].a, TODAY);
		if (got != rows[i].wanted)
			fail_msg("%s: %s", rows[i].what, account_text(got));
	}
}

static void
only_usable_is_ok(void **state)
{
	int v;

	(void)state;
	assert_int_equal(account_result(ACCOUNT_UNSET), AUTH_UNSET);
	assert_int_equal(account_result(ACCOUNT_USABLE), AUTH_OK);
	for (v = ACCOUNT_EXPIRED; v <= ACCOUNT_INACTIVE; v++) {
		assert_int_equal(account_result((enum account_verdict)v),
		    AUTH_DENIED);
		assert_int_not_equal(account_reason((enum account_verdict)v),
		    REASON_NONE);
		assert_int_not_equal(
		    account_text((enum account_verdict)v)[0], '\0');
	}
	/* A value that is no verdict never becomes OK. */
	assert_int_equal(account_result((enum account_verdict)99),
	    AUTH_UNSET);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_edge),
		cmocka_unit_test(only_usable_is_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
