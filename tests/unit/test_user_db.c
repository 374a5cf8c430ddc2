/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db: what is stored is found, also while other processes write, grow
 * or replace the store, or are killed.
 */
#include "config.h"

#include "tests/unit/user_db_store.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MANY 1000		/* users; more than the first map holds */
#define LONG_REALM 480		/* bytes */

/* Two processes that take turns. */
struct turns {
	int to_child[2], to_parent[2];
	pid_t pid;
};

static void
turns_begin(struct turns *t)
{
	assert_int_equal(pipe(t->to_child), 0);
	assert_int_equal(pipe(t->to_parent), 0);
	fflush(NULL);
	t->pid = fork();
	assert_int_not_equal(t->pid, -1);
	/* So that a side that fails is end of file to the other. */
	close(t->pid == 0 ? t->to_child[1] : t->to_child[0]);
	close(t->pid == 0 ? t->to_parent[0] : t->to_parent[1]);
}

static void
turns_give(const struct turns *t)
{
	int fd = t->pid == 0 ? t->to_parent[1] : t->to_child[1];

	if (write(fd, "", 1) != 1 && t->pid == 0)
		_exit(1);
}

static void
turns_wait(const struct turns *t)
{
	char c;

	if (read(t->pid == 0 ? t->to_child[0] : t->to_parent[0], &c, 1) == 1)
		return;
	if (t->pid == 0)
		_exit(1);
	fail_msg("the other process has failed");
}

static void
turns_end(const struct turns *t)
{
	int status;

	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	close(t->to_child[1]);
	close(t->to_parent[0]);
	assert_int_equal(status, 0);
}

static void
test_put_get_delete(void **state)
{
	struct user_db *db = store_opened(store.path, USER_DB_CREATE);
	struct user_db_entry entry = USER_DB_ENTRY_INIT;

	(void)state;
	store_put(db, "joe", "example.org", "$y$hash");
	store_put(db, "joe", "example.com", "$6$other");
	assert_int_equal(user_db_get(db, "joe", "example.org", &entry, NULL),
	    USER_DB_FOUND);
	assert_string_equal(entry.hash, "$y$hash");
	assert_true(entry.changed_sec == 1234567890123);
	/* Bytewise: no case folding, no prefix, no other cut. */
	assert_int_equal(user_db_get(db, "Joe", "example.org", &entry, NULL),
	    USER_DB_ABSENT);
	assert_int_equal(user_db_get(db, "joe", "Example.org", &entry, NULL),
	    USER_DB_ABSENT);
	assert_int_equal(user_db_get(db, "joe", "example.or", &entry, NULL),
	    USER_DB_ABSENT);
	assert_int_equal(user_db_get(db, "joee", "xample.org", &entry, NULL),
	    USER_DB_ABSENT);
	assert_int_equal(user_db_get(db, "", "", &entry, NULL),
	    USER_DB_ABSENT);
	store_put(db, "joe", "example.org", "$y$new");
	user_db_close(db);

	db = store_opened(store.path, USER_DB_WRITE);
	assert_int_equal(user_db_get(db, "joe", "example.org", &entry, NULL),
	    USER_DB_FOUND);
	assert_string_equal(entry.hash, "$y$new");
	assert_int_equal(user_db_delete(db, "joe", "example.org", NULL),
	    USER_DB_FOUND);
	assert_int_equal(user_db_delete(db, "joe", "example.org", NULL),
	    USER_DB_ABSENT);
	assert_int_equal(user_db_get(db, "joe", "example.org", &entry, NULL),
	    USER_DB_ABSENT);
	assert_int_equal(user_db_get(db, "joe", "example.com", &entry, NULL),
	    USER_DB_FOUND);
	user_db_close(db);
}

