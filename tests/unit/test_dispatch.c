/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of dispatch: what a client is told, whatever the workers do.
 */
#include "config.h"

#include <sys/socket.h>

#include "common/io.h"
#include "common/str.h"
#include "front/dispatch.h"
#include "front/service_time.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

/* One at a time; the rest wait, in order. */
static void
test_one_at_a_time(void **state)
{
	int worker, first, second;
	uint64_t id;

	(void)state;
	fake_link(1, 1);
	worker = fake_ready_worker(1);
	first = fake_ask("one", "x");
	second = fake_ask("two", "x");
	id = fake_take(worker, "one");
	assert_false(fake_has_work(worker));
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(first), "OK");
	assert_false(fake_answered(second));
	fake_verdict(worker, fake_take(worker, "two"), AUTH_DENIED,
	    REASON_BAD_PASSWORD);
	assert_string_equal(fake_reply(second), "NO");
	fake_pool_hears_nothing();
	io_close(&worker);
}

/* An answer to another question is none, whatever it says. */
static void
test_wrong_id(void **state)
{
	int worker = fake_ready_worker(7), client = fake_ask("joe", "x");

	(void)state;
	fake_verdict(worker, fake_take(worker, "joe") + 1, AUTH_OK,
	    REASON_NONE);
	assert_string_equal(fake_reply(client), "");
	fake_pool_hears(FRAME_KILL, 7);
	fake_expect_end(worker);
	assert_int_equal(loglines_count("[reason=internal"), 1);
}

static void
test_unasked_answer(void **state)
{
	int worker = fake_ready_worker(7);

	(void)state;
	fake_verdict(worker, 1, AUTH_OK, REASON_NONE);
	fake_pool_hears(FRAME_KILL, 7);
	fake_expect_end(worker);
}

static void
send_bad(int worker, unsigned kind)
{
	enum frame_type type = FRAME_ANSWER;
	int passed = -1;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	switch (kind) {
	case 0:		/* nothing in it */
		break;
	case 1:		/* not of ours */
		type = FRAME_TYPES;
		break;
	case 2:		/* not for a front */
		type = FRAME_REQUEST;
		break;
	case 3:		/* once was enough */
		type = FRAME_HELLO;
		assert_int_equal(buf_put_str(&b, frame_build_id()), 0);
		break;
	case 4:		/* a result that is none */
		assert_int_equal(buf_put(&b, "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
		    "\0\0", 17), 0);
		break;
	case 5:		/* a worker has nothing to give away */
		passed = worker;
		break;
	}
	assert_int_equal(frame_send(worker, type, &b, passed), FRAME_OK);
	buf_fini(&b);
}

static void
test_bad_frames(void **state)
{
	unsigned kind;

	(void)state;
	for (kind = 0; kind < 6; kind++) {
		int worker = fake_ready_worker(kind + 1);
		int client = fake_ask("joe", "x");

		(void)fake_take(worker, "joe");
		send_bad(worker, kind);
		assert_string_equal(fake_reply(client), "");
		fake_pool_hears(FRAME_KILL, kind + 1);
		fake_expect_end(worker);
		assert_int_equal(loglines_count("[reason=internal"), 1);
	}
}

/* It dies over a request: that one fails, the next one does not. */
static void
test_worker_dies(void **state)
{
	int worker = fake_ready_worker(1), client = fake_ask("joe", "x");

	(void)state;
	(void)fake_take(worker, "joe");
	io_close(&worker);
	assert_string_equal(fake_reply(client), "");
	assert_int_equal(loglines_count("[reason=worker_died"), 1);
	/* Nobody has to be killed. */
	fake_pool_hears_nothing();

	client = fake_ask("joe", "x");
	fake_pool_hears(FRAME_WANT, 0);
	worker = fake_ready_worker(2);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&worker);
}

/* While it was idle: nobody notices. */
static void
test_idle_worker_dies(void **state)
{
	int worker = fake_ready_worker(1), other = fake_ready_worker(2);
	int client;

	(void)state;
	io_close(&other);
	client = fake_ask("joe", "x");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&worker);
}

static void
test_other_build(void **state)
{
	int worker = fake_worker(3), client = fake_ask("joe", "x");

	(void)state;
	fake_hello(worker, "0.9.0-older");
	fake_pool_hears(FRAME_KILL, 3);
	fake_expect_end(worker);
	assert_int_equal(loglines_count("another build"), 1);
	assert_false(fake_answered(client));
	worker = fake_ready_worker(4);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&worker);
}

