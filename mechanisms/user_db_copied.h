/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_copied - the table of a library that knows no transactions.
 *
 * Each look opens the file anew, as libsasl2 does: it may have been replaced,
 * or changed in place by a program that takes no lock. Changes go through
 * user_db_copy.
 */
#ifndef MECHANISMS_USER_DB_COPIED_H
#define MECHANISMS_USER_DB_COPIED_H

#include "mechanisms/user_db_table.h"

enum user_db_access {
	USER_DB_LOOK,		/* at fd, under the library's lock, if any */
	USER_DB_ALTER,		/* our copy, at fd */
	USER_DB_MAKE		/* as ALTER, and it is empty */
};

/* What the library does. A handle is one open file. Messages name the file. */
struct user_db_library {
	enum user_db_layout layout;
	/* fd stays the caller's; messages name the file. Whatever is in it, a
	 * look does not crash. */
	int (*open)(int fd, const char *path, enum user_db_access access,
	    void **handle_r, struct errmsg *e);
	/* Writes what is not written yet; -1 when that failed. */
	int (*close)(void *handle, struct errmsg *e);
	/* Looks. */
	enum user_db_found (*get)(void *handle,
	    const struct user_db_bytes *key, struct secret *value_r,
	    struct errmsg *e);
	int (*each)(void *handle, user_db_table_visit *visit, void *ctx,
	    struct errmsg *e);
	/* Changes. What the library believes must be true: check (may be
	 * NULL) says whether the file at fd may be altered. */
	int (*check)(int fd, const char *path, struct errmsg *e);
	int (*put)(void *handle, const struct user_db_bytes *key,
	    const struct user_db_bytes *value, struct errmsg *e);
	enum user_db_found (*delete)(void *handle,
	    const struct user_db_bytes *key, struct errmsg *e);
};

int user_db_copied_open(const struct user_db_library *library,
    const char *path, enum user_db_layout *layout, void **table_r,
    int *errnum_r, struct errmsg *e);

/* The rest of such a table. */
void user_db_copied_close(void *table);
bool user_db_copied_is_current(const void *table);
enum user_db_found user_db_copied_get(void *table,
    const struct user_db_bytes *key, struct secret *value_r,
    struct errmsg *e);
int user_db_copied_each(void *table, user_db_table_visit *visit, void *ctx,
    struct errmsg *e);
int user_db_copied_begin(void *table, struct errmsg *e);
int user_db_copied_put(void *table, const struct user_db_bytes *key,
    const struct user_db_bytes *value, struct errmsg *e);
enum user_db_found user_db_copied_delete(void *table,
    const struct user_db_bytes *key, struct errmsg *e);
int user_db_copied_commit(void *table, struct errmsg *e);
void user_db_copied_undo(void *table);
int user_db_copied_withdraw(void *table, struct errmsg *e);

#define USER_DB_COPIED_TABLE \
	.close = user_db_copied_close, \
	.is_current = user_db_copied_is_current, \
	.get = user_db_copied_get, \
	.each = user_db_copied_each, \
	.begin = user_db_copied_begin, \
	.put = user_db_copied_put, \
	.delete = user_db_copied_delete, \
	.commit = user_db_copied_commit, \
	.undo = user_db_copied_undo, \
	.withdraw = user_db_copied_withdraw

#endif
