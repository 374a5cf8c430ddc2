/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_lmdb - rows in LMDB files, of our own layout and of Cyrus SASL's.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <lmdb.h>

#include "mechanisms/user_db_lmdb_env.h"

#define GROWS_MAX 8		/* others may use the room we made: an end */
#define LOOKS_MAX 20		/* without a lock file, while others write */

/* A transaction cannot grow the map, so it begins with room enough: for the
 * pages from root to leaf, their splits and a value of overflow pages. The
 * first part of many changes is small, since it may be the only one. */
#define PAGES_PER_ROW 16
#define ROWS_FIRST 16
#define ROWS_PART 2048

/* ---- reading ---------------------------------------------------------- */

/* STALE: what was found is not to be believed. */
static int
get_once(struct user_db_lmdb *s, const struct user_db_bytes *key,
    struct secret *value_r, enum user_db_found *found_r)
{
	struct user_db_treefile f;
	struct user_db_tree users;
	MDB_txn *txn;
	int rc;

	rc = user_db_lmdb_begin(s, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = user_db_lmdb_reader(s, mdb_txn_id(txn), &f, &users);
	if (rc == 0) {
		*found_r = user_db_treefile_get(&f, &users, key, value_r,
		    &s->damage);
		if (*found_r == USER_DB_ERROR)
			rc = USER_DB_LMDB_DAMAGED;
		if (!user_db_lmdb_undisturbed(s, mdb_txn_id(txn)))
			rc = USER_DB_LMDB_STALE;
	}
	mdb_txn_abort(txn);
	return rc;
}

static enum user_db_found
lmdb_get(void *table, const struct user_db_bytes *key, struct secret *value_r,
    struct errmsg *e)
{
	enum user_db_found found = USER_DB_ERROR;
	int rc = USER_DB_LMDB_STALE, tries;

	for (tries = 0; tries < LOOKS_MAX && rc == USER_DB_LMDB_STALE; tries++)
		rc = get_once(table, key, value_r, &found);
	if (rc == 0)
		return found;
	user_db_lmdb_explain(table, rc, e);
	return USER_DB_ERROR;
}

/* *begun_r: visit was called, or could have been. */
static int
each_once(struct user_db_lmdb *s, MDB_txn *txn, size_t number,
    user_db_table_visit *visit, void *ctx, bool *begun_r)
{
	struct user_db_treefile f;
	struct user_db_tree users;
	int rc = user_db_lmdb_reader(s, number, &f, &users);

	*begun_r = rc == 0;
	if (rc != 0)
		return rc;
	rc = user_db_treefile_each(&f, &users, visit, ctx, &s->damage);
	if (!user_db_lmdb_undisturbed(s, mdb_txn_id(txn)))
		return USER_DB_LMDB_STALE;
	return rc == 0 ? 0 : USER_DB_LMDB_DAMAGED;
}

static int
each_of_newest(struct user_db_lmdb *s, user_db_table_visit *visit, void *ctx)
{
	MDB_txn *txn;
	bool begun = false;
	int rc = USER_DB_LMDB_STALE, tries;

	for (tries = 0; tries < LOOKS_MAX && !begun; tries++) {
		rc = user_db_lmdb_begin(s, MDB_RDONLY, &txn);
		if (rc != 0)
			return rc;
		rc = each_once(s, txn, mdb_txn_id(txn), visit, ctx, &begun);
		mdb_txn_abort(txn);
		if (rc != USER_DB_LMDB_STALE)
			break;
	}
	return rc;
}

static int
lmdb_each(void *table, user_db_table_visit *visit, void *ctx,
    struct errmsg *e)
{
	struct user_db_lmdb *s = table;
	bool begun;
	int rc;

