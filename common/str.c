/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * str - small text helpers: bounded copies, escaping for logs, numbers.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

#define CUT_MARK "..."
#define CUT_MARK_LEN 3
#define HEX_LEN 4		/* "\xHH" */
#define NAME_MAX_COMPARED 64	/* str_distance */

int
str_copy_n(char *to, size_t size, const char *from, size_t n)
{
	if (n >= size) {
		if (size > 0)
			to[0] = '\0';
		return -1;
	}
	memcpy(to, from, n);
	to[n] = '\0';
	return 0;
}

int
str_copy(char *to, size_t size, const char *from)
{
	return str_copy_n(to, size, from, strlen(from));
}

int
str_format(char *to, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(to, size, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= size) {
		if (size > 0)
			to[0] = 0;
		return -1;
	}
	return 0;
}

char *
str_dup_format(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	s = malloc((size_t)n + 1);
	if (s == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

/* RFC 3629 section 4: no overlong forms, no surrogates, nothing above
 * U+10FFFF. */
size_t
str_utf8_decode(const unsigned char *p, size_t n, uint32_t *code_r)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;
	uint32_t code;

	if (p[0] < 0x80)
		len = 1;
	else if ((p[0] & 0xe0) == 0xc0)
		len = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		len = 3;
	else if ((p[0] & 0xf8) == 0xf0)
		len = 4;
	else
		return 0;
	if (len > n)
		return 0;
	code = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*code_r = code;
	return len;
}

/* May a code point stand in a log line as it is? Not what controls a
 * terminal, ends a line, turns the writing direction or cannot be seen. */
static bool
log_printable(uint32_t code)
{
	static const struct { uint32_t first, last; } hidden[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f },	/* C0, DEL, C1 */
		{ '[', ']' },			/* [ \ ] */
		{ 0x061c, 0x061c },		/* direction mark */
		{ 0x200b, 0x200f },		/* zero width, marks */
		{ 0x2028, 0x202e },		/* line ends, embeddings */
		{ 0x2060, 0x206f },		/* joiners, isolates */
		{ 0xfeff, 0xfeff },		/* byte order mark */
		{ 0xfff9, 0xfffb },		/* annotations */
		{ 0xe0000, 0xe007f }		/* tags */
	};
	size_t i;

	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return false;
	return true;
}

static size_t
escape(char *to, size_t size, const void *bytes, size_t n, bool blanks)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = bytes;
	size_t max = STR_LOG_VALUE_MAX, used = 0, len;
	uint32_t code;

	if (size <= CUT_MARK_LEN) {
		if (size > 0)
			to[0] = 0;
		return 0;
	}
	if (max > size - 1 - CUT_MARK_LEN)
		max = size - 1 - CUT_MARK_LEN;
	while (n > 0) {
		len = str_utf8_decode(p, n, &code);
		if (len > 0 && log_printable(code) &&
		    (code != ' ' || !blanks)) {
			if (used + len > max)
				break;
			memcpy(to + used, p, len);
			used += len;
		} else {
			if (used + HEX_LEN > max)
				break;
			len = 1;	/* the rest comes round again */
			to[used++] = '\\';
			to[used++] = 'x';
			to[used++] = hex[p[0] >> 4];
			to[used++] = hex[p[0] & 15];
		}
		p += len;
		n -= len;
	}
	if (n > 0) {
		memcpy(to + used, CUT_MARK, CUT_MARK_LEN);
		used += CUT_MARK_LEN;
	}
	to[used] = 0;
	return used;
}

size_t
str_escape_log(char *to, size_t size, const void *bytes, size_t n)
{
	return escape(to, size, bytes, n, false);
}

size_t
str_escape_word(char *to, size_t size, const void *bytes, size_t n)
{
	return escape(to, size, bytes, n, true);
}

int
str_to_long(const char *s, long min, long max, long *v_r)
{
	const char *digits = s[0] == '-' ? s + 1 : s;
	char *end;
	long v;

	/* strtol also takes blanks in front and a plus sign. */
	if (digits[0] < '0' || digits[0] > '9')
		return -1;
	errno = 0;
	v = strtol(s, &end, 10);
	if (errno != 0 || *end != 0 || v < min || v > max)
		return -1;
	*v_r = v;
	return 0;
}

char
str_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int
str_casecmp(const char *a, const char *b)
{
	while (*a != 0 && str_lower(*a) == str_lower(*b)) {
		a++;
		b++;
	}
	return (unsigned char)str_lower(*a) - (unsigned char)str_lower(*b);
}

bool
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static unsigned
least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The optimal string alignment distance, by rows: r[0] is the row being
 * filled, r[1] and r[2] the two before it. */
unsigned
str_distance(const char *a, const char *b)
{
	unsigned rows[3][NAME_MAX_COMPARED + 1], *r[3], *oldest, change;
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > NAME_MAX_COMPARED || lb > NAME_MAX_COMPARED)
		return UINT_MAX;
	for (i = 0; i < 3; i++)
		r[i] = rows[i];
	for (j = 0; j <= lb; j++)
		r[0][j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		oldest = r[2];
		r[2] = r[1];
		r[1] = r[0];
		r[0] = oldest;
		r[0][0] = (unsigned)i;
		for (j = 1; j <= lb; j++) {
			change = a[i - 1] == b[j - 1] ? 0 : 1;
			r[0][j] = least_of(r[1][j - 1] + change,
			    least_of(r[1][j], r[0][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				r[0][j] = least_of(r[0][j], r[2][j - 2] + 1);
		}
	}
	return r[0][lb];
}
