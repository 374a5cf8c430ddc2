/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db - users as rows of a table: which library's, and in which form.
 */
#include "config.h"

#include "mechanisms/user_db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/compat/compat.h"
#include "common/io.h"
#include "mechanisms/user_db_file.h"
#include "mechanisms/user_db_inside.h"
#include "mechanisms/user_db_kind.h"

/* What libsasl2 1.5 kept, and 2.1 would still let in with (PLAIN). */
static const char *const relics[] = {
	"cmusaslsecretPLAIN", "cmusaslsecretCRAM-MD5",
	"cmusaslsecretDIGEST-MD5",
};
#define RELICS (sizeof(relics) / sizeof(relics[0]))

/* What the plug-ins of libsasl2 2.1 keep beside the password. */
static const char *const other_secrets[] = {
	"cmusaslsecretOTP", "cmusaslsecretSRP",
};
#define OTHER_SECRETS (sizeof(other_secrets) / sizeof(other_secrets[0]))

void
user_db_entry_fini(struct user_db_entry *entry)
{
	secret_wipe(&entry->plain);
	explicit_bzero(entry->hash, sizeof(entry->hash));
	entry->is_plain = false;
	entry->changed_sec = 0;
}

/* ---- opening ---------------------------------------------------------- */

/* Read the first bytes of a regular file. */
static int
read_head(const char *path, unsigned char *head, size_t *len_r,
    int *errnum_r, struct errmsg *e)
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
	n = read(fd, head, USER_DB_KIND_HEAD);
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

static const struct user_db_table *
find_table(const struct user_db *db, enum user_db_mode mode, int *errnum_r,
    struct errmsg *e)
{
	unsigned char head[USER_DB_KIND_HEAD];
	size_t len;

	if (read_head(db->path, head, &len, errnum_r, e) == -1)
		return NULL;
	if (len > 0)
		return user_db_kind_judge(db->path, head, len, e);
	if (mode == USER_DB_CREATE)
		return user_db_kind_table(db->layout, e);
	*errnum_r = ENODATA;
	errmsg_set(e, "%s: empty; saslpasswd2 makes it a user database",
	    db->path);
	return NULL;
}

int
user_db_may_be_hashed(const char *path, struct errmsg *e)
{
	return user_db_layout_for(path) == USER_DB_HASHED ? 0 :
	    errmsg_set(e, "%s: libsasl2 reads this file and could not read "
	    "the hashed layout; choose another file or layout", path);
}

static int
open_table(struct user_db *db, enum user_db_mode mode, int *errnum_r,
    struct errmsg *e)
{
	if (mode == USER_DB_CREATE) {
		if (db->layout == USER_DB_HASHED &&
		    user_db_may_be_hashed(db->path, e) == -1)
			return -1;
		if (user_db_file_create(db->path, e) == -1)
			return -1;
	}
	db->table = find_table(db, mode, errnum_r, e);
	if (db->table == NULL)
		return -1;
	return db->table->open(db->path, mode, &db->layout, &db->store,
	    errnum_r, e);
}

static int
open_as(const char *path, enum user_db_mode mode, enum user_db_layout layout,
    struct user_db **db_r, int *errnum_r, struct errmsg *e)
{
	struct user_db *db = calloc(1, sizeof(*db));
	int errnum = EIO;

	*db_r = NULL;
	if (errnum_r != NULL)
		*errnum_r = EIO;
	if (db == NULL || (db->path = strdup(path)) == NULL) {
		free(db);
		return errmsg_errno(e, ENOMEM, "%s", path);
	}
	db->layout = layout;
	if (open_table(db, mode, &errnum, e) == -1) {
		free(db->path);
		free(db);
		if (errnum_r != NULL && (errnum == ENOENT ||
		    errnum == ENODATA || errnum == EACCES))
			*errnum_r = errnum;
		return -1;
	}
	*db_r = db;
	return 0;
}

int
user_db_open(const char *path, enum user_db_mode mode, struct user_db **db_r,
    int *errnum_r, struct errmsg *e)
{
	return open_as(path, mode, user_db_layout_for(path), db_r, errnum_r,
	    e);
}

