/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_line - read one flat JSON object.
 *
 * Strings are decoded in place, in a copy of the line: no escape is shorter
 * than what it stands for.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tools/json_line.h"

#define HEX_DIGITS 4		/* of \uXXXX */

struct reader {
	char *at, *end;
	const char *begin;
	struct errmsg *e;
};

static int
bad(const struct reader *r, const char *what)
{
	return errmsg_set(r->e, "byte %zu: %s", (size_t)(r->at - r->begin),
	    what);
}

static void
skip_blanks(struct reader *r)
{
	while (r->at < r->end && (str_is_blank(*r->at) || *r->at == '\r' ||
	    *r->at == '\n'))
		r->at++;
}

/* Step over one character and the blanks behind it, if it is the next. */
static bool
take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	skip_blanks(r);
	return true;
}

static bool
take_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
		return false;
	r->at += len;
	return true;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = str_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind "\u". */
static int
read_unit(struct reader *r, uint32_t *unit_r)
{
	uint32_t unit = 0;
	int i, digit;

	if (r->end - r->at < HEX_DIGITS)
		return bad(r, "cut in an escape");
	for (i = 0; i < HEX_DIGITS; i++) {
		digit = hex_value(*r->at++);
		if (digit == -1)
			return bad(r, "not a hexadecimal digit");
		unit = unit << 4 | (uint32_t)digit;
	}
	*unit_r = unit;
	return 0;
}

static bool
is_high(uint32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool
is_low(uint32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* \uXXXX, two of them for what UTF-16 writes as a pair (RFC 8259
 * section 7). */
static int
read_code(struct reader *r, uint32_t *code_r)
{
	uint32_t low;

	if (read_unit(r, code_r) == -1)
		return -1;
	if (*code_r == 0)
		return bad(r, "a NUL in a string");
	if (is_low(*code_r))
		return bad(r, "half of a surrogate pair");
	if (!is_high(*code_r))
		return 0;
	if (!take_word(r, "\\u"))
		return bad(r, "half of a surrogate pair");
	if (read_unit(r, &low) == -1)
		return -1;
	if (!is_low(low))
		return bad(r, "half of a surrogate pair");
	*code_r = 0x10000 + ((*code_r - 0xd800) << 10) + (low - 0xdc00);
	return 0;
}

static char *
put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*to++ = (char)(0xe0 | code >> 12);
		} else {
			*to++ = (char)(0xf0 | code >> 18);
			*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (code & 0x3f));
	return to;
}

/* What follows a backslash; where the text goes on in *to. */
static int
read_escape(struct reader *r, char **to)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	const char *name;
	uint32_t code;

	if (r->at == r->end)
		return bad(r, "cut in an escape");
	if (take_word(r, "u")) {
		if (read_code(r, &code) == -1)
			return -1;
		*to = put_utf8(*to, code);
		return 0;
	}
	name = memchr(names, *r->at, sizeof(names) - 1);
	if (name == NULL)
		return bad(r, "not an escape");
	r->at++;
	*(*to)++ = meant[name - names];
	return 0;
}

/* One character that stands for itself. */
static int
read_plain(struct reader *r, char **to)
{
	uint32_t code;
	size_t len = str_utf8_decode((const unsigned char *)r->at,
	    (size_t)(r->end - r->at), &code);

	if (len == 0)
		return bad(r, "not UTF-8");
	if (code < 0x20)
		return bad(r, "a control character in a string");
	memmove(*to, r->at, len);
	*to += len;
	r->at += len;
	return 0;
}

static int
read_string(struct reader *r, const char **text_r)
{
	char *to;
	int rc;

	if (r->at == r->end || *r->at != '"')
		return bad(r, "not a string");
	to = ++r->at;
	*text_r = to;
	while (r->at < r->end && *r->at != '"') {
		if (take_word(r, "\\"))
			rc = read_escape(r, &to);
		else
			rc = read_plain(r, &to);
		if (rc == -1)
			return -1;
	}
	if (!take(r, '"'))
		return bad(r, "a string without an end");
	*to = '\0';	/* on the quote, at the latest */
	return 0;
}

