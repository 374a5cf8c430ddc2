/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_convert - the same users in another layout, or with hashes in place
 * of passwords in clear.
 */
#ifndef TOOLS_PASSWD_CONVERT_H
#define TOOLS_PASSWD_CONVERT_H

#include "tools/passwd_options.h"

/* The status to exit with. A failure leaves the file as it was. */
int passwd_convert(const struct passwd_options *o);

#endif
