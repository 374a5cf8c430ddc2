/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_berkeley - Cyrus SASL's rows in a hash file of Berkeley DB.
 *
 * Looks are ours (user_db_hashfile); the library changes copies, once they
 * were looked through.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <db.h>

#include "common/str.h"
#include "mechanisms/user_db_copied.h"
#include "mechanisms/user_db_hashfile.h"

#define PATH_SIZE 32		/* bytes of /proc/self/fd/N */
/* For many changes; memory is taken as it is used. */
#define ALTER_CACHE_BYTES (32U << 20)

/* One of the two: our reader of a file, or the library with our copy. */
struct handle {
	struct user_db_hashfile *look;
	DB *db;
	char *path;
};

static int
explain(const char *path, int rc, struct errmsg *e)
{
	return errmsg_set(e, "%s: %s", path, db_strerror(rc));
}

/* What the library would print itself. */
static void
be_silent(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env;
	(void)prefix;
	(void)text;
}

static int
open_library(DB *db, int fd, enum user_db_access access)
{
	/* A mapped file that is cut would be SIGBUS. */
	u_int32_t flags = DB_NOMMAP;
	char path[PATH_SIZE];
	int rc;

	/* The library knows names only, and this one leads nowhere else. */
	(void)str_format(path, sizeof(path), "/proc/self/fd/%d", fd);
	db->set_errcall(db, be_silent);
	if (access == USER_DB_MAKE)
		flags |= DB_CREATE;
	rc = db->set_cachesize(db, 0, ALTER_CACHE_BYTES, 1);
	return rc != 0 ? rc :
	    db->open(db, NULL, path, NULL, DB_HASH, flags, 0);
}

static int
berkeley_check(int fd, const char *path, struct errmsg *e)
{
	struct user_db_hashfile *f;
	int rc;

	if (user_db_hashfile_open(fd, path, &f, e) == -1)
		return -1;
	rc = user_db_hashfile_check(f, e);
	user_db_hashfile_close(f);
	return rc;
}

static int
berkeley_close(void *handle, struct errmsg *e)
{
	struct handle *h = handle;
	int rc = h->db == NULL ? 0 : h->db->close(h->db, 0);

	if (rc != 0)
		explain(h->path, rc, e);
	user_db_hashfile_close(h->look);
	free(h->path);
	free(h);
	return rc == 0 ? 0 : -1;
}

static int
open_to_alter(struct handle *h, int fd, enum user_db_access access,
    struct errmsg *e)
{
	int rc = db_create(&h->db, NULL, 0);

	if (rc == 0)
		rc = open_library(h->db, fd, access);
	return rc == 0 ? 0 : explain(h->path, rc, e);
}

static int
berkeley_open_file(int fd, const char *path, enum user_db_access access,
    void **handle_r, struct errmsg *e)
{
	struct handle *h = calloc(1, sizeof(*h));
	int rc;

	if (h == NULL || (h->path = strdup(path)) == NULL) {
		free(h);
		return errmsg_errno(e, ENOMEM, "%s", path);
	}
	rc = access == USER_DB_LOOK ?
	    user_db_hashfile_open(fd, h->path, &h->look, e) :
	    open_to_alter(h, fd, access, e);
	if (rc == 0)
		*handle_r = h;
	else
		(void)berkeley_close(h, NULL);
	return rc;
}

static enum user_db_found
berkeley_get(void *handle, const struct user_db_bytes *key,
    struct secret *value_r, struct errmsg *e)
{
	struct handle *h = handle;

	return user_db_hashfile_get(h->look, key, value_r, e);
}

static int
berkeley_each(void *handle, user_db_table_visit *visit, void *ctx,
    struct errmsg *e)
{
	struct handle *h = handle;

	return user_db_hashfile_each(h->look, visit, ctx, e);
}

static DBT
dbt_of(const struct user_db_bytes *bytes)
{
	return (DBT){ .data = (void *)(uintptr_t)bytes->data,
	    .size = (u_int32_t)bytes->len };
}

static int
berkeley_put(void *handle, const struct user_db_bytes *key,
    const struct user_db_bytes *value, struct errmsg *e)
{
	struct handle *h = handle;
	DBT k = dbt_of(key), v = dbt_of(value);
	int rc = h->db->put(h->db, NULL, &k, &v, 0);

	return rc == 0 ? 0 : explain(h->path, rc, e);
}

static enum user_db_found
berkeley_delete(void *handle, const struct user_db_bytes *key,
    struct errmsg *e)
{
	struct handle *h = handle;
	DBT k = dbt_of(key);
	int rc = h->db->del(h->db, NULL, &k, 0);

	if (rc == 0)
		return USER_DB_FOUND;
	if (rc == DB_NOTFOUND)
		return USER_DB_ABSENT;
	explain(h->path, rc, e);
	return USER_DB_ERROR;
}

static const struct user_db_library library = {
	.layout = USER_DB_BERKELEY,
	.open = berkeley_open_file,
	.close = berkeley_close,
	.get = berkeley_get,
	.each = berkeley_each,
	.check = berkeley_check,
	.put = berkeley_put,
	.delete = berkeley_delete,
};

static int
berkeley_open(const char *path, enum user_db_mode mode,
    enum user_db_layout *layout, void **table_r, int *errnum_r,
    struct errmsg *e)
{
	(void)mode;
	return user_db_copied_open(&library, path, layout, table_r, errnum_r,
	    e);
}

const struct user_db_table user_db_berkeley = {
	.open = berkeley_open,
	USER_DB_COPIED_TABLE
};
