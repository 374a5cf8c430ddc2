/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_import - many users from a text, or another database, into this one.
 *
 * Memory does not grow with their number.
 */
#ifndef TOOLS_PASSWD_IMPORT_H
#define TOOLS_PASSWD_IMPORT_H

#include "tools/passwd_options.h"

/* The status to exit with: 0, or 1 when a user was passed over, which is said
 * of each, or nothing could be done. */
int passwd_import(const struct passwd_options *o);

#endif
