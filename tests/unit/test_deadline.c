/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of deadline.
 */
#include "config.h"

#include <poll.h>

#include "common/deadline.h"
#include "tests/unit/unit.h"

static void
test_clock_moves(void **state)
{
	int64_t usec = deadline_now_usec(), msec = deadline_now_msec();

	(void)state;
	(void)poll(NULL, 0, 5);
	assert_true(deadline_now_usec() - usec >= 5000);
	assert_true(deadline_now_msec() - msec >= 4);
	assert_true(deadline_now_usec() / 1000 - deadline_now_msec() <= 0);
}

static void
test_passes(void **state)
{
	struct deadline d = deadline_in_msec(20);

	(void)state;
	assert_false(deadline_passed(&d));
	assert_true(deadline_left_msec(&d) > 0);
	assert_true(deadline_left_msec(&d) <= 20);
	assert_true(deadline_poll_msec(&d) > 0);
	(void)poll(NULL, 0, 25);
	assert_true(deadline_passed(&d));
	assert_int_equal(deadline_left_msec(&d), 0);
	assert_int_equal(deadline_poll_msec(&d), 0);
}

static void
test_edges(void **state)
{
	static const int64_t past[] = { 0, -1, INT64_MIN };
	struct deadline d;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(past); i++) {
		d = deadline_in_msec(past[i]);
		assert_true(deadline_passed(&d));
	}
	d = deadline_in_msec(INT64_MAX);
	assert_int_equal(deadline_poll_msec(&d), -1);
	d = deadline_in_msec((int64_t)INT32_MAX * 1000);
	assert_int_equal(deadline_left_msec(&d), INT32_MAX);
	assert_int_equal(deadline_poll_msec(&d), INT32_MAX);
}

static void
test_never(void **state)
{
	struct deadline never = deadline_never();

	(void)state;
	assert_false(deadline_passed(&never));
	assert_int_equal(deadline_left_msec(&never), INT32_MAX);
	assert_int_equal(deadline_poll_msec(&never), -1);
	assert_int_equal(deadline_poll_msec(NULL), -1);
}

static void
test_min(void **state)
{
	struct deadline soon = deadline_in_msec(10), late =
	    deadline_in_msec(1000), never = deadline_never();

	(void)state;
	assert_true(deadline_min(soon, late).at_msec == soon.at_msec);
	assert_true(deadline_min(late, soon).at_msec == soon.at_msec);
	assert_true(deadline_min(never, late).at_msec == late.at_msec);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_moves),
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_min)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
