/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db: what every layout must do, and how they become one another.
 */
#include "config.h"

#include "tests/unit/user_db_store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mechanisms/user_db_inside.h"

#define MANY 5000		/* users; more than a part of LMDB takes */
#define HASH "$6$salt$hash"
#define OTHER "cmusaslsecretOTP"

/* For each layout of this build, with a new file each time. */
static void
for_each_layout(void **state, void (*test)(enum user_db_layout layout))
{
	enum user_db_layout layout;
	size_t i;

	for (i = 0; i < USER_DB_LAYOUTS; i++) {
		if (user_db_layout_parse(user_db_layout_name(
		    (enum user_db_layout)i), &layout, NULL) == -1)
			continue;
		test(layout);
		store_teardown(state);
		assert_int_equal(store_setup(state), 0);
	}
}

static struct user_db *
created(enum user_db_layout layout)
{
	struct user_db *db;
	struct errmsg e;

	if (user_db_create(store.path, layout, &db, &e) == -1)
		fail_msg("%s", e.text);
	assert_int_equal(user_db_layout(db), layout);
	return db;
}

static int
put_plain(struct user_db *db, const char *user, const void *password,
    size_t len, struct errmsg *e)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	int rc;

	entry.is_plain = true;
	assert_int_equal(secret_set(&entry.plain, password, len), 0);
	rc = user_db_put(db, user, "dom", &entry, e);
	user_db_entry_fini(&entry);
	return rc;
}

/* A row as another program writes it. */
static void
put_raw(struct user_db *db, const void *key, size_t len)
{
	struct user_db_bytes k = { key, len }, v = { "value", 5 };

	assert_int_equal(db->table->begin(db->store, NULL), 0);
	assert_int_equal(db->table->put(db->store, &k, &v, NULL), 0);
	assert_int_equal(db->table->commit(db->store, NULL), 0);
}

struct seen {
	size_t rows, passwords, plain;
	bool other, relic, odd;
};

static bool
see(void *ctx, const struct user_db_row *row)
{
	struct seen *seen = ctx;

	seen->rows++;
	seen->passwords += row->entry != NULL;
	seen->plain += row->entry != NULL && row->entry->is_plain;
	seen->other |= strcmp(row->property, OTHER) == 0;
	seen->relic |= strcmp(row->property, "cmusaslsecretPLAIN") == 0;
	seen->odd |= strcmp(row->user, "odd") == 0;
	return true;
}

static struct seen
seen_in(const char *path)
{
	struct user_db *db = store_opened(path, USER_DB_READ);
	struct seen seen = { 0 };

	assert_int_equal(user_db_each(db, see, &seen, NULL), 0);
	user_db_close(db);
	return seen;
}

/* ---- entries ---------------------------------------------------------- */

static void
hash_and_plain(enum user_db_layout layout)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db *db = created(layout);
	struct errmsg e;

	store_put(db, "joe", "dom", HASH);
	assert_int_equal(user_db_get(db, "joe", "dom", &entry, NULL),
	    USER_DB_FOUND);
	assert_false(entry.is_plain);
	assert_string_equal(entry.hash, HASH);
	assert_true((entry.changed_sec != 0) == (layout == USER_DB_HASHED));
	if (layout == USER_DB_HASHED) {
		assert_int_equal(put_plain(db, "joe", "pw", 2, &e), -1);
		assert_non_null(strstr(e.text, "in clear"));
		goto out;
	}
	assert_int_equal(put_plain(db, "joe", "p\0w", 3, &e), 0);
	assert_int_equal(user_db_get(db, "joe", "dom", &entry, NULL),
	    USER_DB_FOUND);
	assert_true(entry.is_plain);
	assert_string_equal(entry.hash, "");
	assert_int_equal(entry.plain.len, 3);
	assert_memory_equal(entry.plain.bytes, "p\0w", 3);

	/* What looks like a hash is one, what does not is a password. */
	assert_int_equal(put_plain(db, "joe", "{CRYPT}" HASH,
	    strlen("{CRYPT}" HASH), &e), -1);
	assert_non_null(strstr(e.text, "looks like a hash"));
	assert_int_equal(put_plain(db, "joe", "{CRYPT}pw", 9, &e), 0);
	assert_int_equal(user_db_get(db, "joe", "dom", &entry, NULL),
	    USER_DB_FOUND);
	assert_true(entry.is_plain);
	assert_int_equal(put_plain(db, "joe", "", 0, &e), -1);
out:
	user_db_entry_fini(&entry);
	user_db_close(db);
}

