/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_hashfile - rows of a hash file of Berkeley DB, read without its
 * library, which crashes on a damaged one and knows no lock against who writes
 * it. What is damaged is an error with the page and the mend.
 */
#ifndef MECHANISMS_USER_DB_HASHFILE_H
#define MECHANISMS_USER_DB_HASHFILE_H

#include "mechanisms/user_db_table.h"

struct user_db_hashfile;

/* 0 and a reader of fd, which stays the caller's; or -1 with a message. */
int user_db_hashfile_open(int fd, const char *path,
    struct user_db_hashfile **f_r, struct errmsg *e);
/* Wipes. NULL is allowed. */
void user_db_hashfile_close(struct user_db_hashfile *f);

enum user_db_found user_db_hashfile_get(struct user_db_hashfile *f,
    const struct user_db_bytes *key, struct secret *value_r,
    struct errmsg *e);
int user_db_hashfile_each(struct user_db_hashfile *f,
    user_db_table_visit *visit, void *ctx, struct errmsg *e);

/* May the library change this file? Looks at every page that it would go by.
 * 0 or -1. */
int user_db_hashfile_check(struct user_db_hashfile *f, struct errmsg *e);

#endif
