/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of socket_file, in a directory of their own.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/io.h"
#include "common/str.h"
#include "saslauthd/socket_file.h"
#include "tests/unit/unit.h"

#define ANSWER_MSEC 5000
#define OTHER_UID 4321
#define OTHER_GID 1234

static char dir[64];
static struct socket_file file;
static struct errmsg e;

static const char *
in_dir(const char *name)
{
	static char path[2 * sizeof(dir)];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/unit-socket-XXXXXX");
	assert_non_null(mkdtemp(dir));
	file = (struct socket_file)SOCKET_FILE_INIT;
	return 0;
}

/* No temporary name may be left: rmdir(2) would fail. */
static int
tear_down(void **state)
{
	(void)state;
	socket_file_close(&file);
	(void)unlink(in_dir("mux"));
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

static int
open_at(const char *path, mode_t mode)
{
	const struct socket_file_plan plan = {
		.path = path, .mode = mode, .owner = SOCKET_FILE_OUR_OWNER,
		.group = SOCKET_FILE_OUR_GROUP
	};

	return socket_file_open(&file, &plan, &e);
}

static bool
exists(const char *name)
{
	struct stat sb;

	return lstat(in_dir(name), &sb) == 0;
}

static void
test_modes(void **state)
{
	static const mode_t modes[] = { 0777, 0660, 0600, 0, 0702 };
	mode_t mask = umask(077);
	struct stat sb;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(modes); i++) {
		assert_int_equal(open_at(in_dir("mux"), modes[i]), 0);
		assert_int_equal(lstat(in_dir("mux"), &sb), 0);
		assert_true(S_ISSOCK(sb.st_mode));
		assert_int_equal(sb.st_mode & 07777, modes[i]);
		assert_int_equal(sb.st_uid, geteuid());
		socket_file_close(&file);
		assert_false(exists("mux"));
	}
	assert_int_equal(umask(mask), 077);
}

static void
test_owner(void **state)
{
	const struct socket_file_plan plan = {
		.path = in_dir("mux"), .mode = 0660, .owner = OTHER_UID,
		.group = OTHER_GID
	};
	struct stat sb;

	(void)state;
	if (geteuid() != 0) {
		/* It is an error, and nothing stands there. */
		assert_int_equal(socket_file_open(&file, &plan, &e), -1);
		assert_non_null(strstr(e.text, "owner and mode"));
		assert_false(exists("mux"));
		return;
	}
	assert_int_equal(socket_file_open(&file, &plan, &e), 0);
	assert_int_equal(lstat(in_dir("mux"), &sb), 0);
	assert_int_equal(sb.st_uid, OTHER_UID);
	assert_int_equal(sb.st_gid, OTHER_GID);
	assert_int_equal(sb.st_mode & 07777, 0660);
}

