/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pass_base64 - base64 as it stands in stored passwords: RFC 4648, and the
 * variant of passlib with '.' for '+' and no padding.
 */
#ifndef MECHANISMS_PASS_BASE64_H
#define MECHANISMS_PASS_BASE64_H

#include <stddef.h>

#include "common/secret.h"

/* Decode n characters. Padding may be there or not; anything else that is no
 * digit, or bits left over that are not zero, is -1 and EINVAL; no memory is
 * -1 and ENOMEM. */
int pass_base64_decode(const char *text, size_t n, struct secret *to_r);

#endif
