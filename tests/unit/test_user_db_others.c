/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db: what others do at the same moment, or own beside it, costs nobody
 * a row, a file or a right.
 */
#include "config.h"

#include "tests/unit/user_db_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define HASH "$6$salt$hash"
#define COPY ".saslauthd-new"

static bool
is_built(enum user_db_layout layout)
{
	enum user_db_layout same;

	return user_db_layout_parse(user_db_layout_name(layout), &same,
	    NULL) == 0;
}

static void
make(enum user_db_layout layout, const char *path)
{
	struct user_db *db;
	struct errmsg e;

	if (user_db_create(path, layout, &db, &e) == -1)
		fail_msg("%s", e.text);
	store_put(db, "joe", "dom", HASH);
	user_db_close(db);
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* ---- a second writer -------------------------------------------------- */

static bool hurried;

/* In the place of libc's: the moment a new file has its name another writer
 * locks it and begins a copy. */
int
rename(const char *from, const char *to)
{
	char copy[PATH_MAX];
	long rc = syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);

	snprintf(copy, sizeof(copy), "%.4000s" COPY, store.path);
	if (hurried && strcmp(to, store.path) == 0)
		write_file(copy, "the next writer's");
	return (int)rc;
}

static bool busy;

/* In the place of libc's: while it is read, somebody changes the file. */
ssize_t
pread(int fd, void *bytes, size_t len, off_t at)
{
	static time_t sec = 1000;
	struct timespec times[2] = { { sec, 0 }, { sec, 0 } };

	if (busy) {
		sec++;
		assert_int_equal(utimensat(AT_FDCWD, store.path, times, 0), 0);
	}
	return syscall(SYS_pread64, fd, bytes, len, at);
}

static bool
see(void *ctx, const struct user_db_row *row)
{
	(void)ctx;
	(void)row;
	return true;
}

/* What is read of a file that is being changed is no verdict: it may be half
 * of the change. */
static void
test_never_settled(void **state)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db *db;
	struct errmsg e = ERRMSG_INIT;

	(void)state;
	if (!is_built(USER_DB_BERKELEY))
		skip();
	make(USER_DB_BERKELEY, store.path);
	db = store_opened(store.path, USER_DB_READ);
	busy = true;
	assert_int_equal(user_db_get(db, "joe", "dom", &entry, &e),
	    USER_DB_ERROR);
	assert_non_null(strstr(e.text, "changes it all the time"));
	assert_int_equal(user_db_get(db, "nobody", "dom", &entry, &e),
	    USER_DB_ERROR);
	assert_int_equal(user_db_each(db, see, NULL, &e), -1);
	assert_non_null(strstr(e.text, "has changed it meanwhile"));
	busy = false;
	assert_true(store_has(db, HASH));
	assert_int_equal(user_db_each(db, see, NULL, &e), 0);
	user_db_close(db);
}

static void
convert_and_hurry(enum user_db_layout from, enum user_db_layout to)
{
	char copy[PATH_MAX];
	struct errmsg e;

	make(from, store.path);
	hurried = true;
	if (user_db_rewrite(store.path, to, NULL, NULL, &e) == -1)
		fail_msg("%s", e.text);
	hurried = false;
	snprintf(copy, sizeof(copy), "%.4000s" COPY, store.path);
	if (unlink(copy) == -1)
		fail_msg("from %s to %s: the next writer's copy is gone",
		    user_db_layout_name(from), user_db_layout_name(to));
	unlink(store.path);
	unlink(store.lock);
}

static void
test_convert_and_another_writer(void **state)
{
	enum user_db_layout from, to;
	size_t i, k;

	(void)state;
	for (i = 0; i < USER_DB_LAYOUTS; i++)
		for (k = 0; k < USER_DB_LAYOUTS; k++) {
			from = (enum user_db_layout)i;
			to = (enum user_db_layout)k;
			if (is_built(from) && is_built(to))
				convert_and_hurry(from, to);
		}
}

