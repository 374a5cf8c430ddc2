/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_copy - see user_db_copy.h.
 */
#include "config.h"

#include "mechanisms/user_db_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "common/compat/compat.h"
#include "common/io.h"
#include "common/str.h"
#include "mechanisms/user_db_file.h"

/* A name that nobody gives to a file of his own: it is removed. */
#define SUFFIX ".saslauthd-new"
#define MODE_BITS 07777		/* what chmod(2) sets */
#define MODE_OWN 0600
#define CHUNK 65536		/* bytes copied at a time */
#define ATTRIBUTE_MAX 65536	/* bytes; what the kernel allows */
#define LOCK_PAUSE_NSEC 5000000
#define LOCK_TRIES 2000		/* for each who has it: 10 seconds in all */

/* ---- files ------------------------------------------------------------ */

/* What else says who may use a file. 0, or -1: they cannot be kept. */
static int
keep_attributes(const char *of, int fd)
{
	static const char *const names[] = {
		"security.selinux", "system.posix_acl_access",
	};
	char value[ATTRIBUTE_MAX];
	ssize_t n;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n = getxattr(of, names[i], value, sizeof(value));
		/* Most files have none, and some file systems neither. */
		if (n != -1 && fsetxattr(fd, names[i], value, (size_t)n,
		    0) == -1)
			return -1;
	}
	return 0;
}

int
user_db_copy_make(const char *name, const char *of, const struct stat *like)
{
	int fd, errnum;

	/* Left by a process that was killed: the lock is ours now. */
	if (unlink(name) == -1 && errno != ENOENT)
		return -1;
	/* For its owner alone until it is whose it shall be. */
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE_OWN);
	if (fd == -1)
		return -1;
	if (fchown(fd, like->st_uid, like->st_gid) == 0 &&
	    fchmod(fd, like->st_mode & MODE_BITS) == 0 &&
	    keep_attributes(of, fd) == 0)
		return fd;
	errnum = errno;
	unlink(name);
	io_close(&fd);
	errno = errnum;
	return -1;
}

static int
sync_dir(const char *path)
{
	char copy[PATH_MAX];
	int fd, rc;

	if (str_copy(copy, sizeof(copy), path) == -1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return errno == EACCES ? 0 : -1; /* written, not listed */
	rc = fsync(fd);
	io_close(&fd);
	return rc;
}

int
user_db_copy_replace(const char *work, const char *path, struct errmsg *e)
{
	if (rename(work, path) == -1) {
		errmsg_errno(e, errno, "%s cannot take the place of %s", work,
		    path);
		unlink(work);
		return -1;
	}
	return sync_dir(path) == 0 ? 0 :
	    errmsg_errno(e, errno, "directory of %s", path);
}

/* All of the file, from its beginning. */
static int
copy_bytes(int from, int to)
{
	unsigned char *chunk = malloc(CHUNK);
	ssize_t n = -1;
	off_t at = 0;

	if (chunk == NULL)
		return -1;
	while ((n = pread(from, chunk, CHUNK, at)) > 0) {
		at += n;
		if (io_write_all(to, chunk, (size_t)n, NULL) == -1) {
			n = -1;
			break;
		}
	}
	explicit_bzero(chunk, CHUNK);
	free(chunk);
	return (int)n;
}

/* ---- locks ------------------------------------------------------------ */

/* Is fd still the file of that name? */
static bool
is_named(const char *path, int fd)
{
	struct stat named, opened;

	return stat(path, &named) == 0 && fstat(fd, &opened) == 0 &&
	    named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

static int
try_record(int fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &all);
}

static int
try_shared(int fd)
{
	return flock(fd, LOCK_SH | LOCK_NB);
}

static int
try_exclusive(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB);
}

/* Who has the record lock; 0: nobody. flock(2) does not tell. */
static pid_t
holder(int fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &all) == 0 && all.l_type != F_UNLCK ?
	    all.l_pid : 0;
}

/* Nobody has a lock for long, but who hangs. Each holder is waited for anew:
 * many writers are no reason to give up. */
static int
wait_for(int fd, const char *path, int (*try)(int fd), struct errmsg *e)
{
	const struct timespec pause = { 0, LOCK_PAUSE_NSEC };
	pid_t now, who = 0;
	int tries;

	for (tries = 0; tries < LOCK_TRIES; tries++) {
		if (try(fd) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return errmsg_errno(e, errno, "lock of %s", path);
		now = holder(fd);
		if (now != who)
			tries = 0;
		who = now;
		nanosleep(&pause, NULL);
	}
	return who != 0 ? errmsg_set(e, "%s: process %ld has been changing it "
	    "for more than 10 seconds; nothing was stored", path, (long)who) :
	    errmsg_set(e, "%s: another program has had it locked for more "
	    "than 10 seconds; nothing was stored", path);
}

/* Closing any descriptor of the file would drop the lock; so from here on
 * nobody in this process opens and closes the file but for changing it. */
static int
lock(int fd, const char *path, struct errmsg *e)
{
	return wait_for(fd, path, try_record, e) == -1 ? -1 :
	    wait_for(fd, path, try_shared, e);
}

/* Who waited for a lock may have got that of a file that was replaced. */
static int
open_locked(const char *path, struct errmsg *e)
{
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd == -1)
			return errmsg_errno(e, errno, "%s cannot be written",
			    path);
		if (lock(fd, path, e) == -1) {
			io_close(&fd);
			return -1;
		}
		if (is_named(path, fd))
			return fd;
		io_close(&fd);
	}
}

