/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of part: when a child is started again.
 */
#include "config.h"

#include <sys/wait.h>
#include <unistd.h>

#include "saslauthd/part.h"
#include "tests/unit/unit.h"

#define MAX_MSEC 1000
#define STABLE_MSEC 10000

static char title[] = "unit";

static void
test_backoff(void **state)
{
	static const int pauses[] = { 0, 100, 200, 400, 800, MAX_MSEC,
	    MAX_MSEC };
	struct part p;
	size_t i;

	(void)state;
	part_init(&p, "front", MAX_MSEC);
	assert_true(deadline_poll_msec(&p.restart) == -1);
	for (i = 0; i < COUNT_OF(pauses); i++) {
		p.started_msec = deadline_now_msec();
		assert_int_equal(part_retry(&p), pauses[i]);
		assert_true(deadline_left_msec(&p.restart) <= pauses[i]);
		assert_true(deadline_left_msec(&p.restart) >=
		    pauses[i] - 50);
	}
	/* It was healthy meanwhile. */
	p.started_msec = deadline_now_msec() - STABLE_MSEC;
	assert_int_equal(part_retry(&p), 0);
	assert_int_equal(part_retry(&p), 0);
	p.started_msec = deadline_now_msec();
	assert_int_equal(part_retry(&p), 100);
}

/* However long it lived: its reason is still there. */
static void
test_later(void **state)
{
	static const int pauses[] = { 100, 200, 400, 800, MAX_MSEC,
	    MAX_MSEC };
	struct part p;
	size_t i;

	(void)state;
	part_init(&p, "pool of local", MAX_MSEC);
	for (i = 0; i < COUNT_OF(pauses); i++) {
		p.started_msec = deadline_now_msec() - STABLE_MSEC;
		assert_int_equal(part_retry_later(&p), pauses[i]);
		assert_true(deadline_left_msec(&p.restart) > 0);
	}
}

static void
test_lives(void **state)
{
	struct errmsg e = ERRMSG_INIT;
	struct part p;
	uint32_t i;
	int wstatus;

	(void)state;
	part_init(&p, "pool", MAX_MSEC);
	assert_int_equal(part_restarts(&p), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(part_start(&p, "/bin/cat", title, false, &e),
		    0);
		assert_int_equal(part_restarts(&p), i);
		assert_true(p.child.pid > 0);
		p.ready = true;
		part_kill(&p);
		assert_int_equal(waitpid(p.child.pid, &wstatus, 0),
		    p.child.pid);
		part_gone(&p);
		assert_int_equal(p.child.pid, 0);
		assert_int_equal(p.child.channel, -1);
		assert_false(p.ready);
		part_kill(&p);	/* nobody */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_lives)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
