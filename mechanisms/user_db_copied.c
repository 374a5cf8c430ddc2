/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_copied - see user_db_copied.h.
 */
#include "config.h"

#include "mechanisms/user_db_copied.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mechanisms/user_db_copy.h"
#include "mechanisms/user_db_record.h"

#define LOOKS_MAX 5		/* while another program is writing */

struct store {
	const struct user_db_library *library;
	char *path;
	struct stat was;	/* when opened */
	struct user_db_copy copy;	/* of begin to commit */
	void *handle;			/* of the copy, or NULL */
};

struct judge {
	size_t rows;
	bool cyrus;
};

static bool
judge_row(void *ctx, const struct user_db_bytes *key,
    const struct user_db_bytes *value)
{
	struct judge *j = ctx;

	(void)value;
	j->rows++;
	j->cyrus = user_db_record_is_cyrus(key->data, key->len);
	return !j->cyrus && j->rows < USER_DB_JUDGE_ROWS;
}

/* Postfix' and sendmail's tables are files of the same libraries. */
static int
judge_rows(struct store *s, struct errmsg *e)
{
	struct judge j = { 0, false };

	if (user_db_copied_each(s, judge_row, &j, e) == -1)
		return -1;
	return j.rows == 0 || j.cyrus ? 0 : errmsg_set(e, "%s: a %s file of "
	    "another program; choose another file (sasldb_path, saslpasswd2 "
	    "-f)", s->path, user_db_layout_name(s->library->layout));
}

/* An empty file becomes one of the library's. */
static int
fill(struct store *s, struct errmsg *e)
{
	if (user_db_copied_begin(s, e) == -1 ||
	    user_db_copied_commit(s, e) == -1)
		return -1;
	return stat(s->path, &s->was) == 0 ? 0 :
	    errmsg_errno(e, errno, "%s", s->path);
}

int
user_db_copied_open(const struct user_db_library *library, const char *path,
    enum user_db_layout *layout, void **table_r, int *errnum_r,
    struct errmsg *e)
{
	struct store *s = calloc(1, sizeof(*s));

	*errnum_r = EIO;
	if (s == NULL || (s->path = strdup(path)) == NULL) {
		free(s);
		return errmsg_errno(e, ENOMEM, "%s", path);
	}
	s->library = library;
	s->copy = (struct user_db_copy)USER_DB_COPY_INIT;
	if (stat(path, &s->was) == -1) {
		*errnum_r = errno;
		errmsg_errno(e, errno, "%s", path);
		goto fail;
	}
	if ((s->was.st_size == 0 ? fill(s, e) : judge_rows(s, e)) == -1)
		goto fail;
	*layout = library->layout;
	*table_r = s;
	return 0;
fail:
	user_db_copied_close(s);
	return -1;
}

void
user_db_copied_close(void *table)
{
	struct store *s = table;

	user_db_copied_undo(s);
	free(s->path);
	free(s);
}

/* A file that shrank has lost its end. */
bool
user_db_copied_is_current(const void *table)
{
	const struct store *s = table;
	struct stat st;

	return stat(s->path, &st) == 0 && st.st_dev == s->was.st_dev &&
	    st.st_ino == s->was.st_ino && st.st_size >= s->was.st_size;
}

static enum user_db_found
get_once(struct store *s, const struct user_db_bytes *key,
    struct secret *value_r, struct errmsg *e)
{
	enum user_db_found found;
	void *handle;

	if (s->library->open(s->path, USER_DB_LOOK, &handle, e) == -1)
		return USER_DB_ERROR;
	found = s->library->get(handle, key, value_r, e);
	(void)s->library->close(handle, NULL);
	return found;
}

static bool
same_state(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What was found while the file was being changed is not to be believed. */
enum user_db_found
user_db_copied_get(void *table, const struct user_db_bytes *key,
    struct secret *value_r, struct errmsg *e)
{
	struct store *s = table;
	struct stat before, after;
	enum user_db_found found = USER_DB_ERROR;
	int looks;

	for (looks = 0; looks < LOOKS_MAX; looks++) {
		if (stat(s->path, &before) == -1) {
			errmsg_errno(e, errno, "%s", s->path);
			return USER_DB_ERROR;
		}
		found = get_once(s, key, value_r, e);
		if (stat(s->path, &after) == 0 &&
		    same_state(&before, &after))
			break;
	}
	return found;
}

int
user_db_copied_each(void *table, user_db_table_visit *visit, void *ctx,
    struct errmsg *e)
{
	struct store *s = table;
	void *handle;
	int rc;

	if (s->handle != NULL)
		return s->library->each(s->handle, visit, ctx, e);
	if (s->library->open(s->path, USER_DB_LOOK, &handle, e) == -1)
		return -1;
	rc = s->library->each(handle, visit, ctx, e);
	(void)s->library->close(handle, NULL);
	return rc;
}

int
user_db_copied_begin(void *table, struct errmsg *e)
{
	struct store *s = table;

	if (user_db_copy_begin(&s->copy, s->path, e) == -1)
		return -1;
	/* One that is missing by now must not be made anew, without rows. */
	if (s->library->open(s->copy.work, s->copy.was.st_size == 0 ?
	    USER_DB_MAKE : USER_DB_ALTER, &s->handle, e) == 0)
		return 0;
	s->handle = NULL;
	user_db_copy_drop(&s->copy);
	return -1;
}

int
user_db_copied_put(void *table, const struct user_db_bytes *key,
    const struct user_db_bytes *value, struct errmsg *e)
{
	struct store *s = table;

	return s->library->put(s->handle, key, value, e);
}

enum user_db_found
user_db_copied_delete(void *table, const struct user_db_bytes *key,
    struct errmsg *e)
{
	struct store *s = table;

	return s->library->delete(s->handle, key, e);
}

int
user_db_copied_commit(void *table, struct errmsg *e)
{
	struct store *s = table;
	void *handle = s->handle;

	s->handle = NULL;
	if (s->library->close(handle, e) == -1) {
		user_db_copy_drop(&s->copy);
		return -1;
	}
	return user_db_copy_commit(&s->copy, e);
}

void
user_db_copied_undo(void *table)
{
	struct store *s = table;

	if (s->handle != NULL)
		(void)s->library->close(s->handle, NULL);
	s->handle = NULL;
	user_db_copy_drop(&s->copy);
}

void
user_db_copied_withdraw(void *table)
{
	struct store *s = table;

	if (s->handle != NULL)
		(void)s->library->close(s->handle, NULL);
	s->handle = NULL;
	user_db_copy_withdraw(&s->copy);
}
