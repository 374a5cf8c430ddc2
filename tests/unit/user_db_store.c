/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_store - see user_db_store.h.
 */
#include "config.h"

#include "tests/unit/user_db_store.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>

struct store store;

int
store_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(store.dir, sizeof(store.dir), "%s/user_db.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(store.dir) == NULL)
		return -1;
	snprintf(store.path, sizeof(store.path), "%.4000s/users.lmdb",
	    store.dir);
	snprintf(store.lock, sizeof(store.lock), "%.4000s/users.lmdb-lock",
	    store.dir);
	snprintf(store.other, sizeof(store.other), "%.4000s/other.lmdb",
	    store.dir);
	return 0;
}

int
store_teardown(void **state)
{
	char other_lock[PATH_MAX];

	(void)state;
	snprintf(other_lock, sizeof(other_lock), "%.4000s-lock", store.other);
	unlink(store.path);
	unlink(store.lock);
	unlink(store.other);
	unlink(other_lock);
	return rmdir(store.dir);
}

struct user_db *
store_opened(const char *name, enum user_db_mode mode)
{
	struct user_db *db;
	struct errmsg e;

	if (user_db_open(name, mode, &db, NULL, &e) == -1)
		fail_msg("%s", e.text);
	return db;
}

void
store_put(struct user_db *db, const char *user, const char *realm,
    const char *hash)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct errmsg e;

	entry.changed_sec = 1234567890123;
	snprintf(entry.hash, sizeof(entry.hash), "%s", hash);
	if (user_db_put(db, user, realm, &entry, &e) == -1)
		fail_msg("%s", e.text);
}

void
store_fill(const char *name, const char *hash, int transactions)
{
	struct user_db *db = store_opened(name, USER_DB_CREATE);

	for (; transactions > 1; transactions--)
		store_put(db, "joe", "dom", "$older");
	store_put(db, "joe", "dom", hash);
	user_db_close(db);
}

bool
store_has(struct user_db *db, const char *hash)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;

	return user_db_get(db, "joe", "dom", &entry, NULL) ==
	    USER_DB_FOUND && strcmp(entry.hash, hash) == 0;
}

void
store_become_stranger(void)
{
	if (geteuid() != 0)
		return;
	CHILD_ASSERT(setgroups(0, NULL) == 0);
	CHILD_ASSERT(setgid(STORE_STRANGER) == 0);
	CHILD_ASSERT(setuid(STORE_STRANGER) == 0);
}
