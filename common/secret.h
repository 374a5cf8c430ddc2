/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret - the only place a password lives in.
 *
 * The bytes are in one heap block of their own, always followed by a NUL that
 * does not count, and zeroed when they are let go. There is no function that
 * prints or formats one. Core dumps are no concern of this file: the daemon's
 * processes are not dumpable (PR_SET_DUMPABLE), which covers all of their
 * memory, so a MADV_DONTDUMP page per password would buy nothing.
 */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
	unsigned char *bytes;	/* NULL when empty and never filled */
	size_t len;		/* bytes without the NUL */
	size_t cap;		/* bytes allocated */
};

#define SECRET_INIT { NULL, 0, 0 }

/* Copy len bytes in, replacing what was there. -1 when out of memory. */
int secret_set(struct secret *s, const void *bytes, size_t len);

/* Room for len bytes to be filled by the caller, who then sets s->len and
 * calls secret_end(). What was there is wiped. -1 when out of memory. */
int secret_reserve(struct secret *s, size_t len);
void secret_end(struct secret *s, size_t len);

/* Move from one to the other without a copy; `from` is empty afterwards. */
void secret_move(struct secret *to, struct secret *from);

/* The bytes as a C string, "" when empty. Valid until the next change. */
const char *secret_cstr(const struct secret *s);

/* Is there a NUL among the bytes (so that a C string would be shorter)? */
bool secret_has_nul(const struct secret *s);

/* Compare in a time that depends on the lengths only. */
bool secret_equal(const struct secret *a, const struct secret *b);
bool secret_equal_bytes(const void *a, const void *b, size_t len);

/* Zero and free. Safe on an empty one and twice. */
void secret_wipe(struct secret *s);

#endif
