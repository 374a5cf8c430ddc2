/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_gdbm - Cyrus SASL's rows in a file of GDBM.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gdbm.h>

#include "common/compat/compat.h"
#include "common/io.h"
#include "mechanisms/user_db_copied.h"

/* GDBM does not wait for a lock. libsasl2's writers have it for a moment. */
#define LOCK_TRIES 200
#define LOCK_PAUSE_NSEC 10000000
#define CACHE_BUCKETS 100	/* of 4 KiB, as gdbm(3) begins */

struct handle {
	GDBM_FILE db;
	char *path;
};

static int
explain(const char *path, gdbm_error error, struct errmsg *e)
{
	switch ((int)error) {
	case GDBM_CANT_BE_READER:
		return errmsg_set(e, "%s: another program has been writing "
		    "it for too long", path);
	case GDBM_BYTE_SWAPPED:
	case GDBM_BAD_FILE_OFFSET:
		return errmsg_set(e, "%s: a GDBM file of another kind of "
		    "machine; gdbm_dump there and gdbm_load here mend it",
		    path);
	case GDBM_FILE_OPEN_ERROR:
		return errmsg_errno(e, errno, "%s", path);
	case GDBM_FILE_WRITE_ERROR:
	case GDBM_FILE_SYNC_ERROR:
		return errmsg_set(e, "%s: could not be written; is the disk "
		    "full?", path);
	}
	return errmsg_set(e, "%s: a GDBM file that is damaged (%s); its "
	    "gdbmtool has a command \"recover\"", path, gdbm_strerror(error));
}

/* The library closes what it is given, but when it fails. NOMMAP: a mapped
 * file that is cut would be SIGBUS. */
static GDBM_FILE
open_fd(int fd, const char *path, int flags)
{
	int same = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	GDBM_FILE db;

	/* It begins to read where we left off. */
	(void)lseek(same, 0, SEEK_SET);
	db = gdbm_fd_open(same, path, 0, flags | GDBM_NOMMAP | GDBM_CLOEXEC,
	    NULL);
	if (db == NULL)
		io_close(&same);
	return db;
}

static GDBM_FILE
open_file(int fd, const char *path, enum user_db_access access)
{
	const struct timespec pause = { 0, LOCK_PAUSE_NSEC };
	GDBM_FILE db = NULL;
	int tries;

	if (access != USER_DB_LOOK)
		return open_fd(fd, path, GDBM_NOLOCK |
		    (access == USER_DB_MAKE ? GDBM_WRCREAT : GDBM_WRITER));
	for (tries = 0; tries < LOCK_TRIES && db == NULL; tries++) {
		if (tries > 0)
			nanosleep(&pause, NULL);
		db = open_fd(fd, path, GDBM_READER);
		if (db == NULL && gdbm_errno != GDBM_CANT_BE_READER)
			break;
	}
	return db;
}

/* By itself it grows with the file (gdbm_setopt(3)). Where it cannot be
 * bounded, more memory is all it costs. */
static void
bound_cache(GDBM_FILE db)
{
	int automatic = 0;
	size_t buckets = CACHE_BUCKETS;

#ifdef GDBM_SETCACHEAUTO
	(void)gdbm_setopt(db, GDBM_SETCACHEAUTO, &automatic,
	    sizeof(automatic));
#else
	(void)automatic;
#endif
	(void)gdbm_setopt(db, GDBM_SETCACHESIZE, &buckets, sizeof(buckets));
}

static int
gdbm_open_file(int fd, const char *path, enum user_db_access access,
    void **handle_r, struct errmsg *e)
{
	struct handle *h = calloc(1, sizeof(*h));

	if (h == NULL || (h->path = strdup(path)) == NULL) {
		free(h);
		return errmsg_errno(e, ENOMEM, "%s", path);
	}
	h->db = open_file(fd, path, access);
	if (h->db != NULL) {
		bound_cache(h->db);
		*handle_r = h;
		return 0;
	}
	explain(path, gdbm_errno, e);
	free(h->path);
	free(h);
	return -1;
}

