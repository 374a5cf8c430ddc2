/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_sasldb - users of our own database, by (login, realm).
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

#include "common/str.h"
#include "mechanisms/mech.h"
#include "mechanisms/passhash.h"
#include "mechanisms/user_db.h"

struct sasldb_settings {
	char *path;
};

static const struct conf_key sasldb_keys[] = {
	{
		.name = "sasldb_path",
		.type = CONF_PATH,
		.offset = offsetof(struct sasldb_settings, path),
		.max = PATH_MAX - 1,
		.def = USER_DB_DEFAULT_PATH,
		.help = "file of the user database",
	},
};

static const struct conf_table sasldb_table = {
	.owner = "sasldb",
	.keys = sasldb_keys,
	.count = sizeof(sasldb_keys) / sizeof(sasldb_keys[0]),
};

/* What decides who may read the file. */
struct identity {
	dev_t dev;
	ino_t ino;		/* 0: no such file */
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

struct sasldb {
	char *path;
	char *lock_path;	/* the -lock file beside it */
	struct identity seen, lock_seen;	/* by the pool */
	struct user_db *db;	/* NULL: not open */
	int errnum;		/* why not */
	/* A hash as this database has them, for the dummy; "" if unknown. */
	char typical[PASSHASH_MAX];
};

static int
sasldb_verify(const void *settings, struct errmsg *e)
{
	const struct sasldb_settings *set = settings;

	if (set->path[0] == '\0')
		return errmsg_set(e, "sasldb_path: must not be empty");
	return 0;
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

static int
sasldb_open(const void *settings, void **ctx_r, struct errmsg *e)
{
	const struct sasldb_settings *set = settings;
	struct sasldb *ctx;

	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL || (ctx->path = strdup(set->path)) == NULL ||
	    (ctx->lock_path = str_dup_format("%s-lock", set->path)) == NULL) {
		if (ctx != NULL)
			free(ctx->path);
		free(ctx);
		return errmsg_errno(e, ENOMEM, "sasldb");
	}
	ctx->seen = identity_of(ctx->path);
	ctx->lock_seen = identity_of(ctx->lock_path);
	*ctx_r = ctx;
	return 0;
}

static bool
look_again(const char *path, struct identity *seen)
{
	const struct identity now = identity_of(path), was = *seen;

	*seen = now;
	return now.dev != was.dev || now.ino != was.ino ||
	    now.uid != was.uid || now.gid != was.gid || now.mode != was.mode;
}

/* A file that appeared, or was given to somebody else, may need workers with
 * other rights. New content in it does not. */
static bool
sasldb_changed(void *context)
{
	struct sasldb *ctx = context;
	bool database = look_again(ctx->path, &ctx->seen);

	return look_again(ctx->lock_path, &ctx->lock_seen) || database;
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
	if (user_db_open(ctx->path, USER_DB_READ, &db, &errnum, e) == -1)
		return errnum == EACCES ? -1 : 0;
	user_db_close(db);
	return 0;
}

static bool
take_typical(void *context, const char *user, const char *realm,
    const struct user_db_entry *entry)
{
	struct sasldb *ctx = context;

	(void)user;
	(void)realm;
	memcpy(ctx->typical, entry->hash, sizeof(ctx->typical));
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
	if (user_db_open(ctx->path, USER_DB_READ, &ctx->db, &ctx->errnum,
	    e) == -1)
		return -1;
	ctx->typical[0] = '\0';
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

	if (ctx->db != NULL && !user_db_is_current(ctx->db))
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
sasldb_check(void *context, const struct mech_request *req,
    struct mech_answer *a)
{
	struct sasldb *ctx = context;
	struct user_db_entry entry;
	struct errmsg e = ERRMSG_INIT;
	char host[HOST_NAME_MAX + 1];
	const char *realm = req->realm;

	if (realm[0] == '\0') {
		/* As the tools do when no realm is given. */
		if (gethostname(host, sizeof(host)) == -1) {
			mech_answer_set(a, AUTH_TEMPFAIL, REASON_BACKEND_ERROR,
			    "gethostname: %s", strerror(errno));
			return;
		}
		realm = host;
	}
	switch (look_up(ctx, req->login, realm, &entry, &e)) {
	case USER_DB_FOUND:
		answer_verdict(passhash_verify(entry.hash, req->password, &e),
		    &e, a);
		return;
	case USER_DB_ABSENT:
		passhash_dummy(ctx->typical, req->password);
		mech_answer_set(a, AUTH_DENIED, REASON_NO_SUCH_USER, "%s", "");
		return;
	case USER_DB_ERROR:
		break;
	}
	mech_answer_set(a, AUTH_TEMPFAIL, ctx->errnum == EACCES ?
	    REASON_NO_ACCESS : REASON_BACKEND_DOWN, "%s", e.text);
}

static void
sasldb_close(void *context)
{
	struct sasldb *ctx = context;

	drop(ctx);
	free(ctx->path);
	free(ctx->lock_path);
	free(ctx);
}

const struct mech mech_sasldb = {
	.name = "sasldb",
	.summary = "our own user database (LMDB), made by saslpasswd2",
	.needs = MECH_NEEDS_FILES,
	.sees_realm = true,
	.cpu_bound = true,
	.keys = &sasldb_table,
	.settings_size = sizeof(struct sasldb_settings),
	.option_key = "sasldb_path",
	.verify = sasldb_verify,
	.open = sasldb_open,
	.accessible = sasldb_accessible,
	.ready = sasldb_ready,
	.check = sasldb_check,
	.changed = sasldb_changed,
	.close = sasldb_close,
};