/* Work is given only to who has said hello. */
static void
test_no_work_before_hello(void **state)
{
	int worker = fake_worker(3), client = fake_ask("joe", "x");

	(void)state;
	assert_false(fake_has_work(worker));
	fake_hello(worker, frame_build_id());
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&worker);
}

/* Too late is never: the channel is closed, and no other request can get
 * that answer. */
static void
test_deadline(void **state)
{
	int worker, client, next;
	struct buf b;
	uint64_t id;

	(void)state;
	fake_link(1, 1);
	fake_backend->backend_timeout_sec = 1;
	worker = fake_ready_worker(5);
	client = fake_ask("joe", "x");
	next = fake_ask("jim", "x");
	id = fake_take(worker, "joe");
	fake_run(800);
	assert_false(fake_answered(client));
	assert_string_equal(fake_reply(client), "");
	fake_pool_hears(FRAME_KILL, 5);
	assert_int_equal(loglines_count("[reason=deadline"), 1);

	buf_init(&b, FRAME_MAX);
	assert_int_equal(buf_put_u64(&b, id), 0);
	assert_int_equal(frame_send(worker, FRAME_ANSWER, &b, -1), FRAME_EOF);
	buf_fini(&b);
	fake_expect_end(worker);
	fake_pool_hears(FRAME_WANT, 0);
	worker = fake_ready_worker(6);
	fake_verdict(worker, fake_take(worker, "jim"), AUTH_DENIED,
	    REASON_BAD_PASSWORD);
	assert_string_equal(fake_reply(next), "NO");
	io_close(&worker);
}

/* The request's own time covers the queue. */
static void
test_deadline_in_queue(void **state)
{
	int client;

	(void)state;
	fake_front.now->site.settings.request_timeout_sec = 1;
	client = fake_ask("joe", "x");
	fake_pool_hears(FRAME_WANT, 0);
	assert_string_equal(fake_reply(client), "");
	assert_int_equal(loglines_count("[reason=deadline"), 1);
}

/* A worker that is gone when it is given a request: that goes back to the
 * queue, with its whole time. */
static void
test_requeued(void **state)
{
	int worker, client, second;
	uint64_t id;

	(void)state;
	fake_link(2, 2);
	fake_backend->backend_timeout_sec = 1;
	worker = fake_ready_worker(1);
	client = fake_ask("one", "x");
	second = fake_ask("two", "x");
	id = fake_take(worker, "one");
	/* Its answer is read, then "two" cannot be sent. */
	fake_pool_hears(FRAME_WANT, 0);
	assert_int_equal(shutdown(worker, SHUT_RD), 0);
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	io_close(&worker);
	assert_string_equal(fake_reply(client), "OK");
	fake_run(1500);
	assert_false(fake_answered(second));
	worker = fake_ready_worker(2);
	fake_verdict(worker, fake_take(worker, "two"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(second), "OK");
	io_close(&worker);
}

static void
test_growth(void **state)
{
	int worker = fake_ready_worker(1), clients[4], more;
	uint64_t id;

	(void)state;
	fake_backend->queue_max = 2;
	clients[0] = fake_ask("0", "x");
	fake_pool_hears_nothing();
	clients[1] = fake_ask("1", "x");
	fake_pool_hears(FRAME_WANT, 0);
	/* As many as may be have been asked for. */
	clients[2] = fake_ask("2", "x");
	fake_pool_hears_nothing();
	clients[3] = fake_ask("3", "x");
	assert_string_equal(fake_reply(clients[3]), "");
	assert_int_equal(loglines_count("[reason=queue_full"), 1);

	more = fake_ready_worker(2);
	assert_int_equal(loglines_count("workers_max, 2"), 1);
	fake_verdict(more, fake_take(more, "1"), AUTH_OK, REASON_NONE);
	id = fake_take(worker, "0");
	fake_verdict(more, fake_take(more, "2"), AUTH_OK, REASON_NONE);
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(clients[0]), "OK");
	assert_string_equal(fake_reply(clients[1]), "OK");
	assert_string_equal(fake_reply(clients[2]), "OK");

	/* Idle long enough: back to what is kept ready. The one used last
	 * stays. */
	fake_backend->worker_idle_sec = 0;
	(void)loglines_count("");
	fake_expect_end(more);
	assert_int_equal(loglines_count("back at 1 workers"), 1);
	assert_false(fake_has_work(worker));
	io_close(&worker);
}

