/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db: its files' owner and modes, files that are none, and what a
 * process without rights is told.
 */
#include "config.h"

#include "tests/unit/user_db_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <lmdb.h>

#define LONG_USER 480		/* bytes */

static void
assert_mode(const char *name, mode_t mode, const struct stat *owner)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_uid, owner->st_uid);
	assert_int_equal(st.st_gid, owner->st_gid);
}

static void
test_modes(void **state)
{
	mode_t umask_before = umask(0);
	struct stat owner;

	(void)state;
	assert_int_equal(stat(store.dir, &owner), 0);
	user_db_close(store_opened(store.path, USER_DB_CREATE));
	assert_mode(store.path, 0600, &owner);
	assert_mode(store.lock, 0600, &owner);
	unlink(store.path);
	unlink(store.lock);

	umask(077);
	assert_int_equal(chmod(store.dir, 0750), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(store.dir, STORE_STRANGER, 1), 0);
	assert_int_equal(stat(store.dir, &owner), 0);
	user_db_close(store_opened(store.path, USER_DB_CREATE));
	assert_mode(store.path, 0660, &owner);
	assert_mode(store.lock, 0660, &owner);

	/* A lock file that was lost comes back as it was; modes that the
	 * administrator has set stay. */
	unlink(store.lock);
	assert_int_equal(chmod(store.path, 0640), 0);
	user_db_close(store_opened(store.path, USER_DB_READ));
	assert_mode(store.path, 0640, &owner);
	assert_mode(store.lock, 0660, &owner);
	umask(umask_before);
}

static void
write_file(const char *name, const void *bytes, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

/* Opening fails and the text has these words. */
static void
assert_refused(enum user_db_mode mode, int errnum, const char *words)
{
	struct user_db *db;
	struct errmsg e = ERRMSG_INIT;
	int got = 0;

	assert_int_equal(user_db_open(store.path, mode, &db, &got, &e), -1);
	assert_null(db);
	if (strstr(e.text, words) == NULL ||
	    strstr(e.text, store.path) != e.text)
		fail_msg("\"%s\" is not in \"%s\"", words, e.text);
	assert_int_equal(got, errnum);
}

static void
test_foreign_files(void **state)
{
	static const struct {
		size_t offset;
		unsigned char magic[4];
		const char *words;
	} rows[] = {
		{ 12, { 0x61, 0x15, 0x06, 0x00 }, "damaged Berkeley DB file" },
		{ 12, { 0x00, 0x06, 0x15, 0x61 }, "damaged Berkeley DB file" },
		{ 12, { 0x62, 0x31, 0x05, 0x00 }, "btree" },
		{ 0, { 0x00, 0x06, 0x15, 0x61 }, "ndbm" },
		{ 0, { 0xcd, 0x9a, 0x57, 0x13 }, "GDBM" },
		{ 0, { 0xce, 0x9a, 0x57, 0x13 }, "GDBM" },
		{ 0, { 0xcf, 0x9a, 0x57, 0x13 }, "GDBM" },
		{ 0, { 0xd0, 0x9a, 0x57, 0x13 }, "GDBM" },
		{ 0, { 0x13, 0x57, 0x9a, 0xd1 }, "GDBM" },
		{ 4, { 0x61, 0x15, 0x06, 0x00 }, "not a user database" },
		/* LMDB's magic and nothing else */
		{ 16, { 0xde, 0xc0, 0xef, 0xbe }, "damaged LMDB file" },
		{ 16, { 0xbe, 0xef, 0xc0, 0xde }, "another kind of machine" },
	};
	unsigned char bytes[4096];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes + rows[i].offset, rows[i].magic, 4);
		write_file(store.path, bytes, sizeof(bytes));
		assert_refused(USER_DB_READ, EIO, rows[i].words);
		assert_refused(USER_DB_CREATE, EIO, rows[i].words);
	}
	write_file(store.path, "user:password\n", 14);
	assert_refused(USER_DB_READ, EIO, "not a user database");
	assert_refused(USER_DB_CREATE, EIO, "not a user database");
	unlink(store.path);
	assert_int_equal(mkdir(store.path, 0700), 0);
	assert_refused(USER_DB_READ, EIO, "not a regular file");
	assert_int_equal(rmdir(store.path), 0);
	assert_int_equal(mkfifo(store.path, 0600), 0);
	assert_refused(USER_DB_READ, EIO, "not a regular file");
}

static void
test_missing_and_empty(void **state)
{
	(void)state;
	assert_refused(USER_DB_READ, ENOENT, "No such file");
	assert_refused(USER_DB_WRITE, ENOENT, "No such file");
	write_file(store.path, "", 0);
	assert_refused(USER_DB_READ, ENODATA, "empty");
	assert_refused(USER_DB_WRITE, ENODATA, "empty");
	user_db_close(store_opened(store.path, USER_DB_CREATE));
	user_db_close(store_opened(store.path, USER_DB_READ));
}

