/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_store - a user database of one test, in a directory of its own.
 */
#ifndef TESTS_UNIT_USER_DB_STORE_H
#define TESTS_UNIT_USER_DB_STORE_H

#include "tests/unit/unit.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "mechanisms/user_db.h"

/* Where a child that checks something itself ends. */
#define CHILD_ASSERT(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "child, line %d: %s\n", __LINE__, \
			    #cond); \
			_exit(1); \
		} \
	} while (0)

#define STORE_STRANGER 65534	/* uid and gid nobody */

struct store {
	char dir[PATH_MAX];
	char path[PATH_MAX], lock[PATH_MAX];
	char other[PATH_MAX];	/* a second database beside it */
};
extern struct store store;

/* For cmocka: make the directory, remove it and what is in it. */
int store_setup(void **state);
int store_teardown(void **state);
#define STORE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

/* Open, put: a failure fails the test. */
struct user_db *store_opened(const char *name, enum user_db_mode mode);
void store_put(struct user_db *db, const char *user, const char *realm,
    const char *hash);
/* A database with the user joe@dom, whose hash is `hash` after so many
 * transactions; and is that his hash? */
void store_fill(const char *name, const char *hash, int transactions);
bool store_has(struct user_db *db, const char *hash);

/* In a child of root: be nobody from now on. */
void store_become_stranger(void);

#endif
