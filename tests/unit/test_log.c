/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of log.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/log.h"
#include "tests/unit/unit.h"

#define HEAD_LEN 20		/* "Mmm dd hh:mm:ss " behind "<38>" */
#define READ_SIZE 2048

static unsigned broken_calls;

static void
on_broken(void)
{
	broken_calls++;
	log_msg(LOG_ERR, "on_broken", "lost as well");
}

static void
open_pair(int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0,
	    fd), 0);
}

/* The next datagram as a string, "" when there is none. */
static const char *
next(int fd)
{
	static char text[READ_SIZE];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	return text;
}

/* What follows "<38>Nov 22 15:04:05 ident[pid]: ". */
static const char *
next_line(int fd)
{
	const char *colon = strstr(next(fd), "]: ");

	return colon == NULL ? "" : colon + 3;
}

static void
test_datagram(void **state)
{
	char expected[READ_SIZE], when[32];
	const char *got;
	struct tm tm;
	time_t now;
	int fd[2];

	(void)state;
	open_pair(fd);
	log_open_fd("saslauthd", false, false, fd[0], on_broken);
	assert_false(log_is_verbose());
	now = time(NULL);
	errno = EIO;
	log_msg(LOG_INFO, "do_auth", "auth %s: [user=%s]", "failure", "joe");
	assert_int_equal(errno, EIO);
	got = next(fd[1]);
	assert_memory_equal(got, "<38>", 4);	/* 4 * 8 + 6 */
	(void)localtime_r(&now, &tm);
	assert_true(strftime(when, sizeof(when), "%b %e %H:%M:%S ", &tm) ==
	    HEAD_LEN - 4);
	/* The second may have ended between the two. */
	assert_memory_equal(got + 4, when, strlen("Mmm dd hh:"));
	(void)snprintf(expected, sizeof(expected), "saslauthd[%ld]: "
	    "do_auth         : auth failure: [user=joe]", (long)getpid());
	assert_string_equal(got + HEAD_LEN, expected);
	assert_string_equal(next(fd[1]), "");

	log_msg(LOG_ERR, "a_function_with_a_long_name", "x");
	got = next(fd[1]);
	assert_memory_equal(got, "<35>", 4);
	assert_non_null(strstr(got, ": a_function_with_a_long_name: x"));
	io_close(&fd[0]);
	io_close(&fd[1]);
}

static void
test_verbose(void **state)
{
	int fd[2];

	(void)state;
	open_pair(fd);
	log_open_fd("saslauthd", false, false, fd[0], NULL);
	log_msg(LOG_DEBUG, "f", "hidden");
	assert_string_equal(next(fd[1]), "");
	log_set_verbose(true);
	assert_true(log_is_verbose());
	log_msg(LOG_DEBUG, "f", "shown");
	assert_string_equal(next_line(fd[1]), "f               : shown");
	io_close(&fd[0]);
	io_close(&fd[1]);
}

static void
test_long_and_odd(void **state)
{
	char big[LOG_LINE_MAX + 100];
	const char *got;
	int fd[2];

	(void)state;
	open_pair(fd);
	log_open_fd("saslauthd", false, false, fd[0], NULL);
	memset(big, 'x', sizeof(big));
	big[LOG_LINE_MAX - 18] = 0;
	log_msg(LOG_INFO, "f", "%s", big);
	got = next_line(fd[1]);
	assert_int_equal(strlen(got), LOG_LINE_MAX);
	assert_int_equal(got[LOG_LINE_MAX - 1], 'x');

	big[LOG_LINE_MAX - 18] = 'x';
	big[LOG_LINE_MAX - 17] = 0;
	log_msg(LOG_INFO, "f", "%s", big);
	got = next_line(fd[1]);
	assert_int_equal(strlen(got), LOG_LINE_MAX);
	assert_string_equal(got + LOG_LINE_MAX - 4, "x...");

	/* not inside of an o umlaut */
	memcpy(big + LOG_LINE_MAX - 18 - 4, "\303\266", 2);
	big[sizeof(big) - 1] = 0;
	log_msg(LOG_INFO, "f", "%s", big);
	got = next_line(fd[1]);
	assert_int_equal(strlen(got), LOG_LINE_MAX - 1);
	assert_string_equal(got + LOG_LINE_MAX - 5, "x...");

	log_msg(LOG_INFO, "f", "a\nb\033[1m\177");
	assert_string_equal(next_line(fd[1]), "f               : a?b?[1m?");
	io_close(&fd[0]);
	io_close(&fd[1]);
}

