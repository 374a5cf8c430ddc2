/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_berkeley - Cyrus SASL's rows in a hash file of Berkeley DB.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <db.h>

#include "mechanisms/user_db_copied.h"
#include "mechanisms/user_db_record.h"

/* For many changes; memory is taken as it is used. */
#define ALTER_CACHE_BYTES (32U << 20)

struct handle {
	DB *db;
	char *path;
};

static int
explain(const char *path, int rc, struct errmsg *e)
{
	if (rc == DB_OLD_VERSION)
		return errmsg_set(e, "%s: a Berkeley DB file of an older "
		    "version; db%d.%d_upgrade mends it (keep a copy)", path,
		    DB_VERSION_MAJOR, DB_VERSION_MINOR);
	if (rc == EACCES)
		return errmsg_set(e, "%s: user %ld may not use it", path,
		    (long)geteuid());
	if (rc == DB_PAGE_NOTFOUND || rc == DB_RUNRECOVERY || rc == EINVAL)
		return errmsg_set(e, "%s: a Berkeley DB file that is damaged "
		    "(%s); put a whole copy in its place", path,
		    db_strerror(rc));
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
open_file(DB *db, const char *path, enum user_db_access access)
{
	/* A mapped file that is cut would be SIGBUS. */
	u_int32_t flags = DB_NOMMAP;
	int rc = 0;

	db->set_errcall(db, be_silent);
	if (access == USER_DB_MAKE)
		flags |= DB_CREATE;
	if (access != USER_DB_LOOK) {
		rc = db->set_cachesize(db, 0, ALTER_CACHE_BYTES, 1);
	} else
		flags |= DB_RDONLY;
	return rc != 0 ? rc :
	    db->open(db, NULL, path, NULL, DB_HASH, flags, 0);
}

static int
berkeley_close(void *handle, struct errmsg *e)
{
	struct handle *h = handle;
	int rc = h->db->close(h->db, 0);

	if (rc != 0)
		explain(h->path, rc, e);
	free(h->path);
	free(h);
	return rc == 0 ? 0 : -1;
}

static int
berkeley_open_file(const char *path, enum user_db_access access,
    void **handle_r, struct errmsg *e)
{
	struct handle *h = calloc(1, sizeof(*h));
	int rc = ENOMEM;

	if (h != NULL && (h->path = strdup(path)) != NULL)
		rc = db_create(&h->db, NULL, 0);
	if (rc != 0) {
		if (h != NULL)
			free(h->path);
		free(h);
		return explain(path, rc, e);
	}
	rc = open_file(h->db, path, access);
	if (rc == 0) {
		*handle_r = h;
		return 0;
	}
	(void)berkeley_close(h, NULL);
	return explain(path, rc, e);
}

static DBT
dbt_of(const struct user_db_bytes *bytes)
{
	return (DBT){ .data = (void *)(uintptr_t)bytes->data,
	    .size = (u_int32_t)bytes->len };
}

/* Memory of ours, so that the library makes no copy that nobody wipes. */
static DBT
dbt_of_room(struct secret *room)
{
	return (DBT){ .data = room->bytes, .ulen = USER_DB_PLAIN_MAX,
	    .flags = DB_DBT_USERMEM };
}

static enum user_db_found
found_of(const struct handle *h, int rc, struct errmsg *e)
{
	if (rc == 0)
		return USER_DB_FOUND;
	if (rc == DB_NOTFOUND)
		return USER_DB_ABSENT;
	explain(h->path, rc, e);
	return USER_DB_ERROR;
}

static enum user_db_found
berkeley_get(void *handle, const struct user_db_bytes *key,
    struct secret *value_r, struct errmsg *e)
{
	struct handle *h = handle;
	DBT k = dbt_of(key), v;
	int rc;

	if (secret_reserve(value_r, USER_DB_PLAIN_MAX) == -1)
		return found_of(h, ENOMEM, e);
	v = dbt_of_room(value_r);
	rc = h->db->get(h->db, NULL, &k, &v, 0);
	if (rc == 0)
		secret_end(value_r, v.size);
	return found_of(h, rc, e);
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

	return found_of(h, h->db->del(h->db, NULL, &k, 0), e);
}

/* Move over a row that is too large to be a user's. */
static int
skip(DBC *cursor)
{
	DBT none = { .flags = DB_DBT_USERMEM | DB_DBT_PARTIAL };
	DBT nothing = none;

	return cursor->get(cursor, &none, &nothing, DB_NEXT);
}

static int
walk(DBC *cursor, user_db_table_visit *visit, void *ctx)
{
	struct secret value = SECRET_INIT;
	unsigned char *key = malloc(USER_DB_KEY_MAX);
	DBT k = { .data = key, .ulen = USER_DB_KEY_MAX,
	    .flags = DB_DBT_USERMEM }, v;
	bool more = true;
	int rc = ENOMEM;

	if (key == NULL || secret_reserve(&value, USER_DB_PLAIN_MAX) == -1)
		goto out;
	v = dbt_of_room(&value);
	do {
		rc = cursor->get(cursor, &k, &v, DB_NEXT);
		if (rc == 0)
			more = visit(ctx, &(struct user_db_bytes){ k.data,
			    k.size }, &(struct user_db_bytes){ v.data,
			    v.size });
		else if (rc == DB_BUFFER_SMALL)
			rc = skip(cursor);
	} while (rc == 0 && more);
out:
	secret_wipe(&value);
	free(key);
	return rc == DB_NOTFOUND ? 0 : rc;	/* that was the last */
}

static int
berkeley_each(void *handle, user_db_table_visit *visit, void *ctx,
    struct errmsg *e)
{
	struct handle *h = handle;
	DBC *cursor;
	int rc;

	rc = h->db->cursor(h->db, NULL, &cursor, 0);
	if (rc == 0) {
		rc = walk(cursor, visit, ctx);
		(void)cursor->close(cursor);
	}
	return rc == 0 ? 0 : explain(h->path, rc, e);
}

static const struct user_db_library library = {
	.layout = USER_DB_BERKELEY,
	.open = berkeley_open_file,
	.close = berkeley_close,
	.get = berkeley_get,
	.put = berkeley_put,
	.delete = berkeley_delete,
	.each = berkeley_each,
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