int
user_db_create(const char *path, enum user_db_layout layout,
    struct user_db **db_r, struct errmsg *e)
{
	return open_as(path, USER_DB_CREATE, layout, db_r, NULL, e);
}

void
user_db_close(struct user_db *db)
{
	if (db == NULL)
		return;
	db->table->close(db->store);
	free(db->path);
	free(db);
}

enum user_db_layout
user_db_layout(const struct user_db *db)
{
	return db->layout;
}

bool
user_db_is_current(const struct user_db *db)
{
	return db->table->is_current(db->store);
}

int
user_db_act_as_owner(const char *path, struct errmsg *e)
{
	return user_db_file_act_as_owner(path, e);
}

bool
user_db_is_exposed(const char *path, struct errmsg *why_r)
{
	return user_db_file_is_exposed(path, why_r);
}

/* ---- reading ---------------------------------------------------------- */

static struct user_db_bytes
bytes_of_key(const struct user_db_key *key)
{
	return (struct user_db_bytes){ key->bytes, key->len };
}

static struct user_db_bytes
bytes_of_secret(const struct secret *s)
{
	return (struct user_db_bytes){ s->bytes, s->len };
}

enum user_db_found
user_db_get(struct user_db *db, const char *user, const char *realm,
    struct user_db_entry *entry_r, struct errmsg *e)
{
	struct secret value = SECRET_INIT;
	struct user_db_bytes bytes;
	struct user_db_key key;
	enum user_db_found found;

	user_db_record_key(db->layout, user, realm, USER_DB_PASSWORD, &key);
	if (key.len == 0)
		return USER_DB_ABSENT;
	bytes = bytes_of_key(&key);
	found = db->table->get(db->store, &bytes, &value, e);
	if (found == USER_DB_FOUND) {
		bytes = bytes_of_secret(&value);
		if (user_db_record_parse(db->layout, &bytes, entry_r) == -1) {
			errmsg_set(e, "%s: a record is damaged or of a newer "
			    "version", db->path);
			found = USER_DB_ERROR;
		}
	}
	secret_wipe(&value);
	return found;
}

struct walk {
	enum user_db_layout layout;
	user_db_visit *visit;
	void *ctx;
	struct user_db_names names;
	struct user_db_entry entry;
};

static bool
visit_row(void *ctx, const struct user_db_bytes *key,
    const struct user_db_bytes *value)
{
	struct walk *w = ctx;
	struct user_db_row row;

	if (user_db_record_names(w->layout, key, &w->names) == -1)
		return true;
	row.user = w->names.user;
	row.realm = w->names.realm;
	row.property = w->names.property;
	row.entry = NULL;
	if (strcmp(row.property, USER_DB_PASSWORD) == 0 &&
	    user_db_record_parse(w->layout, value, &w->entry) == 0)
		row.entry = &w->entry;
	return w->visit(w->ctx, &row);
}

int
user_db_each(struct user_db *db, user_db_visit *visit, void *ctx,
    struct errmsg *e)
{
	struct walk w = { .layout = db->layout, .visit = visit, .ctx = ctx,
	    .entry = USER_DB_ENTRY_INIT };
	int rc = db->table->each(db->store, visit_row, &w, e);

	user_db_entry_fini(&w.entry);
	return rc;
}

/* ---- writing ---------------------------------------------------------- */

int
user_db_begin(struct user_db *db, struct errmsg *e)
{
	if (db->table->begin(db->store, e) == -1)
		return -1;
	db->begun = true;
	return 0;
}

int
user_db_commit(struct user_db *db, struct errmsg *e)
{
	db->begun = false;
	return db->table->commit(db->store, e);
}

static enum user_db_found
delete_one(struct user_db *db, const char *user, const char *realm,
    const char *property, struct errmsg *e)
{
	struct user_db_key key;
	struct user_db_bytes bytes;

	user_db_record_key(db->layout, user, realm, property, &key);
	if (key.len == 0)
		return USER_DB_ABSENT;
	bytes = bytes_of_key(&key);
	return db->table->delete(db->store, &bytes, e);
}

