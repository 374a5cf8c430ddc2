/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db: whatever the libraries make of a file in many changes, our own
 * readers find every row in it, and nothing that would forbid the next change.
 */
#include "config.h"

#include "tests/unit/user_db_store.h"

#include <stdlib.h>
#include <string.h>

#define USERS 1500
#define ROUNDS 12
#define CHANGES 500		/* of each round, at most */
#define LONG_ONES 20		/* one of so many is longer than a page */
#define NAME_SIZE 80
#define SEED 20261123		/* the same random numbers each time */

static size_t stored[USERS];	/* bytes of his password; 0: not there */

static void
name_of(int i, char name_r[NAME_SIZE])
{
	snprintf(name_r, NAME_SIZE, "user%d%.*s", i, i % 50,
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void
change(struct user_db *db, int i)
{
	static char password[USER_DB_PLAIN_MAX];
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct errmsg e;
	char name[NAME_SIZE];
	size_t len = 0;

	name_of(i, name);
	if (random() % 3 == 0) {
		assert_int_not_equal(user_db_delete(db, name, "dom", &e),
		    USER_DB_ERROR);
		stored[i] = 0;
		return;
	}
	if (user_db_layout(db) == USER_DB_HASHED) {
		snprintf(entry.hash, sizeof(entry.hash), "$6$%d", i);
		stored[i] = strlen(entry.hash);
	} else {
		len = 1 + (size_t)(random() % LONG_ONES == 0 ?
		    random() % USER_DB_PLAIN_MAX : random() % 100);
		memset(password, 'a' + i % 26, len);
		entry.is_plain = true;
		assert_int_equal(secret_set(&entry.plain, password, len), 0);
		stored[i] = len;
	}
	if (user_db_put(db, name, "dom", &entry, &e) == -1)
		fail_msg("%s", e.text);
	user_db_entry_fini(&entry);
}

static bool
count(void *ctx, const struct user_db_row *row)
{
	size_t *rows = ctx;

	assert_non_null(row->entry);
	++*rows;
	return true;
}

static void
look_at_all(struct user_db *db)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	size_t wanted = 0, rows = 0;
	struct errmsg e;
	char name[NAME_SIZE];
	int i;

	for (i = 0; i < USERS; i++) {
		name_of(i, name);
		assert_int_equal(user_db_get(db, name, "dom", &entry, &e),
		    stored[i] > 0 ? USER_DB_FOUND : USER_DB_ABSENT);
		if (stored[i] == 0)
			continue;
		wanted++;
		assert_int_equal(entry.is_plain ? entry.plain.len :
		    strlen(entry.hash), stored[i]);
		assert_true(!entry.is_plain ||
		    entry.plain.bytes[stored[i] - 1] == 'a' + i % 26);
	}
	user_db_entry_fini(&entry);
	if (user_db_each(db, count, &rows, &e) == -1)
		fail_msg("%s", e.text);
	assert_int_equal(rows, wanted);
}

static void
change_and_look(enum user_db_layout layout)
{
	struct user_db *db;
	struct errmsg e;
	int round, i;

	memset(stored, 0, sizeof(stored));
	for (round = 0; round < ROUNDS; round++) {
		/* Opened anew: who will write has all of it judged. */
		if (user_db_create(store.path, layout, &db, &e) == -1 ||
		    user_db_begin(db, &e) == -1)
			fail_msg("%s", e.text);
		for (i = (int)(random() % CHANGES); i > 0; i--)
			change(db, (int)(random() % USERS));
		if (user_db_commit(db, &e) == -1)
			fail_msg("%s", e.text);
		look_at_all(db);
		user_db_close(db);
	}
}

static void
test_random_changes(void **state)
{
	enum user_db_layout layout;
	size_t i;

	srandom(SEED);
	for (i = 0; i < USER_DB_LAYOUTS; i++) {
		if (user_db_layout_parse(user_db_layout_name(
		    (enum user_db_layout)i), &layout, NULL) == -1)
			continue;
		change_and_look(layout);
		store_teardown(state);
		assert_int_equal(store_setup(state), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_random_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
