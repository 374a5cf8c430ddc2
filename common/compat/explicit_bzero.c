/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explicit_bzero - for C libraries without it (glibc < 2.25, musl < 1.1.20).
 */
#include "config.h"

#include "common/compat/compat.h"

#ifndef HAVE_EXPLICIT_BZERO

/* Through a volatile pointer the compiler cannot know which function is
 * called, so it cannot find out that the bytes are never read again. */
static void *(*const volatile memset_really)(void *, int, size_t) = memset;

void
explicit_bzero(void *bytes, size_t n)
{
	(*memset_really)(bytes, 0, n);
}

#endif
