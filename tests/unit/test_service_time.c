/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of service_time.
 */
#include "config.h"

#include "front/service_time.h"
#include "tests/unit/unit.h"

static void
test_median(void **state)
{
	struct service_time t = { .count = 0 };
	int i;

	(void)state;
	for (i = 1; i < SERVICE_TIME_ENOUGH; i++) {
		service_time_note(&t, i * 1000);
		assert_int_equal(service_time_median_usec(&t), -1);
	}
	service_time_note(&t, 1000000000);
	assert_int_equal(service_time_median_usec(&t), 5000);
	/* The old ones are forgotten. */
	for (i = 0; i < SERVICE_TIME_SAMPLES; i++)
		service_time_note(&t, i % 2 == 0 ? 7 : 9);
	service_time_note(&t, 9);
	assert_in_range(service_time_median_usec(&t), 7, 9);
	for (i = 0; i < SERVICE_TIME_SAMPLES / 2 + 4; i++)
		service_time_note(&t, 200000);
	assert_int_equal(service_time_median_usec(&t), 200000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_median)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
