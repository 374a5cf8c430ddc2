/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of activation. Descriptors from 3 on belong to the test: each
 * row is judged in a child.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/io.h"
#include "common/str.h"
#include "saslauthd/activation.h"
#include "tests/unit/unit.h"

#define FIRST_FD 3
#define PASSED_MAX 3
#define ABSTRACT "@abstract"

/* What a descriptor is: a path in the directory or ABSTRACT for a listening
 * stream socket, or one of these. */
#define IS_FILE "(file)"
#define IS_CLOSED "(closed)"
#define IS_DATAGRAM "(datagram)"
#define IS_INET "(inet)"
#define IS_DEAF "(deaf)"

static char dir[64];
static struct site site;

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
	struct conf_entries es = CONF_ENTRIES_INIT;
	char text[512];

	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/unit-activation-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(mkdir(in_dir("run"), 0755), 0);
	assert_int_equal(symlink("run", in_dir("link")), 0);
	(void)snprintf(text, sizeof(text), "listener a {\npath: %s/a\n}\n"
	    "listener b {\npath: %s/b\n}\n", dir, dir);
	assert_int_equal(conf_add(&es, "mechanism", "pam", "-a", NULL), 0);
	assert_int_equal(conf_add(&es, "run_dir", in_dir("run"), "-m", NULL),
	    0);
	assert_int_equal(conf_read_text(&es, "unit.conf", text, strlen(text),
	    NULL), 0);
	assert_int_equal(site_build(&site, &es, NULL, NULL), 0);
	conf_entries_fini(&es);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "a", "b", "c", "run/mux" };
	size_t i;

	(void)state;
	site_fini(&site);
	for (i = 0; i < COUNT_OF(names); i++)
		(void)unlink(in_dir(names[i]));
	assert_int_equal(unlink(in_dir("link")), 0);
	assert_int_equal(rmdir(in_dir("run")), 0);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

/* ---- in a child ------------------------------------------------------- */

static int
make_listening(const char *what)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sun);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strcmp(what, ABSTRACT) == 0) {
		(void)snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1,
		    "%s", dir);
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		    strlen(dir));
	} else {
		(void)str_copy(sun.sun_path, sizeof(sun.sun_path),
		    in_dir(what));
		(void)unlink(sun.sun_path);
	}
	if (bind(fd, (struct sockaddr *)&sun, len) != 0 ||
	    listen(fd, 1) != 0)
		_exit(90);
	return fd;
}

static void
put(int at, const char *what)
{
	int fd;

	if (strcmp(what, IS_CLOSED) == 0)
		return;
	if (strcmp(what, IS_FILE) == 0)
		fd = open("/dev/null", O_RDONLY);
	else if (strcmp(what, IS_DATAGRAM) == 0)
		fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	else if (strcmp(what, IS_INET) == 0)
		fd = socket(AF_INET, SOCK_STREAM, 0);
	else if (strcmp(what, IS_DEAF) == 0)
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
	else
		fd = make_listening(what);
	if (fd != at && (dup2(fd, at) < 0 || close(fd) != 0))
		_exit(91);
}

static void
set_number(const char *name, long number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%ld", number);
	(void)setenv(name, text, 1);
}

struct row {
	const char *passed[PASSED_MAX];
	const char *names;	/* LISTEN_FDNAMES */
	const char *want;	/* "0=LISTENER 1=..." or part of a message */
};

/* What becomes of them, in the form of `want`. */
static void
outcome(const struct activation *a, char *text, size_t size)
{
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < a->count; i++) {
		len += (size_t)snprintf(text + len, size - len, "%s%zu=%s",
		    i > 0 ? " " : "", i, a->list[i].listener);
		if ((fcntl(FIRST_FD + (int)i, F_GETFD) & FD_CLOEXEC) == 0)
			_exit(92);
	}
}

static void
judge_here(const struct row *r, long pid, int out)
{
	struct errmsg e = ERRMSG_INIT;
	struct activation a;
	long i;

	/* The pipe out of the way. */
	out = fcntl(out, F_DUPFD, FIRST_FD + PASSED_MAX + 10);
	for (i = 0; i < PASSED_MAX + 10; i++)
		(void)close(FIRST_FD + (int)i);
	for (i = 0; i < PASSED_MAX && r->passed[i] != NULL; i++)
		put(FIRST_FD + (int)i, r->passed[i]);
	set_number("LISTEN_FDS", i);
	set_number("LISTEN_PID", pid != 0 ? pid : (long)getpid());
	if (r->names != NULL)
		(void)setenv("LISTEN_FDNAMES", r->names, 1);
	if (activation_take(&a, &e) == 0 &&
	    activation_assign(&a, &site, &e) == 0)
		outcome(&a, e.text, sizeof(e.text));
	if (getenv("LISTEN_FDS") != NULL || getenv("LISTEN_PID") != NULL ||
	    getenv("LISTEN_FDNAMES") != NULL)
		_exit(93);
	_exit(write(out, e.text, strlen(e.text)) < 0 ? 94 : 0);
}

