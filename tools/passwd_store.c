/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_store - see passwd_store.h.
 */
#include "config.h"

#include "tools/passwd_store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static bool
note_row(void *ctx, const struct user_db_row *row)
{
	bool *seen = ctx;

	(void)row;
	*seen = true;
	return false;
}

static bool
has_rows(struct user_db *db)
{
	bool seen = false;

	return user_db_each(db, note_row, &seen, NULL) == -1 || seen;
}

int
passwd_store_layout(const struct passwd_options *o,
    enum user_db_layout *layout_r, struct errmsg *e)
{
	struct user_db *db;

	if (user_db_act_as_owner(o->path, e) == -1)
		return -1;
	*layout_r = o->has_layout ? o->layout : user_db_layout_for(o->path);
	/* A missing file, and one that another process is making at this
	 * moment, are as wanted; what is wrong with it opening will say. */
	if (user_db_open(o->path, USER_DB_READ, &db, NULL, NULL) == -1)
		return 0;
	/* An LMDB file without rows becomes either; it may be in the making,
	 * too. */
	if (*layout_r != USER_DB_HASHED ||
	    user_db_layout(db) != USER_DB_LMDB || has_rows(db))
		*layout_r = user_db_layout(db);
	user_db_close(db);
	if (o->has_layout && o->layout != *layout_r)
		return errmsg_set(e, "%s: is there already, and %s; --convert "
		    "%s makes it another", o->path,
		    user_db_layout_name(*layout_r),
		    user_db_layout_name(o->layout));
	return 0;
}

/* Who comes from Cyrus SASL's program may have expected the other file. */
static void
remark_own_store(const struct passwd_options *o)
{
	fprintf(stderr, "saslpasswd2: %s was made: hashes, for saslauthd; "
	    "CRAM-MD5, DIGEST-MD5 and SCRAM need libsasl2's file: -f %s\n",
	    o->path, user_db_system_path());
}

/* Both programs look there first: who is in our own store is not found any
 * more. */
static void
remark_eclipse(const struct passwd_options *o)
{
	fprintf(stderr, "saslpasswd2: warning: %s now stands for %s, whose "
	    "users are found no more unless sasldb_path names it: "
	    "saslpasswd2 --import cyrus -f %s %s takes them over\n", o->path,
	    USER_DB_DEFAULT_PATH, o->path, USER_DB_DEFAULT_PATH);
}

int
passwd_store_open(const struct passwd_options *o,
    enum user_db_layout layout, struct user_db **db_r, struct errmsg *e)
{
	bool is_new = access(o->path, F_OK) == -1;

	if (user_db_create(o->path, layout, db_r, e) == -1)
		return -1;
	if (is_new && !o->path_chosen && layout == USER_DB_HASHED)
		remark_own_store(o);
	if (is_new && user_db_is_system_path(o->path) &&
	    access(USER_DB_DEFAULT_PATH, F_OK) == 0)
		remark_eclipse(o);
	if (user_db_layout(*db_r) == layout)
		return 0;
	user_db_close(*db_r);
	*db_r = NULL;
	return errmsg_set(e, "%s: was made by another program meanwhile; try "
	    "again", o->path);
}

bool
passwd_store_keeps_plain(const struct passwd_options *o,
    enum user_db_layout layout)
{
	return o->plain || (o->hash == NULL && layout != USER_DB_HASHED);
}

int
passwd_store_hash(const char *method, struct user_db_entry *entry,
    struct errmsg *e)
{
	if (passhash_make(method, 0, &entry->plain, entry->hash,
	    sizeof(entry->hash), e) == -1)
		return -1;
	secret_wipe(&entry->plain);
	entry->is_plain = false;
	return 0;
}

int
passwd_store_entry(const struct passwd_options *o, bool keep_plain,
    const struct secret *pw, struct user_db_entry *entry_r,
    struct errmsg *e)
{
	entry_r->changed_sec = (int64_t)time(NULL);
	entry_r->is_plain = true;
	if (secret_set(&entry_r->plain, pw->bytes, pw->len) == -1)
		return errmsg_errno(e, ENOMEM, "password");
	return keep_plain ? 0 : passwd_store_hash(o->hash, entry_r, e);
}

const char *
passwd_store_realm(const struct passwd_options *o, struct errmsg *e)
{
	static char host[HOST_NAME_MAX + 1];

	if (o->realm != NULL && o->realm[0] != '\0')
		return o->realm;
	if (o->default_realm[0] != '\0')
		return o->default_realm;
	if (gethostname(host, sizeof(host)) == 0)
		return host;
	errmsg_errno(e, errno, "gethostname");
	return NULL;
}

void
passwd_store_remarks(const struct passwd_options *o, unsigned long plain)
{
	struct errmsg e = ERRMSG_INIT;

	if (plain > 0 && !o->plain)
		fprintf(stderr, "saslpasswd2: %lu password%s kept in clear in "
		    "%s, for CRAM-MD5, DIGEST-MD5 and SCRAM; --hash METHOD "
		    "keeps a hash\n", plain, plain == 1 ? " is" : "s are",
		    o->path);
	if (user_db_is_exposed(o->path, &e))
		fprintf(stderr, "saslpasswd2: warning: %s\n", e.text);
}