/* FOUND when one of them was. */
static enum user_db_found
delete_these(struct user_db *db, const char *user, const char *realm,
    const char *const *properties, size_t n, struct errmsg *e)
{
	enum user_db_found one, found = USER_DB_ABSENT;
	size_t i;

	for (i = 0; i < n; i++) {
		one = delete_one(db, user, realm, properties[i], e);
		if (one == USER_DB_ERROR)
			return USER_DB_ERROR;
		if (one == USER_DB_FOUND)
			found = USER_DB_FOUND;
	}
	return found;
}

int
user_db_store(struct user_db *db, const struct user_db_key *key,
    const struct user_db_entry *entry, struct errmsg *e)
{
	struct secret value = SECRET_INIT;
	struct user_db_bytes k = bytes_of_key(key), v;
	int rc;

	rc = user_db_record_format(db->layout, entry, &value, e);
	if (rc == -1)
		errmsg_prefix(e, "%s", db->path);
	else {
		v = bytes_of_secret(&value);
		rc = db->table->put(db->store, &k, &v, e);
	}
	secret_wipe(&value);
	return rc;
}

static int
put(struct user_db *db, const struct user_db_key *key, const char *user,
    const char *realm, const struct user_db_entry *entry, struct errmsg *e)
{
	if (user_db_store(db, key, entry, e) == -1)
		return -1;
	if (db->layout != USER_DB_HASHED && delete_these(db, user, realm,
	    relics, RELICS, e) == USER_DB_ERROR)
		return -1;
	return 0;
}

/* The key of a password. */
static int
make_key(const struct user_db *db, const char *user, const char *realm,
    struct user_db_key *key_r, struct errmsg *e)
{
	user_db_record_key(db->layout, user, realm, USER_DB_PASSWORD, key_r);
	return key_r->len > 0 ? 0 :
	    errmsg_set(e, "%s: user and realm must not be empty and have at "
	    "most %u bytes together", db->path,
	    (unsigned)user_db_record_names_max(db->layout));
}

int
user_db_takes(const struct user_db *db, const char *user, const char *realm,
    const struct user_db_entry *entry, struct errmsg *e)
{
	struct secret value = SECRET_INIT;
	struct user_db_key key;
	int rc = make_key(db, user, realm, &key, e);

	if (rc == 0)
		rc = user_db_record_format(db->layout, entry, &value, e);
	secret_wipe(&value);
	return rc;
}

int
user_db_put(struct user_db *db, const char *user, const char *realm,
    const struct user_db_entry *entry, struct errmsg *e)
{
	struct user_db_key key;

	if (make_key(db, user, realm, &key, e) == -1)
		return -1;
	if (db->begun)
		return put(db, &key, user, realm, entry, e);
	if (db->table->begin(db->store, e) == -1)
		return -1;
	if (put(db, &key, user, realm, entry, e) == -1) {
		db->table->undo(db->store);
		return -1;
	}
	return db->table->commit(db->store, e);
}

/* All secrets of the user. */
static enum user_db_found
delete_user(struct user_db *db, const char *user, const char *realm,
    struct errmsg *e)
{
	enum user_db_found found, more = USER_DB_ABSENT;

	found = delete_one(db, user, realm, USER_DB_PASSWORD, e);
	if (found == USER_DB_ERROR || db->layout == USER_DB_HASHED)
		return found;
	more = delete_these(db, user, realm, relics, RELICS, e);
	if (more == USER_DB_ERROR)
		return USER_DB_ERROR;
	if (more == USER_DB_FOUND)
		found = USER_DB_FOUND;
	more = delete_these(db, user, realm, other_secrets, OTHER_SECRETS, e);
	return more == USER_DB_ABSENT ? found : more;
}

enum user_db_found
user_db_delete(struct user_db *db, const char *user, const char *realm,
    struct errmsg *e)
{
	enum user_db_found found;

	if (db->begun)
		return delete_user(db, user, realm, e);
	if (db->table->begin(db->store, e) == -1)
		return USER_DB_ERROR;
	found = delete_user(db, user, realm, e);
	if (found != USER_DB_FOUND)
		db->table->undo(db->store);
	else if (db->table->commit(db->store, e) == -1)
		found = USER_DB_ERROR;
	return found;
}

bool
user_db_is_relic(const char *property)
{
	size_t i;

	for (i = 0; i < RELICS; i++)
		if (strcmp(property, relics[i]) == 0)
			return true;
	return false;
}
