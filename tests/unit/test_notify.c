/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of notify, with a supervisor's socket at the other end.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/io.h"
#include "saslauthd/notify.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define TEXT_MAX 512

static char dir[64], path[96];
static int receiver = -1;
static struct notify n;

static void
receive_at(const char *name, size_t len)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	memcpy(sun.sun_path, name, len);
	receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(receiver >= 0);
	assert_int_equal(bind(receiver, (struct sockaddr *)&sun,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/unit-notify-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/notify", dir);
	loglines_open(false);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	io_close(&receiver);
	(void)unlink(path);
	assert_int_equal(rmdir(dir), 0);
	loglines_close();
	return 0;
}

/* The next message, or "". */
static const char *
received(void)
{
	static char text[TEXT_MAX];
	ssize_t len = recv(receiver, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void
set_pid(pid_t pid)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%ld", (long)pid);
	assert_int_equal(setenv("WATCHDOG_PID", text, 1), 0);
}

static void
take_with(const char *name, const char *usec)
{
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	if (usec != NULL)
		assert_int_equal(setenv("WATCHDOG_USEC", usec, 1), 0);
	notify_take(&n);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
}

static void
test_nobody_wants_to_know(void **state)
{
	(void)state;
	notify_take(&n);
	notify_ready(&n);
	notify_stopping(&n);
	notify_beat(&n);
	assert_int_equal(n.next_beat.at_msec, INT64_MAX);
	assert_int_equal(loglines_count(""), 0);
}

static void
test_life(void **state)
{
	char ready[TEXT_MAX];

	(void)state;
	receive_at(path, strlen(path) + 1);
	take_with(path, NULL);
	assert_string_equal(received(), "");
	(void)snprintf(ready, sizeof(ready), "READY=1\nMAINPID=%ld\n"
	    "STATUS=Answering clients\n", (long)getpid());
	notify_ready(&n);
	assert_string_equal(received(), ready);
	notify_beat(&n);
	assert_string_equal(received(), "");
	notify_stopping(&n);
	assert_string_equal(received(),
	    "STOPPING=1\nSTATUS=Finishing what runs\n");
	assert_int_equal(loglines_count(""), 0);
}

static void
test_abstract_name(void **state)
{
	char name[sizeof(path) + 1];

	(void)state;
	(void)snprintf(name, sizeof(name), "@%s", path);
	name[0] = '\0';
	receive_at(name, 1 + strlen(path));
	name[0] = '@';
	take_with(name, NULL);
	notify_stopping(&n);
	assert_non_null(strstr(received(), "STOPPING=1\n"));
}

static void
test_useless_names(void **state)
{
	char longer[sizeof(n.to.sun_path) + 1];
	const char *const names[] = {
		"", "@", "/", "relative", "vsock:2:1234", longer
	};
	size_t i;

	(void)state;
	memset(longer, '/', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (i = 0; i < COUNT_OF(names); i++) {
		take_with(names[i], "1000000");
		assert_row(names[i], n.to_len == 0 && n.beat_msec == 0);
		assert_row(names[i], loglines_count("NOTIFY_SOCKET") == 1);
	}
}

/* It is told, and the daemon goes on. */
static void
test_receiver_is_gone(void **state)
{
	(void)state;
	take_with(path, NULL);
	notify_ready(&n);
	assert_int_equal(loglines_count("cannot tell NOTIFY_SOCKET"), 1);
}

static void
test_full_receiver(void **state)
{
	int64_t began = deadline_now_msec();

	(void)state;
	receive_at(path, strlen(path) + 1);
	take_with(path, "2000");
	do {
		n.next_beat = deadline_in_msec(0);
		notify_beat(&n);
	} while (deadline_now_msec() < began + 100);
	/* More than fits (max_dgram_qlen), and none waited. */
	assert_true(deadline_now_msec() < began + 900);
	notify_stopping(&n);
	assert_true(deadline_now_msec() >= began + 900);
	assert_int_equal(loglines_count("cannot tell NOTIFY_SOCKET"), 1);
}

static void
test_beat(void **state)
{
	(void)state;
	receive_at(path, strlen(path) + 1);
	set_pid(getpid());
	take_with(path, "200000");
	assert_int_equal(n.beat_msec, 100);
	notify_beat(&n);
	assert_string_equal(received(), "");
	while (!deadline_passed(&n.next_beat))
		(void)usleep(1000);
	notify_beat(&n);
	assert_string_equal(received(), "WATCHDOG=1\n");
	assert_false(deadline_passed(&n.next_beat));
	notify_beat(&n);
	assert_string_equal(received(), "");
}

static void
test_beats(void **state)
{
	static const struct {
		const char *usec;
		pid_t pid;	/* what is added to ours; 0: unset */
		int64_t msec;
		unsigned warnings;
	} rows[] = {
		{ "30000000", 0, 15000, 0 },
		{ "30000000", 1, 0, 0 },	/* another process's */
		{ "1", 0, 1, 0 },		/* not all the time */
		{ "0", 0, 0, 1 },
		{ "soon", 0, 0, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].pid != 0)
			set_pid(getpid() + rows[i].pid);
		take_with(path, rows[i].usec);
		assert_row(rows[i].usec, n.beat_msec == rows[i].msec);
		assert_row(rows[i].usec, (n.next_beat.at_msec != INT64_MAX) ==
		    (rows[i].msec != 0));
		assert_row(rows[i].usec, loglines_count("WATCHDOG_USEC") ==
		    rows[i].warnings);
	}
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_nobody_wants_to_know),
		TEST(test_life),
		TEST(test_abstract_name),
		TEST(test_useless_names),
		TEST(test_receiver_is_gone),
		TEST(test_full_receiver),
		TEST(test_beat),
		TEST(test_beats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
