/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: what a client sends. The first byte chooses the limits.
 */
#include "config.h"

#include <string.h>

#include "common/wire.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (128 * 1024)

static const struct wire_limits limits[] = {
	{ WIRE_NAME_MAX_DEFAULT, WIRE_PASSWORD_MAX_DEFAULT },
	{ WIRE_NAME_MAX_LIMIT, WIRE_PASSWORD_MAX_LIMIT },
	{ 4, 6 },
	{ 0, 0 }
};

/* What was said of the beginning must hold for the whole, or the answer
 * would depend on how the bytes happened to arrive. */
static void
check_prefix(const uint8_t *bytes, size_t n, const struct wire_limits *l,
    enum wire_state whole, size_t whole_used)
{
	enum wire_field field;
	enum wire_state state;
	size_t used;

	state = wire_scan(bytes, n / 2, l, &used, &field);
	MUST(state == WIRE_MORE || state == whole);
	if (state == WIRE_COMPLETE)
		MUST(used == whole_used);
	if (whole == WIRE_COMPLETE)
		MUST(wire_scan(bytes, whole_used - 1, l, &used, &field) ==
		    WIRE_MORE);
}

/* A request written again is the request that was read. */
static void
check_again(const uint8_t *bytes, size_t taken,
    const struct wire_request *req, bool fifth)
{
	struct buf b;

	buf_init(&b, INPUT_MAX);
	MUST(wire_encode(&b, req->login, &req->password, req->service,
	    req->realm, fifth ? req->address : NULL) == 0);
	MUST(buf_len(&b) == taken);
	MUST(memcmp(buf_data(&b), bytes, taken) == 0);
	buf_fini(&b);
}

static void
decode(const uint8_t *bytes, size_t n, const struct wire_limits *l,
    size_t used)
{
	struct wire_request req;
	enum wire_decoded decoded;
	enum wire_field field;
	bool surplus;
	struct buf b;
	size_t left;

	buf_init(&b, INPUT_MAX);
	MUST(buf_put(&b, bytes, n) == 0);
	decoded = wire_decode(&b, l, &req, &surplus, &field);
	left = buf_len(&b);
	if (decoded == WIRE_DECODED) {
		MUST(surplus == (left > 0));
		MUST(req.address[0] == 0 || wire_address_valid(req.address,
		    strlen(req.address)));
		check_again(bytes, n - left, &req, n - left > used);
	} else {
		MUST(decoded == WIRE_NUL && field < WIRE_ADDRESS);
	}
	wire_request_fini(&req);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const struct wire_limits *l;
	enum wire_field field;
	enum wire_state state;
	size_t used = 0;

	if (n == 0 || n > INPUT_MAX)
		return 0;
	l = &limits[bytes[0] % (sizeof(limits) / sizeof(limits[0]))];
	bytes++;
	n--;
	state = wire_scan(bytes, n, l, &used, &field);
	check_prefix(bytes, n, l, state, used);
	if (state == WIRE_TOO_LONG)
		MUST(field < WIRE_ADDRESS);
	if (state == WIRE_COMPLETE) {
		(void)wire_scan_fifth(bytes + used, n - used, l);
		decode(bytes, n, l, used);
	}
	return 0;
}
