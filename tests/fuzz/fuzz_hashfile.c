/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a hash file of Berkeley DB, as our own reader sees it. A file
 * whose rows can all be shown must have none that cannot be looked up.
 */
#include "config.h"

#include <unistd.h>

#include "common/io.h"
#include "mechanisms/user_db_hashfile.h"
#include "tests/fuzz/fuzz.h"

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
look_up(int fd, struct rows *r)
{
	struct user_db_hashfile *f;
	struct secret value = SECRET_INIT;
	struct user_db_bytes key;
	size_t i;

	MUST(user_db_hashfile_open(fd, "fuzz", &f, NULL) == 0);
	for (i = 0; i < r->count; i++) {
		key = (struct user_db_bytes){ r->keys[i].bytes,
		    r->keys[i].len };
		MUST(user_db_hashfile_get(f, &key, &value, NULL) ==
		    USER_DB_FOUND);
	}
	secret_wipe(&value);
	user_db_hashfile_close(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct rows r = { .count = 0 };
	struct user_db_hashfile *f;
	int each, fd = io_memory("fuzz");
	size_t i;

	MUST(fd != -1 && io_write_all(fd, bytes, n, NULL) == 0);
	if (user_db_hashfile_open(fd, "fuzz", &f, NULL) == 0) {
		each = user_db_hashfile_each(f, keep, &r, NULL);
		MUST(user_db_hashfile_check(f, NULL) == -1 || each == 0);
		user_db_hashfile_close(f);
		if (each == 0)
			look_up(fd, &r);
	}
	for (i = 0; i < r.count; i++)
		secret_wipe(&r.keys[i]);
	close(fd);
	return 0;
}