static void
test_hash_and_plain(void **state)
{
	for_each_layout(state, hash_and_plain);
}

static void
longest(enum user_db_layout layout)
{
	static char password[USER_DB_PLAIN_MAX + 1];
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db *db = created(layout);
	struct errmsg e;

	memset(password, 'p', sizeof(password));
	if (layout != USER_DB_HASHED) {
		assert_int_equal(put_plain(db, "joe", password,
		    USER_DB_PLAIN_MAX + 1, &e), -1);
		assert_int_equal(put_plain(db, "joe", password,
		    USER_DB_PLAIN_MAX, &e), 0);
		assert_int_equal(user_db_get(db, "joe", "dom", &entry, NULL),
		    USER_DB_FOUND);
		assert_int_equal(entry.plain.len, USER_DB_PLAIN_MAX);
	}
	user_db_entry_fini(&entry);
	user_db_close(db);
}

static void
test_longest(void **state)
{
	for_each_layout(state, longest);
}

static void
properties(enum user_db_layout layout)
{
	static const char other[] = "joe\0dom\0" OTHER;
	static const char relic[] = "joe\0dom\0cmusaslsecretPLAIN";
	struct user_db *db = created(layout);
	struct seen seen;

	if (layout == USER_DB_HASHED)
		goto out;
	put_raw(db, other, sizeof(other) - 1);
	put_raw(db, relic, sizeof(relic) - 1);
	put_raw(db, "odd", 3);
	user_db_close(db);
	seen = seen_in(store.path);
	assert_true(seen.other && seen.relic && !seen.odd);
	assert_int_equal(seen.passwords, 0);

	/* A new password ends the old one; the rest is not its affair. */
	db = store_opened(store.path, USER_DB_WRITE);
	store_put(db, "joe", "dom", HASH);
	store_put(db, "jane", "dom", HASH);
	user_db_close(db);
	seen = seen_in(store.path);
	assert_true(seen.other && !seen.relic);
	assert_int_equal(seen.passwords, 2);

	db = store_opened(store.path, USER_DB_WRITE);
	assert_int_equal(user_db_delete(db, "joe", "dom", NULL),
	    USER_DB_FOUND);
	assert_int_equal(user_db_delete(db, "joe", "dom", NULL),
	    USER_DB_ABSENT);
	user_db_close(db);
	seen = seen_in(store.path);
	assert_false(seen.other);
	assert_int_equal(seen.rows, 1);
	return;
out:
	user_db_close(db);
}

static void
test_properties(void **state)
{
	for_each_layout(state, properties);
}

static void
another_program(enum user_db_layout layout)
{
	struct user_db *db = created(layout);
	struct errmsg e;

	if (layout == USER_DB_HASHED)
		goto out;
	put_raw(db, "postmaster", 11);
	user_db_close(db);
	assert_int_equal(user_db_open(store.path, USER_DB_READ, &db, NULL,
	    &e), -1);
	assert_non_null(strstr(e.text, "of another program"));
out:
	user_db_close(db);
}

static void
test_another_program(void **state)
{
	for_each_layout(state, another_program);
}

/* ---- many changes ----------------------------------------------------- */

static void
batch(enum user_db_layout layout)
{
	struct user_db *db = created(layout);
	char user[16];
	int i;

	assert_int_equal(user_db_begin(db, NULL), 0);
	for (i = 0; i < MANY; i++) {
		snprintf(user, sizeof(user), "u%d", i);
		store_put(db, user, "dom", HASH);
	}
	assert_int_equal(user_db_delete(db, "u7", "dom", NULL),
	    USER_DB_FOUND);
	assert_int_equal(user_db_delete(db, "nobody", "dom", NULL),
	    USER_DB_ABSENT);
	assert_int_equal(user_db_commit(db, NULL), 0);
	user_db_close(db);
	assert_int_equal(seen_in(store.path).passwords, MANY - 1);

	/* What is not committed did not happen. */
	db = store_opened(store.path, USER_DB_WRITE);
	assert_int_equal(user_db_begin(db, NULL), 0);
	assert_int_equal(user_db_delete(db, "u1", "dom", NULL),
	    USER_DB_FOUND);
	store_put(db, "u7", "dom", HASH);
	store_put(db, "more", "dom", HASH);
	user_db_close(db);
	assert_int_equal(seen_in(store.path).passwords, MANY - 1);
}

static void
test_batch(void **state)
{
	for_each_layout(state, batch);
}

/* ---- rewriting -------------------------------------------------------- */

