/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_layout - what one layout of the user database must provide.
 *
 * The functions promise what those of the same name in user_db.h do; user_db
 * has already judged the file's first bytes.
 */
#ifndef MECHANISMS_USER_DB_LAYOUT_H
#define MECHANISMS_USER_DB_LAYOUT_H

#include "mechanisms/user_db.h"

struct user_db_layout {
	int (*open)(const char *path, enum user_db_mode mode, void **store_r,
	    int *errnum_r, struct errmsg *e);
	void (*close)(void *store);
	bool (*is_current)(const void *store);
	enum user_db_found (*get)(void *store, const char *user,
	    const char *realm, struct user_db_entry *entry_r,
	    struct errmsg *e);
	int (*put)(void *store, const char *user, const char *realm,
	    const struct user_db_entry *entry, struct errmsg *e);
	enum user_db_found (*delete)(void *store, const char *user,
	    const char *realm, struct errmsg *e);
	int (*each)(void *store, user_db_visit *visit, void *ctx,
	    struct errmsg *e);
};

/* user_db_lmdb.c: our own hashed store. */
extern const struct user_db_layout user_db_lmdb;

#endif
