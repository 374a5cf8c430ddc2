/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of client: bytes in, one reply out, whatever a client does.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io.h"
#include "common/log.h"
#include "common/wire.h"
#include "front/client.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define NAME_MAX_BYTES 256	/* fake_set_up's limit */

static struct buf bytes;

static int
set_up(void **state)
{
	buf_init(&bytes, FRAME_MAX);
	return fake_set_up(state);
}

static int
tear_down(void **state)
{
	buf_fini(&bytes);
	return fake_tear_down(state);
}

static void
add(const char *field)
{
	assert_int_equal(buf_put_str(&bytes, field), 0);
}

/* Four fields. */
static void
whole(void)
{
	buf_reset(&bytes);
	add("joe");
	add("s3cret");
	add("smtp");
	add("example.org");
}

static void
send_rest(int client, size_t from)
{
	struct deadline never = deadline_never();

	assert_int_equal(io_write_all(client, buf_data(&bytes) + from,
	    buf_len(&bytes) - from, &never), 0);
}

static int
connect_with(size_t n)
{
	return fake_connect(buf_data(&bytes), n);
}

static void
check_ok(int client, int worker)
{
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
}

static void
test_byte_by_byte(void **state)
{
	int worker = fake_ready_worker(1), client;
	size_t i;

	(void)state;
	whole();
	client = connect_with(0);
	for (i = 0; i < buf_len(&bytes); i++) {
		assert_false(fake_has_work(worker));
		assert_int_equal(write(client, buf_data(&bytes) + i, 1), 1);
	}
	check_ok(client, worker);
	io_close(&worker);
}

/* Ended before the request did: no reply, no line in the log. */
static void
test_incomplete(void **state)
{
	size_t n;
	int client;

	(void)state;
	whole();
	for (n = 0; n < buf_len(&bytes); n++) {
		client = connect_with(n);
		fake_settle();
		assert_int_equal(shutdown(client, SHUT_WR), 0);
		assert_string_equal(fake_reply(client), "closed");
	}
	assert_int_equal(fake_gone, buf_len(&bytes));
	assert_string_equal(loglines_next(), "");
	assert_int_equal(clients_count(fake_front.clients), 0);
}

static void
test_half_close_behind_request(void **state)
{
	int worker = fake_ready_worker(1), client;

	(void)state;
	whole();
	client = connect_with(buf_len(&bytes));
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	check_ok(client, worker);
	io_close(&worker);
}

static void
test_stalled(void **state)
{
	int client;

	(void)state;
	fake_front.now->site.settings.client_timeout_sec = 1;
	whole();
	client = connect_with(buf_len(&bytes) - 1);
	fake_run(800);
	assert_false(fake_answered(client));
	assert_string_equal(fake_reply(client), "closed");
	assert_int_equal(fake_gone, 1);
}

static void
expect_refused(const char *reply, const char *line)
{
	assert_string_equal(fake_reply(connect_with(buf_len(&bytes))), reply);
	assert_string_equal(loglines_next(), line);
	assert_int_equal(loglines_priority(), LOG_ERR);
}

/* The texts are the protocol's own. */
static void
test_refusals(void **state)
{
	(void)state;
	add("");
	add("");
	add("smtp");
	add("");
	expect_refused("NO NULL login received",
	    "do_request      : NULL login received");
	buf_reset(&bytes);
	add("joe");
	add("");
	add("smtp");
	add("");
	expect_refused("NO NULL password received",
	    "do_request      : NULL password received");
	/* Two bytes are enough to know. */
	buf_reset(&bytes);
	assert_int_equal(buf_put_u16(&bytes, 0xffff), 0);
	expect_refused("NO ",
	    "do_request      : login exceeded MAX_REQ_LEN: 256");
	buf_reset(&bytes);
	add("joe");
	assert_int_equal(buf_put_u16(&bytes, 513), 0);
	expect_refused("NO ",
	    "do_request      : password exceeded MAX_REQ_LEN: 512");
	buf_reset(&bytes);
	assert_int_equal(buf_put_counted(&bytes, "jo\0e", 4), 0);
	add("s3cret");
	add("");
	add("");
	expect_refused("NO", "do_request      : NUL byte in login");
	fake_pool_hears_nothing();
	assert_int_equal(fake_gone, 5);
}

static void
test_limits_are_inclusive(void **state)
{
	char name[NAME_MAX_BYTES + 1];
	int worker = fake_ready_worker(1), client;

	(void)state;
	memset(name, 'x', NAME_MAX_BYTES);
	name[NAME_MAX_BYTES] = '\0';
	add("joe");
	add("s3cret");
	add("smtp");
	add("example.org");
	client = connect_with(buf_len(&bytes));
	check_ok(client, worker);
	buf_reset(&bytes);
	add(name);
	add("s3cret");
	add("smtp");
	add("example.org");
	client = connect_with(buf_len(&bytes));
	fake_verdict(worker, fake_take(worker, name), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&worker);
}

