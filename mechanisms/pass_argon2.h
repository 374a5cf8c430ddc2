/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pass_argon2 - {ARGON2} through libargon2, which takes all three kinds and
 * any parallelism. The only file that includes argon2.h. Without the library
 * every value is PASS_UNKNOWN, and says that this build cannot.
 */
#ifndef MECHANISMS_PASS_ARGON2_H
#define MECHANISMS_PASS_ARGON2_H

#include "mechanisms/pass_schemes.h"

/* encoded: "$argon2id$v=19$m=65536,t=2,p=1$SALT$HASH". More than 1 GiB of
 * memory, 100 passes or 255 lanes is PASS_UNKNOWN: nobody meant that. */
enum pass_verdict pass_argon2_verify(const char *encoded,
    const struct secret *pw, struct errmsg *e);

#endif
