/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pass_base64 - see pass_base64.h.
 */
#include "config.h"

#include "mechanisms/pass_base64.h"

#include <errno.h>

#define DIGIT_BITS 6
#define GROUP_DIGITS 4		/* of three bytes: RFC 4648, section 4 */
#define PADDING_MAX 2

/* No table lookup: the digits are a secret's. */
static int
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '.')
		return 62;
	return c == '/' ? 63 : -1;
}

/* The digits in front of the padding, or -1: padding fills a group up. */
static int
count_digits(const char *text, size_t n, size_t *count_r)
{
	size_t count = n;

	while (count > 0 && n - count < PADDING_MAX && text[count - 1] == '=')
		count--;
	if (count % GROUP_DIGITS == 1 ||
	    (count < n && n % GROUP_DIGITS != 0))
		return -1;
	*count_r = count;
	return 0;
}

int
pass_base64_decode(const char *text, size_t n, struct secret *to_r)
{
	unsigned held = 0, bits = 0;
	size_t count, i, len = 0;
	int value = 0;

	errno = EINVAL;
	if (count_digits(text, n, &count) != 0)
		return -1;
	if (secret_reserve(to_r, count) != 0) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < count && value >= 0; i++) {
		value = digit(text[i]);
		held = held << DIGIT_BITS | ((unsigned)value & 0x3f);
		bits += DIGIT_BITS;
		if (bits >= 8) {
			bits -= 8;
			to_r->bytes[len++] = (unsigned char)(held >> bits);
		}
		held &= (1U << bits) - 1;
	}
	secret_end(to_r, len);
	if (value >= 0 && held == 0)
		return 0;
	secret_wipe(to_r);
	errno = EINVAL;		/* free(3) may have touched it */
	return -1;
}