static void
test_it_listens(void **state)
{
	int client;

	(void)state;
	assert_int_equal(open_at(in_dir("mux"), 0600), 0);
	assert_true((fcntl(file.fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(file.fd, F_GETFD) & FD_CLOEXEC) != 0);
	client = io_unix_connect(in_dir("mux"), NULL, NULL, &e);
	assert_true(client >= 0);
	io_close(&client);
	assert_true(socket_file_stands(&file));
	socket_file_remove(&file);
	assert_false(socket_file_stands(&file));
	assert_false(exists("mux"));
	assert_true(file.fd >= 0);
}

/* The working directory is what it was. */
static void
test_working_directory(void **state)
{
	char before[4096], after[4096];

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(open_at(in_dir("mux"), 0600), 0);
	assert_non_null(getcwd(after, sizeof(after)));
	assert_string_equal(before, after);
}

/* The path is what must fit, and it is all of the limit. */
static void
test_long_path(void **state)
{
	char path[256];
	size_t fits = io_unix_path_max();
	int client;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/", dir);
	memset(path + strlen(path), 'x', sizeof(path) - strlen(path));
	path[fits + 1] = '\0';
	assert_int_equal(open_at(path, 0600), -1);
	assert_non_null(strstr(e.text, "is longer than"));
	path[fits] = '\0';
	assert_int_equal(open_at(path, 0600), 0);
	client = io_unix_connect(path, NULL, NULL, &e);
	assert_true(client >= 0);
	io_close(&client);
}

static void
test_failures(void **state)
{
	(void)state;
	assert_int_equal(open_at("mux", 0600), -1);
	assert_non_null(strstr(e.text, "absolute"));
	assert_int_equal(open_at(in_dir("no/such/mux"), 0600), -1);
	assert_non_null(strstr(e.text, in_dir("no/such/")));
	assert_non_null(strstr(e.text, "No such file or directory"));

	/* A directory in its place stays, and no temporary name. */
	assert_int_equal(mkdir(in_dir("mux"), 0755), 0);
	assert_false(socket_file_may_replace(in_dir("mux")));
	assert_int_equal(open_at(in_dir("mux"), 0600), -1);
	assert_non_null(strstr(e.text, in_dir("mux")));
	assert_int_equal(file.fd, -1);
	assert_int_equal(rmdir(in_dir("mux")), 0);
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

static void
test_what_may_be_replaced(void **state)
{
	int fd;

	(void)state;
	assert_true(socket_file_may_replace(in_dir("mux")));
	fd = foreign_socket();
	assert_true(socket_file_may_replace(in_dir("mux")));
	io_close(&fd);
	assert_false(socket_file_answers(in_dir("mux")));
	assert_int_equal(open_at(in_dir("mux"), 0600), 0);
	socket_file_close(&file);

	fd = open(in_dir("mux"), O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	io_close(&fd);
	assert_false(socket_file_may_replace(in_dir("mux")));
	assert_int_equal(unlink(in_dir("mux")), 0);
	assert_int_equal(symlink("/etc/passwd", in_dir("mux")), 0);
	assert_false(socket_file_may_replace(in_dir("mux")));
}

/* Another one moved in: it is not removed with ours. */
static void
test_others_stay(void **state)
{
	int other;

	(void)state;
	assert_int_equal(open_at(in_dir("mux"), 0600), 0);
	assert_int_equal(unlink(in_dir("mux")), 0);
	other = foreign_socket();
	assert_false(socket_file_stands(&file));
	socket_file_close(&file);
	assert_true(exists("mux"));
	io_close(&other);
}

/* Serves one client as told, and another one that only connects. */
static pid_t
daemon_at(int fd, bool answering)
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
	if (answering && (read(client, request, sizeof(request)) !=
	    sizeof(request) ||
	    memcmp(request, "\0\0\0\0\0\0\0\0", sizeof(request)) != 0 ||
	    write(client, reply, sizeof(reply)) != sizeof(reply)))
		_exit(1);
	io_close(&client);
	if (!answering && poll(&p, 1, ANSWER_MSEC) != 1)
		_exit(1);
	_exit(0);
}

static void
test_who_answers(void **state)
{
	/* One that talks, and one that hangs up on us. */
	static const bool answering[] = { true, false };
	int fd, wstatus;
	pid_t pid;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(answering); i++) {
		fd = foreign_socket();
		pid = daemon_at(fd, answering[i]);
		assert_true(socket_file_answers(in_dir("mux")));
		assert_int_equal(waitpid(pid, &wstatus, 0), pid);
		assert_int_equal(wstatus, 0);
		io_close(&fd);
		assert_int_equal(unlink(in_dir("mux")), 0);
	}
	assert_false(socket_file_answers(in_dir("mux")));
}

/* Whoever called listen(2) is dead; an orphan holds the socket and would
 * even answer. */
static void
test_orphan(void **state)
{
	struct deadline began = deadline_in_msec(0);
	int fd = foreign_socket(), wstatus;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(listen(fd, 5) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
	assert_false(socket_file_answers(in_dir("mux")));
	/* No waiting for an answer, either. */
	assert_true(deadline_now_msec() - began.at_msec < 1000);
	assert_int_equal(open_at(in_dir("mux"), 0600), 0);
	io_close(&fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_modes, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_owner, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_it_listens, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_working_directory,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_path, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_failures, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_what_may_be_replaced,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_others_stay, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_who_answers, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_orphan, set_up,
		    tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