/* What a cut file has lost is never a user that there is not. */
static bool
all_are_found(char *name, int users)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	enum user_db_found found;
	struct user_db *db;
	int i, missed = 0;

	if (user_db_open(store.path, USER_DB_READ, &db, NULL, NULL) == -1)
		return false;
	for (i = 0; i < users; i++) {
		name[0] = (char)('A' + i);
		found = user_db_get(db, name, "dom", &entry, NULL);
		assert_int_not_equal(found, USER_DB_ABSENT);
		missed += found != USER_DB_FOUND;
	}
	user_db_entry_fini(&entry);
	user_db_close(db);
	return missed == 0;
}

static void
test_cut_short(void **state)
{
	struct user_db *db;
	struct stat st;
	char name[LONG_USER + 1];
	off_t size;
	int i;

	(void)state;
	db = store_opened(store.path, USER_DB_CREATE);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (i = 0; i < 30; i++) {
		name[0] = (char)('A' + i);
		store_put(db, name, "dom", "$hash");
	}
	user_db_close(db);
	assert_int_equal(stat(store.path, &st), 0);
	for (size = st.st_size - 4096; size > 0; size -= 4096) {
		assert_int_equal(truncate(store.path, size), 0);
		if (!all_are_found(name, 30))
			assert_refused(USER_DB_WRITE, EIO, "");
	}
	assert_int_equal(truncate(store.path, 100), 0);
	assert_refused(USER_DB_READ, EIO, "");
}

/* A file as other programs make them: in `table` (NULL: the main one). */
static void
make_lmdb(const char *table, const void *key, size_t key_len,
    const void *bytes, size_t len)
{
	MDB_val k = { key_len, (void *)(uintptr_t)key };
	MDB_val v = { len, (void *)(uintptr_t)bytes };
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 1), 0);
	assert_int_equal(mdb_env_open(env, store.path, MDB_NOSUBDIR, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, table,
	    table != NULL ? MDB_CREATE : 0, &dbi), 0);
	if (key != NULL)
		assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

/* Pages that a transaction takes at the end of the file, and gives back, the
 * library counts and never writes. */
static void
test_short_but_whole(void **state)
{
	static char big[100000];
	MDB_val k = { 20, "joe\0dom\0userPassword" }, v = { 2, "pw" };
	MDB_val other = { 3, "big" }, value = { sizeof(big), big };
	struct stat st;
	MDB_envinfo info;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	int i;

	(void)state;
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, store.path, MDB_NOSUBDIR, 0600), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
		assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
		assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
		if (i == 3) {
			assert_int_equal(mdb_put(txn, dbi, &other, &value, 0),
			    0);
			assert_int_equal(mdb_del(txn, dbi, &other, NULL), 0);
		}
		assert_int_equal(mdb_txn_commit(txn), 0);
	}
	assert_int_equal(mdb_env_info(env, &info), 0);
	mdb_env_close(env);
	assert_int_equal(stat(store.path, &st), 0);
	assert_true((off_t)(info.me_last_pgno + 1) * 4096 > st.st_size);
	user_db_close(store_opened(store.path, USER_DB_READ));
	user_db_close(store_opened(store.path, USER_DB_WRITE));
}

static void
assert_layout(enum user_db_mode mode, enum user_db_layout layout)
{
	struct user_db *db = store_opened(store.path, mode);

	assert_int_equal(user_db_layout(db), layout);
	user_db_close(db);
}

static void
test_other_lmdb(void **state)
{
	(void)state;
	make_lmdb(NULL, NULL, 0, NULL, 0);
	assert_layout(USER_DB_READ, USER_DB_LMDB);
	assert_layout(USER_DB_CREATE, USER_DB_HASHED);
	assert_layout(USER_DB_READ, USER_DB_HASHED);
	unlink(store.path);
	make_lmdb(NULL, "joe\0dom\0userPassword", 20, "pw", 2);
	assert_layout(USER_DB_READ, USER_DB_LMDB);
	assert_layout(USER_DB_CREATE, USER_DB_LMDB);
	unlink(store.path);
	make_lmdb(NULL, "key", 3, "value", 5);
	assert_refused(USER_DB_READ, EIO, "another program");
	assert_refused(USER_DB_CREATE, EIO, "another program");
	unlink(store.path);
	make_lmdb("saslauthd-user", "joe\0dom", 7, "value", 5);
	assert_refused(USER_DB_READ, EIO, "another program");
}

/* Hold the only place of a -lock file that has one, until `until` ends. */
static void
hold_place(int ready, int until)
{
	MDB_env *env;
	MDB_txn *txn;
	char c;

	CHILD_ASSERT(mdb_env_create(&env) == 0);
	CHILD_ASSERT(mdb_env_set_maxreaders(env, 1) == 0);
	CHILD_ASSERT(mdb_env_open(env, store.path, MDB_NOSUBDIR, 0600) == 0);
	CHILD_ASSERT(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0);
	CHILD_ASSERT(write(ready, "", 1) == 1);
	_exit(read(until, &c, 1) == 0 ? 0 : 1);
}

/* libsasl2's -lock file has few places. Who ends without giving his back has
 * it taken from him. */