static void
test_address(void **state)
{
	static const struct {
		const char *sent, *logged;
	} rows[] = {
		{ "192.0.2.1;4711", " [remote=192.0.2.1;4711] " },
		{ "2001:db8::1", " [remote=2001:db8::1] " },
		{ "not an address", "[realm=example.org] [mech=" },
		{ "", "[realm=example.org] [mech=" },
	};
	int worker = fake_ready_worker(1), client;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		whole();
		add(rows[i].sent);
		client = connect_with(buf_len(&bytes));
		check_ok(client, worker);
		assert_row(rows[i].sent, loglines_count(rows[i].logged) == 1);
	}
	io_close(&worker);
}

/* The rest of a fifth string is waited for, a moment. */
static void
test_address_in_two_parts(void **state)
{
	int worker = fake_ready_worker(1), client;
	size_t four;

	(void)state;
	whole();
	four = buf_len(&bytes);
	add("192.0.2.1;4711");
	client = connect_with(four + 5);
	assert_false(fake_has_work(worker));
	send_rest(client, four + 5);
	check_ok(client, worker);
	assert_int_equal(loglines_count("[remote=192.0.2.1;4711]"), 1);

	/* Nothing more comes, or the end of it: the four are good. */
	client = connect_with(four + 5);
	check_ok(client, worker);
	client = connect_with(four + 1);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	check_ok(client, worker);
	assert_int_equal(loglines_count("[remote="), 0);
	io_close(&worker);
}

/* Bytes behind the request must not reset the connection under the reply. */
static void
test_chatty(void **state)
{
	static const char surplus[2000];
	int worker = fake_ready_worker(1), client;

	(void)state;
	whole();
	client = connect_with(buf_len(&bytes));
	assert_int_equal(write(client, surplus, sizeof(surplus)),
	    sizeof(surplus));
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	/* It reads on until we stop, and we see it off. */
	assert_int_equal(clients_count(fake_front.clients), 1);
	assert_string_equal(fake_reply(client), "OK");
	fake_settle();
	assert_int_equal(clients_count(fake_front.clients), 0);

	/* One that never stops is left after a second. */
	whole();
	client = connect_with(buf_len(&bytes));
	assert_int_equal(write(client, surplus, 1), 1);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_int_equal(clients_count(fake_front.clients), 1);
	fake_run(1500);
	assert_int_equal(clients_count(fake_front.clients), 0);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&worker);
}

static void
test_client_leaves(void **state)
{
	int worker = fake_ready_worker(1), client;
	uint64_t id;

	(void)state;
	whole();
	client = connect_with(buf_len(&bytes));
	id = fake_take(worker, "joe");
	io_close(&client);
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	assert_int_equal(fake_gone, 1);
	client = connect_with(buf_len(&bytes));
	check_ok(client, worker);
	io_close(&worker);
}

/* When it is full, who has waited longest without a request makes room; a
 * request is never given up for it. */
static void
test_room(void **state)
{
	int worker = fake_ready_worker(1), clients[3], i;

	(void)state;
	fake_front.now->site.settings.clients_max = 3;
	fake_backend->join = false;
	whole();
	clients[0] = connect_with(buf_len(&bytes));
	clients[1] = connect_with(3);
	assert_false(clients_are_full(fake_front.clients));
	clients[2] = connect_with(3);
	assert_true(clients_are_full(fake_front.clients));
	/* A sign of life: now the other one is longest idle. */
	assert_int_equal(write(clients[1], buf_data(&bytes) + 3, 1), 1);
	fake_settle();
	assert_true(clients_make_room(fake_front.clients));
	assert_string_equal(fake_reply(clients[2]), "closed");
	assert_false(fake_answered(clients[1]));

	clients[2] = connect_with(buf_len(&bytes));
	assert_true(clients_make_room(fake_front.clients));
	assert_string_equal(fake_reply(clients[1]), "closed");
	clients[1] = connect_with(buf_len(&bytes));
	assert_true(clients_are_full(fake_front.clients));
	assert_false(clients_make_room(fake_front.clients));
	for (i = 0; i < 3; i++)
		fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK,
		    REASON_NONE);
	for (i = 0; i < 3; i++)
		assert_string_equal(fake_reply(clients[i]), "OK");
	assert_false(clients_are_full(fake_front.clients));
	io_close(&worker);
}

static void
test_drop_incomplete(void **state)
{
	int worker = fake_ready_worker(1), asking, silent;

	(void)state;
	whole();
	asking = connect_with(buf_len(&bytes));
	silent = connect_with(3);
	clients_drop_incomplete(fake_front.clients);
	assert_string_equal(fake_reply(silent), "closed");
	check_ok(asking, worker);
	io_close(&worker);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_byte_by_byte),
		TEST(test_incomplete),
		TEST(test_half_close_behind_request),
		TEST(test_stalled),
		TEST(test_refusals),
		TEST(test_limits_are_inclusive),
		TEST(test_address),
		TEST(test_address_in_two_parts),
		TEST(test_chatty),
		TEST(test_client_leaves),
		TEST(test_room),
		TEST(test_drop_incomplete)
	};

	return cmocka_run_group_tests(tests, fake_open, NULL);
}
