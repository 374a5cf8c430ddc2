/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_copied - see user_db_copied.h.
 */
#include "config.h"

#include "mechanisms/user_db_copied.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/io.h"
#include "mechanisms/user_db_copy.h"
#include "mechanisms/user_db_file.h"
#include "mechanisms/user_db_record.h"

#define LOOKS_MAX 20		/* while another program is writing */

struct store {
	const struct user_db_library *library;
	char *path;
	struct stat was;	/* when opened */
	struct user_db_copy copy;	/* of begin to commit */
	void *handle;			/* of the copy, or NULL */
};

/* ---- looks ------------------------------------------------------------ */

/* What is done with a handle. -1 with a message. */
typedef int use_handle(const struct user_db_library *library, void *handle,
    void *ctx, struct errmsg *e);

/* *settled_r: what was read is all of one state of the file, which fd keeps;
 * or no other look would tell more. */
static int
look_at(const struct store *s, int fd, use_handle *use, void *ctx,
    bool *settled_r, struct errmsg *e)
{
	struct stat before;
	void *handle;
	int rc = -1;

	*settled_r = true;
	if (!user_db_file_rests(fd, &before))
		return errmsg_set(e, "%s: another program changes it all the "
		    "time", s->path);
	if (s->library->open(fd, s->path, USER_DB_LOOK, &handle, e) == 0) {
		rc = use(s->library, handle, ctx, e);
		(void)s->library->close(handle, NULL);
	}
	*settled_r = user_db_file_is_same(fd, &before);
	return rc;
}

static int
look_once(const struct store *s, use_handle *use, void *ctx, bool *settled_r,
    struct errmsg *e)
{
	int rc, fd = open(s->path, O_RDONLY | O_CLOEXEC);

	*settled_r = true;
	if (fd == -1)
		return errmsg_errno(e, errno, "%s", s->path);
	rc = look_at(s, fd, use, ctx, settled_r, e);
	io_close(&fd);
	return rc;
}

/* What was found while the file was being changed is not to be believed. */
static int
look(const struct store *s, use_handle *use, void *ctx, struct errmsg *e)
{
	bool settled;
	int rc, looks;

	for (looks = 0; looks < LOOKS_MAX; looks++) {
		rc = look_once(s, use, ctx, &settled, e);
		if (settled)
			return rc;
	}
	return errmsg_set(e, "%s: another program changes it all the time",
	    s->path);
}

/* ---- opening ---------------------------------------------------------- */

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

static int
judge_handle(const struct user_db_library *library, void *handle, void *ctx,
    struct errmsg *e)
{
	struct judge *j = ctx;

	*j = (struct judge){ 0, false };
	if (library->each(handle, judge_row, j, e) == 0)
		return 0;
	/* Users on other pages are found; who changes the file has all of it
	 * looked through before. */
	j->cyrus = library->check != NULL;
	return j->cyrus ? 0 : -1;
}

/* Postfix' and sendmail's tables are files of the same libraries. */
static int
judge_rows(struct store *s, struct errmsg *e)
{
	struct judge j = { 0, false };

	if (look(s, judge_handle, &j, e) == -1)
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

/* ---- reading ---------------------------------------------------------- */

struct search {
	const struct user_db_bytes *key;
	struct secret *value_r;
	enum user_db_found found;
};

static int
get_through(const struct user_db_library *library, void *handle, void *ctx,
    struct errmsg *e)
{
	struct search *s = ctx;

	s->found = library->get(handle, s->key, s->value_r, e);
	return s->found == USER_DB_ERROR ? -1 : 0;
}

enum user_db_found
user_db_copied_get(void *table, const struct user_db_bytes *key,
    struct secret *value_r, struct errmsg *e)
{
	struct search search = { key, value_r, USER_DB_ERROR };

	return look(table, get_through, &search, e) == -1 ?
	    USER_DB_ERROR : search.found;
}

struct walk {
	user_db_table_visit *visit;
	void *ctx;
};

static int
walk_through(const struct user_db_library *library, void *handle, void *ctx,
    struct errmsg *e)
{
	const struct walk *w = ctx;

	return library->each(handle, w->visit, w->ctx, e);
}

/* Between begin and commit the rows are those of the copy, which the library
 * writes at its end. A walk cannot be taken back and done again. */
int
user_db_copied_each(void *table, user_db_table_visit *visit, void *ctx,
    struct errmsg *e)
{
	struct walk walk = { visit, ctx };
	struct store *s = table;
	bool settled;
	int rc;

	rc = s->handle != NULL ?
	    look_at(s, s->copy.copy, walk_through, &walk, &settled, e) :
	    look_once(s, walk_through, &walk, &settled, e);
	return settled ? rc : errmsg_set(e, "%s: another program has changed "
	    "it meanwhile; try again", s->path);
}

/* ---- changing --------------------------------------------------------- */

/* One that is missing by now must not be made anew, without rows. */
static int
open_copy(struct store *s, struct errmsg *e)
{
	enum user_db_access access = s->copy.was.st_size == 0 ?
	    USER_DB_MAKE : USER_DB_ALTER;

	/* Nobody else changes the copy after that. */
	if (access == USER_DB_ALTER && s->library->check != NULL &&
	    s->library->check(s->copy.copy, s->path, e) == -1)
		return -1;
	return s->library->open(s->copy.copy, s->path, access, &s->handle, e);
}

int
user_db_copied_begin(void *table, struct errmsg *e)
{
	struct store *s = table;

	if (user_db_copy_begin(&s->copy, s->path, e) == -1)
		return -1;
	if (open_copy(s, e) == 0)
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

int
user_db_copied_withdraw(void *table, struct errmsg *e)
{
	struct store *s = table;

	if (s->handle != NULL)
		(void)s->library->close(s->handle, NULL);
	s->handle = NULL;
	return user_db_copy_withdraw(&s->copy, e);
}
