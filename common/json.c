/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json - write flat JSON objects (RFC 8259), one per line.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"

#define NUMBER_SIZE 48		/* a 64-bit number with sign, point and zeros */
#define DECIMALS_MAX 18		/* 10^18 fits into an int64_t */
#define REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */

static void
put(struct json *j, const void *bytes, size_t n)
{
	if (!j->failed && buf_put(j->to, bytes, n) != 0)
		j->failed = true;
}

static void
put_text(struct json *j, const char *text)
{
	put(j, text, strlen(text));
}

/* What must not stand between quotes (RFC 8259 section 7), and the other
 * control characters: the line may end up on a terminal. */
static bool
is_plain(uint32_t code)
{
	return code >= 0x20 && code != '"' && code != '\\' &&
	    (code < 0x7f || code > 0x9f);
}

static void
put_escaped(struct json *j, uint32_t code)
{
	char text[8];

	if (code == '\n')
		(void)str_format(text, sizeof(text), "\\n");
	else if (code == '"' || code == '\\')
		(void)str_format(text, sizeof(text), "\\%c", (char)code);
	else
		(void)str_format(text, sizeof(text), "\\u%04" PRIx32, code);
	put_text(j, text);
}

static void
put_string(struct json *j, const void *bytes, size_t left)
{
	const unsigned char *p = bytes, *plain = p;
	size_t len;
	uint32_t code = 0;

	put_text(j, "\"");
	while (left > 0) {
		len = str_utf8_decode(p, left, &code);
		if (len == 0 || !is_plain(code)) {
			put(j, plain, (size_t)(p - plain));
			if (len == 0)
				put_text(j, REPLACEMENT);
			else
				put_escaped(j, code);
			plain = p + (len == 0 ? 1 : len);
		}
		p += len == 0 ? 1 : len;
		left -= len == 0 ? 1 : len;
	}
	put(j, plain, (size_t)(p - plain));
	put_text(j, "\"");
}

static void
put_key(struct json *j, const char *key)
{
	if (j->begun)
		put_text(j, ",");
	j->begun = true;
	put_string(j, key, strlen(key));
	put_text(j, ":");
}

void
json_begin(struct json *j, struct buf *to)
{
	j->to = to;
	j->before = buf_len(to);
	j->begun = false;
	j->failed = false;
	put_text(j, "{");
}

void
json_str(struct json *j, const char *key, const char *value)
{
	json_bytes(j, key, value, strlen(value));
}

void
json_bytes(struct json *j, const char *key, const void *bytes, size_t n)
{
	put_key(j, key);
	put_string(j, bytes, n);
}

void
json_int(struct json *j, const char *key, int64_t value)
{
	json_decimal(j, key, value, 0);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	put_text(j, value ? "true" : "false");
}

void
json_decimal(struct json *j, const char *key, int64_t value,
    unsigned decimals)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
	const char *sign = value < 0 ? "-" : "";
	uint64_t unit = 1;
	char text[NUMBER_SIZE];
	unsigned i;

	if (decimals > DECIMALS_MAX)
		decimals = DECIMALS_MAX;
	for (i = 0; i < decimals; i++)
		unit *= 10;
	if (decimals == 0)
		(void)str_format(text, sizeof(text), "%s%" PRIu64, sign,
		    size);
	else
		(void)str_format(text, sizeof(text), "%s%" PRIu64 ".%0*"
		    PRIu64, sign, size / unit, (int)decimals, size % unit);
	put_key(j, key);
	put_text(j, text);
}

int
json_end(struct json *j)
{
	put_text(j, "}\n");
	if (!j->failed)
		return 0;
	j->to->end = j->to->start + j->before;
	return -1;
}
