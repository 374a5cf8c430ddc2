/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of trial: an operator's question among those of clients, and
 * operators who do not wait for its end.
 */
#include "config.h"

#include <string.h>

#include "common/io.h"
#include "front/metrics.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/operator.h"
#include "tests/unit/unit.h"

#define HURRY 100		/* 30 s of request_timeout are 0.3 s */

/* An operator who asks what a client would ask by fake_ask(). */
static int
attempt(const char *password)
{
	const char *const words[] = { "try", "joe", "example.org", "smtp", "",
	    "", password, NULL };
	int fd = operator_ask(words);

	fake_settle();
	return fd;
}

static void
test_answers(void **state)
{
	int worker = fake_ready_worker(1), fd = attempt("s3cret");
	struct frame_answer a = {
		.id = fake_take(worker, "joe"), .result = AUTH_DENIED,
		.reason = REASON_LOCKED, .detail = "by \"hand\""
	};
	const char *text;

	(void)state;
	assert_false(operator_hear(fd));
	fake_answer(worker, &a);
	text = operator_reply(fd);
	operator_has(text, "{\"kind\":\"step\",\"step\":1,\"name\":\"pam\","
	    "\"mech\":\"pam\",\"result\":\"denied\",\"reason\":\"locked\","
	    "\"detail\":\"by \\\"hand\\\"\",\"queue_ms\":");
	operator_has(text, ",\"then\":\"stop\"}\n{\"kind\":\"verdict\","
	    "\"result\":\"denied\",\"reason\":\"locked\","
	    "\"detail\":\"by \\\"hand\\\"\",\"reply\":\"NO\",\"ms\":");
	operator_is_whole(text);
	assert_int_equal(loglines_count("do_auth"), 0);
	io_close(&worker);
}

/* Nobody's answer is another's. */
static void
test_flies_alone(void **state)
{
	int one = fake_ready_worker(1), two, client = fake_ask("joe", "same");
	uint64_t id = fake_take(one, "joe");
	int fd;

	(void)state;
	two = fake_ready_worker(2);
	fd = attempt("same");
	fake_verdict(two, fake_take(two, "joe"), AUTH_DENIED,
	    REASON_BAD_PASSWORD);
	operator_has(operator_reply(fd), "\"reply\":\"NO\"");
	assert_false(fake_answered(client));
	fake_verdict(one, id, AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	/* Nor does a client join an operator. */
	fd = attempt("same");
	id = fake_take(one, "joe");
	client = fake_ask("joe", "same");
	fake_verdict(two, fake_take(two, "joe"), AUTH_DENIED, REASON_LOCKED);
	assert_string_equal(fake_reply(client), "NO");
	fake_verdict(one, id, AUTH_OK, REASON_NONE);
	operator_has(operator_reply(fd), "\"reply\":\"OK\"");
	io_close(&one);
	io_close(&two);
}

/* While it waits for a worker; while a worker has it. */
static void
test_operator_leaves(void **state)
{
	int fd = attempt("s3cret"), worker;
	uint64_t id;

	(void)state;
	io_close(&fd);
	fake_settle();
	worker = fake_ready_worker(1);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	fd = attempt("s3cret");
	id = fake_take(worker, "joe");
	io_close(&fd);
	fake_settle();
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	operator_is_whole(ASK("status"));
	io_close(&worker);
}

static void
test_deadline_in_the_queue(void **state)
{
	const char *text;

	(void)state;
	operator_hurry = HURRY;
	text = operator_reply(attempt("s3cret"));
	operator_has(text, "\"result\":\"tempfail\",\"reason\":\"deadline\","
	    "\"detail\":\"no worker became free in time\",\"queue_ms\":");
	operator_has(text, "\"reply\":\"\"");
	assert_null(strstr(text, "worker_ms"));
}

/* It ends where it began. */
static void
test_reload(void **state)
{
	int worker = fake_ready_worker(1), fd = attempt("s3cret"), pool;
	uint64_t id = fake_take(worker, "joe");
	const uint32_t before = fake_front.now->number;

	(void)state;
	pool = fake_reload("mechanism: pam\n");
	fake_settle();
	assert_int_equal(fake_released, 0);
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	operator_has(operator_reply(fd), "\"reply\":\"OK\"");
	fake_settle();
	assert_int_equal(fake_released, before);
	io_close(&pool);
	io_close(&worker);
}

static void
test_refused(void **state)
{
	(void)state;
	operator_is_error(ASK("try", "joe", "", "smtp", "", "", ""),
	    "an empty password");
	operator_is_error(ASK("try", "", "", "smtp", "", "", "x"),
	    "an empty login");
	operator_is_error(ASK("try", "joe", "", "smtp", "", "inner", "x"),
	    "no listener of that name");
	/* The last word is the password, and is not told. */
	operator_is_error(ASK("try", "joe", "", "smtp", "", "s3cret"),
	    "use: try USER REALM SERVICE ADDRESS LISTENER PASSWORD");
	assert_null(strstr((const char *)buf_data(&operator_heard),
	    "s3cret"));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, operator_set_up, \
	    operator_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers), TEST(test_flies_alone),
		TEST(test_operator_leaves),
		TEST(test_deadline_in_the_queue), TEST(test_reload),
		TEST(test_refused)
	};

	return cmocka_run_group_tests(tests, operator_open, operator_close);
}
