/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: an LMDB file, as our own reader sees it. A file whose rows can
 * all be shown has none that is an error to look up.
 */
#include "config.h"

#include <unistd.h>

#include "common/io.h"
#include "mechanisms/user_db_treefile.h"
#include "tests/fuzz/fuzz.h"

#define TABLE "saslauthd-users"
#define ROWS 64			/* that are looked up */

struct rows {
	struct secret keys[ROWS];
	size_t count;
};

static bool
keep(void *ctx, const struct user_db_bytes *key,
    const struct user_db_bytes *value)
{
	struct rows *r = ctx;

	MUST(value->len == 0 || value->data != NULL);
	if (r->count < ROWS)
		MUST(secret_set(&r->keys[r->count++], key->data,
		    key->len) == 0);
	return true;
}

static void
show_and_look_up(struct user_db_treefile *f, const struct user_db_tree *tree)
{
	struct secret value = SECRET_INIT;
	struct rows r = { .count = 0 };
	struct user_db_bytes key;
	int each = user_db_treefile_each(f, tree, keep, &r, NULL);
	size_t i;

	for (i = 0; i < r.count; i++) {
		key = (struct user_db_bytes){ r.keys[i].bytes,
		    r.keys[i].len };
		MUST(user_db_treefile_get(f, tree, &key, &value, NULL) !=
		    USER_DB_ERROR || each == -1);
		secret_wipe(&r.keys[i]);
	}
	secret_wipe(&value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct user_db_treefile f;
	struct user_db_tree tree;
	int fd = io_memory("fuzz");

	MUST(fd != -1 && io_write_all(fd, bytes, n, NULL) == 0);
	if (user_db_treefile_open(fd, "fuzz", USER_DB_TREEFILE_NEWEST, &f,
	    NULL) == 0) {
		show_and_look_up(&f, &f.main);
		if (user_db_treefile_table(&f, TABLE, &tree, NULL) ==
		    USER_DB_FOUND)
			show_and_look_up(&f, &tree);
		(void)user_db_treefile_check(&f, NULL);
	}
	close(fd);
	return 0;
}
