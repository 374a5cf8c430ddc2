/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_lmdb - our own layout: hashed passwords in one LMDB file.
 *
 * The named table TABLE tells it from other LMDB files; its records are
 * those of user_db_record.h.
 *
 * LMDB believes the lock file to belong to the database. When the database
 * was replaced by rename(2) while other processes kept the lock file in use,
 * it holds the old file's transaction number, and LMDB would read an older
 * state and write over a newer one. So the number a transaction begins with
 * is compared with the file's own; see begin() and renew_lock().
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <lmdb.h>

#include "common/io.h"
#include "common/str.h"
#include "mechanisms/user_db_file.h"
#include "mechanisms/user_db_layout.h"
#include "mechanisms/user_db_record.h"

#define TABLE "saslauthd-users"
#define READERS_MAX 1024	/* processes that read at the same time */
#define FILE_MODE 0600		/* not used: the files are there before */
#define GROW_FACTOR 2
#define GROWS_MAX 8		/* doublings for one record: a sane end */
#define BEGINS_MAX 20		/* tries, PAUSE_NSEC apart, while others */
#define PAUSE_NSEC 1000000	/* are committing */

/* Beside LMDB's own codes, which are 0, errno or below -30000. */
enum {
	STALE_LOCK = -1,
	CUT_SHORT = -2,
	NO_TABLE = -3,
	CYRUS_LAYOUT = -4,
	OTHER_LAYOUT = -5,
	BAD_RECORD = -6,
	BAD_NAME = -7
};

static const struct {
	int rc;
	const char *text;
} own_texts[] = {
	{ STALE_LOCK, "the -lock file beside it belongs to a file that this "
	    "one replaced; remove the -lock file" },
	{ CUT_SHORT, "cut short: the end of the file is missing; put a whole "
	    "copy in its place" },
	{ NO_TABLE, "an LMDB file without users; saslpasswd2 makes it a user "
	    "database" },
	{ CYRUS_LAYOUT, "an LMDB file of Cyrus SASL's layout, and these are "
	    "not read; choose another file (sasldb_path, saslpasswd2 -f) and "
	    "set the passwords in it" },
	{ OTHER_LAYOUT, "an LMDB file of another program; choose another "
	    "file (sasldb_path, saslpasswd2 -f)" },
	{ BAD_RECORD, "a record is damaged or of a newer version" },
	{ BAD_NAME, "user and realm must not be empty and have at most 510 "
	    "bytes together" },
};

struct store {
	MDB_env *env;
	MDB_dbi table;
	char *path;
	bool unlocked;		/* reads without a lock file */
	dev_t dev;
	ino_t ino;
	off_t size;		/* when opened; LMDB files never shrink */
};

static int
explain(const struct store *s, int rc, struct errmsg *e)
{
	size_t i;

	for (i = 0; i < sizeof(own_texts) / sizeof(own_texts[0]); i++)
		if (own_texts[i].rc == rc)
			return errmsg_set(e, "%s: %s", s->path,
			    own_texts[i].text);
	if (rc == EACCES)
		return errmsg_set(e, "%s: user %ld may not write it", s->path,
		    (long)geteuid());
	return errmsg_set(e, "%s: %s", s->path, mdb_strerror(rc));
}

/* The number of the newest transaction in the file itself. */
static size_t
last_txnid(const struct store *s)
{
	MDB_envinfo info;

	mdb_env_info(s->env, &info);
	return info.me_last_txnid;
}

static void
pause_shortly(void)
{
	const struct timespec ts = { 0, PAUSE_NSEC };

	nanosleep(&ts, NULL);
}

/*
 * Begin a transaction that is known to start from the newest state. It may
 * be one commit off for a moment while another process is committing.
 */
