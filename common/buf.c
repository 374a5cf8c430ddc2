/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf - a growing byte buffer with a hard maximum.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/compat/compat.h"
#include "common/secret.h"

#define BUF_FIRST 256		/* bytes of a first allocation */
#define COUNTED_MAX 65535	/* what a 16-bit length can say */
#define COUNTED_HEAD 2

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_fini(struct buf *b)
{
	if (b->bytes != NULL)
		explicit_bzero(b->bytes, b->cap);
	free(b->bytes);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	if (b->end > 0)
		explicit_bzero(b->bytes, b->end);
	b->start = b->end = 0;
}

/* Bring what is held to the beginning, and zero where it was. */
static void
buf_compact(struct buf *b)
{
	size_t len = buf_len(b);

	memmove(b->bytes, b->bytes + b->start, len);
	explicit_bzero(b->bytes + len, b->end - len);
	b->start = 0;
	b->end = len;
}

/* Into a new, larger block. Not realloc, which would leave a copy behind. */
static int
buf_grow(struct buf *b, size_t need)
{
	size_t len = buf_len(b), cap;
	unsigned char *bytes;

	cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;
	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	bytes = malloc(cap);
	if (bytes == NULL)
		return -1;
	if (len > 0)
		memcpy(bytes, b->bytes + b->start, len);
	if (b->bytes != NULL)
		explicit_bzero(b->bytes, b->cap);
	free(b->bytes);
	b->bytes = bytes;
	b->cap = cap;
	b->start = 0;
	b->end = len;
	return 0;
}

unsigned char *
buf_room(struct buf *b, size_t n)
{
	size_t len = buf_len(b);

	if (n > b->max - len)
		return NULL;
	if (b->bytes == NULL || b->cap - len < n) {
		if (buf_grow(b, len + n) == -1)
			return NULL;
	} else if (b->cap - b->end < n) {
		buf_compact(b);
	}
	return b->bytes + b->end;
}

void
buf_added(struct buf *b, size_t n)
{
	assert(n <= b->cap - b->end);
	b->end += n;
}

void
buf_consume(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->start += n;
	if (b->start == b->end)
		buf_reset(b);
}

int
buf_put(struct buf *b, const void *bytes, size_t n)
{
	unsigned char *to;

	if (n == 0)
		return 0;
	to = buf_room(b, n);
	if (to == NULL)
		return -1;
	memcpy(to, bytes, n);
	buf_added(b, n);
	return 0;
}

/* The low n bytes of v, most significant first. */
static int
buf_put_number(struct buf *b, uint64_t v, unsigned n)
{
	unsigned char bytes[sizeof(v)];
	unsigned i;

	for (i = 0; i < n; i++)
		bytes[i] = (unsigned char)(v >> (8 * (n - 1 - i)));
	return buf_put(b, bytes, n);
}

int
buf_put_u8(struct buf *b, unsigned v)
{
	return v > UINT8_MAX ? -1 : buf_put_number(b, v, 1);
}

int
buf_put_u16(struct buf *b, unsigned v)
{
	return v > UINT16_MAX ? -1 : buf_put_number(b, v, 2);
}

int
buf_put_u32(struct buf *b, uint32_t v)
{
	return buf_put_number(b, v, 4);
}

int
buf_put_u64(struct buf *b, uint64_t v)
{
	return buf_put_number(b, v, 8);
}

int
buf_put_counted(struct buf *b, const void *bytes, size_t n)
{
	/* Both or neither: room for all of it comes first. */
	if (n > COUNTED_MAX || buf_room(b, COUNTED_HEAD + n) == NULL)
		return -1;
	(void)buf_put_u16(b, (unsigned)n);
	return buf_put(b, bytes, n);
}

int
buf_put_str(struct buf *b, const char *s)
{
	return buf_put_counted(b, s, strlen(s));
}

static int
buf_get_number(struct buf *b, unsigned n, uint64_t *v_r)
{
	const unsigned char *p = buf_data(b);
	uint64_t v = 0;
	unsigned i;

	if (buf_len(b) < n)
		return -1;
	for (i = 0; i < n; i++)
		v = v << 8 | p[i];
	buf_consume(b, n);
	*v_r = v;
	return 0;
}

int
buf_get_u8(struct buf *b, unsigned *v_r)
{
	uint64_t v;

	if (buf_get_number(b, 1, &v) == -1)
		return -1;
	*v_r = (unsigned)v;
	return 0;
}

int
buf_get_u16(struct buf *b, unsigned *v_r)
{
	uint64_t v;

	if (buf_get_number(b, 2, &v) == -1)
		return -1;
	*v_r = (unsigned)v;
	return 0;
}

int
buf_get_u32(struct buf *b, uint32_t *v_r)
{
	uint64_t v;

	if (buf_get_number(b, 4, &v) == -1)
		return -1;
	*v_r = (uint32_t)v;
	return 0;
}

int
buf_get_u64(struct buf *b, uint64_t *v_r)
{
	return buf_get_number(b, 8, v_r);
}

/* Is there a whole counted string of at most max bytes? Consumes nothing. */
static int
buf_peek_counted(const struct buf *b, size_t max,
    const unsigned char **bytes_r, size_t *n_r)
{
	const unsigned char *p = buf_data(b);
	size_t len = buf_len(b), n;

	if (len < COUNTED_HEAD)
		return -1;
	n = (size_t)p[0] << 8 | p[1];
	if (n > len - COUNTED_HEAD || n > max)
		return -1;
	*bytes_r = p + COUNTED_HEAD;
	*n_r = n;
	return 0;
}

int
buf_get_str(struct buf *b, size_t max, char **s_r)
{
	const unsigned char *bytes;
	size_t n;
	char *s;

	if (buf_peek_counted(b, max, &bytes, &n) == -1 ||
	    memchr(bytes, 0, n) != NULL)
		return -1;
	s = malloc(n + 1);
	if (s == NULL)
		return -1;
	memcpy(s, bytes, n);
	s[n] = 0;
	buf_consume(b, COUNTED_HEAD + n);
	*s_r = s;
	return 0;
}

int
buf_get_chars(struct buf *b, char *to, size_t size)
{
	const unsigned char *bytes;
	size_t n;

	if (size == 0 || buf_peek_counted(b, size - 1, &bytes, &n) == -1 ||
	    memchr(bytes, 0, n) != NULL)
		return -1;
	memcpy(to, bytes, n);
	to[n] = 0;
	buf_consume(b, COUNTED_HEAD + n);
	return 0;
}

int
buf_get_secret(struct buf *b, size_t max, struct secret *s)
{
	const unsigned char *bytes;
	size_t n;

	if (buf_peek_counted(b, max, &bytes, &n) == -1 ||
	    secret_set(s, bytes, n) == -1)
		return -1;
	buf_consume(b, COUNTED_HEAD + n);
	return 0;
}
