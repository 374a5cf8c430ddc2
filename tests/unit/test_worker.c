/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of worker: when a mechanism gets time of its own. The worker is
 * a process, as in real life; the test is its pool and its front.
 */
#include "config.h"

#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/frame.h"
#include "common/io.h"
#include "saslauthd/worker.h"
#include "tests/unit/unit.h"

#define PATIENCE_MSEC 10000	/* of a busy machine, under valgrind */
#define QUIET_MSEC 200		/* in which nothing happens that should not */
#define EVENTS_MAX 64
#define LONG_MSEC 3600000

/* Shared with the worker. */
static struct shared {
	struct worker_slot slot;
	bool fails_at_first;		/* ready() does */
	int64_t idle_msec;		/* what idle() wants */
	/* 'r' for ready(), 'c' for check(), 'i' for idle() */
	volatile char events[EVENTS_MAX];
	volatile unsigned count;
} *shared;

static int channel = -1, lifeline[2];
static pid_t worker;

static void
note(char event)
{
	if (shared->count < EVENTS_MAX - 1)
		shared->events[shared->count++] = event;
}

static int
ready(void *ctx, struct errmsg *e)
{
	(void)ctx;
	note('r');
	if (!shared->fails_at_first)
		return 0;
	shared->fails_at_first = false;
	return errmsg_set(e, "not yet");
}

static void
check(void *ctx, const struct mech_request *req, struct mech_answer *a)
{
	(void)ctx;
	(void)req;
	note('c');
	mech_answer_set(a, AUTH_OK, REASON_NONE, "%s", "");
}

static int64_t
idle(void *ctx)
{
	(void)ctx;
	/* Whoever stays in here is to be found by the watchdog. */
	note(shared->slot.deadline_msec != 0 ? 'i' : '!');
	return shared->idle_msec;
}

static void
close_it(void *ctx)
{
	(void)ctx;
}

static const struct mech mech = {
	.name = "test", .ready = ready, .check = check, .idle = idle,
	.close = close_it
};

static int
set_up(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED || pipe(lifeline) != 0 ? -1 : 0;
}

/* The front is gone, and so is the worker. */
static int
tear_down(void **state)
{
	int status = -1;

	(void)state;
	io_close(&channel);
	assert_int_equal(waitpid(worker, &status, 0), worker);
	assert_int_equal(status, 0);
	io_close(&lifeline[0]);
	io_close(&lifeline[1]);
	assert_int_equal(munmap(shared, sizeof(*shared)), 0);
	return 0;
}

static void
put_request(int fd, uint64_t id)
{
	static char login[] = "joe", none[] = "";
	struct frame_request r = { .id = id, .left_msec = PATIENCE_MSEC,
	    .login = login, .service = none, .realm = none, .address = none,
	    .password = SECRET_INIT };
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(secret_set(&r.password, "x", 1), 0);
	assert_int_equal(frame_put_request(&b, &r), 0);
	assert_int_equal(frame_send(fd, FRAME_REQUEST, &b, -1), FRAME_OK);
	secret_wipe(&r.password);
	buf_fini(&b);
}

static void
hear(enum frame_type type)
{
	struct pollfd p = { channel, POLLIN, 0 };
	enum frame_type got = FRAME_TYPES;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
	assert_int_equal(frame_recv(channel, &got, &b, NULL), FRAME_OK);
	assert_int_equal(got, type);
	buf_fini(&b);
}

/* With so many requests that are there before it. */
static void
start(unsigned requests)
{
	static char name[] = "test";
	const struct privs privs = { .change = false };
	struct pool_load load = { .mech = &mech, .name = name,
	    .settings.backend_timeout_sec = 10 };
	struct worker_job job = { .load = &load, .privs = &privs,
	    .requests = EVENTS_MAX, .lifeline = lifeline[0],
	    .notify = lifeline[0], .pool_pid = getpid(),
	    .slot = &shared->slot };
	int ends[2];
	unsigned i;

	assert_int_equal(frame_channel(ends), 0);
	for (i = 0; i < requests; i++)
		put_request(ends[0], i);
	worker = fork();
	assert_true(worker >= 0);
	if (worker == 0) {
		job.channel = ends[1];
		worker_main(&job);
	}
	io_close(&ends[1]);
	channel = ends[0];
	hear(FRAME_HELLO);
}

static void
expect(const char *events)
{
	struct deadline d = deadline_in_msec(PATIENCE_MSEC);
	char seen[EVENTS_MAX];
	unsigned i;

	while (shared->count < strlen(events) && !deadline_passed(&d))
		(void)poll(NULL, 0, 1);
	for (i = 0; i < EVENTS_MAX; i++)
		seen[i] = shared->events[i];
	assert_string_equal(seen, events);
}

static void
expect_for_long(const char *events)
{
	expect(events);
	(void)poll(NULL, 0, QUIET_MSEC);
	expect(events);
}

/* Once, and again after an answer. */
static void
test_no_more(void **state)
{
	(void)state;
	shared->idle_msec = -1;
	start(0);
	expect_for_long("ri");
	put_request(channel, 1);
	hear(FRAME_ANSWER);
	expect_for_long("rici");
}

/* The wait for its time is one for a request, too. */
static void
test_later(void **state)
{
	(void)state;
	shared->idle_msec = LONG_MSEC;
	start(0);
	expect_for_long("ri");
	put_request(channel, 1);
	hear(FRAME_ANSWER);
	expect_for_long("rici");
}

static void
test_soon(void **state)
{
	(void)state;
	shared->idle_msec = 10;
	start(0);
	while (shared->count < 6)
		(void)poll(NULL, 0, 1);
	shared->idle_msec = -1;
	put_request(channel, 1);
	hear(FRAME_ANSWER);
	assert_int_equal(shared->events[0], 'r');
	assert_int_equal(shared->events[5], 'i');
}

static void
test_requests_come_first(void **state)
{
	unsigned i;

	(void)state;
	shared->idle_msec = -1;
	start(3);
	for (i = 0; i < 3; i++)
		hear(FRAME_ANSWER);
	expect_for_long("rccci");
}

static void
test_not_before_it_is_ready(void **state)
{
	(void)state;
	shared->idle_msec = 1;
	shared->fails_at_first = true;
	start(0);
	expect_for_long("r");
	shared->idle_msec = -1;
	put_request(channel, 1);
	hear(FRAME_ANSWER);
	expect_for_long("rrci");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_more),
		TEST(test_later),
		TEST(test_soon),
		TEST(test_requests_come_first),
		TEST(test_not_before_it_is_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