static int
to_hash(void *ctx, const char *user, const char *realm,
    struct user_db_entry *entry, struct errmsg *e)
{
	int *calls = ctx;

	(void)realm;
	++*calls;
	if (strcmp(user, "stop") == 0)
		return errmsg_set(e, "stopped");
	if (entry->is_plain) {
		user_db_entry_fini(entry);
		snprintf(entry->hash, sizeof(entry->hash), "%s", HASH);
	}
	return 0;
}

static void
rewrite_to(enum user_db_layout from, enum user_db_layout to)
{
	static const char relic[] = "relic\0dom\0cmusaslsecretPLAIN";
	struct user_db *db = created(from);
	struct stat before, after;
	struct errmsg e;
	int calls = 0;

	store_put(db, "joe", "dom", HASH);
	if (from != USER_DB_HASHED) {
		assert_int_equal(put_plain(db, "jane", "pw", 2, NULL), 0);
		put_raw(db, relic, sizeof(relic) - 1);
	}
	user_db_close(db);
	assert_int_equal(chmod(store.path, 0640), 0);
	assert_int_equal(stat(store.path, &before), 0);

	if (from != USER_DB_HASHED && to == USER_DB_HASHED) {
		assert_int_equal(user_db_rewrite(store.path, to, NULL, NULL,
		    &e), -1);
		assert_non_null(strstr(e.text, "jane@dom"));
		assert_int_equal(seen_in(store.path).plain, 1);
	}
	if (user_db_rewrite(store.path, to, to_hash, &calls, &e) == -1)
		fail_msg("%s", e.text);
	assert_int_equal(calls, from == USER_DB_HASHED ? 1 : 2);
	db = store_opened(store.path, USER_DB_WRITE);
	assert_int_equal(user_db_layout(db), to);
	assert_true(store_has(db, HASH));
	store_put(db, "new", "dom", HASH);
	user_db_close(db);
	assert_int_equal(seen_in(store.path).plain, 0);
	assert_int_equal(seen_in(store.path).passwords, calls + 1);
	assert_int_equal(stat(store.path, &after), 0);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_uid, before.st_uid);
	assert_int_equal(after.st_gid, before.st_gid);
}

static void
rewrite_to_all(enum user_db_layout from)
{
	enum user_db_layout to;
	void *state = NULL;
	size_t i;

	for (i = 0; i < USER_DB_LAYOUTS; i++) {
		if (user_db_layout_parse(user_db_layout_name(
		    (enum user_db_layout)i), &to, NULL) == -1)
			continue;
		rewrite_to(from, to);
		store_teardown(&state);
		assert_int_equal(store_setup(&state), 0);
	}
}

static void
test_rewrite(void **state)
{
	for_each_layout(state, rewrite_to_all);
}

static void
rewrite_refused(enum user_db_layout layout)
{
	static const char other[] = "joe\0dom\0" OTHER;
	struct user_db *db = created(layout);
	struct errmsg e;
	int calls = 0;

	store_put(db, "stop", "dom", HASH);
	user_db_close(db);
	assert_int_equal(user_db_rewrite(store.path, USER_DB_LMDB, to_hash,
	    &calls, &e), -1);
	assert_string_equal(e.text, "stopped");
	db = store_opened(store.path, USER_DB_WRITE);
	assert_int_equal(user_db_layout(db), layout);
	if (layout != USER_DB_HASHED) {
		put_raw(db, other, sizeof(other) - 1);
		assert_int_equal(user_db_rewrite(store.path, USER_DB_HASHED,
		    NULL, NULL, &e), -1);
		assert_non_null(strstr(e.text, "joe@dom: " OTHER));
	}
	user_db_close(db);
	assert_int_equal(seen_in(store.path).passwords, 1);
}

static void
test_rewrite_refused(void **state)
{
	for_each_layout(state, rewrite_refused);
}

/* ---- files ------------------------------------------------------------ */

static bool
is_copied(enum user_db_layout layout)
{
	return layout == USER_DB_BERKELEY || layout == USER_DB_GDBM;
}

static struct stat
put_and_stat(const char *path, const char *user)
{
	struct user_db *db = store_opened(path, USER_DB_WRITE);
	struct stat st;

	store_put(db, user, "dom", HASH);
	user_db_close(db);
	assert_int_equal(stat(path, &st), 0);
	return st;
}