/* Lock the file for ever, until `until` ends. */
static void
hold_lock(int ready, int until)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(store.path, O_RDWR);
	char c;

	CHILD_ASSERT(fd != -1);
	CHILD_ASSERT(fcntl(fd, F_SETLK, &all) == 0);
	CHILD_ASSERT(write(ready, "", 1) == 1);
	_exit(read(until, &c, 1) == 0 ? 0 : 1);
}

/* Takes the ten seconds that a writer is waited for. */
static void
test_writer_that_hangs(void **state)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db *db;
	struct errmsg e = ERRMSG_INIT;
	char words[96], c;
	int ready[2], until[2], status;
	pid_t pid;

	(void)state;
	if (!is_built(USER_DB_BERKELEY))
		skip();
	make(USER_DB_BERKELEY, store.path);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(until), 0);
	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(until[1]);
		hold_lock(ready[1], until[0]);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	db = store_opened(store.path, USER_DB_WRITE);
	snprintf(entry.hash, sizeof(entry.hash), "%s", HASH);
	assert_int_equal(user_db_put(db, "jane", "dom", &entry, &e), -1);
	snprintf(words, sizeof(words), ": process %ld has been changing it "
	    "for more than 10 seconds", (long)pid);
	assert_non_null(strstr(e.text, words));
	close(until[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(user_db_put(db, "jane", "dom", &entry, &e), 0);
	user_db_close(db);
	close(until[0]);
	close(ready[0]);
	close(ready[1]);
}

/* ---- links ------------------------------------------------------------ */

/* Root's name of a database is a link into somebody else's directory. */
static void
test_link_into_another_directory(void **state)
{
	char dir[PATH_MAX], db[PATH_MAX];
	struct errmsg e = ERRMSG_INIT;
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(dir, sizeof(dir), "%.4000s/sub", store.dir);
	snprintf(db, sizeof(db), "%.4000s/db", dir);
	assert_int_equal(chmod(store.dir, 0755), 0);
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(chown(dir, STORE_STRANGER, STORE_STRANGER), 0);
	write_file(db, "");
	assert_int_equal(symlink(db, store.path), 0);
	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		CHILD_ASSERT(user_db_act_as_owner(store.path, &e) == 0);
		CHILD_ASSERT(geteuid() == STORE_STRANGER);
		CHILD_ASSERT(getegid() == STORE_STRANGER);
		CHILD_ASSERT(setuid(0) == -1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	unlink(db);
	assert_int_equal(rmdir(dir), 0);
}

/* ---- files beside it -------------------------------------------------- */

static void
test_files_of_like_names(void **state)
{
	static const char *const suffixes[] = {
		".new", "-new", ".tmp", "~", ".rewrite",
	};
	char other[PATH_MAX];
	struct user_db *db;
	struct errmsg e;
	size_t i, k;

	(void)state;
	for (k = 0; k < COUNT_OF(suffixes); k++) {
		snprintf(other, sizeof(other), "%.4000s%s", store.path,
		    suffixes[k]);
		write_file(other, "mine");
	}
	for (i = 0; i < USER_DB_LAYOUTS; i++) {
		if (!is_built((enum user_db_layout)i))
			continue;
		make((enum user_db_layout)i, store.path);
		db = store_opened(store.path, USER_DB_WRITE);
		store_put(db, "jane", "dom", HASH);
		user_db_close(db);
		assert_int_equal(user_db_rewrite(store.path,
		    (enum user_db_layout)i, NULL, NULL, &e), 0);
		unlink(store.path);
		unlink(store.lock);
	}
	for (k = 0; k < COUNT_OF(suffixes); k++) {
		snprintf(other, sizeof(other), "%.4000s%s", store.path,
		    suffixes[k]);
		assert_row(suffixes[k], unlink(other) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_convert_and_another_writer),
		STORE_TEST(test_never_settled),
		STORE_TEST(test_writer_that_hangs),
		STORE_TEST(test_link_into_another_directory),
		STORE_TEST(test_files_of_like_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
