/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of listener: who gets in, and what is said about who does not.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/io.h"
#include "common/log.h"
#include "common/str.h"
#include "front/client.h"
#include "front/listener.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define STRANGER "4294967294"	/* nobody's number here */

static char name[] = "postfix";
static struct site_listener of;
static struct listener *listener;
static struct sockaddr_un address;
static socklen_t address_len;

static int
set_up(void **state)
{
	of.name = name;
	conf_defaults(&listener_table, &of.settings);
	return fake_set_up(state);
}

static int
tear_down(void **state)
{
	listener_close(listener);
	listener = NULL;
	conf_fini(&listener_table, &of.settings);
	return fake_tear_down(state);
}

static void
set(char **member, const char *text)
{
	free(*member);
	*member = strdup(text);
	assert_non_null(*member);
}

/* A listening socket without a name in the file system: bind(2) with an
 * empty address makes one up, see unix(7). */
static int
listening(void)
{
	const sa_family_t family = AF_UNIX;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)
	    &family, sizeof(family)), 0);
	assert_int_equal(listen(fd, 16), 0);
	address_len = sizeof(address);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&address,
	    &address_len), 0);
	return fd;
}

static void
open_listener(void)
{
	struct admission who;

	assert_int_equal(admission_find(&who, &of, NULL, NULL), 0);
	listener = listener_new(fake_front.now, &of, &who, listening());
	assert_non_null(listener);
	listener_resume(listener);
}

static int
connect_to_it(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)(void *)&address,
	    address_len), 0);
	fake_settle();
	return fd;
}

static void
allow_us(void)
{
	char uid[32];

	(void)snprintf(uid, sizeof(uid), "%lu", (unsigned long)geteuid());
	set(&of.settings.allow_uids, uid);
}

static void
check_let_in(void)
{
	int fd = connect_to_it();

	assert_int_equal(clients_count(fake_front.clients), 1);
	assert_false(fake_answered(fd));
	clients_drop_incomplete(fake_front.clients);
	io_close(&fd);
	assert_string_equal(loglines_next(), "");
}

static void
test_everybody(void **state)
{
	(void)state;
	open_listener();
	check_let_in();
	check_let_in();
}

static void
test_allowed(void **state)
{
	(void)state;
	allow_us();
	open_listener();
	check_let_in();
}

/* Each is closed at once; one line for all of them in a while. */
static void
test_refused(void **state)
{
	char line[128];
	int i;

	(void)state;
	set(&of.settings.allow_gids, STRANGER);
	open_listener();
	(void)snprintf(line, sizeof(line), "listener        : uid %lu may not "
	    "ask on listener postfix; connections refused: 1",
	    (unsigned long)geteuid());
	assert_string_equal(fake_reply(connect_to_it()), "closed");
	assert_string_equal(loglines_next(), line);
	assert_int_equal(loglines_priority(), LOG_NOTICE);
	for (i = 0; i < 5; i++)
		assert_string_equal(fake_reply(connect_to_it()), "closed");
	assert_string_equal(loglines_next(), "");
	assert_int_equal(clients_count(fake_front.clients), 0);
}

static size_t
taken_when_closing(void)
{
	size_t taken;
	int fd;

	open_listener();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)(void *)&address,
	    address_len), 0);
	listener_close(listener);
	listener = NULL;
	taken = clients_count(fake_front.clients);
	io_close(&fd);
	clients_drop_incomplete(fake_front.clients);
	return taken;
}

/* Who waits when it closes is taken, if he may ask. */
static void
test_close(void **state)
{
	(void)state;
	allow_us();
	assert_int_equal(taken_when_closing(), 1);
	set(&of.settings.allow_uids, STRANGER);
	assert_int_equal(taken_when_closing(), 0);
}

/* Nobody is taken before its generation has begun, nor when it never does. */
static void
test_coming(void **state)
{
	struct admission who = ADMISSION_INIT;
	int fd;

	(void)state;
	listener = listener_new(fake_front.now, &of, &who, listening());
	assert_non_null(listener);
	fd = connect_to_it();
	assert_int_equal(clients_count(fake_front.clients), 0);
	listener_free(listener);
	listener = NULL;
	assert_int_equal(clients_count(fake_front.clients), 0);
	io_close(&fd);
}

static void
test_tempfail_reply(void **state)
{
	static const struct { int daemon, here; bool no; } rows[] = {
		{ TEMPFAIL_EMPTY, TEMPFAIL_AS_DAEMON, false },
		{ TEMPFAIL_NO, TEMPFAIL_AS_DAEMON, true },
		{ TEMPFAIL_EMPTY, TEMPFAIL_OF_NO, true },
		{ TEMPFAIL_NO, TEMPFAIL_OF_EMPTY, false },
	};
	struct settings s = { .tempfail_reply = TEMPFAIL_EMPTY };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		s.tempfail_reply = rows[i].daemon;
		of.settings.tempfail_reply = rows[i].here;
		assert_int_equal(listener_tempfail_is_no(&s, &of),
		    rows[i].no);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everybody),
		TEST(test_allowed),
		TEST(test_refused),
		TEST(test_close),
		TEST(test_coming),
		TEST(test_tempfail_reply)
	};

	return cmocka_run_group_tests(tests, fake_open, NULL);
}
