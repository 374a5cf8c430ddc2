/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of request: what becomes of a verdict.
 */
#include "config.h"

#include "common/io.h"
#include "saslauthd/cache.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

static void
test_verdicts(void **state)
{
	static const struct {
		enum auth_result result;
		enum auth_reason reason;
		const char *reply, *line;
	} rows[] = {
		{ AUTH_OK, REASON_NONE, "OK", "auth success: " },
		{ AUTH_DENIED, REASON_BAD_PASSWORD, "NO",
		    "[reason=bad_password]" },
		{ AUTH_DENIED, REASON_LOCKED, "NO", "auth failure: " },
		{ AUTH_TEMPFAIL, REASON_BACKEND_ERROR, "", "auth error: " },
		{ AUTH_MISCONFIG, REASON_BAD_HASH, "", "[reason=bad_hash]" },
	};
	int worker = fake_ready_worker(1), client;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		client = fake_ask("joe", "s3cret");
		fake_verdict(worker, fake_take(worker, "joe"),
		    rows[i].result, rows[i].reason);
		assert_string_equal(fake_reply(client), rows[i].reply);
		assert_int_equal(loglines_count(rows[i].line), 1);
	}
	fake_front.settings.tempfail_reply = TEMPFAIL_NO;
	client = fake_ask("joe", "s3cret");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_TEMPFAIL,
	    REASON_BACKEND_DOWN);
	assert_string_equal(fake_reply(client), "NO");
	assert_int_equal(fake_gone, COUNT_OF(rows) + 1);
	fake_pool_hears_nothing();
	io_close(&worker);
}

/* A pause after a denial costs no worker's time. */
static void
test_failure_delay(void **state)
{
	struct frame_answer a = { .result = AUTH_DENIED,
	    .reason = REASON_BAD_PASSWORD, .delay_msec = 300 };
	int worker = fake_ready_worker(1), slow = fake_ask("joe", "x"), quick;
	int64_t began = deadline_now_msec();

	(void)state;
	a.id = fake_take(worker, "joe");
	fake_answer(worker, &a);
	assert_int_equal(loglines_count("auth failure: "), 1);
	quick = fake_ask("jim", "x");
	a = (struct frame_answer){ .result = AUTH_OK, .delay_msec = 9000,
	    .id = fake_take(worker, "jim") };
	fake_answer(worker, &a);
	assert_string_equal(fake_reply(quick), "OK");
	assert_false(fake_answered(slow));
	assert_string_equal(fake_reply(slow), "NO");
	assert_true(deadline_now_msec() - began >= 295);
	io_close(&worker);
}

static void
test_append_realm(void **state)
{
	int worker = fake_ready_worker(1), client;

	(void)state;
	fake_front.settings.append_realm = true;
	client = fake_ask("joe", "x");
	fake_verdict(worker, fake_take(worker, "joe@example.org"), AUTH_OK,
	    REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	assert_int_equal(loglines_count("[user=joe@example.org] "
	    "[service=smtp] [realm=example.org]"), 1);
	io_close(&worker);
}

static void
answer_once(int worker, const char *password, enum auth_result result,
    enum auth_reason reason)
{
	int client = fake_ask("joe", password);

	fake_verdict(worker, fake_take(worker, "joe"), result, reason);
	assert_string_equal(fake_reply(client), result == AUTH_OK ? "OK" :
	    "NO");
}

static void
test_cache(void **state)
{
	struct frame_answer a = { .result = AUTH_OK, .one_time = true };
	int worker = fake_ready_worker(1), client;
	struct errmsg e;

	(void)state;
	fake_front.cache = cache_new(10000, 100, &e);
	assert_non_null(fake_front.cache);
	client = fake_ask("joe", "123456");
	a.id = fake_take(worker, "joe");
	fake_answer(worker, &a);
	assert_string_equal(fake_reply(client), "OK");
	/* Not learnt: the code is used up. */
	answer_once(worker, "123456", AUTH_DENIED, REASON_BAD_PASSWORD);

	answer_once(worker, "right", AUTH_OK, REASON_NONE);
	(void)loglines_count("");
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "OK");
	assert_int_equal(loglines_count("auth success (cached): "), 1);
	/* A guess does not make it forget, */
	answer_once(worker, "wrong", AUTH_DENIED, REASON_BAD_PASSWORD);
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "OK");
	/* a locked account does. */
	answer_once(worker, "wrong", AUTH_DENIED, REASON_LOCKED);
	answer_once(worker, "right", AUTH_DENIED, REASON_LOCKED);
	io_close(&worker);
}

/* Who is let in from one host need not be from another; from where does not
 * matter to a mechanism that does not look. */
static void
test_cache_and_address(void **state)
{
	struct errmsg e;
	int worker, pass;

	(void)state;
	for (pass = 0; pass < 2; pass++) {
		fake_sees_address = pass == 0;
		fake_link(1, 2);
		worker = fake_ready_worker(1);
		cache_free(fake_front.cache);
		fake_front.cache = cache_new(10000, 100, &e);
		assert_non_null(fake_front.cache);
		fake_address = "192.0.2.1;4711";
		answer_once(worker, "right", AUTH_OK, REASON_NONE);
		fake_address = "192.0.2.1;4712";
		assert_string_equal(fake_reply(fake_ask("joe", "right")),
		    "OK");
		fake_address = "192.0.2.11;4711";
		if (pass == 0)
			answer_once(worker, "right", AUTH_DENIED,
			    REASON_NOT_PERMITTED);
		else
			assert_string_equal(fake_reply(fake_ask("joe",
			    "right")), "OK");
		io_close(&worker);
	}
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fake_set_up, fake_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts),
		TEST(test_failure_delay),
		TEST(test_append_realm),
		TEST(test_cache),
		TEST(test_cache_and_address)
	};

	return cmocka_run_group_tests(tests, fake_open, NULL);
}
