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
#include <unistd.h>

#include "common/compat/compat.h"
#include "common/io.h"
#include "common/str.h"

/* A name that nobody gives to a file of his own: it is removed. */
#define SUFFIX ".saslauthd-new"
#define MODE_BITS 07777		/* what chmod(2) sets */
#define MODE_OWN 0600
#define CHUNK 65536		/* bytes copied at a time */

/* ---- files ------------------------------------------------------------ */

int
user_db_copy_make(const char *work, const struct stat *like)
{
	int fd, errnum;

	/* Left by a process that was killed: the lock is ours now. */
	if (unlink(work) == -1 && errno != ENOENT)
		return -1;
	/* For its owner alone until it is whose it shall be. */
	fd = open(work, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE_OWN);
	if (fd == -1)
		return -1;
	if (fchown(fd, like->st_uid, like->st_gid) == 0 &&
	    fchmod(fd, like->st_mode & MODE_BITS) == 0)
		return fd;
	errnum = errno;
	unlink(work);
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

/* Closing any descriptor of the file would drop the lock; so from here on
 * nobody in this process opens and closes the file but for changing it. */
static int
lock(int fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int rc;

	do
		rc = fcntl(fd, F_SETLKW, &all);
	while (rc == -1 && errno == EINTR);
	return rc == -1 ? -1 : flock(fd, LOCK_SH);
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
		if (lock(fd) == -1) {
			errmsg_errno(e, errno, "lock of %s", path);
			io_close(&fd);
			return -1;
		}
		if (is_named(path, fd))
			return fd;
		io_close(&fd);
	}
}

/* ---- a change --------------------------------------------------------- */

void
user_db_copy_withdraw(struct user_db_copy *c)
{
	if (c->work != NULL && !c->in_place)
		unlink(c->work);
	free(c->work);
	c->work = NULL;
}

void
user_db_copy_drop(struct user_db_copy *c)
{
	user_db_copy_withdraw(c);
	io_close(&c->memory);
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
take_in_place(struct user_db_copy *c, struct errmsg *e)
{
	c->in_place = true;
	free(c->work);
	c->work = NULL;
	if (flock(c->fd, LOCK_EX) == -1)
		return errmsg_errno(e, errno, "lock of %s", c->path);
	c->memory = io_memory("saslauthd-users");
	if (c->memory == -1 || copy_bytes(c->fd, c->memory) == -1)
		return errmsg_errno(e, errno, "copy of %s", c->path);
	c->work = str_dup_format("/proc/self/fd/%d", c->memory);
	return c->work != NULL ? 0 :
	    errmsg_errno(e, ENOMEM, "%s", c->path);
}

/* Nothing is changed before there is room for all of it. */
static int
write_in_place(struct user_db_copy *c, struct errmsg *e)
{
	struct stat now;
	int errnum;

	if (fstat(c->memory, &now) == -1)
		return errmsg_errno(e, errno, "%s", c->path);
	errnum = posix_fallocate(c->fd, 0, now.st_size);
	if (errnum != 0) {
		(void)!ftruncate(c->fd, c->was.st_size);
		return errmsg_errno(e, errnum, "%s", c->path);
	}
	if (lseek(c->fd, 0, SEEK_SET) == -1 ||
	    copy_bytes(c->memory, c->fd) == -1 ||
	    ftruncate(c->fd, now.st_size) == -1 || fsync(c->fd) == -1)
		return errmsg_errno(e, errno, "%s", c->path);
	return 0;
}

static int
make_copy(struct user_db_copy *c, struct errmsg *e)
{
	int fd = -1, rc = -1;

	if (c->was.st_nlink > 1)
		return take_in_place(c, e);
	fd = user_db_copy_make(c->work, &c->was);
	if (fd == -1 && (errno == EACCES || errno == EPERM))
		return take_in_place(c, e);
	if (fd == -1)
		errmsg_errno(e, errno, "%s cannot be made", c->work);
	else if (copy_bytes(c->fd, fd) == -1)
		errmsg_errno(e, errno, "%s", c->work);
	else
		rc = 0;
	io_close(&fd);
	return rc;
}

int
user_db_copy_begin(struct user_db_copy *c, const char *path, struct errmsg *e)
{
	*c = (struct user_db_copy)USER_DB_COPY_INIT;
	c->path = realpath(path, NULL);
	if (c->path == NULL)
		return errmsg_errno(e, errno, "%s", path);
	c->work = str_dup_format("%s%s", c->path, SUFFIX);
	if (c->work == NULL) {
		errmsg_errno(e, ENOMEM, "%s", path);
		goto fail;
	}
	c->fd = open_locked(c->path, e);
	if (c->fd == -1)
		goto fail;
	if (fstat(c->fd, &c->was) == -1) {
		errmsg_errno(e, errno, "%s", path);
		goto fail;
	}
	if (make_copy(c, e) == 0)
		return 0;
fail:
	user_db_copy_drop(c);
	return -1;
}

/* libsasl2's writers of Berkeley DB take no lock. */
static bool
was_overtaken(const struct user_db_copy *c)
{
	struct stat now;

	return fstat(c->fd, &now) == -1 || now.st_size != c->was.st_size ||
	    now.st_mtim.tv_sec != c->was.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != c->was.st_mtim.tv_nsec;
}

/* The library has written the file; that it is on disk is our affair. */
static int
sync_file(const char *path)
{
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	rc = fsync(fd);
	io_close(&fd);
	return rc;
}

int
user_db_copy_commit(struct user_db_copy *c, struct errmsg *e)
{
	int rc = -1;

	if (sync_file(c->work) == -1)
		errmsg_errno(e, errno, "%s", c->work);
	else if (was_overtaken(c))
		errmsg_set(e, "%s: changed by another program meanwhile; "
		    "nothing was stored, try again", c->path);
	else if (c->in_place)
		rc = write_in_place(c, e);
	else {
		rc = user_db_copy_replace(c->work, c->path, e);
		/* The name is the next writer's, who waits for no lock of
		 * ours any more. */
		free(c->work);
		c->work = NULL;
	}
	user_db_copy_drop(c);
	return rc;
}