static void
test_retire(void **state)
{
	struct frame_answer a = { .result = AUTH_OK, .retire = true };
	int worker = fake_ready_worker(1), client = fake_ask("joe", "x");

	(void)state;
	a.id = fake_take(worker, "joe");
	fake_answer(worker, &a);
	assert_string_equal(fake_reply(client), "OK");
	fake_expect_end(worker);

	/* By order of the pool: idle ones now, busy ones afterwards, and
	 * younger ones not. */
	fake_link(1, 3);
	worker = fake_ready_worker(1);
	client = fake_ask("joe", "x");
	a.id = fake_take(worker, "joe");
	{
		int idle = fake_ready_worker(2), young = fake_ready_worker(3);

		fake_tell(FRAME_RETIRE, 2, 0);
		fake_expect_end(idle);
		assert_false(fake_has_work(young));
		assert_false(fake_has_work(worker));
		fake_verdict(worker, a.id, AUTH_OK, REASON_NONE);
		assert_string_equal(fake_reply(client), "OK");
		fake_expect_end(worker);
		io_close(&young);
	}
}

/* No worker starts: say so at once instead of letting everybody wait. */
static void
test_no_worker_starts(void **state)
{
	int client = fake_ask("joe", "x"), worker;

	(void)state;
	fake_pool_hears(FRAME_WANT, 0);
	fake_tell(FRAME_GONE, 1, 100);
	assert_string_equal(fake_reply(client), "");
	assert_int_equal(loglines_count("[reason=backend_down"), 1);
	client = fake_ask("joe", "x");
	assert_string_equal(fake_reply(client), "");
	worker = fake_ready_worker(2);
	client = fake_ask("joe", "x");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&worker);
}

/* The pool has no room (or no memory) for one more: asked again after a
 * while, or when a worker's end has made room, and not again and again. */
/* Nobody notices a broken channel but the front: it asks for another one,
 * and answers meanwhile that it cannot ask. */
static void
test_pool_lost(void **state)
{
	int client, worker;

	(void)state;
	fake_unlink();
	client = fake_ask("joe", "x");
	fake_run(500);
	assert_false(fake_answered(client));
	assert_int_equal(fake_pools_wanted, 0);
	assert_string_equal(fake_reply(client), "");
	assert_int_equal(fake_pools_wanted, 1);
	client = fake_ask("joe", "x");
	assert_string_equal(fake_reply(client), "");
	fake_run(2500);
	assert_int_equal(fake_pools_wanted, 2);
	fake_link(1, 2);
	worker = fake_ready_worker(1);
	client = fake_ask("joe", "x");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	fake_run(2500);
	assert_int_equal(fake_pools_wanted, 2);
	io_close(&worker);
}

/* What the pool starts unasked is not asked for. */
static void
test_filling(void **state)
{
	int client, worker;

	(void)state;
	fake_link_begins(1, 2);
	client = fake_ask("joe", "x");
	fake_pool_hears_nothing();
	worker = fake_ready_worker(1);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&worker);
	fake_settle();
	client = fake_ask("joe", "x");
	fake_pool_hears_nothing();
	fake_tell(FRAME_FILLED, 0, 0);
	fake_pool_hears(FRAME_WANT, 0);
	fake_tell(FRAME_GONE, 2, 100);
	assert_string_equal(fake_reply(client), "");
}

/* More wishes than the channel holds: those that did not get through are
 * uttered again. */
static void
test_many_wishes(void **state)
{
	enum { CLIENTS = 350 };
	int clients[CLIENTS], i;

	(void)state;
	fake_backend->join = false;
	fake_link(1, CLIENTS);
	for (i = 0; i < CLIENTS; i++)
		clients[i] = fake_ask("joe", "x");
	for (i = 0; i < CLIENTS; i++)
		fake_pool_hears(FRAME_WANT, 0);
	fake_run(300);
	fake_pool_hears_nothing();
	dispatch_abandon(fake_front.now->dispatches[0]);
	for (i = 0; i < CLIENTS; i++)
		assert_string_equal(fake_reply(clients[i]), "");
}

