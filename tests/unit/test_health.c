/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of health. The clock is the test's own (--wrap).
 */
#include "config.h"

#include <string.h>

#include "common/deadline.h"
#include "common/log.h"
#include "front/health.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define QUIET_MSEC 10000	/* as saslauthd(8) promises */

int64_t __wrap_deadline_now_msec(void);

static int64_t now_msec;
static struct health health;

int64_t
__wrap_deadline_now_msec(void)
{
	return now_msec;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&health, 0, sizeof(health));
	now_msec = 5000000;
	loglines_open(false);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	loglines_close();
	return 0;
}

static void
outage(const char *detail)
{
	health_note(&health, "ldap", AUTH_TEMPFAIL, REASON_BACKEND_DOWN,
	    detail);
}

static void
answer(enum auth_result result)
{
	health_note(&health, "ldap", result, result == AUTH_OK ?
	    REASON_NONE : REASON_BAD_PASSWORD, "");
}

static void
test_down_and_up(void **state)
{
	(void)state;
	answer(AUTH_OK);
	assert_string_equal(loglines_next(), "");
	outage("no route");
	assert_string_equal(loglines_next(), "backend         : "
	    "backend ldap down: backend_down: no route");
	assert_int_equal(loglines_priority(), LOG_WARNING);
	outage("no route");
	now_msec += 60 * 1000;
	outage("no route");
	assert_string_equal(loglines_next(), "");
	answer(AUTH_DENIED);
	assert_string_equal(loglines_next(), "backend         : "
	    "backend ldap up after 60 s");
	assert_int_equal(loglines_priority(), LOG_NOTICE);
	answer(AUTH_OK);
	assert_string_equal(loglines_next(), "");
}

/* One that flaps is reported now and then. */
static void
test_quiet_time(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 9; i++) {
		outage("");
		answer(AUTH_OK);
		now_msec += 1000;
	}
	assert_string_equal(loglines_next(), "backend         : "
	    "backend ldap down: backend_down");
	assert_string_equal(loglines_next(), "backend         : "
	    "backend ldap up after 0 s");
	assert_string_equal(loglines_next(), "");
	/* Down again in the quiet time, and still down behind it. */
	outage("");
	assert_string_equal(loglines_next(), "");
	now_msec += QUIET_MSEC;
	outage("");
	assert_int_equal(loglines_count("backend ldap down"), 1);
	answer(AUTH_OK);
	assert_int_equal(loglines_count("backend ldap up"), 1);
}

/* What says nothing about the backend, and what does. */
static void
test_reasons(void **state)
{
	static const struct {
		enum auth_result result;
		enum auth_reason reason;
		bool outage;
	} rows[] = {
		{ AUTH_TEMPFAIL, REASON_BACKEND_DOWN, true },
		{ AUTH_TEMPFAIL, REASON_BACKEND_ERROR, true },
		{ AUTH_TEMPFAIL, REASON_NO_ACCESS, true },
		{ AUTH_TEMPFAIL, REASON_DEADLINE, true },
		{ AUTH_TEMPFAIL, REASON_NOT_SIGNED, true },
		{ AUTH_TEMPFAIL, REASON_WORKER_DIED, false },
		{ AUTH_TEMPFAIL, REASON_QUEUE_FULL, false },
		{ AUTH_TEMPFAIL, REASON_SHUTDOWN, false },
		{ AUTH_TEMPFAIL, REASON_NO_MEMORY, false },
		{ AUTH_TEMPFAIL, REASON_INTERNAL, false },
		{ AUTH_MISCONFIG, REASON_BAD_HASH, false },
		{ AUTH_UNSET, REASON_NONE, false },
		{ AUTH_DENIED, REASON_LOCKED, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		memset(&health, 0, sizeof(health));
		health_note(&health, "pam", rows[i].result, rows[i].reason,
		    "");
		assert_row(auth_reason_name(rows[i].reason),
		    (loglines_next()[0] != '\0') == rows[i].outage);
	}
	/* None of them says that it is up again, either. */
	memset(&health, 0, sizeof(health));
	outage("");
	assert_int_equal(loglines_count("down"), 1);
	for (i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].result != AUTH_DENIED)
			health_note(&health, "ldap", rows[i].result,
			    rows[i].reason, "");
	assert_string_equal(loglines_next(), "");
}

/* What status and grace go by does not wait for the next line. */
static void
test_state(void **state)
{
	(void)state;
	health_init(&health);
	assert_false(health.down);
	assert_int_equal(health.changed_msec, now_msec);
	now_msec += 1000;
	outage("");
	assert_true(health.down);
	assert_int_equal(health.changed_msec, now_msec);
	now_msec += 1000;
	outage("");
	assert_int_equal(health.changed_msec, now_msec - 1000);
	answer(AUTH_OK);
	assert_false(health.down);
	assert_int_equal(health.changed_msec, now_msec);
	(void)loglines_count("");
	now_msec += 1000;
	outage("");
	assert_true(health.down);
	assert_string_equal(loglines_next(), "");
	answer(AUTH_DENIED);
	assert_false(health.down);
	assert_string_equal(loglines_next(), "");
}

static void
test_hostile_detail(void **state)
{
	char big[2000];
	const char *line;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	memcpy(big, "a\nb]", 4);
	outage(big);
	line = loglines_next();
	assert_non_null(strstr(line, "a\\x0ab\\x5dxxx"));
	assert_true(strlen(line) < 400);
	assert_string_equal(line + strlen(line) - 4, "x...");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_down_and_up, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_quiet_time, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_reasons, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_state, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_detail, set_up,
		    tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
