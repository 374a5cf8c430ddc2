/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of listener, where clients ask through a door: calls come on
 * threads, and are answered by the loop.
 */
#include "config.h"

#include <door.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stropts.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"
#include "common/log.h"
#include "common/wire.h"
#include "front/client.h"
#include "front/listener.h"
#include "tests/unit/door_caller.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define STRANGER "4294967294"	/* nobody's number here */
#define PATIENCE_MSEC 10000
#define CALLERS 50

static char name[] = "postfix";
static struct site_listener of;
static struct listener *listener;
static char path[64];
static struct buf bytes;
static atomic_bool return_fails;

/* Linked in front of the emulation's, which never fails. */
int __real_door_return(char *data, size_t size, door_desc_t *dp,
    unsigned int n_desc);
int __wrap_door_return(char *data, size_t size, door_desc_t *dp,
    unsigned int n_desc);

int
__wrap_door_return(char *data, size_t size, door_desc_t *dp,
    unsigned int n_desc)
{
	if (size > 0 && return_fails) {
		errno = E2BIG;
		return -1;
	}
	return __real_door_return(data, size, dp, n_desc);
}

static int
set_up(void **state)
{
	int fd;

	of.name = name;
	conf_defaults(&listener_table, &of.settings);
	buf_init(&bytes, FRAME_MAX);
	(void)snprintf(path, sizeof(path), "/tmp/unit-door-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	io_close(&fd);
	fake_door = -1;
	return fake_set_up(state);
}

static int
tear_down(void **state)
{
	listener_close(listener);
	listener = NULL;
	listeners_flush();
	conf_fini(&listener_table, &of.settings);
	buf_fini(&bytes);
	assert_int_equal(unlink(path), 0);
	return fake_tear_down(state);
}

static void
set(char **member, const char *text)
{
	free(*member);
	*member = strdup(text);
	assert_non_null(*member);
}

/* Another one at the same file; it does not serve yet. */
static struct listener *
another(void)
{
	struct admission who;
	struct listener *l;

	assert_int_equal(admission_find(&who, &of, NULL, NULL), 0);
	l = listener_new(fake_front.now, &of, &who, open(path, O_RDONLY |
	    O_CLOEXEC));
	assert_non_null(l);
	return l;
}

/* As the keeper does it. */
static void
attach(void)
{
	struct stat sb;

	assert_int_equal(stat(path, &sb), 0);
	assert_true(sb.st_dev == fake_door_file.st_dev &&
	    sb.st_ino == fake_door_file.st_ino);
	(void)fdetach(path);
	assert_int_equal(fattach(fake_door, path), 0);
}

static void
open_listener(void)
{
	listener = another();
	assert_int_equal(fake_door, -1);
	listener_resume(listener);
	attach();
}

static void
add(const char *field)
{
	assert_int_equal(buf_put_str(&bytes, field), 0);
}

static void
whole(const char *password)
{
	buf_reset(&bytes);
	add("joe");
	add(password);
	add("smtp");
	add("example.org");
}

static struct door_caller *
call(size_t n)
{
	return door_caller_start(path, buf_data(&bytes), n);
}

/* The loop runs until it has its reply. */
static const char *
reply(struct door_caller *c)
{
	struct deadline end = deadline_in_msec(PATIENCE_MSEC);

	while (!door_caller_is_done(c)) {
		assert_false(deadline_passed(&end));
		fake_run(1);
	}
	return door_caller_reply(c);
}

/* ---- requests and replies --------------------------------------------- */

static void
test_verdicts(void **state)
{
	static const struct {
		enum auth_result result;
		const char *reply;
	} rows[] = {
		{ AUTH_OK, "OK" },
		{ AUTH_DENIED, "NO" },
		{ AUTH_TEMPFAIL, "outage" },
		{ AUTH_MISCONFIG, "outage" }
	};
	int worker = fake_ready_worker(1);
	struct door_caller *c;
	size_t i;

	(void)state;
	open_listener();
	whole("s3cret");
	for (i = 0; i < COUNT_OF(rows); i++) {
		c = call(buf_len(&bytes));
		fake_verdict(worker, fake_take(worker, "joe"), rows[i].result,
		    REASON_NONE);
		assert_string_equal(reply(c), rows[i].reply);
	}
	assert_int_equal(clients_count(fake_front.clients), 0);
	assert_int_equal(fake_gone, COUNT_OF(rows));
	io_close(&worker);
}

/* The end of the data is the end of the request: there is no more to wait
 * for. */
static void
test_too_little(void **state)
{
	size_t n;

	(void)state;
	open_listener();
	whole("s3cret");
	for (n = 0; n < buf_len(&bytes); n++)
		assert_string_equal(reply(call(n)), "NO ");
	assert_int_equal(loglines_count("do_request      : Bad data"),
	    buf_len(&bytes));
	fake_pool_hears_nothing();
}

static void
test_refusals(void **state)
{
	(void)state;
	open_listener();
	assert_int_equal(buf_put_u16(&bytes, 0xffff), 0);
	assert_string_equal(reply(call(buf_len(&bytes))), "NO ");
	assert_string_equal(loglines_next(),
	    "do_request      : login exceeded MAX_REQ_LEN: 256");
	buf_reset(&bytes);
	assert_int_equal(buf_put_counted(&bytes, "jo\0e", 4), 0);
	add("s3cret");
	add("");
	add("");
	assert_string_equal(reply(call(buf_len(&bytes))), "NO");
	assert_string_equal(loglines_next(),
	    "do_request      : NUL byte in login");
	whole("");
	assert_string_equal(reply(call(buf_len(&bytes))),
	    "NO NULL password received");
}

/* Half a fifth string is not waited for, and surplus is ignored. */
static void
test_address_and_surplus(void **state)
{
	static const char surplus[60000];
	int worker = fake_ready_worker(1);
	struct door_caller *c;
	size_t four, ends[4], i;

	(void)state;
	open_listener();
	whole("s3cret");
	four = buf_len(&bytes);
	add("192.0.2.1;4711");
	ends[0] = four + 1;
	ends[1] = buf_len(&bytes) - 1;
	ends[2] = buf_len(&bytes);
	ends[3] = buf_len(&bytes) + 50000;
	assert_int_equal(buf_put(&bytes, surplus, 50000), 0);
	for (i = 0; i < COUNT_OF(ends); i++) {
		c = call(ends[i]);
		fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK,
		    REASON_NONE);
		assert_string_equal(reply(c), "OK");
		assert_row("address", loglines_count(
		    "[remote=192.0.2.1;4711]") == (i < 2 ? 0 : 1));
	}
	io_close(&worker);
}

