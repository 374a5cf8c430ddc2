/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_line - read one flat JSON object (RFC 8259), as common/json.h writes.
 *
 * Strings, integers, decimals and booleans; nothing nested, no null, no
 * exponents, no key twice. What else comes is an error: the daemon does not
 * send it. A string may hold any character but NUL.
 */
#ifndef TOOLS_JSON_LINE_H
#define TOOLS_JSON_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/json.h"

#define JSON_LINE_MEMBERS 64

struct json_member {
	enum { JSON_STRING, JSON_NUMBER, JSON_BOOL } type;
	const char *key;
	const char *text;	/* of a string; else NULL */
	int64_t number;		/* times 10^decimals; a boolean's 0 or 1 */
	unsigned decimals;
};

struct json_line {
	char *text;		/* where the strings are */
	struct json_member members[JSON_LINE_MEMBERS];
	size_t count;
};

/* One object in n bytes, blanks around it allowed. -1 with a message; the
 * line is then empty. Freed by json_line_fini() in every case. */
int json_line_parse(const char *bytes, size_t n, struct json_line *l_r,
    struct errmsg *e);
void json_line_fini(struct json_line *l);

/* A member's value; what is missing or of another type is "", 0, false. */
bool json_line_has(const struct json_line *l, const char *key);
const char *json_line_str(const struct json_line *l, const char *key);
int64_t json_line_int(const struct json_line *l, const char *key);
double json_line_real(const struct json_line *l, const char *key);
bool json_line_bool(const struct json_line *l, const char *key);

/* Write the members again, all but the one called `except`. */
void json_line_copy(const struct json_line *l, const char *except,
    struct json *to);

#endif
