/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of wire.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/wire.h"
#include "tests/unit/freed.h"
#include "tests/unit/unit.h"

#define MARK "correct horse battery"

/* A string literal and its length, NULs inside included. */
#define BYTES(literal) (literal), sizeof(literal) - 1

/* alice, s3cret, imap, empty realm */
#define ALICE "\0\5alice\0\6s3cret\0\4imap\0\0"
#define ADDRESS "192.0.2.1;4711"

static const struct wire_limits small = { 8, 10 };
static const struct wire_limits usual = {
	WIRE_NAME_MAX_DEFAULT, WIRE_PASSWORD_MAX_DEFAULT
};

static void
fill(struct buf *b, const char *bytes, size_t n)
{
	buf_init(b, 100000);
	assert_int_equal(buf_put(b, bytes, n), 0);
}

/* A request is complete with its last byte and not one earlier. */
static void
test_scan_by_bytes(void **state)
{
	static const char request[] = ALICE;
	enum wire_field field;
	size_t n, used = 0;

	(void)state;
	assert_int_equal(wire_scan(NULL, 0, &usual, &used, &field),
	    WIRE_MORE);
	for (n = 0; n < sizeof(request) - 1; n++)
		assert_int_equal(wire_scan(request, n, &usual, &used,
		    &field), WIRE_MORE);
	assert_int_equal(wire_scan(request, n, &usual, &used, &field),
	    WIRE_COMPLETE);
	assert_int_equal(used, sizeof(request) - 1);
}

static void
test_scan_table(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
		enum wire_state state;
		size_t used;
		enum wire_field field;
	} rows[] = {
		{ "all empty", BYTES("\0\0\0\0\0\0\0\0"), WIRE_COMPLETE, 8,
		    0 },
		{ "at the limits", BYTES("\0\10abcdefgh\0\n0123456789"
		    "\0\10abcdefgh\0\10abcdefgh"), WIRE_COMPLETE, 42, 0 },
		{ "surplus", BYTES("\0\0\0\0\0\0\0\0\377\377x"),
		    WIRE_COMPLETE, 8, 0 },
		{ "ff ff alone", BYTES("\377\377"), WIRE_TOO_LONG, 0,
		    WIRE_LOGIN },
		{ "half a length", BYTES("\377"), WIRE_MORE, 0, 0 },
		{ "login over by one", BYTES("\0\11"), WIRE_TOO_LONG, 0,
		    WIRE_LOGIN },
		{ "login short, then too long password",
		    BYTES("\0\1\0\377"), WIRE_MORE, 0, 0 },
		{ "password", BYTES("\0\1a\0\13"), WIRE_TOO_LONG, 0,
		    WIRE_PASSWORD },
		{ "service", BYTES("\0\1a\0\1b\0\11"), WIRE_TOO_LONG, 0,
		    WIRE_SERVICE },
		{ "realm", BYTES("\0\1a\0\1b\0\0\1\0"), WIRE_TOO_LONG, 0,
		    WIRE_REALM },
		{ "first of two", BYTES("\0\1a\0\13\377\377"),
		    WIRE_TOO_LONG, 0, WIRE_PASSWORD }
	};
	enum wire_field field;
	size_t i, used;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		used = 0;
		field = WIRE_LOGIN;
		assert_row(rows[i].name, wire_scan(rows[i].bytes, rows[i].n,
		    &small, &used, &field) == rows[i].state);
		if (rows[i].state == WIRE_COMPLETE)
			assert_row(rows[i].name, used == rows[i].used);
		if (rows[i].state == WIRE_TOO_LONG)
			assert_row(rows[i].name, field == rows[i].field);
	}
}

static void
test_scan_fifth(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
		enum wire_fifth fifth;
	} rows[] = {
		{ "absent", BYTES(""), WIRE_FIFTH_NONE },
		{ "half a length", BYTES("\0"), WIRE_FIFTH_BEGUN },
		{ "length", BYTES("\0\2"), WIRE_FIFTH_BEGUN },
		{ "some bytes", BYTES("\0\2a"), WIRE_FIFTH_BEGUN },
		{ "empty", BYTES("\0\0"), WIRE_FIFTH_WHOLE },
		{ "whole", BYTES("\0\2ab"), WIRE_FIFTH_WHOLE },
		{ "and more", BYTES("\0\2abc"), WIRE_FIFTH_WHOLE },
		{ "half of too long", BYTES("\377"), WIRE_FIFTH_BEGUN },
		{ "too long", BYTES("\377\377a"), WIRE_FIFTH_WHOLE }
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++)
		assert_row(rows[i].name, wire_scan_fifth(rows[i].bytes,
		    rows[i].n, &usual) == rows[i].fifth);
	assert_int_equal(wire_scan_fifth(NULL, 0, &usual), WIRE_FIFTH_NONE);
}

