/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_store - the database saslpasswd2 writes to, and how it keeps a
 * password there.
 */
#ifndef TOOLS_PASSWD_STORE_H
#define TOOLS_PASSWD_STORE_H

#include <stdbool.h>

#include "common/errmsg.h"
#include "common/secret.h"
#include "mechanisms/user_db.h"
#include "tools/passwd_options.h"

/*
 * The layout the file has, or will be made with: before it is made, so that a
 * password that cannot be kept makes none. Becomes the owner of its
 * directory, see user_db_act_as_owner(). -1 with a message, also when the
 * file has another layout than was asked for.
 */
int passwd_store_layout(const struct passwd_options *o,
    enum user_db_layout *layout_r, struct errmsg *e);

/* Open, or make, a file of that layout. -1 with a message. */
int passwd_store_open(const struct passwd_options *o,
    enum user_db_layout layout, struct user_db **db_r, struct errmsg *e);

/* In clear where libsasl2 reads the file, unless a hash is asked for. */
bool passwd_store_keeps_plain(const struct passwd_options *o,
    enum user_db_layout layout);

/* An entry for this password, changed now. -1 with a message. */
int passwd_store_entry(const struct passwd_options *o, bool keep_plain,
    const struct secret *pw, struct user_db_entry *entry_r,
    struct errmsg *e);

/* Turn a password in clear into its hash. */
int passwd_store_hash(const char *method, struct user_db_entry *entry,
    struct errmsg *e);

/* The realm of who has none: the option, else the daemon's, else this host's
 * name; valid until the next call. NULL with a message. */
const char *passwd_store_realm(const struct passwd_options *o,
    struct errmsg *e);

/* Say how many passwords (not 0) are in clear now, unless that was asked for,
 * and who else may read the file. */
void passwd_store_remarks(const struct passwd_options *o,
    unsigned long plain);

#endif
