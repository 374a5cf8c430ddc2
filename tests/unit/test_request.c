/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of request: what becomes of a verdict.
 */
#include "config.h"

#include "common/io.h"
#include "front/cache.h"
#include "front/limits.h"
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
	fake_front.now->site.settings.tempfail_reply = TEMPFAIL_NO;
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
	fake_front.now->site.settings.append_realm = true;
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
make_cache(int64_t ttl_sec, int64_t grace_sec, int64_t negative_ttl_sec)
{
	const struct cache_config config = {
		.bytes = 100000, .life[0].ttl_sec = ttl_sec,
		.life[0].grace_sec = grace_sec,
		.life[0].negative_ttl_sec = negative_ttl_sec
	};
	struct errmsg e;

	cache_free(fake_front.cache);
	fake_front.cache = cache_new(&config, &e);
	assert_non_null(fake_front.cache);
}

static void
test_cache(void **state)
{
	struct frame_answer a = { .result = AUTH_OK, .one_time = true };
	int worker = fake_ready_worker(1), client;

	(void)state;
	make_cache(100, 0, 0);
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
	int worker, pass;

	(void)state;
	for (pass = 0; pass < 2; pass++) {
		fake_sees_address = pass == 0;
		fake_link(1, 2);
		worker = fake_ready_worker(1);
		make_cache(100, 0, 0);
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

/* Unless it is told not to look: then a success counts everywhere. */
static void
test_cache_ignore_address(void **state)
{
	int worker;

	(void)state;
	fake_backend->cache_ignore_address = true;
	fake_sees_address = true;
	fake_link(1, 2);
	worker = fake_ready_worker(1);
	make_cache(100, 0, 0);
	fake_address = "192.0.2.1;4711";
	answer_once(worker, "right", AUTH_OK, REASON_NONE);
	fake_address = "192.0.2.11;4711";
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "OK");
	fake_backend->cache_ignore_address = false;
	io_close(&worker);
}

/* What a refusal says about what is remembered. */
static void
test_refusals_and_cache(void **state)
{
	static const struct {
		enum auth_reason reason;
		bool stays;
	} rows[] = {
		{ REASON_BAD_PASSWORD, true },
		{ REASON_TOO_MANY_TRIES, true },
		{ REASON_NO_SUCH_USER, false },
		{ REASON_LOCKED, false },
		{ REASON_NO_PASSWORD, false },
		{ REASON_ACCOUNT_EXPIRED, false },
		{ REASON_PASSWORD_EXPIRED, false },
		{ REASON_MUST_CHANGE, false },
		{ REASON_NOT_PERMITTED, false },
		{ REASON_EXTRA_QUESTION, false },
		{ REASON_NOT_IN_GROUP, false },
		{ REASON_AMBIGUOUS, false },
		{ REASON_DISABLED, false },
	};
	int worker = fake_ready_worker(1), client;
	size_t i;

	(void)state;
	make_cache(100, 0, 0);
	for (i = 0; i < COUNT_OF(rows); i++) {
		answer_once(worker, "right", AUTH_OK, REASON_NONE);
		answer_once(worker, "other", AUTH_DENIED, rows[i].reason);
		client = fake_ask("joe", "right");
		assert_int_equal(fake_has_work(worker), !rows[i].stays);
		if (!rows[i].stays)
			fake_verdict(worker, fake_take(worker, "joe"),
			    AUTH_OK, REASON_NONE);
		assert_string_equal(fake_reply(client), "OK");
		cache_flush_all(fake_front.cache);
	}
	io_close(&worker);
}

/* A phone that repeats a stale password reaches the backend once. */
static void
test_remembered_refusal(void **state)
{
	int worker = fake_ready_worker(1), client;

	(void)state;
	make_cache(100, 0, 100);
	answer_once(worker, "stale", AUTH_DENIED, REASON_BAD_PASSWORD);
	(void)loglines_count("");
	assert_string_equal(fake_reply(fake_ask("joe", "stale")), "NO");
	assert_int_equal(loglines_count("auth failure: "), 1);
	assert_false(fake_has_work(worker));
	/* It says nothing of another password, nor does an outage stay. */
	client = fake_ask("joe", "fresh");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_TEMPFAIL,
	    REASON_BACKEND_DOWN);
	assert_string_equal(fake_reply(client), "");
	answer_once(worker, "fresh", AUTH_OK, REASON_NONE);
	io_close(&worker);
}

