/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of io.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "common/str.h"
#include "tests/unit/unit.h"

#define SHORT_MSEC 50

static char dir[] = "/tmp/test_io.XXXXXX";

static void
path_in_dir(char *to, size_t size, const char *name)
{
	assert_int_equal(str_format(to, size, "%s/%s", dir, name), 0);
}

static int
listen_at(const char *path, int backlog)
{
	struct sockaddr_un at;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&at, 0, sizeof(at));
	at.sun_family = AF_UNIX;
	assert_int_equal(str_copy(at.sun_path, sizeof(at.sun_path), path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
test_flags(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(io_set_nonblock(fd[0], true), 0);
	assert_true((fcntl(fd[0], F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(io_set_nonblock(fd[0], false), 0);
	assert_true((fcntl(fd[0], F_GETFL) & O_NONBLOCK) == 0);
	assert_int_equal(io_set_cloexec(fd[0], true), 0);
	assert_int_equal(fcntl(fd[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(io_set_cloexec(fd[0], false), 0);
	assert_int_equal(fcntl(fd[0], F_GETFD), 0);
	assert_int_equal(io_set_nonblock(-1, true), -1);
	assert_int_equal(io_set_cloexec(-1, true), -1);
	io_close(&fd[1]);
	errno = EIO;
	io_close(&fd[0]);
	assert_int_equal(errno, EIO);
	assert_int_equal(fd[0], -1);
	io_close(&fd[0]);
}

static void
test_connect(void **state)
{
	struct deadline d = deadline_in_msec(SHORT_MSEC);
	char path[64];
	struct timeval limit;
	socklen_t size = sizeof(limit);
	int server, fd, peer, errnum;

	(void)state;
	path_in_dir(path, sizeof(path), "mux");
	server = listen_at(path, 5);
	fd = io_unix_connect(path, &d, &errnum, NULL);
	assert_true(fd >= 0);
	assert_int_equal(errnum, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
	    &size), 0);
	assert_true(limit.tv_sec == 0 && limit.tv_usec == 0);
	peer = accept(server, NULL, NULL);
	assert_int_equal(io_write_all(fd, "x", 1, NULL), 0);
	io_close(&fd);
	io_close(&peer);
	io_close(&server);
	assert_int_equal(unlink(path), 0);
}

static void
test_connect_fails(void **state)
{
	char path[200], big[200];
	struct errmsg e;
	int server, errnum = 0;

	(void)state;
	path_in_dir(path, sizeof(path), "none");
	assert_int_equal(io_unix_connect(path, NULL, &errnum, &e), -1);
	assert_int_equal(errnum, ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, "No such file"));

	path_in_dir(path, sizeof(path), "stale");
	server = listen_at(path, 5);
	io_close(&server);
	assert_int_equal(io_unix_connect(path, NULL, &errnum, NULL), -1);
	assert_int_equal(errnum, ECONNREFUSED);
	assert_int_equal(unlink(path), 0);

	memset(big, 'x', sizeof(big));
	big[io_unix_path_max() + 1] = 0;
	assert_int_equal(io_unix_connect(big, NULL, &errnum, NULL), -1);
	assert_int_equal(errnum, ENAMETOOLONG);
	assert_int_equal(io_unix_connect(path, NULL, NULL, NULL), -1);
}

/* A daemon that accepts nobody must not hold a client for ever. */
static void
test_connect_backlog(void **state)
{
	struct deadline start, d;
	int server, i, fd[64], errnum = 0;
	char path[64];

	(void)state;
	path_in_dir(path, sizeof(path), "full");
	server = listen_at(path, 1);
	for (i = 0; i < (int)COUNT_OF(fd); i++) {
		start = deadline_in_msec(0);
		d = deadline_in_msec(SHORT_MSEC);
		fd[i] = io_unix_connect(path, &d, &errnum, NULL);
		if (fd[i] == -1)
			break;
	}
	assert_true(i < (int)COUNT_OF(fd));
	assert_int_equal(errnum, ETIMEDOUT);
	assert_true(deadline_now_msec() - start.at_msec >= SHORT_MSEC - 10);
	d = deadline_in_msec(0);
	assert_int_equal(io_unix_connect(path, &d, &errnum, NULL), -1);
	assert_int_equal(errnum, ETIMEDOUT);
	while (i > 0)
		io_close(&fd[--i]);
	io_close(&server);
	assert_int_equal(unlink(path), 0);
}

static void
test_read_all(void **state)
{
	struct deadline d = deadline_in_msec(SHORT_MSEC);
	char got[8];
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(io_write_all(fd[0], "abcdef", 6, NULL), 0);
	assert_int_equal(io_read_all(fd[1], got, 4, &d), 1);
	assert_memory_equal(got, "abcd", 4);
	assert_int_equal(io_read_all(fd[1], got, 0, &d), 1);
	assert_int_equal(io_read_all(fd[1], got, 4, &d), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(deadline_passed(&d));
	assert_int_equal(io_write_all(fd[0], "xy", 2, NULL), 0);
	io_close(&fd[0]);
	assert_int_equal(io_read_all(fd[1], got, 4, NULL), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(io_read_all(fd[1], got, 4, NULL), 0);
	io_close(&fd[1]);
	assert_int_equal(io_read_all(999, got, 4, NULL), -1);
}

static void
test_write_all(void **state)
{
	static char big[4 * 1024 * 1024];
	struct deadline d = deadline_in_msec(SHORT_MSEC);
	int fd[2], pipes[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(io_write_all(fd[0], big, sizeof(big), &d), -1);
	assert_int_equal(errno, ETIMEDOUT);
	io_close(&fd[1]);
	assert_int_equal(io_write_all(fd[0], "x", 1, NULL), -1);
	assert_int_equal(errno, EPIPE);
	io_close(&fd[0]);

	d = deadline_in_msec(SHORT_MSEC);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(io_write_all(pipes[1], big, sizeof(big), &d), -1);
	assert_int_equal(errno, ETIMEDOUT);
	io_close(&pipes[0]);
	io_close(&pipes[1]);
}

/* More than a socket holds, to a reader that comes late. */
static void
test_write_and_read_much(void **state)
{
	static char out[1024 * 1024], in[sizeof(out)];
	int fd[2], status;
	pid_t pid;

	(void)state;
	memset(out, 'z', sizeof(out));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(io_set_nonblock(fd[0], true), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(fd[1]);
		_exit(io_write_all(fd[0], out, sizeof(out), NULL) == 0 ?
		    0 : 1);
	}
	io_close(&fd[0]);
	assert_int_equal(io_read_all(fd[1], in, sizeof(in), NULL), 1);
	assert_memory_equal(in, out, sizeof(out));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	io_close(&fd[1]);
}

static void
write_file(const char *path, size_t n)
{
	FILE *f = fopen(path, "w");
	size_t i;

	assert_non_null(f);
	for (i = 0; i < n; i++)
		(void)fputc('a' + (int)(i % 26), f);
	assert_int_equal(fclose(f), 0);
}

static void
test_read_file(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 10000 };
	struct errmsg e;
	char path[64], *text;
	size_t i, len;

	(void)state;
	path_in_dir(path, sizeof(path), "file");
	for (i = 0; i < COUNT_OF(sizes); i++) {
		write_file(path, sizes[i]);
		assert_int_equal(io_read_file(path, sizes[i], &text, &len,
		    NULL), 0);
		assert_int_equal(len, sizes[i]);
		assert_int_equal(strlen(text), len);
		if (len > 0)
			assert_int_equal(text[len - 1],
			    'a' + (int)((len - 1) % 26));
		free(text);
		if (sizes[i] == 0)
			continue;
		assert_int_equal(io_read_file(path, sizes[i] - 1, &text,
		    &len, &e), -1);
		assert_int_equal(errno, EFBIG);
		assert_non_null(strstr(e.text, path));
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(io_read_file(path, 10, &text, &len, &e), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(io_read_file(dir, 10, &text, &len, &e), -1);
	assert_int_equal(errno, EISDIR);
}

/* Which of the descriptors 20..29 are open, as bits; in a child, because
 * the test's own go too. */
static unsigned
open_after(int first, const int *keep, size_t nkeep)
{
	int fd, status, from = open("/dev/null", O_RDONLY), pipes[2];
	unsigned bits = 0;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(pipes[1], 3);	/* below `first` */
		for (fd = 20; fd < 30; fd++)
			(void)dup2(from, fd);
		io_close_from(first, keep, nkeep);
		for (fd = 20; fd < 30; fd++)
			if (fcntl(fd, F_GETFD) != -1)
				bits |= 1U << (fd - 20);
		(void)!write(3, &bits, sizeof(bits));
		_exit(0);
	}
	assert_int_equal(io_read_all(pipes[0], &bits, sizeof(bits), NULL), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	io_close(&from);
	io_close(&pipes[0]);
	io_close(&pipes[1]);
	return bits;
}

static void
test_close_from(void **state)
{
	static const int keep[] = { 0, 4, 21, 22, 25, 29 };

	(void)state;
	assert_int_equal(open_after(4, NULL, 0), 0);
	assert_int_equal(open_after(25, NULL, 0), 0x1f);
	assert_int_equal(open_after(4, keep, COUNT_OF(keep)), 0x226);
	assert_int_equal(open_after(23, keep, COUNT_OF(keep)), 0x227);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_connect_fails),
		cmocka_unit_test(test_connect_backlog),
		cmocka_unit_test(test_read_all),
		cmocka_unit_test(test_write_all),
		cmocka_unit_test(test_write_and_read_much),
		cmocka_unit_test(test_read_file),
		cmocka_unit_test(test_close_from)
	};
	int failed;

	/* The promise is that no SIGPIPE comes; it stays deadly here. */
	(void)signal(SIGPIPE, SIG_DFL);
	if (mkdtemp(dir) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(dir);
	return failed;
}
