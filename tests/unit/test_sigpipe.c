/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of sigpipe.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "saslauthd/sigpipe.h"
#include "tests/unit/unit.h"

#define WAIT_MSEC 5000

static const int caught[] = { SIGTERM, SIGHUP, SIGUSR1 };
static int fd = -1;

static int
set_up(void **state)
{
	(void)state;
	fd = sigpipe_open(caught, COUNT_OF(caught));
	return fd >= 0 ? 0 : -1;
}

static void
test_signals(void **state)
{
	size_t i;

	(void)state;
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(sigpipe_next(fd), 0);
	for (i = 0; i < COUNT_OF(caught); i++) {
		errno = EIO;
		assert_int_equal(raise(caught[i]), 0);
		assert_int_equal(errno, EIO);
	}
	for (i = 0; i < COUNT_OF(caught); i++)
		assert_int_equal(sigpipe_next(fd), caught[i]);
	assert_int_equal(sigpipe_next(fd), 0);
}

static void
test_sigpipe_is_ignored(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	io_close(&ends[0]);
	assert_int_equal(write(ends[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	io_close(&ends[1]);
	assert_int_equal(sigpipe_next(fd), 0);
}

/* More signals than the pipe holds: no handler may block. */
static void
test_full(void **state)
{
	int i, got = 0;

	(void)state;
	for (i = 0; i < 100000; i++)
		assert_int_equal(raise(SIGUSR1), 0);
	while (sigpipe_next(fd) == SIGUSR1)
		got++;
	assert_true(got > 1000 && got < 100000);
}

/* A signal to a child is the parent's to act on. */
static void
test_child(void **state)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int wstatus;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		sigpipe_inherit();
		if (fcntl(fd, F_GETFD) != -1 ||
		    fcntl(sigpipe_notify_fd(), F_GETFD) == -1)
			_exit(1);
		(void)raise(SIGTERM);
		_exit(0);
	}
	assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
	assert_int_equal(sigpipe_next(fd), SIGTERM);
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
	assert_int_equal(sigpipe_next(fd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_sigpipe_is_ignored),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_child)
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