/* An expired success answers while the backend cannot be asked, only then,
 * and the log says so. */
static void
test_grace(void **state)
{
	int worker = fake_ready_worker(1), probe, client;

	(void)state;
	make_cache(0, 100, 0);
	answer_once(worker, "right", AUTH_OK, REASON_NONE);
	answer_once(worker, "right", AUTH_OK, REASON_NONE);
	(void)loglines_count("");
	client = fake_ask("joe", "right");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_TEMPFAIL,
	    REASON_BACKEND_DOWN);
	assert_string_equal(fake_reply(client), "OK");
	assert_int_equal(loglines_count("auth success (grace): "), 1);
	/* Not for another password, */
	client = fake_ask("joe", "wrong");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_TEMPFAIL,
	    REASON_BACKEND_DOWN);
	assert_string_equal(fake_reply(client), "");
	/* nor against a backend's own word. While one request is with it,
	 * nobody else waits. */
	probe = fake_ask("joe", "right");
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "OK");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_DENIED,
	    REASON_LOCKED);
	assert_string_equal(fake_reply(probe), "NO");
	client = fake_ask("joe", "right");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_TEMPFAIL,
	    REASON_BACKEND_DOWN);
	assert_string_equal(fake_reply(client), "");
	io_close(&worker);
}

static void
make_limits(int mode)
{
	const struct limits_config config = {
		.bytes = 1 << 20, .identity = 3, .address = 100,
		.compare = 0, .window_msec = 600000,
		.exempt = &fake_front.limit_exempt
	};
	struct errmsg e;

	fake_front.now->site.settings.limits = mode;
	fake_front.limits = limits_new(&config, -1, &e);
	assert_non_null(fake_front.limits);
}

static void
guess_thrice(int worker)
{
	static const char *const guesses[] = { "a", "b", "c" };
	size_t i;

	for (i = 0; i < COUNT_OF(guesses); i++)
		answer_once(worker, guesses[i], AUTH_DENIED,
		    REASON_BAD_PASSWORD);
	(void)loglines_count("");
}

/* Past a limit neither cache nor backend is asked, right or wrong. */
static void
test_limits_enforced(void **state)
{
	int worker = fake_ready_worker(1);

	(void)state;
	make_cache(100, 0, 0);
	make_limits(LIMITS_ENFORCE);
	answer_once(worker, "right", AUTH_OK, REASON_NONE);
	/* One stale password, however often, is one. */
	answer_once(worker, "a", AUTH_DENIED, REASON_BAD_PASSWORD);
	guess_thrice(worker);
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "");
	assert_string_equal(fake_reply(fake_ask("JOE", "d")), "");
	assert_string_equal(fake_reply(fake_ask("joe@example.org", "d")), "");
	assert_false(fake_has_work(worker));
	assert_int_equal(loglines_count("auth limited: "), 3);
	io_close(&worker);
}

/* By default they are counted and told, no more. */
static void
test_limits_observed(void **state)
{
	int worker = fake_ready_worker(1);

	(void)state;
	make_cache(100, 0, 0);
	make_limits(LIMITS_OBSERVE);
	answer_once(worker, "right", AUTH_OK, REASON_NONE);
	guess_thrice(worker);
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "OK");
	assert_int_equal(loglines_count("auth limited (observed): "), 1);
	answer_once(worker, "d", AUTH_DENIED, REASON_BAD_PASSWORD);
	assert_int_equal(loglines_count("[reason=limit_identity]"), 1);
	io_close(&worker);
}

