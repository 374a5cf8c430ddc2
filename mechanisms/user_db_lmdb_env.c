/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_lmdb_env - an LMDB file, opened and looked after.
 *
 * The named table TABLE is of our own layout; Cyrus' rows are in the main one.
 *
 * LMDB believes the lock file to belong to the database. When the database
 * was replaced by rename(2) while other processes kept the lock file in use,
 * it holds the old file's transaction number, and LMDB would read an older
 * state and write over a newer one. So the number a transaction begins with
 * is compared with the file's own; see user_db_lmdb_begin() and renew_lock().
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <lmdb.h>

#include "common/io.h"
#include "mechanisms/user_db_file.h"
#include "mechanisms/user_db_lmdb_env.h"
#include "mechanisms/user_db_record.h"

#define TABLE "saslauthd-users"
#define READERS_MAX 1024	/* processes that read at the same time */
#define PAUSE_NSEC 1000000
#define BEGINS_MAX 20		/* tries, PAUSE_NSEC apart */
#define COMMIT_TRIES 3000	/* while another process may be committing */

static const struct {
	int rc;
	const char *text;
} own_texts[] = {
	{ USER_DB_LMDB_STALE, "the -lock file beside it belongs to a file "
	    "that this one replaced; remove the -lock file" },
	{ USER_DB_LMDB_FOREIGN, "an LMDB file of another program; choose "
	    "another file (sasldb_path, saslpasswd2 -f)" },
	{ USER_DB_LMDB_REPLACED, "replaced by another file meanwhile; nothing "
	    "was stored, try again" },
	{ EIO, "could not be written or read; is the disk full?" },
	{ MDB_READERS_FULL, "as many processes read it as its -lock file has "
	    "places for; where libsasl2 made that, sasldb_maxreaders is the "
	    "number: stop them, remove the -lock file and start them again" },
};

int
user_db_lmdb_explain(const struct user_db_lmdb *s, int rc, struct errmsg *e)
{
	size_t i;

	if (rc == USER_DB_LMDB_DAMAGED)
		return errmsg_set(e, "%s", s->damage.text);
	for (i = 0; i < sizeof(own_texts) / sizeof(own_texts[0]); i++)
		if (own_texts[i].rc == rc)
			return errmsg_set(e, "%s: %s", s->path,
			    own_texts[i].text);
	return rc != EACCES ?
	    errmsg_set(e, "%s: %s", s->path, mdb_strerror(rc)) :
	    errmsg_set(e, "%s: user %ld may not write it", s->path,
	    (long)geteuid());
}

/* The number of the newest transaction in the file itself. */
static size_t
last_txnid(const struct user_db_lmdb *s)
{
	MDB_envinfo info;

	mdb_env_info(s->env, &info);
	return info.me_last_txnid;
}

/*
 * Begin a transaction that is known to start from the newest state. A reader
 * may be one commit off while another process is committing, which takes as
 * long as the disk does to write a page: to call that a stale lock file and
 * to renew it would be the end of all locking.
 */
int
user_db_lmdb_begin(struct user_db_lmdb *s, unsigned flags, MDB_txn **txn_r)
{
	const struct timespec pause = { 0, PAUSE_NSEC };
	size_t begun, newest, seen = 0;
	int rc, tries, most = BEGINS_MAX;

	for (tries = 0; tries < most; tries++) {
		rc = mdb_txn_begin(s->env, NULL, flags, txn_r);
		if (rc == 0) {
			begun = mdb_txn_id(*txn_r);
			newest = last_txnid(s);
			if ((flags & MDB_RDONLY) == 0)
				begun--;	/* is the number of its own */
			if (begun == newest)
				return 0;
			mdb_txn_abort(*txn_r);
			rc = USER_DB_LMDB_STALE;
			most = newest - begun == 1 ? COMMIT_TRIES : BEGINS_MAX;
			if (newest != seen)
				tries = 0;
			seen = newest;
		} else if (rc == MDB_MAP_RESIZED)
			/* Another process has made it larger: follow. */
			mdb_env_set_mapsize(s->env, 0);
		else if (rc == MDB_READERS_FULL)
			mdb_reader_check(s->env, NULL);
		else
			return rc;
		nanosleep(&pause, NULL);
	}
	return rc;
}

bool
user_db_lmdb_undisturbed(const struct user_db_lmdb *s, size_t txnid)
{
	return !s->unlocked || last_txnid(s) == txnid;
}

/* ---- what is in it ---------------------------------------------------- */

static int
reader_open(struct user_db_lmdb *s, size_t number, struct user_db_treefile *f_r)
{
	int fd, rc = mdb_env_get_fd(s->env, &fd);

	if (rc != 0)
		return rc;
	rc = user_db_treefile_open(fd, s->path, number, f_r, &s->damage);
	if (rc == -1)
		return USER_DB_LMDB_DAMAGED;
	return rc == 0 ? 0 : USER_DB_LMDB_STALE;
}

