/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of errmsg.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "common/errmsg.h"
#include "tests/unit/unit.h"

static void
test_texts(void **state)
{
	struct errmsg e = ERRMSG_INIT;

	(void)state;
	assert_string_equal(e.text, "");
	assert_int_equal(errmsg_set(&e, "%s:%d", "file", 7), -1);
	assert_string_equal(e.text, "file:7");
	assert_int_equal(errmsg_prefix(&e, "in %s", "here"), -1);
	assert_string_equal(e.text, "in here: file:7");
	assert_int_equal(errmsg_errno(&e, ENOENT, "%s", "/x"), -1);
	assert_string_equal(e.text, "/x: No such file or directory");
}

static void
test_null(void **state)
{
	(void)state;
	assert_int_equal(errmsg_set(NULL, "x"), -1);
	assert_int_equal(errmsg_errno(NULL, ENOENT, "x"), -1);
	assert_int_equal(errmsg_prefix(NULL, "x"), -1);
}

/* The old text may be an argument of the new one. */
static void
test_own_text(void **state)
{
	struct errmsg e = ERRMSG_INIT;

	(void)state;
	errmsg_set(&e, "one");
	errmsg_set(&e, "%s, two", e.text);
	assert_string_equal(e.text, "one, two");
	errmsg_errno(&e, ENOENT, "%s", e.text);
	assert_string_equal(e.text, "one, two: No such file or directory");
}

static void
test_cut(void **state)
{
	char big[2 * ERRMSG_MAX];
	struct errmsg e;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	errmsg_set(&e, "%s", big);
	assert_int_equal(strlen(e.text), ERRMSG_MAX - 1);
	errmsg_prefix(&e, "front");
	assert_int_equal(strlen(e.text), ERRMSG_MAX - 1);
	assert_memory_equal(e.text, "front: xxx", 10);
	errmsg_errno(&e, EIO, "%s", big);
	assert_int_equal(strlen(e.text), ERRMSG_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_own_text),
		cmocka_unit_test(test_cut)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
