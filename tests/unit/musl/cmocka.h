/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few macros of cmocka that the tests of common/ use, in one header.
 *
 * A distribution's libcmocka needs the C library it was built with, so it
 * cannot be linked by musl-gcc. check-musl.sh puts this folder in front of
 * the include path, and the same test sources run without that library. The
 * ordinary build never sees this file.
 */
#ifndef TESTS_UNIT_MUSL_CMOCKA_H
#define TESTS_UNIT_MUSL_CMOCKA_H

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*run)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
};

#define cmocka_unit_test(f) { #f, f, NULL, NULL }
#define cmocka_unit_test_setup_teardown(f, setup, teardown) \
	{ #f, f, setup, teardown }
#define cmocka_run_group_tests(tests, setup, teardown) \
	cmocka_run(tests, sizeof(tests) / sizeof((tests)[0]))

static jmp_buf cmocka_failed;

#define fail_msg(...) \
	do { \
		printf("%s:%d: ", __FILE__, __LINE__); \
		printf(__VA_ARGS__); \
		putchar('\n'); \
		longjmp(cmocka_failed, 1); \
	} while (0)

#define assert_true(c) \
	do { \
		if (!(c)) \
			fail_msg("%s", #c); \
	} while (0)

#define assert_false(c) assert_true(!(c))
#define assert_null(p) assert_true((p) == NULL)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_ptr_equal(a, b) assert_true((a) == (b))
/* As cmocka does: through one wide type, so signs do not matter. */
#define assert_int_equal(a, b) assert_true((uintmax_t)(a) == (uintmax_t)(b))
#define assert_int_not_equal(a, b) \
	assert_true((uintmax_t)(a) != (uintmax_t)(b))
#define assert_string_equal(a, b) assert_true(strcmp(a, b) == 0)
#define assert_string_not_equal(a, b) assert_true(strcmp(a, b) != 0)
#define assert_memory_equal(a, b, n) assert_true(memcmp(a, b, n) == 0)

/* Returns the number of tests that failed. */
static inline int
cmocka_run(const struct CMUnitTest *tests, size_t count)
{
	volatile int failed = 0;
	volatile size_t i;
	void *state = NULL;

	for (i = 0; i < count; i++) {
		if (setjmp(cmocka_failed) != 0) {
			printf("failed: %s\n", tests[i].name);
			failed++;
			continue;
		}
		if (tests[i].setup != NULL && tests[i].setup(&state) != 0)
			fail_msg("set-up failed");
		tests[i].run(&state);
		if (tests[i].teardown != NULL &&
		    tests[i].teardown(&state) != 0)
			fail_msg("tear-down failed");
	}
	return failed;
}

#endif