static void
test_decode(void **state)
{
	struct wire_request req;
	enum wire_field field;
	bool surplus = true;
	struct buf b;

	(void)state;
	fill(&b, BYTES(ALICE));
	assert_int_equal(wire_decode(&b, &usual, &req, &surplus, &field),
	    WIRE_DECODED);
	assert_string_equal(req.login, "alice");
	assert_string_equal(secret_cstr(&req.password), "s3cret");
	assert_string_equal(req.service, "imap");
	assert_string_equal(req.realm, "");
	assert_string_equal(req.address, "");
	assert_false(surplus);
	assert_int_equal(buf_len(&b), 0);
	wire_request_fini(&req);
	wire_request_fini(&req);
	buf_fini(&b);
}

/* Behind four good fields: taken, or surplus that stays where it is. */
static void
test_decode_fifth(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
		const char *address;
		size_t left;
	} rows[] = {
		{ "IPv4", BYTES(ALICE "\0\16" ADDRESS), ADDRESS, 0 },
		{ "IPv6", BYTES(ALICE "\0\3::1"), "::1", 0 },
		{ "empty", BYTES(ALICE "\0\0"), "", 0 },
		{ "more behind", BYTES(ALICE "\0\3::1xy"), "::1", 2 },
		{ "begun", BYTES(ALICE "\0"), "", 1 },
		{ "incomplete", BYTES(ALICE "\0\3::"), "", 4 },
		{ "no address", BYTES(ALICE "\0\3abc"), "", 5 },
		{ "NUL", BYTES(ALICE "\0\4::1\0"), "", 6 },
		{ "too long", BYTES(ALICE "\377\377::1"), "", 5 },
		{ "second request", BYTES(ALICE ALICE), "", 23 }
	};
	struct wire_request req;
	enum wire_field field;
	bool surplus;
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		fill(&b, rows[i].bytes, rows[i].n);
		assert_row(rows[i].name, wire_decode(&b, &usual, &req,
		    &surplus, &field) == WIRE_DECODED);
		assert_string_equal(req.login, "alice");
		assert_string_equal(req.address, rows[i].address);
		assert_row(rows[i].name, surplus == (rows[i].left > 0));
		assert_row(rows[i].name, buf_len(&b) == rows[i].left);
		wire_request_fini(&req);
		buf_fini(&b);
	}
}

static void
test_decode_nul(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
		enum wire_field field;
	} rows[] = {
		{ "end of login", BYTES("\0\2a\0\0\1b\0\1c\0\0"),
		    WIRE_LOGIN },
		{ "only NUL", BYTES("\0\1\0\0\1b\0\1c\0\0"), WIRE_LOGIN },
		{ "password", BYTES("\0\1a\0\3b\0c\0\1c\0\0"),
		    WIRE_PASSWORD },
		{ "service", BYTES("\0\1a\0\1b\0\1\0\0\0"), WIRE_SERVICE },
		{ "realm", BYTES("\0\1a\0\1b\0\1c\0\2\0d"), WIRE_REALM },
		{ "first counts", BYTES("\0\1\0\0\1\0\0\1\0\0\1\0"),
		    WIRE_LOGIN }
	};
	struct wire_request req;
	enum wire_field field;
	bool surplus;
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		fill(&b, rows[i].bytes, rows[i].n);
		assert_row(rows[i].name, wire_decode(&b, &usual, &req,
		    &surplus, &field) == WIRE_NUL);
		assert_row(rows[i].name, field == rows[i].field);
		wire_request_fini(&req);
		buf_fini(&b);
	}
}

