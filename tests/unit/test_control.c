/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of control: who may ask, odd requests, slow clients.
 */
#include "config.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/io.h"
#include "common/log.h"
#include "front/cache.h"
#include "front/commands.h"
#include "front/control.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/operator.h"
#include "tests/unit/unit.h"

#define PATIENCE_MSEC 20000
#define MANY 100000		/* entries of a cache that is not small */
#define SESSIONS 16		/* that are served at a time */
#define NOBODY 65534

/* ---- requests that are not as they should be --------------------------- */

static void
test_fragments(void **state)
{
	static const char request[] =
	    "\0\4\0\7explain\0\3joe\0\0\0\4smtp";
	int fd = operator_dial();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(request) - 1; i++) {
		operator_say(fd, request + i, 1);
		fake_settle();
	}
	operator_is_whole(operator_reply(fd));
}

static void
test_no_command(void **state)
{
	int fd = operator_dial();

	(void)state;
	operator_is_error(ASK("reboot"), "no such command");
	operator_is_error(ASK(""), "no such command");
	operator_say(fd, "\0\0", 2);
	operator_is_error(operator_reply(fd), "no such command");
}

static void
test_too_many_words(void **state)
{
	int fd;

	(void)state;
	operator_is_error(ASK("status", "b", "c", "d", "e", "f", "g", "h"),
	    "use: status");
	operator_is_error(ASK("status", "b", "c", "d", "e", "f", "g", "h", "i"),
	    "too long");
	fd = operator_dial();
	operator_say(fd, "\377\377", 2);
	operator_is_error(operator_reply(fd), "too long");
}

static void
test_oversized(void **state)
{
	unsigned char head[4] = { 0, 1, 8190 >> 8, 8190 & 255 };
	char word[8192];
	int fd = operator_dial();

	(void)state;
	/* Refused by its length; what follows does no harm. */
	operator_say(fd, head, sizeof(head));
	memset(word, 'x', sizeof(word));
	operator_say(fd, word, sizeof(word));
	operator_is_error(operator_reply(fd), "too long");

	head[2] = 8188 >> 8;
	head[3] = 8188 & 255;
	fd = operator_dial();
	operator_say(fd, head, sizeof(head));
	operator_say(fd, word, 8188);
	operator_is_error(operator_reply(fd), "no such command");

	/* Over the limit only by the last word's length. */
	head[1] = 2;
	fd = operator_dial();
	operator_say(fd, head, sizeof(head));
	operator_say(fd, word, 8188);
	operator_is_error(operator_reply(fd), "too long");
}

static void
test_garbage(void **state)
{
	static const char http[] = "GET / HTTP/1.0\r\n\r\n";
	int fd = operator_dial();

	(void)state;
	operator_say(fd, http, strlen(http));
	operator_is_error(operator_reply(fd), "too long");
	fd = operator_dial();
	operator_say(fd, "\0\1\0\6sta\0us", 10);
	operator_is_error(operator_reply(fd), "NUL");
	/* Words behind the request are none of ours. */
	fd = operator_dial();
	operator_say(fd, "\0\1\0\6statusMORE", 14);
	operator_is_whole(operator_reply(fd));
	/* Half a request, and nothing. */
	fd = operator_dial();
	operator_say(fd, "\0\1\0\6stat", 8);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_string_equal(operator_reply(fd), "");
}

/* Whoever asked is gone before the reply. */
static void
test_early_leaver(void **state)
{
	static const char *const words[] = { "status", NULL };
	int fd = operator_ask(words);

	(void)state;
	io_close(&fd);
	fake_settle();
	operator_is_whole(ASK("status"));
}

/* ---- clients that take long -------------------------------------------- */

static void
test_silent_client(void **state)
{
	int64_t began = deadline_now_usec();
	int fd = operator_dial();

	(void)state;
	operator_hurry = 100;
	operator_say(fd, "\0", 1);
	assert_string_equal(operator_reply(fd), "");
	assert_true(deadline_now_usec() - began >= 90000);
}

static void
fill_cache(void)
{
	char login[16];
	int i;

	operator_make_cache(64 * 1024 * 1024);
	for (i = 0; i < MANY; i++) {
		(void)snprintf(login, sizeof(login), "user%06d", i);
		operator_remember(login, "", 0);
	}
}

