/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat - what a C library may lack. Include it behind config.h.
 */
#ifndef COMMON_COMPAT_COMPAT_H
#define COMMON_COMPAT_COMPAT_H

#include <stddef.h>
#include <string.h>

#ifndef HAVE_EXPLICIT_BZERO
/* bzero that the compiler may not leave out; explicit_bzero(3). */
void explicit_bzero(void *bytes, size_t n);
#endif

#endif