static void
test_addresses(void **state)
{
	static const char *const good[] = {
		"192.0.2.1", "192.0.2.1;25", "0.0.0.0;0",
		"255.255.255.255;65535", "::", "::1;4711",
		"2001:db8::1;1", "::ffff:192.0.2.1;9",
		"1111:2222:3333:4444:5555:6666:123.123.123.123;65535"
	};
	static const char *const bad[] = {
		"", ";", ";25", "192.0.2.1;", "192.0.2.1;x",
		"192.0.2.1;-1", "192.0.2.1;65536", "192.0.2.1;000025",
		"192.0.2.1;25;", "192.0.2.1;25 ", " 192.0.2.1",
		"192.0.2.1\n", "192.0.2", "192.0.2.256", "192.0.2.1.5",
		"0x7f.1", "localhost", "[::1]", "::1:::2", "2001:db8::g",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999",
		"1111:2222:3333:4444:5555:6666:7777:8888:1111:2222:3333",
		"192.0.2.1]", "192.0.2.1,25"
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(good); i++)
		assert_row(good[i], wire_address_valid(good[i],
		    strlen(good[i])));
	for (i = 0; i < COUNT_OF(bad); i++)
		assert_row(bad[i], !wire_address_valid(bad[i],
		    strlen(bad[i])));
	assert_false(wire_address_valid("::1\0", 4));
	assert_false(wire_address_valid("::\0001", 4));
	assert_false(wire_address_valid(NULL, 0));
}

static void
test_encode(void **state)
{
	struct secret pw = SECRET_INIT;
	struct buf b;

	(void)state;
	assert_int_equal(secret_set(&pw, "s3cret", 6), 0);
	buf_init(&b, 100000);
	assert_int_equal(wire_encode(&b, "alice", &pw, "imap", "", NULL), 0);
	assert_int_equal(buf_len(&b), sizeof(ALICE) - 1);
	assert_memory_equal(buf_data(&b), ALICE, sizeof(ALICE) - 1);
	buf_reset(&b);
	assert_int_equal(wire_encode(&b, "alice", &pw, "imap", "", ADDRESS),
	    0);
	assert_memory_equal(buf_data(&b), ALICE "\0\16" ADDRESS,
	    buf_len(&b));
	buf_fini(&b);
	secret_wipe(&pw);
}

static void
test_encode_too_long(void **state)
{
	struct secret pw = SECRET_INIT;
	char *big = malloc(65537);
	struct buf b;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 65536);
	big[65536] = 0;
	assert_int_equal(secret_set(&pw, "p", 1), 0);
	buf_init(&b, 200000);
	assert_int_equal(wire_encode(&b, "a", &pw, "b", big, NULL), -1);
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
	buf_init(&b, 12);
	assert_int_equal(wire_encode(&b, "a", &pw, "bb", "c", NULL), -1);
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(wire_encode(&b, "a", &pw, "b", "c", NULL), 0);
	assert_int_equal(buf_len(&b), 12);
	buf_fini(&b);
	secret_wipe(&pw);
	free(big);
}

static void
test_field_names(void **state)
{
	(void)state;
	assert_string_equal(wire_field_name(WIRE_LOGIN), "login");
	assert_string_equal(wire_field_name(WIRE_PASSWORD), "password");
	assert_string_equal(wire_field_name(WIRE_SERVICE), "service");
	assert_string_equal(wire_field_name(WIRE_REALM), "realm");
	assert_string_equal(wire_field_name(WIRE_ADDRESS),
	    "client address");
	assert_string_equal(wire_field_name((enum wire_field)99),
	    "invalid");
}

static void
test_wiped(void **state)
{
	struct secret pw = SECRET_INIT;
	struct wire_request req;
	enum wire_field field;
	bool surplus;
	struct buf b;

	(void)state;
	freed_watch(MARK);
	buf_init(&b, 1000);
	assert_int_equal(secret_set(&pw, MARK, strlen(MARK)), 0);
	assert_int_equal(wire_encode(&b, "joe", &pw, "", "", NULL), 0);
	assert_int_equal(wire_decode(&b, &usual, &req, &surplus, &field),
	    WIRE_DECODED);
	assert_string_equal(secret_cstr(&req.password), MARK);
	wire_request_fini(&req);
	secret_wipe(&pw);
	buf_fini(&b);
	assert_int_equal(freed_finds(), 0);
	freed_watch(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_by_bytes),
		cmocka_unit_test(test_scan_table),
		cmocka_unit_test(test_scan_fifth),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_fifth),
		cmocka_unit_test(test_decode_nul),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_encode_too_long),
		cmocka_unit_test(test_field_names),
		cmocka_unit_test(test_wiped)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