static int
waiting_bytes(int fd)
{
	int n = 0;

	assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

static void
test_slow_reader(void **state)
{
	static const char *const words[] = { "cache-list", NULL };
	struct deadline end = deadline_in_msec(PATIENCE_MSEC);
	size_t held;
	int fd;

	(void)state;
	fill_cache();
	held = mallinfo2().uordblks;
	fd = operator_ask(words);
	fake_run(0);
	fake_run(0);
	/* It is written in pieces, and others get their turn between. */
	assert_true(waiting_bytes(fd) > 0);
	assert_true(waiting_bytes(fd) < 10 * COMMAND_PIECE);
	operator_is_whole(ASK("status"));
	/* What nobody takes is not produced. */
	fake_run(100);
	assert_true(waiting_bytes(fd) < 1024 * 1024);
	assert_true(mallinfo2().uordblks < held + 256 * 1024);

	buf_reset(&operator_heard);
	while (!operator_hear(fd)) {
		assert_false(deadline_passed(&end));
		fake_run(0);
	}
	assert_int_equal(buf_put_u8(&operator_heard, 0), 0);
	io_close(&fd);
	operator_is_whole((const char *)buf_data(&operator_heard));
}

/* Every entry once, the oldest first. */
static void
test_whole_list(void **state)
{
	const char *p;
	char part[64];
	int i;

	(void)state;
	fill_cache();
	p = ASK("cache-list");
	for (i = 0; i < MANY; i++) {
		(void)snprintf(part, sizeof(part),
		    "{\"kind\":\"entry\",\"user\":\"user%06d\"", i);
		assert_memory_equal(p, part, strlen(part));
		p = strchr(p, '\n') + 1;
	}
	assert_string_equal(p, "{\"kind\":\"end\"}\n");
}

/* The list is emptied while it is told. */
static void
test_flush_during_list(void **state)
{
	static const char *const words[] = { "cache-list", NULL };
	static const char *const flush[] = { "flush", NULL };
	int list, flusher;

	(void)state;
	fill_cache();
	list = operator_ask(words);
	fake_settle();
	flusher = operator_ask(flush);
	fake_settle();
	operator_is_whole(operator_reply(list));
	assert_true(buf_len(&operator_heard) < 4 * 1024 * 1024);
	operator_has(operator_reply(flusher), "\"entries\":100000,");
}

static void
test_reader_that_stops(void **state)
{
	static const char *const words[] = { "cache-list", NULL };
	struct deadline end = deadline_in_msec(PATIENCE_MSEC);
	int fd;

	(void)state;
	fill_cache();
	fd = operator_ask(words);
	operator_hurry = 100;
	fake_settle();
	operator_hurry = 1;
	fake_run(600);
	/* What was on its way comes, but no end. */
	buf_reset(&operator_heard);
	while (!operator_hear(fd))
		assert_false(deadline_passed(&end));
	assert_int_equal(buf_put_u8(&operator_heard, 0), 0);
	assert_null(strstr((const char *)buf_data(&operator_heard), "\"end\""));
	io_close(&fd);
}

/* The 17th has to wait, and is served when one has gone. */
static void
test_many_clients(void **state)
{
	static const char *const words[] = { "status", NULL };
	int fds[SESSIONS], last;
	size_t i;

	(void)state;
	for (i = 0; i < SESSIONS; i++)
		fds[i] = operator_dial();
	last = operator_ask(words);
	fake_run(100);
	assert_int_equal(waiting_bytes(last), 0);
	io_close(&fds[3]);
	operator_is_whole(operator_reply(last));
	for (i = 0; i < SESSIONS; i++)
		io_close(&fds[i]);
	fake_settle();
	operator_is_whole(ASK("status"));
}

/* ---- who may ask ------------------------------------------------------- */

/* As root, from another user's process; else the daemon is another's. */
static int
dial_as_stranger(pid_t *pid_r)
{
	int ends[2];

	*pid_r = 0;
	if (geteuid() != 0) {
		fake_front.roles.owner_uid++;
		return operator_dial();
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	*pid_r = fork();
	if (*pid_r == 0) {
		struct errmsg e;
		char chunk[4096];
		ssize_t n;
		int fd;

		if (setuid(NOBODY) != 0)
			_exit(1);
		fd = io_unix_connect(operator_socket, NULL, NULL, &e);
		if (fd < 0)
			_exit(1);
		while ((n = read(fd, chunk, sizeof(chunk))) > 0)
			if (write(ends[1], chunk, (size_t)n) != n)
				_exit(1);
		_exit(0);
	}
	io_close(&ends[1]);
	assert_int_equal(io_set_nonblock(ends[0], true), 0);
	return ends[0];
}

static void
test_stranger(void **state)
{
	pid_t pid;
	int fd, wstatus = 0;

	(void)state;
	loglines_open(false);
	fd = dial_as_stranger(&pid);
	operator_is_error(operator_reply(fd),
	    "only root and the user that started");
	if (pid != 0)
		assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
	operator_has(loglines_next(), "is refused: only root and uid");
	assert_int_equal(loglines_priority(), LOG_NOTICE);
}

static void
test_no_socket(void **state)
{
	struct control *c = control_new(&fake_front, -1);

	(void)state;
	assert_non_null(c);
	free(c);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, operator_set_up, \
	    operator_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fragments), TEST(test_no_command),
		TEST(test_too_many_words), TEST(test_oversized),
		TEST(test_garbage), TEST(test_early_leaver),
		TEST(test_silent_client), TEST(test_slow_reader),
		TEST(test_whole_list), TEST(test_flush_during_list),
		TEST(test_reader_that_stops), TEST(test_many_clients),
		TEST(test_stranger), TEST(test_no_socket)
	};

	return cmocka_run_group_tests(tests, operator_open, operator_close);
}
