/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db - which layout is it? Then the layout does the work.
 */
#include "config.h"

#include "mechanisms/user_db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"
#include "mechanisms/user_db_file.h"
#include "mechanisms/user_db_layout.h"

#define HEAD_LEN 32		/* bytes; the kinds are told by these */

struct user_db {
	const struct user_db_layout *layout;
	void *store;
};

/* A 32-bit magic number at an offset, in the byte order of the writer. */
struct kind {
	size_t offset;
	uint32_t magic;
	const struct user_db_layout *layout;	/* NULL: foreign */
	const char *what;
};

static const struct kind kinds[] = {
	{ 16, 0xbeefc0de, &user_db_lmdb, "an LMDB file" },
	{ 12, 0x00061561, NULL, "a Berkeley DB file" },
	{ 12, 0x00053162, NULL, "a Berkeley DB file (btree)" },
	{ 0, 0x00061561, NULL, "a Berkeley DB 1.85 (ndbm) file" },
	{ 0, 0x13579acd, NULL, "a GDBM file" },
	{ 0, 0x13579ace, NULL, "a GDBM file" },
	{ 0, 0x13579acf, NULL, "a GDBM file" },
	{ 0, 0x13579ad0, NULL, "a GDBM file" },
	{ 0, 0x13579ad1, NULL, "a GDBM file" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint32_t
swapped(uint32_t v)
{
	return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

static const struct kind *
kind_of(const unsigned char *head, size_t len)
{
	uint32_t magic;
	size_t i;

	for (i = 0; i < KINDS; i++) {
		if (kinds[i].offset + sizeof(magic) > len)
			continue;
		memcpy(&magic, head + kinds[i].offset, sizeof(magic));
		if (magic == kinds[i].magic ||
		    swapped(magic) == kinds[i].magic)
			return &kinds[i];
	}
	return NULL;
}

/* The layout that a file with these first bytes has, or NULL. */
static const struct user_db_layout *
judge(const char *path, const unsigned char *head, size_t len,
    enum user_db_mode mode, struct errmsg *e)
{
	const struct kind *kind;

	if (len == 0) {
		if (mode == USER_DB_CREATE)
			return &user_db_lmdb;
		errmsg_set(e, "%s: empty; saslpasswd2 makes it a user "
		    "database", path);
		return NULL;
	}
	kind = kind_of(head, len);
	if (kind == NULL)
		errmsg_set(e, "%s: not a user database; choose another file "
		    "(sasldb_path, saslpasswd2 -f)", path);
	else if (kind->layout == NULL)
		errmsg_set(e, "%s: %s, as Cyrus SASL's sasldb2 is, and these "
		    "are not read; choose another file (sasldb_path, "
		    "saslpasswd2 -f) and set the passwords in it", path,
		    kind->what);
	return kind == NULL ? NULL : kind->layout;
}

/* Read the first bytes of a regular file. */
static int
read_head(const char *path, unsigned char *head, size_t *len_r, int *errnum_r,
    struct errmsg *e)
{
	struct stat st;
	ssize_t n;
	int fd, rc = -1;

	fd = user_db_file_open(path, errnum_r, e);
	if (fd == -1)
		return -1;
	*errnum_r = EIO;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		errmsg_set(e, "%s: not a regular file", path);
		goto out;
	}
	n = read(fd, head, HEAD_LEN);
	if (n == -1) {
		errmsg_errno(e, errno, "%s", path);
		goto out;
	}
	*len_r = (size_t)n;
	rc = 0;
out:
	io_close(&fd);
	return rc;
}

static int
open_store(struct user_db *db, const char *path, enum user_db_mode mode,
    int *errnum_r, struct errmsg *e)
{
	unsigned char head[HEAD_LEN];
	size_t len;

	if (mode == USER_DB_CREATE && user_db_file_create(path, e) == -1)
		return -1;
	if (read_head(path, head, &len, errnum_r, e) == -1)
		return -1;
	db->layout = judge(path, head, len, mode, e);
	if (db->layout == NULL)
		return -1;
	return db->layout->open(path, mode, &db->store, errnum_r, e);
}

int
user_db_open(const char *path, enum user_db_mode mode, struct user_db **db_r,
    int *errnum_r, struct errmsg *e)
{
	struct user_db *db;
	int errnum = EIO;

	*db_r = NULL;
	if (errnum_r != NULL)
		*errnum_r = EIO;
	db = calloc(1, sizeof(*db));
	if (db == NULL)
		return errmsg_errno(e, errno, "%s", path);
	if (open_store(db, path, mode, &errnum, e) == -1) {
		free(db);
		if (errnum_r != NULL && (errnum == ENOENT || errnum == EACCES))
			*errnum_r = errnum;
		return -1;
	}
	*db_r = db;
	return 0;
}

int
user_db_act_as_owner(const char *path, struct errmsg *e)
{
	return user_db_file_act_as_owner(path, e);
}

void
user_db_close(struct user_db *db)
{
	if (db == NULL)
		return;
	db->layout->close(db->store);
	free(db);
}

bool
user_db_is_current(const struct user_db *db)
{
	return db->layout->is_current(db->store);
}

enum user_db_found
user_db_get(struct user_db *db, const char *user, const char *realm,
    struct user_db_entry *entry_r, struct errmsg *e)
{
	return db->layout->get(db->store, user, realm, entry_r, e);
}

int
user_db_put(struct user_db *db, const char *user, const char *realm,
    const struct user_db_entry *entry, struct errmsg *e)
{
	return db->layout->put(db->store, user, realm, entry, e);
}

enum user_db_found
user_db_delete(struct user_db *db, const char *user, const char *realm,
    struct errmsg *e)
{
	return db->layout->delete(db->store, user, realm, e);
}

int
user_db_each(struct user_db *db, user_db_visit *visit, void *ctx,
    struct errmsg *e)
{
	return db->layout->each(db->store, visit, ctx, e);
}
