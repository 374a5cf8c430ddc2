/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_sasldb - users of the user database, by (login, realm).
 *
 * The database is opened by each worker and looked at anew for every
 * request: it may appear, be replaced or vanish while we run.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/str.h"
#include "mechanisms/mech.h"
#include "mechanisms/mech_module.h"
#include "mechanisms/passhash.h"
#include "mechanisms/sasldb_settings.h"
#include "mechanisms/user_db.h"

/* What decides who may read the file. */
struct identity {
	dev_t dev;
	ino_t ino;		/* 0: no such file */
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

struct sasldb {
	const struct sasldb_settings *set;
	struct identity seen, lock_seen;	/* by the pool */
	struct user_db *db;	/* NULL: not open */
	const char *db_path;	/* of db */
	int errnum;		/* why not */
	/* How the first user's password is stored: by the hash of an unknown
	 * one's the time is made the same; "" if unknown. */
	char typical[PASSHASH_MAX];
	bool typical_plain;
};

static const char *
path_of(const struct sasldb_settings *set)
{
	return set->path[0] != '\0' ? set->path : user_db_default_path();
}

static void
sasldb_remarks(const void *settings, conf_report *say, void *arg)
{
	struct errmsg e;

	if (user_db_is_exposed(path_of(settings), &e))
		say(arg, e.text);
}

static struct identity
identity_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct identity){ .ino = 0 };
	return (struct identity){ .dev = st.st_dev, .ino = st.st_ino,
	    .uid = st.st_uid, .gid = st.st_gid, .mode = st.st_mode };
}

static struct identity
identity_of_lock(const char *path)
{
	char lock[PATH_MAX];

	if (str_format(lock, sizeof(lock), "%s-lock", path) == -1)
		return (struct identity){ .ino = 0 };
	return identity_of(lock);
}

static int
sasldb_open(const void *settings, void **ctx_r, struct errmsg *e)
{
	struct sasldb *ctx = calloc(1, sizeof(*ctx));

	if (ctx == NULL)
		return errmsg_errno(e, ENOMEM, "sasldb");
	ctx->set = settings;
	ctx->seen = identity_of(path_of(ctx->set));
	ctx->lock_seen = identity_of_lock(path_of(ctx->set));
	*ctx_r = ctx;
	return 0;
}

static bool
differ(const struct identity *a, const struct identity *b)
{
	return a->dev != b->dev || a->uid != b->uid || a->gid != b->gid ||
	    a->mode != b->mode || (a->ino == 0) != (b->ino == 0);
}

/* A file that appeared, or was given to somebody else, may need workers with
 * other rights. New content in it, or another file like it, does not. */
static bool
sasldb_changed(void *context)
{
	struct sasldb *ctx = context;
	const char *path = path_of(ctx->set);
	const struct identity now = identity_of(path);
	const struct identity lock_now = identity_of_lock(path);
	const bool changed = differ(&now, &ctx->seen) ||
	    differ(&lock_now, &ctx->lock_seen);

	ctx->seen = now;
	ctx->lock_seen = lock_now;
	return changed;
}

/* Only trying tells. A file that is missing or bad is an outage, which other
 * rights would not mend. */
static int
sasldb_accessible(void *context, struct errmsg *e)
{
	struct sasldb *ctx = context;
	struct user_db *db;
	int errnum;

	if (ctx->db != NULL)
		return 0;
	if (user_db_open(path_of(ctx->set), USER_DB_READ, &db, &errnum,
	    e) == -1)
		return errnum == EACCES ? -1 : 0;
	user_db_close(db);
	return 0;
}

static bool
take_typical(void *context, const struct user_db_row *row)
{
	struct sasldb *ctx = context;

	if (row->entry == NULL)
		return true;
	memcpy(ctx->typical, row->entry->hash, sizeof(ctx->typical));
	ctx->typical_plain = row->entry->is_plain;
	return false;
}

static void
drop(struct sasldb *ctx)
{
	user_db_close(ctx->db);
	ctx->db = NULL;
}

static int
reopen(struct sasldb *ctx, struct errmsg *e)
{
	if (ctx->db != NULL)
		return 0;
	ctx->db_path = path_of(ctx->set);
	if (user_db_open(ctx->db_path, USER_DB_READ, &ctx->db, &ctx->errnum,
	    e) == -1)
		return -1;
	ctx->typical[0] = '\0';
	ctx->typical_plain = false;
	/* If this fails, looking a user up will say why. */
	(void)user_db_each(ctx->db, take_typical, ctx, NULL);
	return 0;
}

/* A failure is left to check(), which tries again and knows the reason. */
static int
sasldb_ready(void *context, struct errmsg *e)
{
	(void)reopen(context, e);
	return 0;
}

/* Look up in the file that has the name now; once more if what was open
 * proves bad. */
static enum user_db_found
look_up(struct sasldb *ctx, const char *user, const char *realm,
    struct user_db_entry *entry_r, struct errmsg *e)
{
	enum user_db_found found = USER_DB_ERROR;
	int tries;

