/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_lmdb_env - what the two files of user_db_lmdb share: one for the
 * file and its lock file (user_db_lmdb_env.c), one for the rows
 * (user_db_lmdb.c). No other file includes it, or lmdb.h.
 *
 * The library keeps a state of the file for us and changes it. What is in it
 * we read ourselves (user_db_treefile), as the library believes what it finds.
 */
#ifndef MECHANISMS_USER_DB_LMDB_ENV_H
#define MECHANISMS_USER_DB_LMDB_ENV_H

#include <sys/types.h>

#include "mechanisms/user_db_table.h"
#include "mechanisms/user_db_treefile.h"

/* Beside LMDB's own codes, which are 0, errno or below -30000. */
enum {
	USER_DB_LMDB_STALE = -1,
	USER_DB_LMDB_DAMAGED = -2,	/* user_db_lmdb.damage says how */
	USER_DB_LMDB_NO_TABLE = -3,
	USER_DB_LMDB_FOREIGN = -4,
	USER_DB_LMDB_REPLACED = -5
};

struct user_db_lmdb {
	struct MDB_env *env;
	bool hashed;		/* our own layout, in a table of its own */
	unsigned table;		/* an MDB_dbi, for changes */
	struct MDB_txn *txn;		/* of begin to commit, else NULL */
	unsigned left;		/* changes it may still take */
	char *path;
	bool unlocked;		/* reads without a lock file */
	dev_t dev;
	ino_t ino;
	off_t size;		/* when opened; LMDB files never shrink */
	struct errmsg damage;
};

int user_db_lmdb_open(const char *path, enum user_db_mode mode,
    enum user_db_layout *layout, void **table_r, int *errnum_r,
    struct errmsg *e);
void user_db_lmdb_close(void *table);
void user_db_lmdb_undo(void *table);
bool user_db_lmdb_is_current(const void *table);

/* Begin a transaction that is known to start from the newest state. A code
 * of LMDB's or of the above. */
int user_db_lmdb_begin(struct user_db_lmdb *s, unsigned flags,
    struct MDB_txn **txn_r);
/* A reader of what the transaction sees, which began with this state, and the
 * table of users in it. STALE: begin anew. */
int user_db_lmdb_reader(struct user_db_lmdb *s, size_t number,
    struct user_db_treefile *f_r, struct user_db_tree *users_r);
/*
 * May what was read in transaction txnid be believed? Without a lock file
 * nobody keeps a writer from using a page again while we look at it; that
 * takes a second commit, so none may have happened.
 */
bool user_db_lmdb_undisturbed(const struct user_db_lmdb *s, size_t txnid);
/* How much of the file is in use, in bytes; and of the map and a page. */
size_t user_db_lmdb_used(const struct user_db_lmdb *s, size_t *map_r,
    size_t *page_r);

/* Always -1, with what a code means. */
int user_db_lmdb_explain(const struct user_db_lmdb *s, int rc,
    struct errmsg *e);

#endif