/* A server that does not read: lines are lost, counted, and told later. */
static void
test_full(void **state)
{
	char expected[100];
	unsigned long i;
	uint64_t before;
	int fd[2];

	(void)state;
	broken_calls = 0;
	open_pair(fd);
	log_open_fd("saslauthd", false, false, fd[0], on_broken);
	before = log_lost();
	for (i = 0; i < 100000 && log_lost() == before; i++)
		log_msg(LOG_INFO, "f", "%lu", i);
	assert_int_equal(log_lost() - before, 1);
	log_msg(LOG_INFO, "f", "lost too");
	assert_int_equal(log_lost() - before, 2);
	assert_int_equal(broken_calls, 0);

	for (; i > 1; i--)
		assert_string_not_equal(next(fd[1]), "");
	assert_string_equal(next(fd[1]), "");
	log_msg(LOG_INFO, "f", "here again");
	(void)snprintf(expected, sizeof(expected), "%-16s: %s", "log_msg",
	    "2 log lines were lost");
	assert_string_equal(next_line(fd[1]), expected);
	assert_string_equal(next_line(fd[1]), "f               : here again");
	log_msg(LOG_INFO, "f", "once only");
	assert_string_equal(next_line(fd[1]), "f               : once only");
	assert_int_equal(log_lost() - before, 2);
	io_close(&fd[0]);
	io_close(&fd[1]);
}

static unsigned pending_calls;

static void
on_pending(void)
{
	pending_calls++;
}

/* A burst that the socket does not take at once is kept, in order, also over
 * the end of one server; only what is too much is lost. */
static void
test_kept(void **state)
{
	char expected[100];
	unsigned long sent, i;
	uint64_t before = log_lost();
	int fd[2], again[2];

	(void)state;
	broken_calls = pending_calls = 0;
	open_pair(fd);
	log_open_fd("saslauthd", false, false, fd[0], on_broken);
	log_keep(1000, on_pending);
	for (sent = 0; pending_calls == 0; sent++)
		log_msg(LOG_INFO, "f", "%lu", sent);
	assert_true(log_flush());
	for (i = 0; log_lost() == before; i++)
		log_msg(LOG_INFO, "f", "%lu", sent + i);
	assert_true(i > 5 && i < 30);
	sent += i - 1;
	assert_int_equal(pending_calls, 1);
	for (i = 0; i < sent; i++) {
		(void)snprintf(expected, sizeof(expected), "%-16s: %lu", "f",
		    i);
		assert_string_equal(next_line(fd[1]), expected);
		(void)log_flush();
	}
	assert_false(log_flush());
	log_msg(LOG_INFO, "f", "told");
	assert_non_null(strstr(next(fd[1]), "1 log lines were lost"));
	assert_string_equal(next_line(fd[1]), "f               : told");

	io_close(&fd[1]);
	log_msg(LOG_INFO, "f", "for the next server");
	assert_int_equal(broken_calls, 1);
	assert_true(log_flush());
	open_pair(again);
	log_set_fd(again[0]);
	assert_non_null(strstr(next(again[1]), "on_broken"));
	assert_string_equal(next_line(again[1]),
	    "f               : for the next server");
	assert_false(log_flush());
	assert_int_equal(log_lost() - before, 1);
	log_close();
	io_close(&fd[0]);
	io_close(&again[0]);
	io_close(&again[1]);
}

/* A server that went away: told of once, until there is a new descriptor. */
static void
test_broken(void **state)
{
	uint64_t before = log_lost();
	int fd[2], again[2];

	(void)state;
	broken_calls = 0;
	open_pair(fd);
	log_open_fd("saslauthd", false, false, fd[0], on_broken);
	io_close(&fd[1]);
	log_msg(LOG_INFO, "f", "lost");
	assert_int_equal(broken_calls, 1);
	log_msg(LOG_INFO, "f", "lost");
	assert_int_equal(broken_calls, 1);
	assert_int_equal(log_lost() - before, 3);

	open_pair(again);
	log_set_fd(again[0]);
	assert_non_null(strstr(next(again[1]), "3 log lines were lost"));
	log_msg(LOG_INFO, "f", "fine");
	assert_string_equal(next_line(again[1]), "f               : fine");
	io_close(&again[1]);
	log_msg(LOG_INFO, "f", "lost");
	assert_int_equal(broken_calls, 2);
	io_close(&again[0]);
	io_close(&fd[0]);
}