/* ---- a change --------------------------------------------------------- */

static void
forget_name(struct user_db_copy *c)
{
	if (c->name != NULL)
		unlink(c->name);
	free(c->name);
	c->name = NULL;
}

void
user_db_copy_drop(struct user_db_copy *c)
{
	forget_name(c);
	io_close(&c->copy);
	io_close(&c->fd);
	free(c->path);
	*c = (struct user_db_copy)USER_DB_COPY_INIT;
}

/*
 * The copy is in memory: what the library makes of a full disk, or leaves when
 * it is killed, is then not the file. The exclusive lock keeps GDBM's readers
 * out as well.
 */
static int
make_in_memory(struct user_db_copy *c, struct errmsg *e)
{
	free(c->name);
	c->name = NULL;
	if (wait_for(c->fd, c->path, try_exclusive, e) == -1)
		return -1;
	c->copy = io_memory("saslauthd-users");
	return c->copy != -1 ? 0 :
	    errmsg_errno(e, errno, "copy of %s", c->path);
}

/* Nothing is changed before there is room for all of it. */
static int
write_in_place(struct user_db_copy *c, struct errmsg *e)
{
	struct stat now;
	int errnum;

	if (fstat(c->copy, &now) == -1)
		return errmsg_errno(e, errno, "%s", c->path);
	errnum = posix_fallocate(c->fd, 0, now.st_size);
	if (errnum != 0) {
		(void)!ftruncate(c->fd, c->was.st_size);
		return errmsg_errno(e, errnum, "%s", c->path);
	}
	if (lseek(c->fd, 0, SEEK_SET) == -1 ||
	    copy_bytes(c->copy, c->fd) == -1 ||
	    ftruncate(c->fd, now.st_size) == -1 || fsync(c->fd) == -1)
		return errmsg_errno(e, errno, "%s", c->path);
	return 0;
}

static int
make_empty(struct user_db_copy *c, struct errmsg *e)
{
	if (c->was.st_nlink > 1)
		return make_in_memory(c, e);
	c->copy = user_db_copy_make(c->name, c->path, &c->was);
	if (c->copy == -1 && (errno == EACCES || errno == EPERM))
		return make_in_memory(c, e);
	return c->copy != -1 ? 0 :
	    errmsg_errno(e, errno, "%s cannot be made", c->name);
}

static int
make_copy(struct user_db_copy *c, struct errmsg *e)
{
	if (make_empty(c, e) == -1)
		return -1;
	return copy_bytes(c->fd, c->copy) == 0 ? 0 :
	    errmsg_errno(e, errno, "copy of %s", c->path);
}

int
user_db_copy_begin(struct user_db_copy *c, const char *path, struct errmsg *e)
{
	*c = (struct user_db_copy)USER_DB_COPY_INIT;
	c->path = realpath(path, NULL);
	if (c->path == NULL)
		return errmsg_errno(e, errno, "%s", path);
	c->name = str_dup_format("%s%s", c->path, SUFFIX);
	if (c->name == NULL) {
		errmsg_errno(e, ENOMEM, "%s", path);
		goto fail;
	}
	c->fd = open_locked(c->path, e);
	if (c->fd == -1)
		goto fail;
	if (!user_db_file_rests(c->fd, &c->was)) {
		errmsg_set(e, "%s: another program changes it all the time",
		    path);
		goto fail;
	}
	if (make_copy(c, e) == 0)
		return 0;
fail:
	user_db_copy_drop(c);
	return -1;
}

/* libsasl2's writers of Berkeley DB take no lock. */
static int
judge_overtaken(const struct user_db_copy *c, struct errmsg *e)
{
	return user_db_file_is_same(c->fd, &c->was) ? 0 : errmsg_set(e,
	    "%s: changed by another program meanwhile; nothing was stored, "
	    "try again", c->path);
}

int
user_db_copy_withdraw(struct user_db_copy *c, struct errmsg *e)
{
	forget_name(c);
	return judge_overtaken(c, e);
}

int
user_db_copy_commit(struct user_db_copy *c, struct errmsg *e)
{
	int rc = -1;

	/* The library has written it; that it is on disk is our affair. */
	if (fsync(c->copy) == -1)
		errmsg_errno(e, errno, "copy of %s", c->path);
	else if (judge_overtaken(c, e) == -1)
		rc = -1;
	else if (c->name == NULL)
		rc = write_in_place(c, e);
	else {
		rc = user_db_copy_replace(c->name, c->path, e);
		/* The name is the next writer's, who waits for no lock of
		 * ours any more. */
		free(c->name);
		c->name = NULL;
	}
	user_db_copy_drop(c);
	return rc;
}
