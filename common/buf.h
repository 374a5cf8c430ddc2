/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf - a growing byte buffer with a hard maximum.
 *
 * What is written goes to the end, what is read comes from the front. Memory
 * that is let go (growth, consume to empty, fini) is zeroed, because frames
 * and requests carry passwords. Integers are big-endian.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stddef.h>
#include <stdint.h>

struct secret;

struct buf {
	unsigned char *bytes;
	size_t start;		/* first byte not yet read */
	size_t end;		/* one past the last byte written */
	size_t cap;		/* allocated */
	size_t max;		/* end - start never exceeds this */
};

/* Empty, allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* Zero and free; the buffer may be used again afterwards. */
void buf_fini(struct buf *b);
/* Zero what was held and empty it, keeping the memory for the next use. */
void buf_reset(struct buf *b);

static inline size_t buf_len(const struct buf *b) { return b->end - b->start; }
static inline const unsigned char *buf_data(const struct buf *b)
{
	return b->bytes == NULL ? NULL : b->bytes + b->start;
}

/* Room for n more bytes; the pointer is valid until the next call. NULL when
 * that would pass the maximum or memory is short. buf_added() then says how
 * many were really filled. */
unsigned char *buf_room(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);
/* Drop n bytes from the front (n <= buf_len). */
void buf_consume(struct buf *b, size_t n);

/* Append; 0, or -1 when the maximum is passed or memory is short, and then
 * nothing was appended. */
int buf_put(struct buf *b, const void *bytes, size_t n);
int buf_put_u8(struct buf *b, unsigned v);
int buf_put_u16(struct buf *b, unsigned v);
int buf_put_u32(struct buf *b, uint32_t v);
int buf_put_u64(struct buf *b, uint64_t v);
/* Counted string: 16-bit length, then the bytes. -1 also above 65535. */
int buf_put_counted(struct buf *b, const void *bytes, size_t n);
int buf_put_str(struct buf *b, const char *s);

/* Read and consume; 0, or -1 when there are too few bytes, and then nothing
 * was consumed. */
int buf_get_u8(struct buf *b, unsigned *v_r);
int buf_get_u16(struct buf *b, unsigned *v_r);
int buf_get_u32(struct buf *b, uint32_t *v_r);
int buf_get_u64(struct buf *b, uint64_t *v_r);
/* Counted string as a new C string that the caller frees. -1 also when it
 * holds a NUL or is longer than max bytes. */
int buf_get_str(struct buf *b, size_t max, char **s_r);
/* Counted string into a fixed array of size bytes, NUL added. */
int buf_get_chars(struct buf *b, char *to, size_t size);
/* Counted string of at most max bytes into a secret (any bytes). */
int buf_get_secret(struct buf *b, size_t max, struct secret *s);

#endif
