/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_file - the files of a user database: who may use them.
 *
 * The database and its lock file have one owner, group and mode, so that
 * whoever may read the one may use the other.
 */
#ifndef MECHANISMS_USER_DB_FILE_H
#define MECHANISMS_USER_DB_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "common/errmsg.h"

#define USER_DB_FILE_LOCK_SUFFIX "-lock"	/* LMDB's, for MDB_NOSUBDIR */

/*
 * Make an empty database file if there is none. Owner: the caller, or, if
 * that is root, the owner of the directory. Group: the directory's. Mode
 * 0660 when the directory is open to its group, else 0600. The directory of
 * the default path is made too (0750); the system's file is of group sasl,
 * where there is one. -1 with a message.
 */
int user_db_file_create(const char *path, struct errmsg *e);

/*
 * Open for reading, close-on-exec; a descriptor, or -1 with a message that
 * says who owns the file, and errno in *errnum_r.
 */
int user_db_file_open(const char *path, int *errnum_r, struct errmsg *e);

/*
 * Make the lock file if there is none, with the database's owner, group and
 * mode, and prove that it can be used. -1 with a message that names it and
 * the mend, and errno in *errnum_r. No database that uses it may be open in
 * this process: closing any descriptor of it drops LMDB's locks (fcntl(2)).
 */
int user_db_file_lock(const char *path, int *errnum_r, struct errmsg *e);

/*
 * Wait until whoever changes the file from then on gives it another time than
 * *st_r has, which takes no longer than the kernel's clock ticks. False: it
 * is changed all the time.
 */
bool user_db_file_rests(int fd, struct stat *st_r);
/* Has nobody changed it since? */
bool user_db_file_is_same(int fd, const struct stat *st);

/* Remove the lock file. -1 with errno. */
int user_db_file_remove_lock(const char *path);

/* See the functions of user_db.h. */
int user_db_file_act_as_owner(const char *path, struct errmsg *e);
bool user_db_file_is_exposed(const char *path, struct errmsg *why_r);

#endif