	/* The system's file may have appeared. */
	if (ctx->db != NULL && (path_of(ctx->set) != ctx->db_path ||
	    !user_db_is_current(ctx->db)))
		drop(ctx);
	for (tries = 0; tries < 2 && found == USER_DB_ERROR; tries++) {
		if (reopen(ctx, e) == -1)
			return USER_DB_ERROR;
		ctx->errnum = EIO;
		found = user_db_get(ctx->db, user, realm, entry_r, e);
		if (found == USER_DB_ERROR)
			drop(ctx);
	}
	return found;
}

static void
answer_verdict(enum passhash_verdict verdict, const struct errmsg *e,
    struct mech_answer *a)
{
	switch (verdict) {
	case PASSHASH_MATCH:
		mech_answer_set(a, AUTH_OK, REASON_NONE, "%s", "");
		return;
	case PASSHASH_MISMATCH:
		mech_answer_set(a, AUTH_DENIED, REASON_BAD_PASSWORD, "%s", "");
		return;
	case PASSHASH_UNKNOWN:
		mech_answer_set(a, AUTH_MISCONFIG, REASON_BAD_HASH, "%s",
		    e->text);
		return;
	case PASSHASH_ERROR:
		mech_answer_set(a, AUTH_TEMPFAIL, REASON_NO_MEMORY, "%s",
		    e->text);
		return;
	case PASSHASH_UNSET:
		break;
	}
	mech_answer_set(a, AUTH_TEMPFAIL, REASON_INTERNAL, "no verdict");
}

static void
answer_found(const struct user_db_entry *entry, const struct secret *password,
    struct mech_answer *a)
{
	struct errmsg e = ERRMSG_INIT;
	enum passhash_verdict verdict;

	if (entry->is_plain)
		verdict = secret_equal(&entry->plain, password) ?
		    PASSHASH_MATCH : PASSHASH_MISMATCH;
	else
		verdict = passhash_verify(entry->hash, password, &e);
	answer_verdict(verdict, &e, a);
}

/* Host name against domain is what most often goes wrong here. */
static void
answer_absent(const struct sasldb *ctx, const struct mech_request *req,
    const char *realm, struct mech_answer *a)
{
	if (!ctx->typical_plain)
		passhash_dummy(ctx->typical, req->password);
	if (req->realm[0] != '\0')
		mech_answer_set(a, AUTH_DENIED, REASON_NO_SUCH_USER, "%s", "");
	else
		mech_answer_set(a, AUTH_DENIED, REASON_NO_SUCH_USER,
		    "not in realm %s, which was taken as none was sent "
		    "(sasldb_default_realm)", realm);
}

/* The request's; else the configured one; else what the tools take when no
 * realm is given, within host. NULL with an answer. */
static const char *
realm_of(const struct sasldb *ctx, const struct mech_request *req,
    char host[HOST_NAME_MAX + 1], struct mech_answer *a)
{
	if (req->realm[0] != '\0')
		return req->realm;
	if (ctx->set->default_realm[0] != '\0')
		return ctx->set->default_realm;
	if (gethostname(host, HOST_NAME_MAX + 1) == 0)
		return host;
	mech_answer_set(a, AUTH_TEMPFAIL, REASON_BACKEND_ERROR,
	    "gethostname: %s", strerror(errno));
	return NULL;
}

static void
sasldb_check(void *context, const struct mech_request *req,
    struct mech_answer *a)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct sasldb *ctx = context;
	struct errmsg e = ERRMSG_INIT;
	char host[HOST_NAME_MAX + 1];
	const char *realm = realm_of(ctx, req, host, a);

	if (realm == NULL)
		return;
	switch (look_up(ctx, req->login, realm, &entry, &e)) {
	case USER_DB_FOUND:
		answer_found(&entry, req->password, a);
		break;
	case USER_DB_ABSENT:
		answer_absent(ctx, req, realm, a);
		break;
	case USER_DB_ERROR:
		mech_answer_set(a, AUTH_TEMPFAIL, ctx->errnum == EACCES ?
		    REASON_NO_ACCESS : REASON_BACKEND_DOWN, "%s", e.text);
	}
	user_db_entry_fini(&entry);
}

static void
sasldb_close(void *context)
{
	struct sasldb *ctx = context;

	drop(ctx);
	free(ctx);
}

static const struct mech mech_sasldb = {
	.name = "sasldb",
	.summary = "the user database: our own, or a sasldb2 of Cyrus SASL",
	.needs = MECH_NEEDS_FILES,
	.sees_realm = true,
	.cpu_bound = true,
	.keys = &sasldb_settings_table,
	.settings_size = sizeof(struct sasldb_settings),
	.option_key = "sasldb_path",
	.remarks = sasldb_remarks,
	.open = sasldb_open,
	.accessible = sasldb_accessible,
	.ready = sasldb_ready,
	.check = sasldb_check,
	.changed = sasldb_changed,
	.close = sasldb_close,
};

/* Declared for no other file: it is looked up by name. */
extern const struct mech_module mech_module;

__attribute__((visibility("default")))
const struct mech_module mech_module = {
	.build_id = FRAME_BUILD_ID,
	.mech_size = sizeof(struct mech),
	.mech = &mech_sasldb,
};
