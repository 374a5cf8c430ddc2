/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db: every acknowledged write is there, and nobody sees half a row,
 * whoever is killed and however many write and read at once.
 */
#include "config.h"

#include "tests/unit/user_db_store.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define KILLS 15		/* per layout */
#define ACKS_MAX 4
#define KILL_USEC_MAX 10000	/* a put takes some milliseconds */
#define WRITERS 8
#define READERS 8
#define PUTS 12			/* of each writer */
#define SEED 20261122		/* the same random numbers each time */

static bool
is_built(enum user_db_layout layout)
{
	enum user_db_layout same;

	return user_db_layout_parse(user_db_layout_name(layout), &same,
	    NULL) == 0;
}

static void
create(enum user_db_layout layout)
{
	struct user_db *db;
	struct errmsg e;

	if (user_db_create(store.path, layout, &db, &e) == -1)
		fail_msg("%s", e.text);
	store_put(db, "joe", "dom", "$6$a");
	user_db_close(db);
}

/* ---- killed ----------------------------------------------------------- */

/* In a child. */
static void
must(int rc, const struct errmsg *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s\n", e->text);
	_exit(1);
}

static void
put_user(struct user_db *db, int number)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct errmsg e;
	char user[16];

	snprintf(user, sizeof(user), "u%d", number);
	snprintf(entry.hash, sizeof(entry.hash), "$6$%s", user);
	must(user_db_put(db, user, "dom", &entry, &e), &e);
}

/* Put users from `first` on and acknowledge each, until killed. */
static void
put_for_ever(int first, int ack)
{
	struct user_db *db;
	struct errmsg e;

	for (;; first++) {
		must(user_db_open(store.path, USER_DB_WRITE, &db, NULL, &e),
		    &e);
		put_user(db, first);
		user_db_close(db);
		CHILD_ASSERT(write(ack, "", 1) == 1);
	}
}

/* Killed at a random moment after a few writes; how many it acknowledged. */
static int
kill_a_writer(int first)
{
	int ack[2], status, count = 0, wanted = (int)(random() % ACKS_MAX);
	char c;
	pid_t pid;

	assert_int_equal(pipe(ack), 0);
	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(ack[0]);
		put_for_ever(first, ack[1]);
	}
	close(ack[1]);
	while (count < wanted && read(ack[0], &c, 1) == 1)
		count++;
	usleep((useconds_t)(random() % KILL_USEC_MAX));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(ack[0], &c, 1) == 1)
		count++;
	close(ack[0]);
	return count;
}

static void
assert_users(int count)
{
	struct user_db *db = store_opened(store.path, USER_DB_READ);
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	char user[16];
	int i;

	for (i = 0; i < count; i++) {
		snprintf(user, sizeof(user), "u%d", i);
		assert_int_equal(user_db_get(db, user, "dom", &entry, NULL),
		    USER_DB_FOUND);
		assert_string_equal(entry.hash + strlen("$6$"), user);
	}
	user_db_entry_fini(&entry);
	user_db_close(db);
}

static void
test_killed_writers(void **state)
{
	size_t layout;
	int i, count;

	srandom(SEED);
	for (layout = 0; layout < USER_DB_LAYOUTS; layout++) {
		if (!is_built((enum user_db_layout)layout))
			continue;
		create((enum user_db_layout)layout);
		for (i = count = 0; i < KILLS; i++) {
			count += kill_a_writer(count);
			assert_users(count);
		}
		assert_int_not_equal(count, 0);
		store_teardown(state);
		assert_int_equal(store_setup(state), 0);
	}
}

/* ---- many at once ----------------------------------------------------- */

/* Each its own users, and all of them joe. */
static void
write_much(int writer)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db *db;
	struct errmsg e;
	int i;

	for (i = 0; i < PUTS; i++) {
		memset(entry.hash, 'a' + writer, sizeof(entry.hash) - 1);
		memcpy(entry.hash, "$6$", 3);
		must(user_db_open(store.path, USER_DB_WRITE, &db, NULL, &e),
		    &e);
		must(user_db_put(db, "joe", "dom", &entry, &e), &e);
		put_user(db, writer * PUTS + i);
		user_db_close(db);
	}
	_exit(0);
}

/* All of one writer's. */
static bool
is_whole(const char *hash)
{
	size_t len = strlen(hash);

	return strcmp(hash, "$6$a") == 0 || (len == PASSHASH_MAX - 1 &&
	    strspn(hash + 3, (char[]){ hash[3], '\0' }) == len - 3);
}

static void
read_much(int until)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct pollfd done = { .fd = until };
	struct user_db *db = NULL;
	struct errmsg e;

	while (poll(&done, 1, 0) == 0) {
		if (db != NULL && !user_db_is_current(db)) {
			user_db_close(db);
			db = NULL;
		}
		if (db == NULL)
			must(user_db_open(store.path, USER_DB_READ, &db, NULL,
			    &e), &e);
		(void)snprintf(e.text, sizeof(e.text), "joe is not there");
		must(user_db_get(db, "joe", "dom", &entry, &e) ==
		    USER_DB_FOUND ? 0 : -1, &e);
		CHILD_ASSERT(is_whole(entry.hash));
	}
	_exit(0);
}

static void
all_at_once(void)
{
	pid_t pids[WRITERS + READERS];
	int i, status, until[2];

	assert_int_equal(pipe(until), 0);
	fflush(NULL);
	for (i = 0; i < WRITERS + READERS; i++) {
		pids[i] = fork();
		assert_int_not_equal(pids[i], -1);
		if (pids[i] != 0)
			continue;
		close(until[1]);
		if (i < WRITERS)
			write_much(i);
		read_much(until[0]);
	}
	close(until[0]);
	for (i = 0; i < WRITERS + READERS; i++) {
		if (i == WRITERS)
			close(until[1]);
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_users(WRITERS * PUTS);
}

static void
test_many_at_once(void **state)
{
	size_t layout;

	for (layout = 0; layout < USER_DB_LAYOUTS; layout++) {
		if (!is_built((enum user_db_layout)layout))
			continue;
		create((enum user_db_layout)layout);
		all_at_once();
		store_teardown(state);
		assert_int_equal(store_setup(state), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_killed_writers),
		STORE_TEST(test_many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
