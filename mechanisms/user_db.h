/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db - the user database: a password per (user, realm).
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
#include "common/secret.h"
#include "mechanisms/passhash.h"

#define USER_DB_DEFAULT_DIR LOCALSTATEDIR "/lib/saslauthd"
#define USER_DB_DEFAULT_PATH USER_DB_DEFAULT_DIR "/users.lmdb"

/* The property of a password; Cyrus SASL keeps other secrets under others. */
#define USER_DB_PASSWORD "userPassword"
#define USER_DB_PLAIN_MAX 8191	/* bytes; libsasl2 reads no longer value */

struct user_db;

/* ---- layouts ---------------------------------------------------------- */

enum user_db_layout {
	USER_DB_HASHED,		/* our own LMDB file: hashes only, dated */
	USER_DB_BERKELEY,	/* sasldb2 of Cyrus SASL, in four libraries' */
	USER_DB_GDBM,		/* files; libsasl2 reads one of them */
	USER_DB_LMDB
};
#define USER_DB_LAYOUTS 4

/* "hashed", "berkeley", "gdbm", "lmdb". */
const char *user_db_layout_name(enum user_db_layout layout);
/* -1 with a message: no such layout, or not in this build. */
int user_db_layout_parse(const char *name, enum user_db_layout *layout_r,
    struct errmsg *e);

/* Where and how the system's libsasl2 keeps its users, as configured. */
const char *user_db_system_path(void);
enum user_db_layout user_db_system_layout(void);
/* Is that file meant, if by another name: a relative one, one with a double
 * slash, or what the system's name is a link to? */
bool user_db_is_system_path(const char *path);
/* The system's file where it exists, else our own store. Static. */
const char *user_db_default_path(void);
/* What a file of this name is made as: at the system's path the layout of
 * the system, else HASHED. */
enum user_db_layout user_db_layout_for(const char *path);

/* ---- entries ---------------------------------------------------------- */

/* A password: its hash, or itself. */
struct user_db_entry {
	bool is_plain;
	char hash[PASSHASH_MAX];	/* crypt(5); "" if is_plain */
	struct secret plain;		/* not empty if is_plain */
	int64_t changed_sec;		/* time(2) of the last change; 0: the
					 * layout does not keep it */
};

#define USER_DB_ENTRY_INIT { false, "", SECRET_INIT, 0 }
/* Wipes. Functions that fill an entry take an initialised one, and may be
 * given the same again. */
void user_db_entry_fini(struct user_db_entry *entry);

/* ---- a database ------------------------------------------------------- */

enum user_db_mode {
	USER_DB_READ,
	USER_DB_WRITE,		/* an existing one */
	USER_DB_CREATE		/* as WRITE; a missing or empty one is made,
				 * with user_db_layout_for() */
};

enum user_db_found {
	USER_DB_ERROR = 0,	/* could not be asked; the message says why */
	USER_DB_ABSENT,
	USER_DB_FOUND
};

/*
 * 0 and a database that user_db_close() frees, or -1 with a message that
 * names the file and the mend. *errnum_r (may be NULL) is then ENOENT (no
 * such file), ENODATA (an empty one), EACCES (no right to it or to a file
 * beside it) or EIO (any other reason).
 */
int user_db_open(const char *path, enum user_db_mode mode,
    struct user_db **db_r, int *errnum_r, struct errmsg *e);
/* As USER_DB_CREATE, with this layout for a file that is missing or empty;
 * one that has users keeps its own. HASHED at the system's path is refused:
 * libsasl2 could not read it. */
int user_db_create(const char *path, enum user_db_layout layout,
    struct user_db **db_r, struct errmsg *e);
/* What was not committed is lost. NULL is allowed. */
void user_db_close(struct user_db *db);

enum user_db_layout user_db_layout(const struct user_db *db);

/* For the tools, before user_db_open(): root becomes, for good, the user who
 * owns the directory of path, unless that is root. That user could exchange
 * a file there for a link while root opens it. */
int user_db_act_as_owner(const char *path, struct errmsg *e);

/* Is what is open still the file of that name? False once it was replaced,
 * removed or cut; open it anew then. */
bool user_db_is_current(const struct user_db *db);

/* May others than owner and group read or write the database or the files
 * beside it, or exchange them? True, and a text with the chmod(1) that mends
 * it. A missing file is not exposed. */
bool user_db_is_exposed(const char *path, struct errmsg *why_r);

/* A name too long to be stored is absent. */
enum user_db_found user_db_get(struct user_db *db, const char *user,
    const char *realm, struct user_db_entry *entry_r, struct errmsg *e);

/* Can user_db_put() take it, as far as names and entry go? -1 and why not. */
int user_db_takes(const struct user_db *db, const char *user,
    const char *realm, const struct user_db_entry *entry, struct errmsg *e);
/*
 * On disk when it returns 0, unless between begin and commit. A plain entry
 * is refused by HASHED; the other layouts take both kinds, and drop the
 * user's relics (cmusaslsecretPLAIN, -CRAM-MD5 and -DIGEST-MD5), which would
 * let the old password in. changed_sec is kept by HASHED only.
 */
int user_db_put(struct user_db *db, const char *user, const char *realm,
    const struct user_db_entry *entry, struct errmsg *e);
/* The password, the relics and the secrets that libsasl2's plug-ins keep
 * (cmusaslsecretOTP, -SRP). FOUND: there was one of them; none is left. */
enum user_db_found user_db_delete(struct user_db *db, const char *user,
    const char *realm, struct errmsg *e);

/*
 * Many changes: what put and delete do after begin is on disk when commit
 * returns 0. BERKELEY and GDBM then have all of it or, after -1 or close,
 * nothing. LMDB files (HASHED, LMDB) are written in parts of some thousand
 * rows, each whole; parts that were written stay. Nothing may be read
 * between begin and commit. Memory does not grow with the number of rows.
 */
int user_db_begin(struct user_db *db, struct errmsg *e);
int user_db_commit(struct user_db *db, struct errmsg *e);

/* Valid until visit returns. */
struct user_db_row {
	const char *user, *realm;
	const char *property;
	const struct user_db_entry *entry;	/* NULL: not USER_DB_PASSWORD,
						 * or damaged */
};

/* Calls visit for each row, in the order of the file, until it returns
 * false. visit must not use the database. Keys that name no user are passed
 * over. */
typedef bool user_db_visit(void *ctx, const struct user_db_row *row);
int user_db_each(struct user_db *db, user_db_visit *visit, void *ctx,
    struct errmsg *e);

/*
 * Put a file of layout `to`, with the same rows, owner and mode, in the place
 * of path. change (may be NULL) sees every password first and may turn a
 * plain one into a hash or set the date; -1 from it ends the work. -1 leaves
 * the old file. Into HASHED: a password that is still plain, or a property
 * that is no relic of put's list, is an error that names the user.
 */
typedef int user_db_change(void *ctx, const char *user, const char *realm,
    struct user_db_entry *entry, struct errmsg *e);
int user_db_rewrite(const char *path, enum user_db_layout to,
    user_db_change *change, void *ctx, struct errmsg *e);

#endif