/* Our table. NO_TABLE: there is none. */
static int
find_table(struct user_db_lmdb *s, struct user_db_treefile *f,
    struct user_db_tree *users_r)
{
	/* Postfix' tables and those of libsasl2 have none of these. */
	if (f->main.flags != 0)
		return USER_DB_LMDB_FOREIGN;
	switch (user_db_treefile_table(f, TABLE, users_r, &s->damage)) {
	case USER_DB_FOUND:
		return users_r->flags == 0 ? 0 : USER_DB_LMDB_FOREIGN;
	case USER_DB_ABSENT:
		return USER_DB_LMDB_NO_TABLE;
	case USER_DB_ERROR:
		break;
	}
	return USER_DB_LMDB_DAMAGED;
}

int
user_db_lmdb_reader(struct user_db_lmdb *s, size_t number,
    struct user_db_treefile *f_r, struct user_db_tree *users_r)
{
	int rc = reader_open(s, number, f_r);

	if (rc != 0)
		return rc;
	*users_r = f_r->main;
	return s->hashed ? find_table(s, f_r, users_r) : 0;
}

struct judge {
	int rows, found;
};

static bool
judge_row(void *ctx, const struct user_db_bytes *key,
    const struct user_db_bytes *value)
{
	struct judge *j = ctx;

	(void)value;
	j->rows++;
	j->found = user_db_record_is_cyrus(key->data, key->len) ? 0 :
	    USER_DB_LMDB_FOREIGN;
	return j->found != 0 && j->rows < USER_DB_JUDGE_ROWS;
}

/* What is in an LMDB file that has not got our table? 0: rows of Cyrus'. */
static int
judge_main(struct user_db_lmdb *s, struct user_db_treefile *f)
{
	struct judge j = { 0, USER_DB_LMDB_NO_TABLE };

	return user_db_treefile_each(f, &f->main, judge_row, &j,
	    &s->damage) == 0 ? j.found : USER_DB_LMDB_DAMAGED;
}

/* Tell the layout; who will change the file has all of it looked through. 0,
 * NO_TABLE (it has no rows at all) or why not. */
static int
judge_file(struct user_db_lmdb *s, size_t number, enum user_db_mode mode)
{
	struct user_db_treefile f;
	struct user_db_tree users;
	int rc, checked = 0;

	rc = reader_open(s, number, &f);
	if (rc != 0)
		return rc;
	rc = find_table(s, &f, &users);
	s->hashed = rc == 0;
	if (rc == USER_DB_LMDB_NO_TABLE)
		rc = judge_main(s, &f);
	/* Users on other pages are found. */
	if (rc == USER_DB_LMDB_DAMAGED && mode == USER_DB_READ)
		rc = 0;
	if (mode != USER_DB_READ && (rc == 0 || rc == USER_DB_LMDB_NO_TABLE))
		checked = user_db_treefile_check(&f, &s->damage);
	return checked == 0 ? rc : USER_DB_LMDB_DAMAGED;
}

/* The library reads pages 0 and 1 when it opens the file. */
static int
judge_beginning(struct user_db_lmdb *s)
{
	struct user_db_treefile f;
	struct stat st;
	int rc = 0, fd = open(s->path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) == -1)
		rc = errno;
	else if (st.st_size > 0 && user_db_treefile_open(fd, s->path,
	    USER_DB_TREEFILE_NEWEST, &f, &s->damage) == -1)
		rc = USER_DB_LMDB_DAMAGED;
	io_close(&fd);
	return rc;
}

static int
make_table(struct user_db_lmdb *s)
{
	MDB_txn *txn;
	int rc;

	rc = user_db_lmdb_begin(s, 0, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, TABLE, MDB_CREATE, &s->table);
	s->hashed = true;
	if (rc == 0)
		return mdb_txn_commit(txn);	/* keeps the handle */
	mdb_txn_abort(txn);
	return rc;
}

static int
open_table_in(struct user_db_lmdb *s, MDB_txn *txn, enum user_db_mode mode)
{
	int opened, rc = judge_file(s, mdb_txn_id(txn), mode);

	if (mode == USER_DB_READ || (rc != 0 && rc != USER_DB_LMDB_NO_TABLE))
		return rc;
	opened = mdb_dbi_open(txn, s->hashed ? TABLE : NULL, 0, &s->table);
	return opened == 0 ? rc : opened;
}

/* A file without any row is Cyrus', unless ours is to be made of it. */
static int
open_table(struct user_db_lmdb *s, enum user_db_mode mode,
    enum user_db_layout *layout)
{
	bool make = mode == USER_DB_CREATE && *layout == USER_DB_HASHED;
	MDB_txn *txn;
	int rc, tries;