static void
test_wish_not_granted(void **state)
{
	int first = fake_ready_worker(1), busy = fake_ask("ann", "x");
	uint64_t id = fake_take(first, "ann");
	int client = fake_ask("joe", "x"), worker;

	(void)state;
	fake_pool_hears(FRAME_WANT, 0);
	fake_tell(FRAME_GONE, 0, 0);
	fake_pool_hears_nothing();
	fake_pool_hears(FRAME_WANT, 0);
	fake_tell(FRAME_GONE, 0, 0);
	fake_tell(FRAME_GONE, 17, 0);
	fake_pool_hears(FRAME_WANT, 0);
	assert_false(fake_answered(client));
	worker = fake_ready_worker(18);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	fake_run(300);
	fake_pool_hears_nothing();
	fake_verdict(first, id, AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(busy), "OK");
	io_close(&first);
	io_close(&worker);
}

/* A new pool: its predecessor's workers answer nobody any more. */
static void
test_new_pool(void **state)
{
	int worker = fake_ready_worker(1), client = fake_ask("joe", "x");

	(void)state;
	(void)fake_take(worker, "joe");
	fake_link(1, 2);
	assert_string_equal(fake_reply(client), "");
	assert_int_equal(loglines_count("[reason=worker_died"), 1);
	fake_expect_end(worker);
	worker = fake_ready_worker(1);
	client = fake_ask("joe", "x");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&worker);
}

/* With a backend that takes 50 ms, one worker and a second of patience, who
 * finds more than 20 before him would wait in vain: he is told at once. */
static void
test_too_late(void **state)
{
	/* More than half of what is remembered. */
	enum { LEARN = SERVICE_TIME_SAMPLES / 2 + 8, WAIT = 24 };
	int worker, clients[WAIT], client, i;
	unsigned refused = 0;
	char login[16];

	(void)state;
	fake_link(1, 1);
	worker = fake_ready_worker(1);
	for (i = 0; i < LEARN; i++) {
		client = fake_ask("joe", "x");
		fake_run(50);
		fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK,
		    REASON_NONE);
		assert_string_equal(fake_reply(client), "OK");
	}
	fake_front.now->site.settings.request_timeout_sec = 1;
	for (i = 0; i < WAIT; i++) {
		assert_int_equal(str_format(login, sizeof(login), "u%d", i),
		    0);
		clients[i] = fake_ask(login, "x");
		assert_false(i < WAIT / 4 && fake_answered(clients[i]));
	}
	assert_true(fake_answered(clients[WAIT - 1]));
	for (i = 0; i < WAIT; i++)
		refused += fake_answered(clients[i]);
	assert_int_equal(loglines_count("[reason=queue_full: a worker would "
	    "be free in"), refused);
	dispatch_abandon(fake_front.now->dispatches[0]);
	for (i = 0; i < WAIT; i++)
		assert_string_equal(fake_reply(clients[i]), "");
	io_close(&worker);
}

