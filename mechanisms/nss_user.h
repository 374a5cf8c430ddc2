/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss_user - one user's passwd(5) and shadow(5) entries.
 *
 * What getpwnam_r(3) and getspnam_r(3) leave open is decided here: which of
 * their codes mean "no such user", and which "could not be asked".
 */
#ifndef MECHANISMS_NSS_USER_H
#define MECHANISMS_NSS_USER_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/errmsg.h"
#include "mechanisms/nss_sources.h"

#ifdef WITH_SHADOW
#include <shadow.h>
#endif

enum nss_user_found {
	NSS_USER_UNSET = 0,
	NSS_USER_FOUND,
	NSS_USER_NONE,		/* no source has such a user */
	NSS_USER_NO_ACCESS,	/* the file cannot be read by this process */
	NSS_USER_ERROR		/* a source could not be asked */
};

/* One database and the memory its entries are put in; the memory grows with
 * the longest entry and is kept from one look-up to the next. */
struct nss_user_db {
	const char *path;	/* its file, when nsswitch.conf has "files" */
	struct nss_sources sources;
	char *buf;
	size_t size;
};

/* database: "passwd" or "shadow"; path: the file behind it. Allocates
 * nothing yet. */
void nss_user_open(struct nss_user_db *db, const char *database,
    const char *path);
/* Wipe and free; safe on a zeroed one. */
void nss_user_close(struct nss_user_db *db);
/* Wipe the last entry: it holds a password hash. */
void nss_user_forget(struct nss_user_db *db);

/* Could a user of this name exist in passwd(5) at all? */
bool nss_user_name_possible(const char *login);

/* Look a user up. May block on a remote source. With NSS_USER_FOUND the
 * entry's strings are valid until the next look-up or nss_user_forget();
 * with NO_ACCESS and ERROR the message says what to mend. */
enum nss_user_found nss_user_passwd(struct nss_user_db *db, const char *login,
    struct passwd *entry_r, struct errmsg *e);
#ifdef WITH_SHADOW
enum nss_user_found nss_user_shadow(struct nss_user_db *db, const char *login,
    struct spwd *entry_r, struct errmsg *e);
#endif

#endif
