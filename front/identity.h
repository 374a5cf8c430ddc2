/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * identity - the one name under which spellings of an account are counted.
 *
 * Letter case (ASCII) does not count, and (joe, example.org), (joe@example.org,
 * "") and (joe@example.org, example.org), which -r makes, are one identity:
 * "joe@example.org". Where the backend does not look at the realm, the
 * identity is the login alone: another made-up realm is not another account.
 */
#ifndef FRONT_IDENTITY_H
#define FRONT_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

/* Into `to` (cut at its end, which no two logins within name_max reach
 * alike when size is 2 * name_max + 2); returns the length. */
size_t identity_format(char *to, size_t size, const char *login,
    const char *realm, bool sees_realm);

#endif
