/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_copy - changes a file by way of a copy, as a whole or not at all.
 *
 * Berkeley DB without an environment has no locks, and neither it nor GDBM
 * survives a death amid a change. So changes are made to a copy beside the
 * file, which then takes its place with the same owner and mode: readers see
 * the one or the other. Who changes the file this way holds a record lock
 * (fcntl(2)) on it; a shared flock(2) keeps GDBM's own writers out, which take
 * an exclusive one, and lets readers in.
 *
 * Where a copy cannot take its place the copy is in memory, and is written over
 * the file, under the locks, once there is room on disk for all of it: the
 * directory may not be written, the copy cannot be given the owner, or the
 * file has a second name (ln(1)).
 */
#ifndef MECHANISMS_USER_DB_COPY_H
#define MECHANISMS_USER_DB_COPY_H

#include <sys/stat.h>

#include "common/errmsg.h"

struct user_db_copy {
	char *path;		/* of the file, links resolved */
	char *name;		/* of the copy; NULL: it is in memory */
	int fd;			/* of the file, locked */
	int copy;		/* what to change; by then its name may be
				 * somebody else's file */
	struct stat was;
};

#define USER_DB_COPY_INIT { .fd = -1, .copy = -1 }

/* Lock the file and copy it. Waits while other processes have the lock, for
 * each at most 10 seconds. -1 with a message, and nothing is held. */
int user_db_copy_begin(struct user_db_copy *c, const char *path,
    struct errmsg *e);
/* The copy, closed and on disk, becomes the file. -1: it does not, because of
 * an error or since another program has changed the file meanwhile. What was
 * held is released. */
int user_db_copy_commit(struct user_db_copy *c, struct errmsg *e);
/* Forget the copy. Harmless when nothing was begun. */
void user_db_copy_drop(struct user_db_copy *c);

/* Forget the copy and its name, which is the next writer's once another file
 * has the place of this one; keep the locks until user_db_copy_drop(). -1:
 * another program has changed the file meanwhile. */
int user_db_copy_withdraw(struct user_db_copy *c, struct errmsg *e);

/* Make an empty file, removing an older one, with owner and mode of `like`,
 * and with the access list and security label that `of` has. A descriptor, or
 * -1 with errno: EPERM also when it cannot be like it. */
int user_db_copy_make(const char *name, const char *of,
    const struct stat *like);
/* rename(2), and the directory is on disk. Whatever comes of it, the name of
 * the copy is then no longer the caller's. */
int user_db_copy_replace(const char *work, const char *path,
    struct errmsg *e);

#endif