static void
test_readers_full(void **state)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db *db;
	struct errmsg e;
	int ready[2], until[2], status;
	char c;
	pid_t pid;

	(void)state;
	make_lmdb(NULL, "joe\0dom\0userPassword", 20, "pw", 2);
	unlink(store.lock);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(until), 0);
	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(until[1]);
		hold_place(ready[1], until[0]);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(user_db_open(store.path, USER_DB_READ, &db, NULL,
	    &e), -1);
	assert_non_null(strstr(e.text, "sasldb_maxreaders"));
	close(until[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	db = store_opened(store.path, USER_DB_READ);
	assert_int_equal(user_db_get(db, "joe", "dom", &entry, &e),
	    USER_DB_FOUND);
	user_db_close(db);
	user_db_entry_fini(&entry);
	close(ready[0]);
	close(until[0]);
}

/* What is damaged is no password to anybody; who has it is told. */
static bool
damaged_visit(void *ctx, const struct user_db_row *row)
{
	int *rows = ctx;

	assert_string_equal(row->user, "joe");
	assert_null(row->entry);
	++*rows;
	return true;
}

static void
test_bad_records(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
	} rows[] = {
		{ "empty", "", 0 },
		{ "no version", "secret", 6 },
		{ "short", "\1\0\0\0\0\0\0\0", 8 },
		{ "newer", "\2\0\0\0\0\0\0\0\0$y$hash", 16 },
		{ "with NUL", "\1\0\0\0\0\0\0\0\0$y\0hash", 16 },
	};
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db *db;
	struct errmsg e;
	int shown = 0;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		make_lmdb("saslauthd-users", "joe\0dom", 7, rows[i].bytes,
		    rows[i].len);
		db = store_opened(store.path, USER_DB_READ);
		assert_row(rows[i].name, user_db_get(db, "joe", "dom", &entry,
		    &e) == USER_DB_ERROR);
		assert_non_null(strstr(e.text, "damaged"));
		assert_int_equal(user_db_each(db, damaged_visit, &shown, &e),
		    0);
		assert_row(rows[i].name, shown == (int)i + 1);
		user_db_close(db);
	}
	unlink(store.path);
	make_lmdb("saslauthd-users", "no realm", 8, "\1\0\0\0\0\0\0\0\0$", 10);
	db = store_opened(store.path, USER_DB_READ);
	assert_int_equal(user_db_each(db, damaged_visit, &shown, &e), 0);
	assert_int_equal(shown, COUNT_OF(rows));
	user_db_close(db);
}

/* What a process without rights is told; as root, such a process is made. */
static void
refused_to_stranger(enum user_db_mode mode, const char *file,
    const char *words)
{
	struct user_db *db;
	struct errmsg e;
	int errnum, status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		store_become_stranger();
		CHILD_ASSERT(user_db_open(store.path, mode, &db, &errnum,
		    &e) == -1);
		if (errnum != EACCES || strstr(e.text, words) == NULL ||
		    strncmp(e.text, file, strlen(file)) != 0)
			fprintf(stderr, "%s\n", e.text);
		CHILD_ASSERT(errnum == EACCES);
		CHILD_ASSERT(strstr(e.text, words) != NULL);
		CHILD_ASSERT(strncmp(e.text, file, strlen(file)) == 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_no_rights(void **state)
{
	char mend[64];
	struct stat st;

	(void)state;
	assert_int_equal(chmod(store.dir, 0711), 0);
	store_fill(store.path, "$hash", 1);
	chmod(store.path, 0);
	refused_to_stranger(USER_DB_READ, store.path, "mode 0000");
	chmod(store.path, 0444);
	refused_to_stranger(USER_DB_WRITE, store.path, "may not write it");

	/* The lock file, as another program run by root would leave it. */
	chmod(store.path, 0664);
	chmod(store.lock, 0400);
	assert_int_equal(stat(store.path, &st), 0);
	refused_to_stranger(USER_DB_READ, store.lock, "may not write it");
	snprintf(mend, sizeof(mend), "chown %ld:%ld /", (long)st.st_uid,
	    (long)st.st_gid);
	refused_to_stranger(USER_DB_READ, store.lock, mend);
	refused_to_stranger(USER_DB_READ, store.lock, "chmod 0666 /");
	unlink(store.lock);
	assert_int_equal(chmod(store.dir, 0511), 0);
	refused_to_stranger(USER_DB_READ, store.lock, "install -o ");
	assert_int_equal(chmod(store.dir, 0), 0);
	refused_to_stranger(USER_DB_READ, store.path, "Permission denied");
	assert_int_equal(chmod(store.dir, 0700), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_modes),
		STORE_TEST(test_foreign_files),
		STORE_TEST(test_missing_and_empty),
		STORE_TEST(test_cut_short),
		STORE_TEST(test_short_but_whole),
		STORE_TEST(test_other_lmdb),
		STORE_TEST(test_readers_full),
		STORE_TEST(test_bad_records),
		STORE_TEST(test_no_rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