static int
gdbm_close_file(void *handle, struct errmsg *e)
{
	struct handle *h = handle;
	int rc = gdbm_close(h->db);

	if (rc != 0)
		explain(h->path, gdbm_errno, e);
	free(h->path);
	free(h);
	return rc == 0 ? 0 : -1;
}

static datum
datum_of(const struct user_db_bytes *bytes)
{
	return (datum){ .dptr = (char *)(uintptr_t)bytes->data,
	    .dsize = (int)bytes->len };
}

/* What the library hands out may be a password. */
static void
datum_wipe(datum *d)
{
	if (d->dptr != NULL)
		explicit_bzero(d->dptr, (size_t)d->dsize);
	free(d->dptr);
}

static enum user_db_found
absent_or_error(const struct handle *h, struct errmsg *e)
{
	if (gdbm_errno == GDBM_ITEM_NOT_FOUND)
		return USER_DB_ABSENT;
	explain(h->path, gdbm_errno, e);
	return USER_DB_ERROR;
}

static enum user_db_found
gdbm_get(void *handle, const struct user_db_bytes *key,
    struct secret *value_r, struct errmsg *e)
{
	struct handle *h = handle;
	datum value = gdbm_fetch(h->db, datum_of(key));
	int rc;

	if (value.dptr == NULL)
		return absent_or_error(h, e);
	rc = secret_set(value_r, value.dptr, (size_t)value.dsize);
	datum_wipe(&value);
	if (rc == 0)
		return USER_DB_FOUND;
	errmsg_errno(e, ENOMEM, "%s", h->path);
	return USER_DB_ERROR;
}

static int
gdbm_put(void *handle, const struct user_db_bytes *key,
    const struct user_db_bytes *value, struct errmsg *e)
{
	struct handle *h = handle;

	if (gdbm_store(h->db, datum_of(key), datum_of(value),
	    GDBM_REPLACE) == 0)
		return 0;
	return explain(h->path, gdbm_errno, e);
}

static enum user_db_found
gdbm_remove(void *handle, const struct user_db_bytes *key, struct errmsg *e)
{
	struct handle *h = handle;

	return gdbm_delete(h->db, datum_of(key)) == 0 ? USER_DB_FOUND :
	    absent_or_error(h, e);
}

/* *more_r: does visit want the next one? */
static int
show(struct handle *h, const datum *key, user_db_table_visit *visit,
    void *ctx, bool *more_r, struct errmsg *e)
{
	datum value = gdbm_fetch(h->db, *key);

	if (value.dptr == NULL)
		return explain(h->path, gdbm_errno, e);
	*more_r = visit(ctx, &(struct user_db_bytes){ key->dptr,
	    (size_t)key->dsize }, &(struct user_db_bytes){ value.dptr,
	    (size_t)value.dsize });
	datum_wipe(&value);
	return 0;
}

static int
gdbm_each(void *handle, user_db_table_visit *visit, void *ctx,
    struct errmsg *e)
{
	struct handle *h = handle;
	datum next, key = gdbm_firstkey(h->db);
	bool more = true;
	int rc = 0;

	while (key.dptr != NULL) {
		rc = show(h, &key, visit, ctx, &more, e);
		if (rc == -1 || !more) {
			free(key.dptr);
			return rc;
		}
		next = gdbm_nextkey(h->db, key);
		free(key.dptr);
		key = next;
	}
	/* That was the last, unless it was an error. */
	return absent_or_error(h, e) == USER_DB_ABSENT ? 0 : -1;
}

static const struct user_db_library library = {
	.layout = USER_DB_GDBM,
	.open = gdbm_open_file,
	.close = gdbm_close_file,
	.get = gdbm_get,
	.each = gdbm_each,
	.put = gdbm_put,
	.delete = gdbm_remove,
};

static int
gdbm_open_table(const char *path, enum user_db_mode mode,
    enum user_db_layout *layout, void **table_r, int *errnum_r,
    struct errmsg *e)
{
	(void)mode;
	return user_db_copied_open(&library, path, layout, table_r, errnum_r,
	    e);
}

const struct user_db_table user_db_gdbm = {
	.open = gdbm_open_table,
	USER_DB_COPIED_TABLE
};
