/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * errmsg - the one place an error text travels in.
 *
 * A function that can fail takes a `struct errmsg *` as its last parameter,
 * fills it and returns -1; whoever knows the request or the setting logs it,
 * once. A NULL pointer is allowed everywhere and drops the text.
 */
#ifndef COMMON_ERRMSG_H
#define COMMON_ERRMSG_H

#define ERRMSG_MAX 512		/* bytes with NUL; longer texts are cut */

struct errmsg {
	char text[ERRMSG_MAX];
};

#define ERRMSG_INIT { "" }

/* Set the text, replacing what was there. Always returns -1. */
int errmsg_set(struct errmsg *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* As errmsg_set, followed by ": " and strerror(errnum). Returns -1. */
int errmsg_errno(struct errmsg *e, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " in front of the text already there. Returns -1. */
int errmsg_prefix(struct errmsg *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
