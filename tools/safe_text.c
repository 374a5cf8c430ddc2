/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * safe_text - print names that clients made up.
 */
#include "config.h"

#include <langinfo.h>
#include <stdint.h>
#include <string.h>

#include "common/str.h"
#include "tools/safe_text.h"

bool
safe_text_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static size_t
put_hex(FILE *to, const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fprintf(to, "\\x%02x", p[i]);
	return n * 4;
}

/* One character; *n_r: its bytes. Returns the characters written. */
static size_t
put_character(FILE *to, const unsigned char *p, size_t left, size_t *n_r)
{
	char escaped[STR_ESCAPED_SIZE];
	uint32_t code;

	*n_r = str_utf8_decode(p, left, &code);
	if (*n_r == 0)
		*n_r = 1;
	/* The log escapes brackets; they do no harm here. */
	if (p[0] == '[' || p[0] == ']') {
		fputc(p[0], to);
		return 1;
	}
	if (p[0] >= 0x80 && !safe_text_utf8())
		return put_hex(to, p, *n_r);
	str_escape_log(escaped, sizeof(escaped), p, *n_r);
	fputs(escaped, to);
	return escaped[0] == '\\' ? strlen(escaped) : 1;
}

size_t
safe_text_put(FILE *to, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t left = strlen(s), n, written = 0;

	for (; left > 0; p += n, left -= n)
		written += put_character(to, p, left, &n);
	return written;
}

void
safe_text_column(FILE *to, const char *s, size_t width)
{
	size_t written = safe_text_put(to, s);

	for (; written < width; written++)
		fputc(' ', to);
}

void
safe_text_csv(FILE *to, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t left = strlen(s), n;

	fputc('"', to);
	for (; left > 0; p += n, left -= n) {
		if (*p == '"')
			fputc('"', to);
		(void)put_character(to, p, left, &n);
	}
	fputc('"', to);
}
