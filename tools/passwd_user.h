/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_user - set, verify or delete the password of one user.
 *
 * Each returns the status to exit with, and has said what went wrong.
 */
#ifndef TOOLS_PASSWD_USER_H
#define TOOLS_PASSWD_USER_H

#include "tools/passwd_options.h"

int passwd_user_set(const struct passwd_options *o, const char *user,
    const char *realm);
int passwd_user_verify(const struct passwd_options *o, const char *user,
    const char *realm);
/* That the user was not there is no failure. */
int passwd_user_delete(const struct passwd_options *o, const char *user,
    const char *realm);

#endif
