/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_rewrite - the same users in a file of another layout.
 *
 * Nobody can write the old file meanwhile: it is between begin and commit.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"
#include "common/str.h"
#include "mechanisms/user_db_copy.h"
#include "mechanisms/user_db_file.h"
#include "mechanisms/user_db_inside.h"

#define SUFFIX ".saslauthd-rewrite"

struct rewrite {
	struct user_db *from, *to;
	user_db_change *change;
	void *ctx;
	struct user_db_names names;
	struct user_db_key key;
	struct user_db_entry entry;
	int rc;
	struct errmsg *e;
};

static int
complain(struct rewrite *w, const char *text)
{
	return errmsg_set(w->e, "%s: %s@%s: %s", w->from->path,
	    w->names.user, w->names.realm, text);
}

static int
rewrite_password(struct rewrite *w, const struct user_db_bytes *value)
{
	if (user_db_record_parse(w->from->layout, value, &w->entry) == -1)
		return complain(w, "the record is damaged");
	if (w->change != NULL && w->change(w->ctx, w->names.user,
	    w->names.realm, &w->entry, w->e) == -1)
		return -1;
	if (user_db_store(w->to, &w->key, &w->entry, w->e) == 0)
		return 0;
	return errmsg_prefix(w->e, "%s@%s", w->names.user, w->names.realm);
}

static int
rewrite_row(struct rewrite *w, const struct user_db_bytes *key,
    const struct user_db_bytes *value)
{
	struct user_db_bytes k;

	/* What names no user is nothing of ours. */
	if (user_db_record_names(w->from->layout, key, &w->names) == -1)
		return 0;
	user_db_record_key(w->to->layout, w->names.user, w->names.realm,
	    w->names.property, &w->key);
	if (w->key.len == 0)
		return complain(w, "a name that the new layout cannot hold");
	if (strcmp(w->names.property, USER_DB_PASSWORD) == 0)
		return rewrite_password(w, value);
	if (w->to->layout != USER_DB_HASHED) {
		k = (struct user_db_bytes){ w->key.bytes, w->key.len };
		return w->to->table->put(w->to->store, &k, value, w->e);
	}
	if (user_db_is_relic(w->names.property))
		return 0;
	return errmsg_set(w->e, "%s: %s@%s: %s cannot be stored in a hashed "
	    "database", w->from->path, w->names.user, w->names.realm,
	    w->names.property);
}

static bool
visit_row(void *ctx, const struct user_db_bytes *key,
    const struct user_db_bytes *value)
{
	struct rewrite *w = ctx;

	w->rc = rewrite_row(w, key, value);
	return w->rc == 0;
}

/* All rows of the one into the other, which is closed then. */
static int
copy_rows(struct user_db *from, struct user_db *to, user_db_change *change,
    void *ctx, struct errmsg *e)
{
	struct rewrite w = { .from = from, .to = to, .change = change,
	    .ctx = ctx, .entry = USER_DB_ENTRY_INIT, .e = e };
	int rc = -1;

	if (user_db_begin(to, e) == 0 &&
	    from->table->each(from->store, visit_row, &w, e) == 0 &&
	    w.rc == 0)
		rc = user_db_commit(to, e);
	user_db_entry_fini(&w.entry);
	return rc;
}

static bool
is_lmdb(enum user_db_layout layout)
{
	return layout == USER_DB_HASHED || layout == USER_DB_LMDB;
}

/* A file `work`, like that of `from`, with its rows. */
static int
make_new(struct user_db *from, const char *work, enum user_db_layout layout,
    user_db_change *change, void *ctx, struct errmsg *e)
{
	struct user_db *to = NULL;
	struct stat st;
	int fd, rc = -1;

	if (stat(from->path, &st) == -1)
		return errmsg_errno(e, errno, "%s", from->path);
	fd = user_db_copy_make(work, from->path, &st);
	if (fd == -1)
		return errmsg_errno(e, errno, "%s cannot be made with the "
		    "owner and mode of %s", work, from->path);
	io_close(&fd);
	if (user_db_create(work, layout, &to, e) == 0)
		rc = copy_rows(from, to, change, ctx, e);
	user_db_close(to);
	user_db_file_remove_lock(work);
	if (rc == -1)
		unlink(work);
	return rc;
}

static int
rewrite(const char *path, const char *work, enum user_db_layout to,
    user_db_change *change, void *ctx, struct errmsg *e)
{
	struct user_db *from;
	int rc = -1;

	if (to == USER_DB_HASHED && user_db_may_be_hashed(path, e) == -1)
		return -1;
	if (user_db_open(path, USER_DB_WRITE, &from, NULL, e) == -1)
		return -1;
	if (user_db_begin(from, e) == 0 &&
	    make_new(from, work, to, change, ctx, e) == 0) {
		/* From the moment of the rename others lock the new file, and
		 * make their copy under the name that ours had. */
		if (from->table->withdraw(from->store, e) == 0)
			rc = user_db_copy_replace(work, path, e);
		else
			unlink(work);
	}
	user_db_close(from);
	/* Between two LMDB files the lock file stays: who opens the new one
	 * may have it already. */
	if (rc == 0 && !is_lmdb(to))
		user_db_file_remove_lock(path);
	return rc;
}

int
user_db_rewrite(const char *path, enum user_db_layout to,
    user_db_change *change, void *ctx, struct errmsg *e)
{
	char *real = realpath(path, NULL), *work;
	int rc = -1;

	if (real == NULL)
		return errmsg_errno(e, errno, "%s", path);
	work = str_dup_format("%s%s", real, SUFFIX);
	if (work == NULL)
		errmsg_errno(e, ENOMEM, "%s", path);
	else
		rc = rewrite(real, work, to, change, ctx, e);
	free(work);
	free(real);
	return rc;
}