	/* A change has the number after that of the state it is made to. */
	rc = s->txn == NULL ? each_of_newest(s, visit, ctx) :
	    each_once(s, s->txn, mdb_txn_id(s->txn) - 1, visit, ctx, &begun);
	return rc == 0 ? 0 : user_db_lmdb_explain(s, rc, e);
}

/* ---- writing ---------------------------------------------------------- */

static MDB_val
val_of(const struct user_db_bytes *bytes)
{
	return (MDB_val){ .mv_size = bytes->len,
	    .mv_data = (void *)(uintptr_t)bytes->data };
}

/* The size the map must have for so many changes, or 0: it has it. */
static size_t
map_wanted(const struct user_db_lmdb *s, size_t rows)
{
	size_t map, page, now = user_db_lmdb_used(s, &map, &page);
	size_t wanted = now + rows * PAGES_PER_ROW * page;

	return wanted <= map ? 0 : wanted + now;
}

static int
begin_part(struct user_db_lmdb *s, unsigned rows)
{
	size_t wanted;
	int rc, grows;

	for (grows = 0; grows < GROWS_MAX; grows++) {
		rc = user_db_lmdb_begin(s, 0, &s->txn);
		if (rc != 0) {
			s->txn = NULL;
			return rc;
		}
		s->left = rows;
		wanted = map_wanted(s, rows);
		if (wanted == 0 && user_db_lmdb_is_current(s))
			return 0;
		user_db_lmdb_undo(s);
		if (wanted == 0)
			return USER_DB_LMDB_REPLACED;
		rc = mdb_env_set_mapsize(s->env, wanted);
		if (rc != 0)
			return rc;
	}
	return MDB_MAP_FULL;
}

static int
end_part(struct user_db_lmdb *s)
{
	MDB_txn *txn = s->txn;

	s->txn = NULL;
	return txn == NULL ? MDB_BAD_TXN : mdb_txn_commit(txn);
}

/* A transaction for one more change. */
static int
take_place(struct user_db_lmdb *s)
{
	int rc;

	if (s->txn == NULL)
		return MDB_BAD_TXN;
	if (s->left == 0) {
		rc = end_part(s);
		if (rc == 0)
			rc = begin_part(s, ROWS_PART);
		if (rc != 0)
			return rc;
	}
	s->left--;
	return 0;
}

static int
lmdb_begin(void *table, struct errmsg *e)
{
	int rc = begin_part(table, ROWS_FIRST);

	return rc == 0 ? 0 : user_db_lmdb_explain(table, rc, e);
}

static int
lmdb_put(void *table, const struct user_db_bytes *key,
    const struct user_db_bytes *value, struct errmsg *e)
{
	struct user_db_lmdb *s = table;
	MDB_val k = val_of(key), v = val_of(value);
	int rc = take_place(s);

	if (rc == 0)
		rc = mdb_put(s->txn, s->table, &k, &v, 0);
	return rc == 0 ? 0 : user_db_lmdb_explain(s, rc, e);
}

static enum user_db_found
found_of(struct user_db_lmdb *s, int rc, struct errmsg *e)
{
	if (rc == 0)
		return USER_DB_FOUND;
	if (rc == MDB_NOTFOUND)
		return USER_DB_ABSENT;
	user_db_lmdb_explain(s, rc, e);
	return USER_DB_ERROR;
}

static enum user_db_found
lmdb_delete(void *table, const struct user_db_bytes *key, struct errmsg *e)
{
	struct user_db_lmdb *s = table;
	MDB_val k = val_of(key);
	int rc = take_place(s);

	if (rc == 0)
		rc = mdb_del(s->txn, s->table, &k, NULL);
	return found_of(s, rc, e);
}

static int
lmdb_commit(void *table, struct errmsg *e)
{
	int rc = end_part(table);

	return rc == 0 ? 0 : user_db_lmdb_explain(table, rc, e);
}

/* The transaction is the lock, and all programs take it. */
static int
lmdb_withdraw(void *table, struct errmsg *e)
{
	(void)table;
	(void)e;
	return 0;
}

const struct user_db_table user_db_lmdb = {
	.open = user_db_lmdb_open,
	.close = user_db_lmdb_close,
	.is_current = user_db_lmdb_is_current,
	.get = lmdb_get,
	.each = lmdb_each,
	.begin = lmdb_begin,
	.put = lmdb_put,
	.delete = lmdb_delete,
	.commit = lmdb_commit,
	.undo = user_db_lmdb_undo,
	.withdraw = lmdb_withdraw,
};
