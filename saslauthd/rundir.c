/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/io.h"
#include "common/str.h"
#include "saslauthd/rundir.h"

#define SOCKET_NAME "mux"
#define PID_NAME "saslauthd.pid"
#define LOCK_NAME "saslauthd.pid.lock"
#define DIR_MODE 0755
#define FILE_MODE 0600
#define PROBE_MSEC 2000		/* a living daemon answers an empty login
				 * without asking anybody */

static const struct {
	const char *name, *new_name;
	mode_t mode;
} sockets[RUNDIR_SOCKETS] = {
	/* As before: the directory decides. */
	[RUNDIR_MUX] = { SOCKET_NAME, ".mux.new", 0777 },
	[RUNDIR_CONTROL] = { "control", ".control.new", 0600 }
};

static enum rundir_status
fail_errno(struct errmsg *e, const char *what, const struct rundir *r)
{
	(void)errmsg_errno(e, errno, "%s %s", what, r->path);
	return RUNDIR_FAILED;
}

enum rundir_status
rundir_open(struct rundir *r, const char *path, struct errmsg *e)
{
	size_t len;

	memset(r, 0, sizeof(*r));
	r->dir_fd = r->lock_fd = r->pid_fd = -1;
	if (path[0] != '/' || str_copy(r->path, sizeof(r->path), path) != 0) {
		(void)errmsg_set(e, "run directory %.100s: "
		    "must be an absolute path", path);
		return RUNDIR_USAGE;
	}
	len = strlen(r->path);
	while (len > 1 && r->path[len - 1] == '/')
		r->path[--len] = '\0';
	if (len + sizeof("/" SOCKET_NAME) - 1 > io_unix_path_max()) {
		(void)errmsg_set(e, "run directory %.100s...: clients cannot "
		    "reach a socket path longer than %zu bytes; "
		    "choose a shorter -m", r->path, io_unix_path_max());
		return RUNDIR_USAGE;
	}
	/* Not the 077 of our files: clients must get through. */
	if (mkdir(r->path, DIR_MODE) == 0)
		(void)chmod(r->path, DIR_MODE);
	else if (errno != EEXIST)
		return fail_errno(e, "cannot make run directory", r);
	r->dir_fd = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir_fd < 0)
		return fail_errno(e, "cannot open run directory", r);
	return RUNDIR_OK;
}

/* fcntl(2) locks, as the classic daemon takes them; held by this process
 * only, never by children. */
static enum rundir_status
lock_file(struct rundir *r, const char *name, int *fd_r, struct errmsg *e)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	fd = openat(r->dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    FILE_MODE);
	if (fd < 0) {
		(void)errmsg_errno(e, errno, "cannot open %s/%s", r->path,
		    name);
		return RUNDIR_FAILED;
	}
	if (fcntl(fd, F_SETLK, &fl) == 0) {
		*fd_r = fd;
		return RUNDIR_OK;
	}
	if (errno == EACCES || errno == EAGAIN) {
		(void)errmsg_set(e, "Another instance of saslauthd is "
		    "currently running (%s/%s is locked)", r->path, name);
		io_close(&fd);
		return RUNDIR_BUSY;
	}
	(void)errmsg_errno(e, errno, "cannot lock %s/%s", r->path, name);
	io_close(&fd);
	return RUNDIR_FAILED;
}

/* Did the process that called listen(2) on the other end die? Then workers
 * of a killed classic daemon hold the socket and nobody can stop them. */
static bool
listener_is_orphaned(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    peer.pid > 0 && kill(peer.pid, 0) != 0 && errno == ESRCH;
}

/* Four empty strings: every daemon answers them itself, asking no backend. */
static bool
answers(const struct rundir *r)
{
	static const unsigned char empty[8];
	char path[sizeof(r->path) + sizeof(SOCKET_NAME) + 1];
	struct deadline d = deadline_in_msec(PROBE_MSEC);
	unsigned char byte;
	bool yes = false;
	int fd;

	if (str_format(path, sizeof(path), "%s/" SOCKET_NAME, r->path) != 0)
		return false;
	fd = io_unix_connect(path, &d, NULL, NULL);
	if (fd < 0)
		return false;
	if (!listener_is_orphaned(fd) &&
	    io_write_all(fd, empty, sizeof(empty), &d) == 0)
		yes = io_read_all(fd, &byte, 1, &d) == 1;
	io_close(&fd);
	return yes;
}

static enum rundir_status
write_pid(struct rundir *r, struct errmsg *e)
{
	char text[32];
	struct deadline never = deadline_never();

	(void)str_format(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(r->pid_fd, 0) != 0 ||
	    io_write_all(r->pid_fd, text, strlen(text), &never) != 0)
		return fail_errno(e, "cannot write " PID_NAME " in", r);
	r->pid.ours = fstat(r->pid_fd, &r->pid.id) == 0;
	return RUNDIR_OK;
}

