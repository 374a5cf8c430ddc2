/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json - write flat JSON objects (RFC 8259), one per line.
 *
 * Whatever a string holds, the output is valid: control characters are
 * escaped, bytes that are not well-formed UTF-8 become U+FFFD.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct json {
	struct buf *to;
	size_t before;		/* bytes in the buffer at json_begin() */
	bool begun;		/* a member is there: a comma is due */
	bool failed;		/* the buffer is full */
};

void json_begin(struct json *j, struct buf *to);
void json_str(struct json *j, const char *key, const char *value);
/* A string of n bytes. */
void json_bytes(struct json *j, const char *key, const void *bytes, size_t n);
void json_int(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
/* value / 10^decimals, e.g. microseconds as seconds with 6. */
void json_decimal(struct json *j, const char *key, int64_t value,
    unsigned decimals);
/* "}\n". -1: it did not fit, and the buffer is as before json_begin(). */
int json_end(struct json *j);

#endif