static int
begin(struct store *s, unsigned flags, MDB_txn **txn_r)
{
	size_t ahead = (flags & MDB_RDONLY) != 0 ? 0 : 1;
	int rc, tries;

	for (tries = 0; tries < BEGINS_MAX; tries++) {
		rc = mdb_txn_begin(s->env, NULL, flags, txn_r);
		if (rc == 0) {
			if (mdb_txn_id(*txn_r) == last_txnid(s) + ahead)
				return 0;
			mdb_txn_abort(*txn_r);
			rc = STALE_LOCK;
			pause_shortly();
		} else if (rc == MDB_MAP_RESIZED) {
			/* Another process has made it larger: follow. */
			mdb_env_set_mapsize(s->env, 0);
		} else if (rc == MDB_READERS_FULL) {
			mdb_reader_check(s->env, NULL);
			pause_shortly();
		} else
			return rc;
	}
	return rc;
}

/*
 * May what was read in transaction txnid be believed? Without a lock file
 * nobody keeps a writer from using a page again while we look at it; that
 * takes a second commit, so none may have happened.
 */
static bool
undisturbed(const struct store *s, size_t txnid)
{
	return !s->unlocked || last_txnid(s) == txnid;
}

/* What is in an LMDB file that has not got our table? */
static int
judge_main(MDB_txn *txn)
{
	MDB_cursor *cursor;
	MDB_dbi main_dbi;
	MDB_val key, value;
	size_t i, nuls = 0;
	int rc;

	rc = mdb_dbi_open(txn, NULL, 0, &main_dbi);
	if (rc == 0)
		rc = mdb_cursor_open(txn, main_dbi, &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	mdb_cursor_close(cursor);
	if (rc == MDB_NOTFOUND)
		return NO_TABLE;
	if (rc != 0)
		return rc;
	/* Cyrus' keys are login NUL realm NUL property. */
	for (i = 0; i < key.mv_size; i++)
		nuls += ((const char *)key.mv_data)[i] == '\0';
	return nuls == 2 ? CYRUS_LAYOUT : OTHER_LAYOUT;
}

static int
open_table(struct store *s, enum user_db_mode mode)
{
	MDB_txn *txn;
	int rc;

	rc = begin(s, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, TABLE, 0, &s->table);
	if (rc == 0)
		return mdb_txn_commit(txn);	/* keeps the handle */
	if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
		rc = judge_main(txn);
	mdb_txn_abort(txn);
	if (rc != NO_TABLE || mode != USER_DB_CREATE)
		return rc;

	rc = begin(s, 0, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, TABLE, MDB_CREATE, &s->table);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

/* A page behind the end of the file would be SIGBUS at the first look. */
static int
look_at_file(struct store *s)
{
	struct stat st;
	MDB_envinfo info;
	MDB_stat stat_main;
	int fd, rc;

	rc = mdb_env_get_fd(s->env, &fd);
	if (rc == 0 && fstat(fd, &st) == -1)
		rc = errno;
	if (rc != 0)
		return rc;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->size = st.st_size;
	mdb_env_info(s->env, &info);
	mdb_env_stat(s->env, &stat_main);
	if ((info.me_last_pgno + 1) * stat_main.ms_psize > (size_t)st.st_size)
		return CUT_SHORT;
	return 0;
}

static int
attach(struct store *s, enum user_db_mode mode)
{
	unsigned flags = MDB_NOSUBDIR;
	int rc;

	if (mode == USER_DB_READ)
		flags |= MDB_RDONLY;
	if (s->unlocked)
		flags |= MDB_NOLOCK;
	rc = mdb_env_create(&s->env);
	if (rc != 0)
		return rc;
	mdb_env_set_maxdbs(s->env, 1);
	mdb_env_set_maxreaders(s->env, READERS_MAX);
	rc = mdb_env_open(s->env, s->path, flags, FILE_MODE);
	if (rc == 0)
		rc = look_at_file(s);
	if (rc == 0)
		rc = open_table(s, mode);
	if (rc == 0)
		/* Slots of readers that were killed. */
		mdb_reader_check(s->env, NULL);
	else {
		mdb_env_close(s->env);
		s->env = NULL;
	}
	return rc;
}

static int
remove_lock(const struct store *s)
{
	char lock[PATH_MAX];

	if (str_format(lock, sizeof(lock), "%s%s", s->path,
	    USER_DB_FILE_LOCK_SUFFIX) == -1)
		return ENAMETOOLONG;
	return unlink(lock) == -1 ? errno : 0;
}

/*
 * Give the database a lock file of its own in place of its predecessor's,
 * which those who still have the predecessor open may keep. flock(2) on the
 * database lets one process at a time do so. A reader that may not goes on
 * without a lock file; see undisturbed().
 */
static int
renew_lock(struct store *s, enum user_db_mode mode)
{
	int errnum, fd, rc;

	fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return errno;
	if (flock(fd, LOCK_EX) == -1) {
		rc = errno;
		goto out;
	}
	rc = attach(s, mode);
	if (rc != STALE_LOCK)
		goto out;	/* another process was faster */
	if (remove_lock(s) == 0 &&
	    user_db_file_lock(s->path, &errnum, NULL) == 0)
		rc = attach(s, mode);
	else if (mode == USER_DB_READ) {
		s->unlocked = true;
		rc = attach(s, mode);
	}
out:
	io_close(&fd);
	return rc;
}

static void
lmdb_close(void *store)
{
	struct store *s = store;

	if (s->env != NULL)
		mdb_env_close(s->env);
	free(s->path);
	free(s);
}

static int
lmdb_open(const char *path, enum user_db_mode mode, void **store_r,
    int *errnum_r, struct errmsg *e)
{
	struct store *s;
	int rc;

	*errnum_r = EIO;
	s = calloc(1, sizeof(*s));
	if (s == NULL || (s->path = strdup(path)) == NULL) {
		free(s);
		return errmsg_errno(e, ENOMEM, "%s", path);
	}
	if (user_db_file_lock(path, errnum_r, e) == -1)
		goto out;
	rc = attach(s, mode);
	if (rc == STALE_LOCK)
		rc = renew_lock(s, mode);
	if (rc == 0) {
		*store_r = s;
		return 0;
	}
	*errnum_r = rc;
	explain(s, rc, e);
out:
	lmdb_close(s);
	return -1;
}

static bool
lmdb_is_current(const void *store)
{
	const struct store *s = store;
	struct stat st;

	return stat(s->path, &st) == 0 && st.st_dev == s->dev &&
	    st.st_ino == s->ino && st.st_size >= s->size;
}

/* The key in bytes; BAD_NAME when there can be none. */
static int
make_key(unsigned char bytes[USER_DB_KEY_MAX], const char *user,
    const char *realm, MDB_val *key_r)
{
	key_r->mv_data = bytes;
	key_r->mv_size = user_db_record_key(user, realm, bytes);
	return key_r->mv_size == 0 ? BAD_NAME : 0;
}

static int
parse(const MDB_val *value, struct user_db_entry *entry_r)
{
	return user_db_record_parse(value->mv_data, value->mv_size,
	    entry_r) == -1 ? BAD_RECORD : 0;
}

static int
get_once(struct store *s, MDB_val *key, struct user_db_entry *entry_r,
    bool *undisturbed_r)
{
	MDB_txn *txn;
	MDB_val value;
	int rc;

	*undisturbed_r = true;
	rc = begin(s, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_get(txn, s->table, key, &value);
	if (rc == 0)
		rc = parse(&value, entry_r);
	*undisturbed_r = undisturbed(s, mdb_txn_id(txn));
	mdb_txn_abort(txn);
	return rc;
}

static enum user_db_found
found_of(struct store *s, int rc, struct errmsg *e)
{
	if (rc == 0)
		return USER_DB_FOUND;
	if (rc == MDB_NOTFOUND)
		return USER_DB_ABSENT;
	explain(s, rc, e);
	return USER_DB_ERROR;
}

static enum user_db_found
lmdb_get(void *store, const char *user, const char *realm,
    struct user_db_entry *entry_r, struct errmsg *e)
{
	unsigned char bytes[USER_DB_KEY_MAX];
	struct store *s = store;
	MDB_val key;
	bool good = false;
	int rc = STALE_LOCK, tries;

	if (make_key(bytes, user, realm, &key) != 0)
		return USER_DB_ABSENT;
	for (tries = 0; tries < BEGINS_MAX && !good; tries++)
		rc = get_once(s, &key, entry_r, &good);
	if (!good)
		rc = STALE_LOCK;
	return found_of(s, rc, e);
}

static int
grow(struct store *s)
{
	MDB_envinfo info;

	mdb_env_info(s->env, &info);
	return mdb_env_set_mapsize(s->env, info.me_mapsize * GROW_FACTOR);
}

/* Put, or delete when there is no value. */
static int
change(struct store *s, MDB_val *key, MDB_val *value)
{
	MDB_txn *txn;
	int grows, rc = MDB_MAP_FULL;

	for (grows = 0; grows < GROWS_MAX; grows++) {
		rc = begin(s, 0, &txn);
		if (rc != 0)
			return rc;
		if (value != NULL)
			rc = mdb_put(txn, s->table, key, value, 0);
		else
			rc = mdb_del(txn, s->table, key, NULL);
		if (rc == 0)
			rc = mdb_txn_commit(txn);
		else
			mdb_txn_abort(txn);
		if (rc != MDB_MAP_FULL)
			return rc;
		rc = grow(s);
		if (rc != 0)
			return rc;
	}
	return rc;
}

static int
lmdb_put(void *store, const char *user, const char *realm,
    const struct user_db_entry *entry, struct errmsg *e)
{
	unsigned char key_bytes[USER_DB_KEY_MAX], bytes[USER_DB_RECORD_MAX];
	struct store *s = store;
	MDB_val key, value;
	int rc;

	rc = make_key(key_bytes, user, realm, &key);
	if (rc == 0) {
		value.mv_data = bytes;
		value.mv_size = user_db_record_format(entry, bytes);
		rc = change(s, &key, &value);
	}
	return rc == 0 ? 0 : explain(s, rc, e);
}

static enum user_db_found
lmdb_delete(void *store, const char *user, const char *realm,
    struct errmsg *e)
{
	unsigned char bytes[USER_DB_KEY_MAX];
	struct store *s = store;
	MDB_val key;
	int rc;

	if (make_key(bytes, user, realm, &key) != 0)
		return USER_DB_ABSENT;
	rc = change(s, &key, NULL);
	return found_of(s, rc, e);
}

/* Call visit for one record; *more_r says whether it wants the next. */
static int
show(const MDB_val *key, const MDB_val *value, user_db_visit *visit,
    void *ctx, bool *more_r)
{
	char names[USER_DB_KEY_MAX + 1];
	struct user_db_entry entry;
	const char *realm;

	if (user_db_record_names(key->mv_data, key->mv_size, names,
	    &realm) == -1)
		return BAD_RECORD;
	if (parse(value, &entry) != 0)
		return BAD_RECORD;
	*more_r = visit(ctx, names, realm, &entry);
	return 0;
}

static int
lmdb_each(void *store, user_db_visit *visit, void *ctx, struct errmsg *e)
{
	struct store *s = store;
	MDB_cursor *cursor;
	MDB_txn *txn;
	MDB_val key, value;
	bool more = true;
	int rc;

	rc = begin(s, MDB_RDONLY, &txn);
	if (rc != 0)
		return explain(s, rc, e);
	rc = mdb_cursor_open(txn, s->table, &cursor);
	if (rc != 0)
		goto out;
	while (rc == 0 && more) {
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
		if (rc == 0)
			rc = show(&key, &value, visit, ctx, &more);
	}
	mdb_cursor_close(cursor);
	if (rc == MDB_NOTFOUND)
		rc = 0;		/* that was the last */
	if (rc == 0 && !undisturbed(s, mdb_txn_id(txn)))
		rc = STALE_LOCK;
out:
	mdb_txn_abort(txn);
	return rc == 0 ? 0 : explain(s, rc, e);
}

const struct user_db_layout user_db_lmdb = {
	.open = lmdb_open,
	.close = lmdb_close,
	.is_current = lmdb_is_current,
	.get = lmdb_get,
	.put = lmdb_put,
	.delete = lmdb_delete,
	.each = lmdb_each,
};