/* ---- many, slow and gone ---------------------------------------------- */

static void
test_many_at_once(void **state)
{
	struct door_caller *callers[CALLERS];
	int worker = fake_ready_worker(1);
	size_t i;

	(void)state;
	fake_backend->join = false;
	open_listener();
	whole("s3cret");
	for (i = 0; i < CALLERS; i++)
		callers[i] = call(buf_len(&bytes));
	for (i = 0; i < CALLERS; i++)
		fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK,
		    REASON_NONE);
	for (i = 0; i < CALLERS; i++)
		assert_string_equal(reply(callers[i]), "OK");
	assert_int_equal(clients_count(fake_front.clients), 0);
	io_close(&worker);
}

/* Where the loop stands still, its thread answers; and nobody is asked then
 * on behalf of a client who is gone. */
static void
test_loop_that_stands_still(void **state)
{
	struct door_caller *c;

	(void)state;
	fake_front.now->site.settings.request_timeout_sec = 0;
	open_listener();
	whole("s3cret");
	c = call(buf_len(&bytes));
	assert_string_equal(door_caller_reply(c), "outage");
	fake_settle();
	fake_pool_hears_nothing();
	assert_int_equal(fake_gone, 0);
}

/* A reply that cannot be given is not an empty one, which would be a wrong
 * password; and its thread is replaced. */
static void
test_reply_that_fails(void **state)
{
	size_t i;

	(void)state;
	fake_front.now->site.settings.clients_max = 1;
	open_listener();
	return_fails = true;
	for (i = 0; i < 3; i++)
		assert_string_equal(reply(call(0)), "failed");
	return_fails = false;
	assert_string_equal(reply(call(0)), "NO ");
}

/* ---- who may ---------------------------------------------------------- */

static void
test_admission(void **state)
{
	char uid[32];

	(void)state;
	set(&of.settings.allow_gids, STRANGER);
	open_listener();
	assert_string_equal(reply(call(0)), "outage");
	assert_string_equal(reply(call(0)), "outage");
	assert_int_equal(loglines_count("may not ask on listener postfix; "
	    "connections refused: 1"), 1);
	/* The next one at the same door lets us in. */
	(void)snprintf(uid, sizeof(uid), "%lu", (unsigned long)geteuid());
	set(&of.settings.allow_uids, uid);
	listener_free(listener);
	fake_door = -1;
	open_listener();
	assert_string_equal(reply(call(0)), "NO ");
}

/* ---- coming and going ------------------------------------------------- */

/* As in a reload: the door stays, its calls are the next one's. */
static void
test_handed_on(void **state)
{
	struct listener *next;

	(void)state;
	open_listener();
	set(&of.settings.allow_uids, STRANGER);
	fake_door = -1;
	next = another();
	assert_string_equal(reply(call(0)), "NO ");
	listener_resume(next);
	assert_string_equal(reply(call(0)), "outage");
	listener_close(listener);
	listener = next;
	assert_string_equal(reply(call(0)), "outage");
	assert_int_equal(fake_door, -1);
	/* One that never serves takes nothing with it. */
	listener_free(another());
	assert_string_equal(reply(call(0)), "outage");
}

/* A client whose call is queued while the loop does not run. When it is shows
 * only at the end, so it has more and more time. */
static struct door_caller *
taken_when_closing(void)
{
	struct door_caller *c;
	useconds_t usec;

	for (usec = 10000; usec < PATIENCE_MSEC * 1000; usec *= 2) {
		fake_door = -1;
		open_listener();
		c = call(buf_len(&bytes));
		(void)usleep(usec);
		listener_close(listener);
		listener = NULL;
		if (clients_count(fake_front.clients) == 1)
			return c;
		(void)reply(c);
	}
	fail_msg("who waits is not taken");
	return NULL;
}

/* Who waits when it closes is taken; then there is no door. */
static void
test_close(void **state)
{
	int worker = fake_ready_worker(1);
	struct door_caller *c;

	(void)state;
	whole("s3cret");
	c = taken_when_closing();
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(reply(c), "OK");
	assert_string_equal(door_caller_reply(call(0)), "failed");
	io_close(&worker);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts),
		TEST(test_too_little),
		TEST(test_refusals),
		TEST(test_address_and_surplus),
		TEST(test_many_at_once),
		TEST(test_reply_that_fails),
		TEST(test_loop_that_stands_still),
		TEST(test_admission),
		TEST(test_handed_on),
		TEST(test_close)
	};

	return cmocka_run_group_tests(tests, fake_open, NULL);
}
