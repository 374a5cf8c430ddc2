/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of handover: what a front gets, and memory that outlives it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/io.h"
#include "saslauthd/handover.h"
#include "tests/unit/unit.h"

#define TRIES_BYTES 65536

static const struct roles roles = {
	.keeper_pid = 1, .front_pid = 2, .pool_pid = 3, .owner_uid = 4,
	.front_restarts = 5, .pool_restarts = 6, .keeper_began_msec = 7,
	.front_began_msec = 8, .pool_began_msec = INT64_MAX
};

static struct handover h;
static int channel[2];
static struct errmsg e;

static int
set_up(void **state)
{
	static const struct conf_entries none = { NULL, 0 };
	const struct keeper_plan plan = { .own = &none, .flags = &none };

	(void)state;
	assert_int_equal(frame_channel(channel), 0);
	assert_int_equal(handover_init(&h, &plan), 0);
	h.listener = open("/dev/null", O_RDWR | O_CLOEXEC);
	return h.listener < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	handover_fini(&h);
	io_close(&channel[0]);
	io_close(&channel[1]);
	return 0;
}

/* The next frame but those with a log socket, which may be missing. */
static int
next(enum frame_type expected, struct buf *b)
{
	enum frame_type type;
	int fd;

	do {
		assert_int_equal(frame_recv(channel[1], &type, b, &fd),
		    FRAME_OK);
		if (type == FRAME_LOG)
			io_close(&fd);
	} while (type == FRAME_LOG);
	assert_int_equal(type, expected);
	return fd;
}

static void
expect_descriptor(enum frame_type type)
{
	struct buf b;
	int fd;

	buf_init(&b, FRAME_MAX);
	fd = next(type, &b);
	assert_true(fd >= 0);
	io_close(&fd);
	buf_fini(&b);
}

static void
expect_roles(void)
{
	struct roles got;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	memset(&got, 0, sizeof(got));
	assert_int_equal(next(FRAME_ROLES, &b), -1);
	assert_int_equal(roles_get(&b, &got), 0);
	assert_int_equal(buf_len(&b), 0);
	assert_memory_equal(&got, &roles, sizeof(got));
	buf_fini(&b);
}

static void
expect_plain(enum frame_type type)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(next(type, &b), -1);
	buf_fini(&b);
}

static void
test_front_gets_all(void **state)
{
	(void)state;
	h.control = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(handover_make_tries(&h, TRIES_BYTES, &e), 0);
	assert_int_equal(handover_to_front(&h, channel[0], &roles, &e), 0);
	expect_plain(FRAME_SETTINGS);
	expect_descriptor(FRAME_LISTENER);
	expect_descriptor(FRAME_CONTROL);
	expect_descriptor(FRAME_TRIES);
	expect_roles();
	expect_plain(FRAME_START);
}

static void
test_front_gets_what_there_is(void **state)
{
	(void)state;
	assert_int_equal(handover_to_front(&h, channel[0], &roles, &e), 0);
	expect_plain(FRAME_SETTINGS);
	expect_descriptor(FRAME_LISTENER);
	expect_roles();
	expect_plain(FRAME_START);
}

static void
test_stop(void **state)
{
	uint32_t msec = 0;
	struct buf b;

	(void)state;
	buf_init(&b, FRAME_MAX);
	assert_int_equal(handover_stop(channel[0], 3600000, &e), 0);
	assert_int_equal(next(FRAME_STOP, &b), -1);
	assert_int_equal(buf_get_u32(&b, &msec), 0);
	assert_int_equal(msec, 3600000);
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
	/* To nobody. */
	io_close(&channel[1]);
	assert_int_equal(handover_stop(channel[0], 1, &e), -1);
	assert_int_equal(handover_roles(-1, &roles, NULL), -1);
}

/* What one front wrote the next one reads; none can change the size under
 * another's feet. */
static void
test_tries(void **state)
{
	struct stat sb;
	char *one, *two;

	(void)state;
	assert_int_equal(handover_make_tries(&h, TRIES_BYTES, &e), 0);
	assert_int_equal(fstat(h.tries, &sb), 0);
	assert_int_equal(sb.st_size, TRIES_BYTES);
	assert_true((fcntl(h.tries, F_GETFD) & FD_CLOEXEC) != 0);
	one = mmap(NULL, TRIES_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
	    h.tries, 0);
	assert_true(one != MAP_FAILED);
	assert_int_equal(one[TRIES_BYTES - 1], 0);
	one[TRIES_BYTES - 1] = 'x';
	assert_int_equal(munmap(one, TRIES_BYTES), 0);

	assert_int_equal(ftruncate(h.tries, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(h.tries, 2 * TRIES_BYTES), -1);
	assert_int_equal(fcntl(h.tries, F_ADD_SEALS, F_SEAL_WRITE), -1);

	two = mmap(NULL, TRIES_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
	    h.tries, 0);
	assert_true(two != MAP_FAILED);
	assert_int_equal(two[TRIES_BYTES - 1], 'x');
	assert_int_equal(munmap(two, TRIES_BYTES), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_front_gets_all, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_front_gets_what_there_is,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tries, set_up,
		    tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