	for (tries = 0; tries < BEGINS_MAX; tries++) {
		rc = user_db_lmdb_begin(s, MDB_RDONLY, &txn);
		if (rc != 0)
			return rc;
		rc = open_table_in(s, txn, mode);
		if (rc == 0)
			rc = mdb_txn_commit(txn);	/* keeps the handle */
		else
			mdb_txn_abort(txn);	/* the main one's is for ever */
		if (rc != USER_DB_LMDB_STALE)
			break;
	}
	if (rc == USER_DB_LMDB_NO_TABLE)
		rc = make ? make_table(s) : 0;
	*layout = s->hashed ? USER_DB_HASHED : USER_DB_LMDB;
	return rc;
}

/* ---- the environment -------------------------------------------------- */

size_t
user_db_lmdb_used(const struct user_db_lmdb *s, size_t *map_r, size_t *page_r)
{
	MDB_envinfo info;
	MDB_stat st;

	mdb_env_info(s->env, &info);
	mdb_env_stat(s->env, &st);
	*map_r = info.me_mapsize;
	*page_r = st.ms_psize;
	return (info.me_last_pgno + 1) * st.ms_psize;
}

static int
note_file(struct user_db_lmdb *s)
{
	struct stat st;
	int fd, rc = mdb_env_get_fd(s->env, &fd);

	if (rc == 0 && fstat(fd, &st) == -1)
		rc = errno;
	if (rc != 0)
		return rc;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->size = st.st_size;
	return 0;
}

static int
attach(struct user_db_lmdb *s, enum user_db_mode mode,
    enum user_db_layout *layout)
{
	/* Places in the -lock file are few where libsasl2 made it: none is
	 * kept between two looks. */
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
	int rc;

	if (mode == USER_DB_READ)
		flags |= MDB_RDONLY;
	if (s->unlocked)
		flags |= MDB_NOLOCK;
	rc = judge_beginning(s);
	if (rc != 0)
		return rc;
	rc = mdb_env_create(&s->env);
	if (rc != 0)
		return rc;
	mdb_env_set_maxdbs(s->env, 1);
	mdb_env_set_maxreaders(s->env, READERS_MAX);
	rc = mdb_env_open(s->env, s->path, flags, 0);
	if (rc == 0)
		rc = note_file(s);
	if (rc == 0)
		rc = open_table(s, mode, layout);
	if (rc == 0)
		/* Slots of readers that were killed. */
		mdb_reader_check(s->env, NULL);
	else {
		mdb_env_close(s->env);
		s->env = NULL;
	}
	return rc;
}

/*
 * Give the database a lock file of its own in place of its predecessor's,
 * which those who still have the predecessor open may keep. flock(2) on the
 * database lets one process at a time do so. A reader that may not goes on
 * without a lock file; see user_db_lmdb_undisturbed().
 */
static int
renew_lock(struct user_db_lmdb *s, enum user_db_mode mode,
    enum user_db_layout *layout)
{
	int errnum, fd, rc;

	fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return errno;
	if (flock(fd, LOCK_EX) == -1) {
		rc = errno;
		goto out;
	}
	rc = attach(s, mode, layout);
	if (rc != USER_DB_LMDB_STALE)
		goto out;	/* another process was faster */
	if (user_db_file_remove_lock(s->path) == 0 &&
	    user_db_file_lock(s->path, &errnum, NULL) == 0)
		rc = attach(s, mode, layout);
	else if (mode == USER_DB_READ) {
		s->unlocked = true;
		rc = attach(s, mode, layout);
	}
out:
	io_close(&fd);
	return rc;
}

void
user_db_lmdb_undo(void *table)
{
	struct user_db_lmdb *s = table;

	if (s->txn != NULL)
		mdb_txn_abort(s->txn);
	s->txn = NULL;
}

void
user_db_lmdb_close(void *table)
{
	struct user_db_lmdb *s = table;

	user_db_lmdb_undo(s);
	if (s->env != NULL)
		mdb_env_close(s->env);
	free(s->path);
	free(s);
}

int
user_db_lmdb_open(const char *path, enum user_db_mode mode,
    enum user_db_layout *layout, void **table_r, int *errnum_r,
    struct errmsg *e)
{
	struct user_db_lmdb *s;
	int rc;

	*errnum_r = EIO;
	s = calloc(1, sizeof(*s));
	if (s == NULL || (s->path = strdup(path)) == NULL) {
		free(s);
		return errmsg_errno(e, ENOMEM, "%s", path);
	}
	if (user_db_file_lock(path, errnum_r, e) == -1)
		goto out;
	rc = attach(s, mode, layout);
	if (rc == USER_DB_LMDB_STALE)
		rc = renew_lock(s, mode, layout);
	if (rc == 0) {
		*table_r = s;
		return 0;
	}
	*errnum_r = rc;
	user_db_lmdb_explain(s, rc, e);
out:
	user_db_lmdb_close(s);
	return -1;
}

bool
user_db_lmdb_is_current(const void *table)
{
	const struct user_db_lmdb *s = table;
	struct stat st;

	return stat(s->path, &st) == 0 && st.st_dev == s->dev &&
	    st.st_ino == s->ino && st.st_size >= s->size;
}

