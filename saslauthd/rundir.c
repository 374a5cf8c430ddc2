/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/io.h"
#include "common/str.h"
#include "saslauthd/listen_file.h"
#include "saslauthd/rundir.h"

#define PID_NAME "saslauthd.pid"
#define LOCK_NAME "saslauthd.pid.lock"
#define DIR_MODE 0755
#define FILE_MODE 0600
#define CONTROL_MODE 0600

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
	r->control = (struct socket_file)SOCKET_FILE_INIT;
	if (path[0] != '/' || str_copy(r->path, sizeof(r->path), path) != 0) {
		(void)errmsg_set(e, "run directory %.100s: "
		    "must be an absolute path", path);
		return RUNDIR_USAGE;
	}
	len = strlen(r->path);
	while (len > 1 && r->path[len - 1] == '/')
		r->path[--len] = '\0';
	if (len + sizeof("/" RUNDIR_MUX) - 1 > io_unix_path_max()) {
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

static enum rundir_status
write_pid(struct rundir *r, struct errmsg *e)
{
	char text[32];
	struct deadline never = deadline_never();

	(void)str_format(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(r->pid_fd, 0) != 0 ||
	    io_write_all(r->pid_fd, text, strlen(text), &never) != 0)
		return fail_errno(e, "cannot write " PID_NAME " in", r);
	r->pid_written = fstat(r->pid_fd, &r->pid_id) == 0;
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
	char mux[SOCKET_FILE_PATH_MAX];
	enum rundir_status st;

	st = lock_file(r, LOCK_NAME, &r->lock_fd, e);
	if (st == RUNDIR_OK)
		st = foreground ? look_for_daemon(r, e) :
		    lock_file(r, PID_NAME, &r->pid_fd, e);
	if (st != RUNDIR_OK)
		return st;
	(void)str_format(mux, sizeof(mux), "%s/" RUNDIR_MUX, r->path);
	if (!r->mux_is_given && listen_file_answers(mux)) {
		(void)errmsg_set(e, "Another instance of saslauthd is "
		    "currently running (%s answers)", mux);
		return RUNDIR_BUSY;
	}
	return foreground ? RUNDIR_OK : write_pid(r, e);
}

int
rundir_open_control(struct rundir *r, struct errmsg *e)
{
	char path[sizeof(r->path) + sizeof("/" RUNDIR_CONTROL)];
	const struct socket_file_plan plan = {
		.path = path, .mode = CONTROL_MODE,
		.owner = SOCKET_FILE_OUR_OWNER, .group = SOCKET_FILE_OUR_GROUP
	};

	(void)str_format(path, sizeof(path), "%s/" RUNDIR_CONTROL, r->path);
	return socket_file_open(&r->control, &plan, e);
}

void
rundir_started(struct rundir *r)
{
	if (r->pid_fd >= 0)
		io_close(&r->lock_fd);
}

/* Somebody may have removed ours, and another instance made its own. */
static void
remove_pid(struct rundir *r)
{
	struct stat now;

	if (r->pid_written && fstatat(r->dir_fd, PID_NAME, &now,
	    AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == r->pid_id.st_dev &&
	    now.st_ino == r->pid_id.st_ino)
		(void)unlinkat(r->dir_fd, PID_NAME, 0);
	r->pid_written = false;
}

void
rundir_release(struct rundir *r)
{
	socket_file_close(&r->control);
	remove_pid(r);
	io_close(&r->pid_fd);
	io_close(&r->lock_fd);
	io_close(&r->dir_fd);
}