/* In the foreground there is no pid file of ours, but a daemon may hold its
 * own, and be too busy to answer. */
static enum rundir_status
look_for_daemon(const struct rundir *r, struct errmsg *e)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	enum rundir_status st = RUNDIR_OK;
	int fd;

	fd = openat(r->dir_fd, PID_NAME,
	    O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return RUNDIR_OK;
	if (fcntl(fd, F_GETLK, &fl) == 0 && fl.l_type != F_UNLCK) {
		(void)errmsg_set(e, "Another instance of saslauthd is "
		    "currently running (%s/" PID_NAME " is locked)", r->path);
		st = RUNDIR_BUSY;
	}
	io_close(&fd);
	return st;
}

enum rundir_status
rundir_claim(struct rundir *r, bool foreground, struct errmsg *e)
{
	enum rundir_status st;

	st = lock_file(r, LOCK_NAME, &r->lock_fd, e);
	if (st == RUNDIR_OK)
		st = foreground ? look_for_daemon(r, e) :
		    lock_file(r, PID_NAME, &r->pid_fd, e);
	if (st != RUNDIR_OK)
		return st;
	if (answers(r)) {
		(void)errmsg_set(e, "Another instance of saslauthd is "
		    "currently running (%s/" SOCKET_NAME " answers)", r->path);
		return RUNDIR_BUSY;
	}
	return foreground ? RUNDIR_OK : write_pid(r, e);
}

/* Bind by the short name from inside the directory: the path clients use is
 * short enough, the temporary one need not be. */
static int
bind_new(const struct rundir *r, enum rundir_socket which, int fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *name = sockets[which].new_name;
	int back, rc, saved;
	mode_t mask;

	if (str_copy(sun.sun_path, sizeof(sun.sun_path), name) != 0)
		return -1;
	back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fchdir(r->dir_fd) != 0) {
		io_close(&back);
		return -1;
	}
	(void)unlink(name);
	mask = umask(~sockets[which].mode & 0777);
	rc = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	saved = errno;
	(void)umask(mask);
	if (back < 0 || fchdir(back) != 0)
		(void)!chdir("/");
	io_close(&back);
	errno = saved;
	return rc;
}

int
rundir_listen(struct rundir *r, enum rundir_socket which, struct errmsg *e)
{
	const char *name = sockets[which].name;
	const char *new_name = sockets[which].new_name;
	struct rundir_made *made = &r->sockets[which];
	int fd;

	if (strlen(r->path) + 1 + strlen(name) > io_unix_path_max())
		return errmsg_set(e, "%.100s.../%s is longer than the "
		    "%zu bytes of a socket's path", r->path, name,
		    io_unix_path_max());
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errmsg_errno(e, errno, "socket");
	if (bind_new(r, which, fd) != 0) {
		(void)errmsg_errno(e, errno, "cannot bind a socket in %s",
		    r->path);
		goto fail;
	}
	if (listen(fd, SOMAXCONN) != 0) {
		(void)errmsg_errno(e, errno, "listen on %s/%s", r->path,
		    name);
		goto fail_unlink;
	}
	if (renameat(r->dir_fd, new_name, r->dir_fd, name) != 0) {
		(void)errmsg_errno(e, errno, "cannot put the socket at %s/%s",
		    r->path, name);
		goto fail_unlink;
	}
	/* Not fstat(2), which tells of the socket, not of its name. */
	made->ours = fstatat(r->dir_fd, name, &made->id,
	    AT_SYMLINK_NOFOLLOW) == 0;
	return fd;

fail_unlink:
	(void)unlinkat(r->dir_fd, new_name, 0);
fail:
	io_close(&fd);
	return -1;
}

void
rundir_started(struct rundir *r)
{
	if (r->pid_fd >= 0)
		io_close(&r->lock_fd);
}

/* Somebody may have removed ours, and another instance made its own. */
static void
remove_made(const struct rundir *r, const char *name,
    struct rundir_made *made)
{
	struct stat now;

	if (made->ours &&
	    fstatat(r->dir_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_dev == made->id.st_dev && now.st_ino == made->id.st_ino)
		(void)unlinkat(r->dir_fd, name, 0);
	made->ours = false;
}

void
rundir_unlisten(struct rundir *r)
{
	remove_made(r, SOCKET_NAME, &r->sockets[RUNDIR_MUX]);
}

void
rundir_release(struct rundir *r)
{
	rundir_unlisten(r);
	remove_made(r, sockets[RUNDIR_CONTROL].name,
	    &r->sockets[RUNDIR_CONTROL]);
	remove_made(r, PID_NAME, &r->pid);
	io_close(&r->pid_fd);
	io_close(&r->lock_fd);
	io_close(&r->dir_fd);
}
