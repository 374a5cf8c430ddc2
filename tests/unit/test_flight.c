/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of flight: equal requests reach the backend once.
 */
#include "config.h"

#include <string.h>

#include "common/io.h"
#include "front/dispatch.h"
#include "front/metrics.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

static uint64_t
joined(void)
{
	struct metrics_totals t;

	metrics_totals(fake_front.metrics, &t);
	return t.joined;
}

/* Whoever asks the same while it is being asked gets the same answer. */
static void
test_join(void **state)
{
	uint64_t before = joined();
	int worker, clients[5];
	size_t i;

	(void)state;
	fake_link(1, 1);
	worker = fake_ready_worker(1);
	for (i = 0; i < COUNT_OF(clients); i++)
		clients[i] = fake_ask("joe", "s3cret");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	for (i = 0; i < COUNT_OF(clients); i++)
		assert_string_equal(fake_reply(clients[i]), "OK");
	assert_false(fake_has_work(worker));
	assert_int_equal(loglines_count("auth success: "), COUNT_OF(clients));
	assert_int_equal(joined() - before, COUNT_OF(clients) - 1);
	/* It has landed: the next one is asked anew. */
	clients[0] = fake_ask("joe", "s3cret");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_DENIED,
	    REASON_LOCKED);
	assert_string_equal(fake_reply(clients[0]), "NO");
	io_close(&worker);
}

/* In every string a backend can see. */
static void
test_only_equals_join(void **state)
{
	static const struct {
		const char *login, *password, *address;
		bool joins, joins_by_address;
	} rows[] = {
		{ "joe", "s3cret", "192.0.2.1;1", true, true },
		{ "joe", "s3cret", "192.0.2.1", true, true },
		{ "joe", "s3cret", "192.0.2.11;1", true, false },
		{ "joe", "s3cret", NULL, true, false },
		{ "joe", "s3cre", "192.0.2.1;1", false, false },
		{ "joe", "s3cret ", "192.0.2.1;1", false, false },
		{ "Joe", "s3cret", "192.0.2.1;1", false, false },
		{ "joes", "3cret", "192.0.2.1;1", false, false },
	};
	bool by_address = false;
	int worker, other, first, client;
	size_t i;

	(void)state;
	do {
		fake_sees_address = by_address;
		fake_link(2, 2);
		worker = fake_ready_worker(1);
		for (i = 0; i < COUNT_OF(rows); i++) {
			fake_address = "192.0.2.1;4711";
			first = fake_ask("joe", "s3cret");
			other = fake_ready_worker(i + 2);
			fake_address = rows[i].address;
			client = fake_ask(rows[i].login, rows[i].password);
			if (by_address ? rows[i].joins_by_address :
			    rows[i].joins) {
				assert_false(fake_has_work(other));
			} else {
				fake_verdict(other, fake_take(other,
				    rows[i].login), AUTH_OK, REASON_NONE);
				assert_string_equal(fake_reply(client), "OK");
				client = -1;
			}
			fake_verdict(worker, fake_take(worker, "joe"),
			    AUTH_DENIED, REASON_BAD_PASSWORD);
			assert_string_equal(fake_reply(first), "NO");
			if (client >= 0)
				assert_string_equal(fake_reply(client), "NO");
			io_close(&other);
			fake_settle();
		}
		io_close(&worker);
		by_address = !by_address;
	} while (by_address);
}

static void
test_join_no(void **state)
{
	int worker, first, second;

	(void)state;
	fake_backend->join = false;
	fake_link(1, 1);
	worker = fake_ready_worker(1);
	first = fake_ask("joe", "x");
	second = fake_ask("joe", "x");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(first), "OK");
	assert_false(fake_answered(second));
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_DENIED,
	    REASON_BAD_PASSWORD);
	assert_string_equal(fake_reply(second), "NO");
	io_close(&worker);
}

/* Its code is used up: nobody else is let in by it. */
static void
test_one_time(void **state)
{
	struct frame_answer a = { .result = AUTH_OK, .one_time = true };
	int worker, first, second;

	(void)state;
	fake_link(1, 1);
	worker = fake_ready_worker(1);
	first = fake_ask("joe", "123456");
	second = fake_ask("joe", "123456");
	a.id = fake_take(worker, "joe");
	fake_answer(worker, &a);
	assert_string_equal(fake_reply(first), "OK");
	assert_false(fake_answered(second));
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_DENIED,
	    REASON_BAD_PASSWORD);
	assert_string_equal(fake_reply(second), "NO");
	io_close(&worker);
}

/* The first one's time is over, and his client may be gone: the others are
 * answered all the same. */
static void
test_leader_leaves(void **state)
{
	int worker, busy, first, second;
	uint64_t id;

	(void)state;
	fake_link(1, 1);
	worker = fake_ready_worker(1);
	busy = fake_ask("busy", "x");
	id = fake_take(worker, "busy");
	fake_front.now->site.settings.request_timeout_sec = 1;
	first = fake_ask("joe", "x");
	fake_run(300);
	fake_front.now->site.settings.request_timeout_sec = 30;
	second = fake_ask("joe", "x");
	assert_string_equal(fake_reply(first), "");
	assert_int_equal(loglines_count("[reason=deadline"), 1);
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(busy), "OK");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(second), "OK");

	first = fake_ask("joe", "x");
	second = fake_ask("joe", "x");
	io_close(&first);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(second), "OK");
	io_close(&worker);
}

/* A flight that waited so long that its worker gets less time than usual is
 * none for who has all his time still before him. */
static void
test_cut_short(void **state)
{
	int worker, other, first, second;

	(void)state;
	worker = fake_ready_worker(1);
	other = fake_ready_worker(2);
	fake_front.now->site.settings.request_timeout_sec = 1;
	first = fake_ask("joe", "x");
	fake_front.now->site.settings.request_timeout_sec = 30;
	second = fake_ask("joe", "x");
	assert_string_equal(fake_reply(first), "");
	assert_false(fake_answered(second));
	(void)fake_take(other, "joe");
	fake_expect_end(other);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(second), "OK");
	io_close(&worker);
}

/* Nobody waits any more: the question is not asked at all. */
static void
test_all_left(void **state)
{
	struct dispatch_status s;
	int client;

	(void)state;
	fake_front.now->site.settings.request_timeout_sec = 1;
	client = fake_ask("joe", "x");
	assert_string_equal(fake_reply(client), "");
	dispatch_status(fake_front.now->dispatches[0], &s);
	assert_int_equal(s.queued, 0);
	client = fake_ready_worker(1);
	assert_false(fake_has_work(client));
	io_close(&client);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fake_set_up, fake_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_join),
		TEST(test_only_equals_join),
		TEST(test_join_no),
		TEST(test_one_time),
		TEST(test_leader_leaves),
		TEST(test_cut_short),
		TEST(test_all_left)
	};

	return cmocka_run_group_tests(tests, fake_open, NULL);
}