/* Owner and mode stay; links are followed; a second name stays one. */
static void
files(enum user_db_layout layout)
{
	struct stat before, after;
	char left[PATH_MAX];

	user_db_close(created(layout));
	assert_int_equal(chmod(store.path, 0640), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(store.path, STORE_STRANGER, 1), 0);
	before = put_and_stat(store.path, "one");
	snprintf(left, sizeof(left), "%.4000s.saslauthd-new", store.path);
	assert_int_equal(symlink("nowhere", left), 0);
	after = put_and_stat(store.path, "two");
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_mode & 07777, 0640);
	assert_int_equal(after.st_uid, before.st_uid);
	assert_int_equal(after.st_gid, before.st_gid);
	assert_true((unlink(left) == -1) == is_copied(layout));

	assert_int_equal(link(store.path, store.other), 0);
	before = put_and_stat(store.path, "three");
	after = put_and_stat(store.path, "four");
	assert_int_equal(before.st_ino, after.st_ino);
	unlink(store.other);
	if (is_copied(layout)) {
		assert_int_equal(symlink(store.path, store.other), 0);
		put_and_stat(store.other, "five");
		assert_int_equal(lstat(store.other, &after), 0);
		assert_true(S_ISLNK(after.st_mode));
	} else
		put_and_stat(store.path, "five");
	assert_int_equal(seen_in(store.path).passwords, 5);
}

static void
test_files(void **state)
{
	for_each_layout(state, files);
}

static void
cut_short(enum user_db_layout layout)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db *db = created(layout);
	struct stat st;
	char user[16];
	off_t size;
	int i;

	user_db_begin(db, NULL);
	for (i = 0; i < MANY; i++) {
		snprintf(user, sizeof(user), "u%d", i);
		store_put(db, user, "dom", HASH);
	}
	assert_int_equal(user_db_commit(db, NULL), 0);
	user_db_close(db);
	assert_int_equal(stat(store.path, &st), 0);
	for (size = st.st_size - 4096; size > 0; size -= 40960) {
		assert_int_equal(truncate(store.path, size), 0);
		if (user_db_open(store.path, USER_DB_READ, &db, NULL,
		    NULL) == -1)
			continue;
		/* It may be asked, but denies nobody. */
		for (i = 0; i < MANY; i += 100) {
			snprintf(user, sizeof(user), "u%d", i);
			assert_int_not_equal(user_db_get(db, user, "dom",
			    &entry, NULL), USER_DB_ABSENT);
		}
		user_db_close(db);
	}
	user_db_entry_fini(&entry);
}

static void
test_cut_short(void **state)
{
	for_each_layout(state, cut_short);
}

static void
exposed(enum user_db_layout layout)
{
	struct errmsg e;

	assert_false(user_db_is_exposed(store.path, &e));
	user_db_close(created(layout));
	assert_false(user_db_is_exposed(store.path, &e));
	assert_int_equal(chmod(store.path, 0644), 0);
	assert_true(user_db_is_exposed(store.path, &e));
	assert_non_null(strstr(e.text, "read it (mode 0644): chmod o-rwx /"));
	assert_int_equal(chmod(store.path, 0660), 0);
	assert_int_equal(chmod(store.dir, 0777), 0);
	assert_true(user_db_is_exposed(store.path, &e));
	assert_non_null(strstr(e.text, "change it (mode 0777): chmod o-w /"));
	assert_int_equal(chmod(store.dir, 01777), 0);
	assert_false(user_db_is_exposed(store.path, &e));
}

static void
test_exposed(void **state)
{
	for_each_layout(state, exposed);
}

static void
test_names_of_layouts(void **state)
{
	enum user_db_layout layout;
	struct errmsg e;

	(void)state;
	assert_int_equal(user_db_layout_parse("hashed", &layout, &e), 0);
	assert_int_equal(layout, USER_DB_HASHED);
	assert_int_equal(user_db_layout_parse("ndbm", &layout, &e), -1);
	assert_non_null(strstr(e.text, "berkeley, gdbm and lmdb"));
	assert_int_equal(user_db_layout_for(store.path), USER_DB_HASHED);
	assert_int_equal(user_db_layout_for(user_db_system_path()),
	    user_db_system_layout());
	assert_int_not_equal(user_db_system_layout(), USER_DB_HASHED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_hash_and_plain),
		STORE_TEST(test_longest),
		STORE_TEST(test_properties),
		STORE_TEST(test_another_program),
		STORE_TEST(test_batch),
		STORE_TEST(test_rewrite),
		STORE_TEST(test_rewrite_refused),
		STORE_TEST(test_files),
		STORE_TEST(test_cut_short),
		STORE_TEST(test_exposed),
		STORE_TEST(test_names_of_layouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
