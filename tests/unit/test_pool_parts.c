/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of pool_parts: what is logged and told of a backend's servers.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "common/str.h"
#include "saslauthd/pool_parts.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define ONE "ldap://one/"
#define TWO "ldap://two/"

static struct mech_part said[MECH_PARTS_MAX];
static size_t said_count;
static struct pool_parts parts;

static size_t
say(void *ctx, struct mech_part *parts_r, size_t max)
{
	assert_ptr_equal(ctx, &said_count);
	assert_int_equal(max, MECH_PARTS_MAX);
	memcpy(parts_r, said, said_count * sizeof(*said));
	return said_count;
}

static const struct mech mech = { .name = "test", .parts = say };
static const struct mech simple = { .name = "simple" };

static bool
look(const struct mech *m)
{
	static char name[] = "dir";
	const struct pool_load l = { .mech = m, .name = name };

	return pool_parts_look(&parts, &l, &said_count);
}

static void
stands(size_t i, const char *name, bool up, int64_t since_msec,
    const char *why)
{
	said[i] = (struct mech_part){ .up = up, .since_msec = since_msec };
	assert_int_equal(str_copy(said[i].name, sizeof(said[i].name), name),
	    0);
	assert_int_equal(str_copy(said[i].why, sizeof(said[i].why), why), 0);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&parts, 0, sizeof(parts));
	loglines_open(false);
	stands(0, ONE, true, 1000, "");
	stands(1, TWO, true, 1000, "");
	said_count = 2;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assert_string_equal(loglines_next(), "");
	loglines_close();
	return 0;
}

static void
expect_line(const char *text)
{
	char line[1024];

	(void)str_format(line, sizeof(line), "backend         : %s", text);
	assert_string_equal(loglines_next(), line);
	assert_int_equal(loglines_priority(), LOG_NOTICE);
}

static void
test_none(void **state)
{
	(void)state;
	assert_false(look(&simple));
	said_count = 0;
	assert_false(look(&mech));
	assert_int_equal(parts.count, 0);
}

static void
test_down_and_up(void **state)
{
	(void)state;
	assert_true(look(&mech));
	assert_false(look(&mech));
	stands(0, ONE, false, 5000, "refused");
	assert_true(look(&mech));
	expect_line("backend dir: " ONE " is down: refused");
	assert_false(look(&mech));
	/* Told, but no news. */
	stands(0, ONE, false, 5000, "timed out");
	assert_true(look(&mech));
	stands(0, ONE, true, 17999, "");
	assert_true(look(&mech));
	expect_line("backend dir: " ONE " is up after 12 s");
	assert_false(look(&mech));
}

static void
test_down_at_first(void **state)
{
	(void)state;
	stands(1, TWO, false, 5000, "");
	assert_true(look(&mech));
	expect_line("backend dir: " TWO " is down");
}

/* DNS may change which there are, and in which order. */
static void
test_others(void **state)
{
	(void)state;
	stands(1, TWO, false, 5000, "refused");
	assert_true(look(&mech));
	expect_line("backend dir: " TWO " is down: refused");
	stands(1, ONE, true, 1000, "");
	stands(0, TWO, false, 5000, "refused");
	assert_true(look(&mech));
	said_count = 1;
	assert_true(look(&mech));
	stands(0, "ldap://three/", true, 7000, "");
	assert_true(look(&mech));
	assert_int_equal(parts.count, 1);
}

static void
test_what_a_server_says(void **state)
{
	(void)state;
	stands(0, "ldap://a\nb/", false, 5000, "no\n[way]");
	assert_true(look(&mech));
	expect_line("backend dir: ldap://a\\x0ab/ is down: "
	    "no\\x0a\\x5bway\\x5d");
}

static void
test_payload(void **state)
{
	struct frame_part *got;
	struct buf b;
	size_t n;

	(void)state;
	stands(1, TWO, false, 5000, "refused");
	assert_true(look(&mech));
	expect_line("backend dir: " TWO " is down: refused");
	buf_init(&b, FRAME_MAX);
	assert_int_equal(pool_parts_put(&parts, &b), 0);
	assert_int_equal(frame_get_parts(&b, &got, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(got[0].name, ONE);
	assert_true(got[0].up);
	assert_string_equal(got[1].name, TWO);
	assert_false(got[1].up);
	assert_int_equal(got[1].since_msec, 5000);
	assert_string_equal(got[1].why, "refused");
	free(got);
	buf_fini(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none),
		TEST(test_down_and_up),
		TEST(test_down_at_first),
		TEST(test_others),
		TEST(test_what_a_server_says),
		TEST(test_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
