/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * users_conf - what the daemon's saslauthd.conf says of the user database, so
 * that the tools take the same file and realm.
 */
#ifndef TOOLS_USERS_CONF_H
#define TOOLS_USERS_CONF_H

#include "common/errmsg.h"
#include "mechanisms/sasldb_settings.h"

/*
 * The settings of the one backend of mechanism sasldb; of several, that of the
 * file at path. What is not set is "". path is NULL when none was named: if
 * the backends then have several files, that is an error.
 *
 * A configuration that cannot be read is taken for one that says nothing,
 * with a warning on standard error when no path was named. Static; NULL with
 * a message.
 */
const struct sasldb_settings *users_conf_read(const char *program,
    const char *path, struct errmsg *e);

#endif