static void
test_limit_peer(void **state)
{
	int worker = fake_ready_worker(1), other = fake_ready_worker(2);
	int first, second, third;

	(void)state;
	fake_front.now->site.settings.limit_peer = 2;
	first = fake_ask("one", "x");
	second = fake_ask("two", "x");
	third = fake_ask("three", "x");
	assert_string_equal(fake_reply(third), "");
	assert_int_equal(loglines_count("[reason=peer_full"), 1);
	/* Who joins is one more in flight, too. */
	third = fake_ask("two", "x");
	assert_string_equal(fake_reply(third), "");
	assert_int_equal(loglines_count("[reason=peer_full"), 1);
	fake_verdict(other, fake_take(other, "one"), AUTH_OK, REASON_NONE);
	fake_verdict(worker, fake_take(worker, "two"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(first), "OK");
	assert_string_equal(fake_reply(second), "OK");
	/* There is room again. */
	first = fake_ask("three", "x");
	assert_false(fake_answered(first));
	dispatch_abandon(fake_front.now->dispatches[0]);
	assert_string_equal(fake_reply(first), "");
	io_close(&worker);
	io_close(&other);
}

static void
test_status(void **state)
{
	struct dispatch_status s;
	int worker = fake_ready_worker(1), busy, waiting;

	(void)state;
	fake_link(1, 1);
	fake_expect_end(worker);
	worker = fake_ready_worker(1);
	dispatch_status(fake_front.now->dispatches[0], &s);
	assert_string_equal(s.mech, FAKE_MECH);
	assert_int_equal(s.workers_idle, 1);
	assert_int_equal(s.workers_busy, 0);
	busy = fake_ask("one", "x");
	waiting = fake_ask("two", "x");
	dispatch_status(fake_front.now->dispatches[0], &s);
	assert_int_equal(s.workers_idle, 0);
	assert_int_equal(s.workers_busy, 1);
	assert_int_equal(s.workers_ready, 1);
	assert_int_equal(s.workers_max, 1);
	assert_int_equal(s.queued, 1);
	fake_verdict(worker, fake_take(worker, "one"), AUTH_TEMPFAIL,
	    REASON_BACKEND_DOWN);
	assert_string_equal(fake_reply(busy), "");
	dispatch_status(fake_front.now->dispatches[0], &s);
	assert_false(s.up);
	fake_verdict(worker, fake_take(worker, "two"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(waiting), "OK");
	dispatch_status(fake_front.now->dispatches[0], &s);
	assert_true(s.up);
	io_close(&worker);
}

static const struct frame_part *
parts_of(size_t *count_r)
{
	struct dispatch_status s;

	dispatch_status(fake_front.now->dispatches[0], &s);
	*count_r = s.part_count;
	return s.parts;
}

/* As the pool told last; without a pool nothing is known. */
static void
test_parts(void **state)
{
	static const struct frame_part parts[2] = {
		{ "ldap://one/", false, 1000, "refused" },
		{ "ldap://two/", true, 500, "" }
	};
	const struct frame_part *got;
	size_t n;

	(void)state;
	(void)parts_of(&n);
	assert_int_equal(n, 0);
	fake_tell_parts(parts, 2);
	got = parts_of(&n);
	assert_int_equal(n, 2);
	assert_string_equal(got[0].name, "ldap://one/");
	assert_false(got[0].up);
	assert_string_equal(got[0].why, "refused");
	assert_string_equal(got[1].name, "ldap://two/");
	assert_true(got[1].up);
	fake_tell_parts(&parts[1], 1);
	got = parts_of(&n);
	assert_int_equal(n, 1);
	assert_string_equal(got[0].name, "ldap://two/");
	fake_unlink();
	fake_settle();
	(void)parts_of(&n);
	assert_int_equal(n, 0);
}

/* It ends the channel, as any bad frame does. */
static void
test_bad_parts(void **state)
{
	static const struct frame_part part = { "ldap://one/", true, 1, "" };
	struct buf b;
	unsigned kind;
	size_t n;

	(void)state;
	for (kind = 0; kind < 2; kind++) {
		fake_link(1, 1);
		fake_tell_parts(&part, 1);
		buf_init(&b, FRAME_MAX);
		if (kind == 0)	/* fewer than it says */
			assert_int_equal(buf_put_u32(&b, 1), 0);
		else
			assert_int_equal(frame_put_parts(&b, &part, 1), 0);
		fake_tell_raw(FRAME_PARTS, &b, kind == 0 ? -1 : 0);
		buf_fini(&b);
		fake_pool_hears_end();
		(void)parts_of(&n);
		assert_int_equal(n, 0);
	}
}

static void
test_abandon(void **state)
{
	int worker, busy, queued;

	(void)state;
	fake_link(1, 1);
	worker = fake_ready_worker(9);
	busy = fake_ask("busy", "x");
	queued = fake_ask("queued", "x");
	(void)fake_take(worker, "busy");
	dispatch_abandon(fake_front.now->dispatches[0]);
	assert_string_equal(fake_reply(busy), "");
	assert_string_equal(fake_reply(queued), "");
	assert_int_equal(loglines_count("[reason=shutdown"), 2);
	fake_pool_hears(FRAME_KILL, 9);
	fake_expect_end(worker);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fake_set_up, fake_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_at_a_time),
		TEST(test_wrong_id),
		TEST(test_unasked_answer),
		TEST(test_bad_frames),
		TEST(test_worker_dies),
		TEST(test_idle_worker_dies),
		TEST(test_other_build),
		TEST(test_no_work_before_hello),
		TEST(test_deadline),
		TEST(test_deadline_in_queue),
		TEST(test_requeued),
		TEST(test_growth),
		TEST(test_retire),
		TEST(test_no_worker_starts),
		TEST(test_pool_lost),
		TEST(test_filling),
		TEST(test_many_wishes),
		TEST(test_wish_not_granted),
		TEST(test_new_pool),
		TEST(test_limit_peer),
		TEST(test_status),
		TEST(test_parts),
		TEST(test_bad_parts),
		TEST(test_abandon),
		TEST(test_too_late)
	};

	return cmocka_run_group_tests(tests, fake_open, NULL);
}
