/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: what a worker (an answer), the front (a request) or a pool (how
 * its servers stand) sends. The first byte chooses which. What is accepted
 * must be the one way to say it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/frame.h"
#include "tests/fuzz/fuzz.h"

static void
check_same(const struct buf *again, const uint8_t *bytes, size_t n)
{
	MUST(buf_len(again) == n);
	MUST(memcmp(buf_data(again), bytes, n) == 0);
}

static void
try_request(struct buf *in, const uint8_t *bytes, size_t n)
{
	struct frame_request r;
	struct buf out;

	buf_init(&out, FRAME_MAX);
	if (frame_get_request(in, &r) == 0) {
		MUST(frame_put_request(&out, &r) == 0);
		check_same(&out, bytes, n);
	}
	frame_request_fini(&r);
	buf_fini(&out);
}

static void
try_answer(struct buf *in, const uint8_t *bytes, size_t n)
{
	struct frame_answer a;
	struct buf out;

	buf_init(&out, FRAME_MAX);
	if (frame_get_answer(in, &a) == 0) {
		MUST(auth_result_valid(a.result));
		MUST(auth_reason_valid(a.reason));
		MUST(frame_put_answer(&out, &a) == 0);
		check_same(&out, bytes, n);
	} else {
		MUST(a.result == AUTH_UNSET);
	}
	buf_fini(&out);
}

static void
try_parts(struct buf *in, const uint8_t *bytes, size_t n)
{
	struct frame_part *list;
	struct buf out;
	size_t count;

	buf_init(&out, FRAME_MAX);
	if (frame_get_parts(in, &list, &count) == 0) {
		MUST(count <= FRAME_PARTS_MAX);
		MUST(frame_put_parts(&out, list, count) == 0);
		check_same(&out, bytes, n);
	} else {
		MUST(list == NULL && count == 0);
	}
	free(list);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct buf in;

	if (n == 0 || n - 1 > FRAME_MAX)
		return 0;
	buf_init(&in, FRAME_MAX);
	MUST(buf_put(&in, bytes + 1, n - 1) == 0);
	if (bytes[0] % 3 == 0)
		try_request(&in, bytes + 1, n - 1);
	else if (bytes[0] % 3 == 1)
		try_answer(&in, bytes + 1, n - 1);
	else
		try_parts(&in, bytes + 1, n - 1);
	buf_fini(&in);
	return 0;
}