static void
test_odd_names(void **state)
{
	struct user_db *db = store_opened(store.path, USER_DB_CREATE);
	char name[512], longest[PASSHASH_MAX];
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct errmsg e;

	(void)state;
	store_put(db, "j\xc3\xb6rg \xff\x01", "d@m", "$hash");
	assert_int_equal(user_db_get(db, "j\xc3\xb6rg \xff\x01", "d@m",
	    &entry, NULL), USER_DB_FOUND);

	/* LMDB's keys have at most 511 bytes, one of which parts the two. */
	memset(name, 'n', sizeof(name));
	name[509] = '\0';
	memset(longest, 'h', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	store_put(db, name, "d", longest);
	assert_int_equal(user_db_get(db, name, "d", &entry, NULL),
	    USER_DB_FOUND);
	assert_string_equal(entry.hash, longest);
	name[509] = 'n';
	name[510] = '\0';
	assert_int_equal(user_db_get(db, name, "d", &entry, &e),
	    USER_DB_ABSENT);
	assert_int_equal(user_db_delete(db, name, "d", &e), USER_DB_ABSENT);
	assert_int_equal(user_db_put(db, name, "d", &entry, &e), -1);
	assert_non_null(strstr(e.text, "510 bytes"));
	assert_int_equal(user_db_put(db, "", "d", &entry, &e), -1);
	assert_int_equal(user_db_put(db, "u", "", &entry, &e), -1);
	user_db_close(db);
}

static bool
count_visit(void *ctx, const struct user_db_row *row)
{
	int *left = ctx;

	assert_string_equal(row->realm, "dom");
	assert_string_equal(row->property, "userPassword");
	assert_string_equal(row->entry->hash, "$hash");
	return --*left != 0;
}

static void
test_each(void **state)
{
	struct user_db *db = store_opened(store.path, USER_DB_CREATE);
	int left = INT_MAX;

	(void)state;
	assert_int_equal(user_db_each(db, count_visit, &left, NULL), 0);
	assert_int_equal(left, INT_MAX);
	store_put(db, "a", "dom", "$hash");
	store_put(db, "b", "dom", "$hash");
	store_put(db, "c", "dom", "$hash");
	assert_int_equal(user_db_each(db, count_visit, &left, NULL), 0);
	assert_int_equal(left, INT_MAX - 3);
	left = 2;
	assert_int_equal(user_db_each(db, count_visit, &left, NULL), 0);
	assert_int_equal(left, 0);
	user_db_close(db);
}

/* A reader that was there first follows growth and sees the writes. */
static void
test_growth(void **state)
{
	char realm[LONG_REALM + 1], user[16], hash[PASSHASH_MAX];
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db *db;
	struct turns t;
	int i;

	(void)state;
	memset(realm, 'r', sizeof(realm));
	realm[sizeof(realm) - 1] = '\0';
	memset(hash, '$', sizeof(hash));
	hash[sizeof(hash) - 1] = '\0';
	user_db_close(store_opened(store.path, USER_DB_CREATE));
	turns_begin(&t);
	if (t.pid == 0) {
		db = store_opened(store.path, USER_DB_READ);
		CHILD_ASSERT(user_db_get(db, "u1", realm, &entry, NULL) ==
		    USER_DB_ABSENT);
		turns_give(&t);
		turns_wait(&t);
		for (i = 0; i < MANY; i++) {
			snprintf(user, sizeof(user), "u%d", i);
			CHILD_ASSERT(user_db_get(db, user, realm, &entry,
			    NULL) == USER_DB_FOUND);
		}
		CHILD_ASSERT(user_db_is_current(db));
		user_db_close(db);
		_exit(0);
	}
	turns_wait(&t);
	db = store_opened(store.path, USER_DB_WRITE);
	for (i = 0; i < MANY; i++) {
		snprintf(user, sizeof(user), "u%d", i);
		store_put(db, user, realm, hash);
	}
	user_db_close(db);
	turns_give(&t);
	turns_end(&t);
}

static bool
die_visit(void *ctx, const struct user_db_row *row)
{
	(void)ctx;
	(void)row;
	raise(SIGKILL);
	return false;
}

/* The pages a killed reader was looking at must not be kept for ever: each
 * further write would then take new ones. */
static void
test_killed_reader(void **state)
{
	struct user_db *db;
	struct stat before, after;
	struct turns t;
	int i, status;
	pid_t pid;

	(void)state;
	store_fill(store.path, "$hash", 20);
	assert_int_equal(stat(store.path, &before), 0);
	/* The last to leave would clean up; so there is another. */
	turns_begin(&t);
	if (t.pid == 0) {
		db = store_opened(store.path, USER_DB_READ);
		turns_give(&t);
		turns_wait(&t);
		user_db_close(db);
		_exit(0);
	}
	turns_wait(&t);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		db = store_opened(store.path, USER_DB_READ);
		user_db_each(db, die_visit, NULL, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	for (i = 0; i < 3; i++)
		store_fill(store.path, "$hash", 20);
	turns_give(&t);
	turns_end(&t);
	assert_int_equal(stat(store.path, &after), 0);
	assert_true(after.st_size <= before.st_size + 4 * 4096);
}

/*
 * Replaced by a file of another history while a process holds the old one
 * and its lock file: both must see the new one's newest state, whatever the
 * number of its transactions, and a write to it must last.
 */
static void
replace_with(int transactions)
{
	struct user_db *db;
	struct turns t;

	store_fill(store.path, "$old", 5);
	store_fill(store.other, "$new", transactions);
	turns_begin(&t);
	if (t.pid == 0) {
		db = store_opened(store.path, USER_DB_READ);
		CHILD_ASSERT(store_has(db, "$old"));
		CHILD_ASSERT(user_db_is_current(db));
		turns_give(&t);
		turns_wait(&t);
		CHILD_ASSERT(!user_db_is_current(db));
		user_db_close(db);
		db = store_opened(store.path, USER_DB_READ);
		CHILD_ASSERT(store_has(db, "$newest"));
		user_db_close(db);
		_exit(0);
	}
	turns_wait(&t);
	assert_int_equal(rename(store.other, store.path), 0);
	db = store_opened(store.path, USER_DB_READ);
	assert_true(store_has(db, "$new"));
	user_db_close(db);
	store_fill(store.path, "$newest", 2);
	turns_give(&t);
	turns_end(&t);
	db = store_opened(store.path, USER_DB_READ);
	assert_true(store_has(db, "$newest"));
	user_db_close(db);
}

static void
test_replaced(void **state)
{
	int transactions;

	for (transactions = 1; transactions < 10; transactions++) {
		replace_with(transactions);
		store_teardown(state);
		assert_int_equal(store_setup(state), 0);
	}
}

/* The same, seen by a reader that may not make a lock file. */
static void
test_replaced_no_right(void **state)
{
	struct user_db *db;
	struct turns t;
	pid_t pid;
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(store.dir, 0755), 0);
	store_fill(store.path, "$old", 7);
	store_fill(store.other, "$new", 2);
	chmod(store.path, 0666);
	chmod(store.lock, 0666);
	chmod(store.other, 0644);
	turns_begin(&t);
	if (t.pid == 0) {
		db = store_opened(store.path, USER_DB_READ);
		turns_give(&t);
		turns_wait(&t);
		user_db_close(db);
		_exit(0);
	}
	turns_wait(&t);
	assert_int_equal(rename(store.other, store.path), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct errmsg e;

		store_become_stranger();
		CHILD_ASSERT(user_db_open(store.path, USER_DB_READ, &db, NULL,
		    &e) == 0);
		CHILD_ASSERT(store_has(db, "$new"));
		user_db_close(db);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	turns_give(&t);
	turns_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_put_get_delete),
		STORE_TEST(test_odd_names),
		STORE_TEST(test_each),
		STORE_TEST(test_growth),
		STORE_TEST(test_killed_reader),
		STORE_TEST(test_replaced),
		STORE_TEST(test_replaced_no_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
