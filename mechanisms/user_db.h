/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db - the user database: a password hash per (user, realm).
 *
 * The mechanism and the tools see only this. Which layout a file has is told
 * by its content, not by its name; a file of a foreign kind is refused with a
 * text that says what it is.
 *
 * One database may be open in a process, and none across fork(2): LMDB keeps
 * per-process locks and reader slots. Users and realms are bytes without
 * NUL, compared as they are. Calls may block for as long as the disk does
 * and another process is writing.
 */
#ifndef MECHANISMS_USER_DB_H
#define MECHANISMS_USER_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "mechanisms/passhash.h"

#define USER_DB_DEFAULT_DIR LOCALSTATEDIR "/lib/saslauthd"
#define USER_DB_DEFAULT_PATH USER_DB_DEFAULT_DIR "/users.lmdb"

struct user_db;

enum user_db_mode {
	USER_DB_READ,
	USER_DB_WRITE,		/* an existing one */
	USER_DB_CREATE		/* as WRITE; a missing one is made */
};

enum user_db_found {
	USER_DB_ERROR = 0,	/* could not be asked; the message says why */
	USER_DB_ABSENT,
	USER_DB_FOUND
};

struct user_db_entry {
	char hash[PASSHASH_MAX];	/* crypt(5) */
	int64_t changed_sec;		/* time(2) of the last change */
};

/*
 * 0 and a database that user_db_close() frees, or -1 with a message that
 * names the file and the mend. *errnum_r (may be NULL) is then ENOENT (no
 * such file), EACCES (no right to it or to a file beside it) or EIO (any
 * other reason).
 */
int user_db_open(const char *path, enum user_db_mode mode,
    struct user_db **db_r, int *errnum_r, struct errmsg *e);
void user_db_close(struct user_db *db);	/* NULL is allowed */

/* For the tools, before user_db_open(): root becomes, for good, the user who
 * owns the directory of path, unless that is root. That user could exchange
 * a file there for a link while root opens it. */
int user_db_act_as_owner(const char *path, struct errmsg *e);

/* Is what is open still the file of that name? False once it was replaced,
 * removed or cut; open it anew then. */
bool user_db_is_current(const struct user_db *db);

/* A name too long to be stored is absent. */
enum user_db_found user_db_get(struct user_db *db, const char *user,
    const char *realm, struct user_db_entry *entry_r, struct errmsg *e);

/* On disk when it returns 0. */
int user_db_put(struct user_db *db, const char *user, const char *realm,
    const struct user_db_entry *entry, struct errmsg *e);
/* FOUND: was there, is gone. */
enum user_db_found user_db_delete(struct user_db *db, const char *user,
    const char *realm, struct errmsg *e);

/* Calls visit for each entry, in the order of the file, until it returns
 * false. visit must not use the database. */
typedef bool user_db_visit(void *ctx, const char *user, const char *realm,
    const struct user_db_entry *entry);
int user_db_each(struct user_db *db, user_db_visit *visit, void *ctx,
    struct errmsg *e);

#endif