static bool
is_digit(const struct reader *r)
{
	return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

/* Digits behind those already in m->number. */
static int
read_digits(struct reader *r, struct json_member *m, unsigned *count_r)
{
	int digit;

	*count_r = 0;
	while (is_digit(r)) {
		digit = *r->at - '0';
		if (m->number > (INT64_MAX - digit) / 10)
			return bad(r, "a number out of range");
		m->number = m->number * 10 + digit;
		r->at++;
		(*count_r)++;
	}
	return *count_r == 0 ? bad(r, "not a value") : 0;
}

static int
read_number(struct reader *r, struct json_member *m)
{
	bool negative = take_word(r, "-");
	bool zero = r->at < r->end && *r->at == '0';
	unsigned count;

	m->type = JSON_NUMBER;
	if (read_digits(r, m, &count) == -1)
		return -1;
	if (zero && count > 1)
		return bad(r, "a number with a zero in front");
	if (take_word(r, ".") && read_digits(r, m, &m->decimals) == -1)
		return -1;
	if (negative)
		m->number = -m->number;
	skip_blanks(r);
	return 0;
}

static int
read_value(struct reader *r, struct json_member *m)
{
	if (r->at < r->end && *r->at == '"') {
		m->type = JSON_STRING;
		return read_string(r, &m->text);
	}
	if (take_word(r, "true"))
		m->number = 1;
	else if (!take_word(r, "false"))
		return read_number(r, m);
	m->type = JSON_BOOL;
	skip_blanks(r);
	return 0;
}

static const struct json_member *
find(const struct json_line *l, const char *key)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		if (strcmp(l->members[i].key, key) == 0)
			return &l->members[i];
	return NULL;
}

static int
read_member(struct reader *r, struct json_line *l)
{
	struct json_member m = { .type = JSON_STRING };

	if (l->count == JSON_LINE_MEMBERS)
		return bad(r, "too many members");
	if (read_string(r, &m.key) == -1)
		return -1;
	if (find(l, m.key) != NULL)
		return bad(r, "a key that was there before");
	if (!take(r, ':'))
		return bad(r, "no colon behind a key");
	if (read_value(r, &m) == -1)
		return -1;
	l->members[l->count++] = m;
	return 0;
}

static int
read_object(struct reader *r, struct json_line *l)
{
	skip_blanks(r);
	if (!take(r, '{'))
		return bad(r, "not an object");
	if (!take(r, '}')) {
		do {
			if (read_member(r, l) == -1)
				return -1;
		} while (take(r, ','));
		if (!take(r, '}'))
			return bad(r, "neither a comma nor the end");
	}
	return r->at == r->end ? 0 : bad(r, "more than one object");
}

int
json_line_parse(const char *bytes, size_t n, struct json_line *l_r,
    struct errmsg *e)
{
	struct reader r;

	l_r->count = 0;
	l_r->text = malloc(n + 1);
	if (l_r->text == NULL)
		return errmsg_set(e, "out of memory");
	memcpy(l_r->text, bytes, n);
	l_r->text[n] = '\0';
	r = (struct reader){ .at = l_r->text, .end = l_r->text + n,
	    .begin = l_r->text, .e = e };
	if (read_object(&r, l_r) == 0)
		return 0;
	json_line_fini(l_r);
	return -1;
}

void
json_line_fini(struct json_line *l)
{
	free(l->text);
	l->text = NULL;
	l->count = 0;
}

bool
json_line_has(const struct json_line *l, const char *key)
{
	return find(l, key) != NULL;
}

const char *
json_line_str(const struct json_line *l, const char *key)
{
	const struct json_member *m = find(l, key);

	return m != NULL && m->type == JSON_STRING ? m->text : "";
}

int64_t
json_line_int(const struct json_line *l, const char *key)
{
	const struct json_member *m = find(l, key);
	int64_t number;
	unsigned i;

	if (m == NULL || m->type != JSON_NUMBER)
		return 0;
	number = m->number;
	for (i = 0; i < m->decimals; i++)
		number /= 10;
	return number;
}

double
json_line_real(const struct json_line *l, const char *key)
{
	const struct json_member *m = find(l, key);
	double number;
	unsigned i;

	if (m == NULL || m->type != JSON_NUMBER)
		return 0;
	number = (double)m->number;
	for (i = 0; i < m->decimals; i++)
		number /= 10;
	return number;
}

bool
json_line_bool(const struct json_line *l, const char *key)
{
	const struct json_member *m = find(l, key);

	return m != NULL && m->type == JSON_BOOL && m->number != 0;
}

void
json_line_copy(const struct json_line *l, const char *except,
    struct json *to)
{
	const struct json_member *m;

	for (m = l->members; m < l->members + l->count; m++) {
		if (strcmp(m->key, except) == 0)
			continue;
		switch (m->type) {
		case JSON_STRING:
			json_str(to, m->key, m->text);
			break;
		case JSON_NUMBER:
			json_decimal(to, m->key, m->number, m->decimals);
			break;
		case JSON_BOOL:
			json_bool(to, m->key, m->number != 0);
			break;
		}
	}
}