static void
test_no_descriptor(void **state)
{
	uint64_t before = log_lost();
	int fd[2];

	(void)state;
	broken_calls = 0;
	open_pair(fd);
	log_open_fd("saslauthd", false, false, -1, on_broken);
	log_msg(LOG_INFO, "f", "nowhere to go");
	assert_int_equal(log_lost() - before, 1);
	assert_int_equal(broken_calls, 0);
	log_set_fd(fd[0]);
	assert_non_null(strstr(next(fd[1]), "log lines were lost"));
	assert_string_equal(next(fd[1]), "");
	io_close(&fd[0]);
	io_close(&fd[1]);
}

/* A borrowed descriptor is neither closed nor used any more. */
static void
test_close(void **state)
{
	int fd[2];

	(void)state;
	open_pair(fd);
	log_open_fd("saslauthd", false, false, fd[0], NULL);
	log_msg(LOG_INFO, "f", "before");
	log_close();
	assert_true(fcntl(fd[0], F_GETFD) != -1);
	log_open("saslauthd", false, false);
	log_msg(LOG_INFO, "f", "unit test");
	assert_string_equal(next_line(fd[1]), "f               : before");
	assert_string_equal(next(fd[1]), "");
	log_close();
	io_close(&fd[0]);
	io_close(&fd[1]);
}

/* What log_msg() prints on stderr, into text. */
static void
capture_stderr(const char *message, char *text, size_t size)
{
	int saved = dup(STDERR_FILENO), fd[2];
	ssize_t n;

	assert_int_equal(pipe(fd), 0);
	(void)dup2(fd[1], STDERR_FILENO);
	log_msg(LOG_INFO, "do_auth", "%s", message);
	(void)dup2(saved, STDERR_FILENO);
	io_close(&fd[1]);
	io_close(&saved);
	n = read(fd[0], text, size - 1);
	text[n < 0 ? 0 : n] = 0;
	io_close(&fd[0]);
}

static void
test_stderr(void **state)
{
	char text[READ_SIZE], expected[READ_SIZE];
	int fd[2];

	(void)state;
	open_pair(fd);
	(void)snprintf(expected, sizeof(expected),
	    "saslauthd[%ld] :do_auth         : unit test\n", (long)getpid());
	log_open_fd("saslauthd", true, false, fd[0], NULL);
	capture_stderr("unit test", text, sizeof(text));
	assert_string_equal(text, expected);
	assert_string_equal(next_line(fd[1]), "do_auth         : unit test");
	log_open("saslauthd", true, false);
	capture_stderr("unit test", text, sizeof(text));
	assert_string_equal(text, expected);
	assert_string_equal(next(fd[1]), "");
	log_open("saslauthd", false, false);
	capture_stderr("unit test", text, sizeof(text));
	assert_string_equal(text, "");
	io_close(&fd[0]);
	io_close(&fd[1]);
}

/* A full stderr stops nobody who may not block; a line is lost when nobody
 * else got it. */
static void
test_stderr_full(void **state)
{
	static const char filler[4096];
	int saved = dup(STDERR_FILENO), fd[2], sock[2];
	uint64_t before = log_lost();

	(void)state;
	open_pair(sock);
	log_open_fd("saslauthd", true, false, sock[0], NULL);
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	while (write(fd[1], filler, sizeof(filler)) > 0)
		;
	assert_int_equal(io_set_nonblock(fd[1], false), 0);
	(void)dup2(fd[1], STDERR_FILENO);
	log_msg(LOG_INFO, "f", "does not fit");
	assert_int_equal(log_lost() - before, 0);
	log_set_fd(-1);
	log_msg(LOG_INFO, "f", "does not fit");
	(void)dup2(saved, STDERR_FILENO);
	assert_int_equal(log_lost() - before, 1);
	log_set_fd(sock[0]);	/* which hears of it */
	io_close(&saved);
	io_close(&fd[0]);
	io_close(&fd[1]);
	io_close(&sock[0]);
	io_close(&sock[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagram),
		cmocka_unit_test(test_verbose),
		cmocka_unit_test(test_long_and_odd),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_no_descriptor),
		cmocka_unit_test(test_stderr),
		cmocka_unit_test(test_stderr_full),
		/* Last: without a /dev/log its line is lost, and told of. */
		cmocka_unit_test(test_close)
	};

	/* Zones with one offset all year, and not the machine's. */
	(void)setenv("TZ", "XXX-5:30", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