/* Who was let in from here before is still. */
static void
test_limits_known_address(void **state)
{
	int worker = fake_ready_worker(1);

	(void)state;
	make_limits(LIMITS_ENFORCE);
	fake_address = "192.0.2.1;4711";
	answer_once(worker, "right", AUTH_OK, REASON_NONE);
	fake_address = "198.51.100.7;4711";
	guess_thrice(worker);
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "");
	fake_address = "192.0.2.1;4712";
	answer_once(worker, "right", AUTH_OK, REASON_NONE);
	io_close(&worker);
}

/* A refusal that is not about the password is no guess. */
static void
test_what_counts(void **state)
{
	static const enum auth_reason no_guess[] = {
		REASON_NOT_PERMITTED, REASON_ACCOUNT_EXPIRED,
		REASON_PASSWORD_EXPIRED, REASON_MUST_CHANGE,
		REASON_EXTRA_QUESTION, REASON_BAD_SERVICE,
		REASON_NOT_IN_GROUP, REASON_AMBIGUOUS, REASON_DISABLED
	};
	int worker = fake_ready_worker(1), client;
	char password[] = "a";
	size_t i;

	(void)state;
	make_limits(LIMITS_ENFORCE);
	for (i = 0; i < COUNT_OF(no_guess); i++, password[0]++) {
		answer_once(worker, password, AUTH_DENIED, no_guess[i]);
		client = fake_ask("joe", password);
		fake_verdict(worker, fake_take(worker, "joe"), AUTH_TEMPFAIL,
		    REASON_BACKEND_ERROR);
		assert_string_equal(fake_reply(client), "");
	}
	assert_int_equal(loglines_count("auth limited: "), 0);
	answer_once(worker, "z", AUTH_OK, REASON_NONE);
	io_close(&worker);
}

/* What is asked all at once is not judged all at once: guesses that wait are
 * judged again when a worker is free for them, which is before the answer it
 * just gave is counted. */
static void
test_limits_burst(void **state)
{
	enum { GUESSES = 20 };
	int worker, clients[GUESSES], compared = 0, i;
	char password[] = "a";

	(void)state;
	fake_link(1, 1);
	worker = fake_ready_worker(1);
	make_limits(LIMITS_ENFORCE);
	for (i = 0; i < GUESSES; i++, password[0]++)
		clients[i] = fake_ask("joe", password);
	while (fake_has_work(worker)) {
		fake_verdict(worker, fake_take(worker, "joe"), AUTH_DENIED,
		    REASON_BAD_PASSWORD);
		fake_settle();
		compared++;
	}
	assert_int_equal(compared, 3 + 1);
	for (i = 0; i < GUESSES; i++)
		assert_string_equal(fake_reply(clients[i]), i < compared ?
		    "NO" : "");
	io_close(&worker);
}

/* Grace is for what is still remembered when it is needed. */
static void
test_grace_is_over(void **state)
{
	int worker = fake_ready_worker(1), other = fake_ready_worker(2);
	int stale, client;
	uint64_t id;

	(void)state;
	make_cache(0, 100, 0);
	client = fake_ask("joe", "old");
	id = fake_take(other, "joe");
	fake_verdict(other, id, AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	stale = fake_ask("joe", "old");
	id = fake_take(other, "joe");
	client = fake_ask("joe", "x");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_DENIED,
	    REASON_LOCKED);
	assert_string_equal(fake_reply(client), "NO");
	fake_verdict(other, id, AUTH_TEMPFAIL, REASON_BACKEND_DOWN);
	assert_string_equal(fake_reply(stale), "");
	io_close(&worker);
	io_close(&other);
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
		TEST(test_cache_and_address),
		TEST(test_cache_ignore_address),
		TEST(test_refusals_and_cache),
		TEST(test_remembered_refusal),
		TEST(test_grace),
		TEST(test_limits_enforced),
		TEST(test_limits_observed),
		TEST(test_limits_known_address),
		TEST(test_what_counts),
		TEST(test_limits_burst),
		TEST(test_grace_is_over)
	};

	return cmocka_run_group_tests(tests, fake_open, NULL);
}
