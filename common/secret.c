/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret - the only place a password lives in.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/compat/compat.h"
#include "common/secret.h"

int
secret_reserve(struct secret *s, size_t len)
{
	unsigned char *bytes;

	if (len == SIZE_MAX)
		return -1;
	if (s->cap <= len) {
		bytes = malloc(len + 1);
		if (bytes == NULL)
			return -1;
		secret_wipe(s);
		s->bytes = bytes;
		s->cap = len + 1;
	}
	explicit_bzero(s->bytes, s->cap);
	s->len = 0;
	return 0;
}

void
secret_end(struct secret *s, size_t len)
{
	s->len = len;
	s->bytes[len] = 0;
}

int
secret_set(struct secret *s, const void *bytes, size_t len)
{
	if (secret_reserve(s, len) == -1)
		return -1;
	if (len > 0)
		memcpy(s->bytes, bytes, len);
	secret_end(s, len);
	return 0;
}

void
secret_move(struct secret *to, struct secret *from)
{
	if (to == from)
		return;
	secret_wipe(to);
	*to = *from;
	*from = (struct secret)SECRET_INIT;
}

const char *
secret_cstr(const struct secret *s)
{
	return s->bytes == NULL ? "" : (const char *)s->bytes;
}

bool
secret_has_nul(const struct secret *s)
{
	return s->len > 0 && memchr(s->bytes, 0, s->len) != NULL;
}

bool
secret_equal_bytes(const void *a, const void *b, size_t len)
{
	/* volatile: the compiler must not find a way to stop early. */
	const volatile unsigned char *x = a, *y = b;
	unsigned char differ = 0;
	size_t i;

	for (i = 0; i < len; i++)
		differ |= (unsigned char)(x[i] ^ y[i]);
	return differ == 0;
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len &&
	    secret_equal_bytes(a->bytes, b->bytes, a->len);
}

void
secret_wipe(struct secret *s)
{
	if (s->bytes != NULL)
		explicit_bzero(s->bytes, s->cap);
	free(s->bytes);
	*s = (struct secret)SECRET_INIT;
}
