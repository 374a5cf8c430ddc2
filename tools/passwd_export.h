/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_export - all users, or those of a realm, on standard output.
 */
#ifndef TOOLS_PASSWD_EXPORT_H
#define TOOLS_PASSWD_EXPORT_H

#include "tools/passwd_options.h"

/* The status to exit with: 0, or 1 when the format cannot hold a user, which
 * is said of each, or nothing could be done. */
int passwd_export(const struct passwd_options *o);

#endif
