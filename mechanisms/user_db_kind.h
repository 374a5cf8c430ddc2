/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_kind - what a file is, told by its first bytes.
 */
#ifndef MECHANISMS_USER_DB_KIND_H
#define MECHANISMS_USER_DB_KIND_H

#include "mechanisms/user_db_table.h"

#define USER_DB_KIND_HEAD 20	/* bytes; the kinds are told by these */

/*
 * The library's table for a file of these first bytes; NULL with a message
 * that names what it is and the mend: foreign, or of a library that is not in
 * this build.
 */
const struct user_db_table *user_db_kind_judge(const char *path,
    const unsigned char *head, size_t len, struct errmsg *e);

/* The table that an empty file of this layout is made with. NULL with a
 * message: not in this build. */
const struct user_db_table *user_db_kind_table(enum user_db_layout layout,
    struct errmsg *e);

#endif
