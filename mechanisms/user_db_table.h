/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_table - what one library must provide: a table of byte strings
 * in a file. user_db has already judged the file's first bytes.
 *
 * Messages name the file. begin, puts and deletes, commit: as user_db.h
 * promises; undo and close drop what is not committed. Between begin and
 * commit only put, delete and each are called, and each then sees the rows as
 * they were at begin, which nobody else can change meanwhile.
 */
#ifndef MECHANISMS_USER_DB_TABLE_H
#define MECHANISMS_USER_DB_TABLE_H

#include <stddef.h>

#include "mechanisms/user_db.h"

struct user_db_bytes {
	const void *data;
	size_t len;
};

/* Returns false to end the walk. */
typedef bool user_db_table_visit(void *ctx, const struct user_db_bytes *key,
    const struct user_db_bytes *value);

struct user_db_table {
	/* *layout: what to make of an empty file, then what the file is. */
	int (*open)(const char *path, enum user_db_mode mode,
	    enum user_db_layout *layout, void **table_r, int *errnum_r,
	    struct errmsg *e);
	void (*close)(void *table);
	bool (*is_current)(const void *table);
	/* A value may be a password, so it goes where those live. */
	enum user_db_found (*get)(void *table,
	    const struct user_db_bytes *key, struct secret *value_r,
	    struct errmsg *e);
	int (*each)(void *table, user_db_table_visit *visit, void *ctx,
	    struct errmsg *e);
	int (*begin)(void *table, struct errmsg *e);
	int (*put)(void *table, const struct user_db_bytes *key,
	    const struct user_db_bytes *value, struct errmsg *e);
	enum user_db_found (*delete)(void *table,
	    const struct user_db_bytes *key, struct errmsg *e);
	int (*commit)(void *table, struct errmsg *e);
	void (*undo)(void *table);	/* also when nothing was begun */
	/* Between begin and commit, before another file takes this one's
	 * place: as undo, but nobody else can change it until close. -1: a
	 * program without locks has changed it. */
	int (*withdraw)(void *table, struct errmsg *e);
};

extern const struct user_db_table user_db_lmdb;
#ifdef WITH_BERKELEY
extern const struct user_db_table user_db_berkeley;
#endif
#ifdef WITH_GDBM
extern const struct user_db_table user_db_gdbm;
#endif

#endif
