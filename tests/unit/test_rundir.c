/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of rundir, in a directory of their own.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "common/str.h"
#include "saslauthd/rundir.h"
#include "tests/unit/unit.h"

#define ANSWER_MSEC 5000

static char dir[64], sub[128];
static struct rundir rundir;
static struct errmsg e;

static const char *
in_dir(const char *name)
{
	static char path[sizeof(sub) + 32];

	(void)snprintf(path, sizeof(path), "%s/%s", sub, name);
	return path;
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/unit-rundir-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(sub, sizeof(sub), "%s/run", dir);
	assert_int_equal(rundir_open(&rundir, sub, &e), RUNDIR_OK);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {
		"mux", "control", "saslauthd.pid", "saslauthd.pid.lock"
	};
	size_t i;

	(void)state;
	rundir_release(&rundir);
	for (i = 0; i < COUNT_OF(names); i++)
		(void)unlink(in_dir(names[i]));
	assert_int_equal(rmdir(sub), 0);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

static void
claim(bool foreground)
{
	assert_int_equal(rundir_claim(&rundir, foreground, &e), RUNDIR_OK);
}

/* What another process, with locks of its own, gets. */
static enum rundir_status
claim_elsewhere(bool foreground)
{
	int wstatus;
	pid_t pid = fork();

	if (pid == 0) {
		struct rundir other;
		enum rundir_status st;

		st = rundir_open(&other, sub, &e);
		if (st == RUNDIR_OK)
			st = rundir_claim(&other, foreground, &e);
		if (st == RUNDIR_BUSY && strstr(e.text,
		    "Another instance of saslauthd is currently running") ==
		    NULL)
			st = RUNDIR_FAILED;
		rundir_release(&other);
		_exit((int)st);
	}
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_true(WIFEXITED(wstatus));
	return (enum rundir_status)WEXITSTATUS(wstatus);
}

static bool
exists(const char *name)
{
	struct stat sb;

	return lstat(in_dir(name), &sb) == 0;
}

static void
test_directory(void **state)
{
	struct rundir r;
	struct stat sb;
	char slashes[sizeof(sub) + 8];

	(void)state;
	assert_int_equal(stat(sub, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0755);

	/* An existing one stays as it is. */
	assert_int_equal(chmod(sub, 02710), 0);
	(void)snprintf(slashes, sizeof(slashes), "%s///", sub);
	assert_int_equal(rundir_open(&r, slashes, &e), RUNDIR_OK);
	assert_string_equal(r.path, sub);
	rundir_release(&r);
	assert_int_equal(stat(sub, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 02710);

	assert_int_equal(rundir_open(&r, "run/saslauthd", &e), RUNDIR_USAGE);
	assert_int_equal(rundir_open(&r, "", &e), RUNDIR_USAGE);
	assert_int_equal(rundir_open(&r, in_dir("no/such"), &e),
	    RUNDIR_FAILED);
	assert_non_null(strstr(e.text, in_dir("no/such")));
	rundir_release(&r);
}

/* The socket's path is what must fit, and it is all of the limit. */
static void
test_long_path(void **state)
{
	char path[256];
	size_t fits = io_unix_path_max() - strlen("/mux");
	struct rundir r;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/", sub);
	memset(path + strlen(path), 'x', sizeof(path) - strlen(path));
	path[fits + 1] = '\0';
	assert_int_equal(rundir_open(&r, path, &e), RUNDIR_USAGE);
	assert_non_null(strstr(e.text, "-m"));
	assert_int_not_equal(access(path, F_OK), 0);

	path[fits] = '\0';
	assert_int_equal(rundir_open(&r, path, &e), RUNDIR_OK);
	assert_int_equal(rundir_claim(&r, true, &e), RUNDIR_OK);
	/* Too long for the longer name; nothing else suffers. */
	assert_int_equal(rundir_open_control(&r, &e), -1);
	assert_non_null(strstr(e.text, "is longer than"));
	rundir_release(&r);
	(void)snprintf(path + fits, sizeof(path) - fits,
	    "/saslauthd.pid.lock");
	assert_int_equal(unlink(path), 0);
	path[fits] = '\0';
	assert_int_equal(rmdir(path), 0);
}

static void
test_daemon(void **state)
{
	char expected[32], text[64] = "";
	struct stat sb;
	ssize_t n;
	int fd;

	(void)state;
	/* Longer than a pid: nothing of it may stay. */
	fd = open(in_dir("saslauthd.pid"), O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(fd, "123456789012345\n", 16), 16);
	io_close(&fd);

	claim(false);
	fd = open(in_dir("saslauthd.pid"), O_RDONLY);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	/* Closing any descriptor of it would drop our lock (fcntl(2)). */
	(void)snprintf(expected, sizeof(expected), "%ld\n", (long)getpid());
	assert_int_equal(n, strlen(expected));
	assert_string_equal(text, expected);
	rundir_release(&rundir);
	io_close(&fd);
	assert_false(exists("saslauthd.pid"));

	assert_int_equal(rundir_open(&rundir, sub, &e), RUNDIR_OK);
	claim(false);
	assert_int_equal(stat(in_dir("saslauthd.pid"), &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(claim_elsewhere(false), RUNDIR_BUSY);
	assert_int_equal(claim_elsewhere(true), RUNDIR_BUSY);
	rundir_started(&rundir);
	assert_int_equal(claim_elsewhere(false), RUNDIR_BUSY);
	assert_true(exists("saslauthd.pid"));
	rundir_release(&rundir);
	assert_false(exists("saslauthd.pid"));
	assert_int_equal(claim_elsewhere(false), RUNDIR_OK);
}

static void
test_foreground(void **state)
{
	(void)state;
	claim(true);
	assert_false(exists("saslauthd.pid"));
	rundir_started(&rundir);
	assert_int_equal(claim_elsewhere(true), RUNDIR_BUSY);
	assert_int_equal(claim_elsewhere(false), RUNDIR_BUSY);
	/* Who was refused leaves no pid file behind. */
	assert_false(exists("saslauthd.pid"));
	rundir_release(&rundir);
	assert_int_equal(claim_elsewhere(true), RUNDIR_OK);
}

static void
test_control(void **state)
{
	struct stat sb;
	mode_t mask = umask(0);
	int client;

	(void)state;
	claim(false);
	assert_int_equal(rundir_open_control(&rundir, &e), 0);
	(void)umask(mask);
	assert_int_equal(lstat(in_dir("control"), &sb), 0);
	assert_true(S_ISSOCK(sb.st_mode));
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(sb.st_uid, geteuid());

	/* Who is refused takes nothing away. */
	assert_int_equal(claim_elsewhere(true), RUNDIR_BUSY);
	client = io_unix_connect(in_dir("control"), NULL, NULL, &e);
	assert_true(client >= 0);
	io_close(&client);
	rundir_release(&rundir);
	assert_false(exists("control"));
}

/* Bind a socket at mux as somebody else would. */
static int
foreign_socket(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(str_copy(sun.sun_path, sizeof(sun.sun_path),
	    in_dir("mux")), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

/* A daemon with other ideas of locks: answers one request, then ends. */
static pid_t
answering_daemon(int fd)
{
	char request[8], reply[2] = { 0, 0 };
	struct pollfd p = { fd, POLLIN, 0 };
	pid_t pid;
	int client;

	assert_int_equal(listen(fd, 5), 0);
	pid = fork();
	if (pid != 0)
		return pid;
	if (poll(&p, 1, ANSWER_MSEC) != 1)
		_exit(1);
	client = accept(fd, NULL, NULL);
	if (read(client, request, sizeof(request)) != sizeof(request) ||
	    memcmp(request, "\0\0\0\0\0\0\0\0", sizeof(request)) != 0 ||
	    write(client, reply, sizeof(reply)) != sizeof(reply))
		_exit(1);
	_exit(0);
}

static void
test_socket_that_answers(void **state)
{
	int fd = foreign_socket(), wstatus;
	pid_t pid = answering_daemon(fd);

	(void)state;
	assert_int_equal(rundir_claim(&rundir, false, &e), RUNDIR_BUSY);
	assert_non_null(strstr(e.text, in_dir("mux")));
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
	rundir_release(&rundir);
	assert_true(exists("mux"));
	io_close(&fd);
}

/* Nobody listens any more: it is left to who replaces it. */
static void
test_stale_socket(void **state)
{
	int fd = foreign_socket();

	(void)state;
	io_close(&fd);
	claim(true);
	assert_true(exists("mux"));
}

/* The directory was emptied and another instance moved in: what it made is
 * not removed with ours. */
static void
test_others_files_stay(void **state)
{
	static const char *const names[] = { "control", "saslauthd.pid" };
	int other;
	size_t i;

	(void)state;
	claim(false);
	assert_int_equal(rundir_open_control(&rundir, &e), 0);
	for (i = 0; i < COUNT_OF(names); i++) {
		assert_int_equal(unlink(in_dir(names[i])), 0);
		other = open(in_dir(names[i]), O_WRONLY | O_CREAT | O_EXCL,
		    0600);
		assert_true(other >= 0);
		io_close(&other);
	}
	rundir_release(&rundir);
	for (i = 0; i < COUNT_OF(names); i++)
		assert_row(names[i], exists(names[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_directory, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_long_path, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_daemon, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_foreground, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_control, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_others_files_stay,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_socket_that_answers,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_socket, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