static const char *
judged(const struct row *r, long pid)
{
	static char text[ERRMSG_MAX];
	int fds[2], wstatus;
	ssize_t len;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0)
		judge_here(r, pid, fds[1]);
	io_close(&fds[1]);
	len = read(fds[0], text, sizeof(text) - 1);
	io_close(&fds[0]);
	text[len > 0 ? len : 0] = '\0';
	assert_int_equal(waitpid(child, &wstatus, 0), child);
	assert_int_equal(wstatus, 0);
	return text;
}

/* ---- the tests -------------------------------------------------------- */

static void
test_whose(void **state)
{
	static const struct row rows[] = {
		{ { NULL }, NULL, "" },
		{ { "c" }, "a", "0=a" },
		{ { "b" }, "a", "0=a" },	/* the name decides */
		{ { ABSTRACT }, "b", "0=b" },
		{ { "c", "a" }, "default:b", "0=default 1=b" },
		{ { "c" }, NULL, "0=default" },
		{ { ABSTRACT }, NULL, "0=default" },
		{ { "c" }, "", "0=default" },
		{ { "c" }, "unknown", "0=default" },
		{ { "c" }, "saslauthd.socket", "0=default" },
		{ { "b" }, NULL, "0=b" },
		{ { "b", "a", "run/mux" }, NULL, "0=b 1=a 2=default" },
		{ { "link/mux" }, NULL, "0=default" },
		{ { "b", "link/mux" }, NULL, "0=b 1=default" },
		{ { "b", "c" }, ":a", "0=b 1=a" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(judged(&rows[i], 0), rows[i].want);
}

static void
test_refused(void **state)
{
	static const struct row rows[] = {
		{ { IS_FILE }, NULL, "descriptor 3 (no name) is no socket" },
		{ { IS_CLOSED }, "a", "descriptor 3 (a) is no socket" },
		{ { IS_DATAGRAM }, NULL, "is no Unix stream socket" },
		{ { IS_INET }, NULL, "is no Unix stream socket" },
		{ { "a", IS_DEAF }, NULL, "descriptor 4 (no name) does not "
		    "listen" },
		{ { "c" }, "mail", "descriptor 3 (mail) at " },
		{ { "c" }, "mail", "no listener has this name" },
		{ { "a" }, "A", "no listener has this name" },
		{ { "a", "c" }, NULL, "no listener has this path" },
		{ { "c", "b" }, "b:", "descriptor 4 is a second socket for "
		    "listener b" },
		{ { "a", "b" }, "a", "as many names as LISTEN_FDS says, 2" },
		{ { "a" }, "a:b", "as many names as LISTEN_FDS says, 1" },
	};
	const char *text;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		text = judged(&rows[i], 0);
		if (strstr(text, rows[i].want) == NULL)
			fail_msg("row %zu: %s", i, text);
	}
}

/* Nothing is looked at, but the environment is tidied. */
static void
test_meant_for_another_process(void **state)
{
	static const struct row row = { { IS_FILE }, "a", "" };

	(void)state;
	assert_string_equal(judged(&row, (long)getpid()), "");
}

static void
test_bad_number(void **state)
{
	static const char *const numbers[] = { "-1", "", "two", "65" };
	struct errmsg e;
	struct activation a;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(numbers); i++) {
		set_number("LISTEN_PID", (long)getpid());
		(void)setenv("LISTEN_FDS", numbers[i], 1);
		assert_row(numbers[i], activation_take(&a, &e) == -1);
		assert_row(numbers[i], strstr(e.text, "from 0 to 64") != NULL);
		assert_null(getenv("LISTEN_FDS"));
	}
}

static void
test_find(void **state)
{
	struct activation a = { .count = 2, .list = {
		{ .fd = 3, .path = "/there/a", .listener = "a" },
		{ .fd = 4, .path = "@there", .listener = NULL }
	} };

	(void)state;
	assert_ptr_equal(activation_find(&a, "a"), &a.list[0]);
	assert_null(activation_find(&a, "b"));
	assert_null(activation_find(NULL, "a"));
	assert_ptr_equal(activation_at(&a, "/there/a"), &a.list[0]);
	assert_null(activation_at(&a, "/there/b"));
	assert_null(activation_at(NULL, "/there/a"));
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_whose),
		TEST(test_refused),
		TEST(test_meant_for_another_process),
		TEST(test_bad_number),
		TEST(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
