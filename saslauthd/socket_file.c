/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/io.h"
#include "common/str.h"
#include "saslauthd/socket_file.h"

#define MODE_ALL 0777
#define PROBE_MSEC 2000		/* a living daemon answers an empty login
				 * without asking anybody */
#define NAME_MAX_NEW 32		/* bytes of a temporary name */

/* ---- who is there ----------------------------------------------------- */

static bool
listener_is_this_process(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    peer.pid == getpid();
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

bool
socket_file_answers(const char *path)
{
	/* Four empty strings: every daemon answers them itself. */
	static const unsigned char empty[8];
	struct deadline d = deadline_in_msec(PROBE_MSEC);
	unsigned char byte;
	bool yes = false;
	int fd;

	fd = io_unix_connect(path, &d, NULL, NULL);
	if (fd < 0)
		return false;
	if (listener_is_orphaned(fd))
		goto out;
	yes = io_write_all(fd, empty, sizeof(empty), &d) == 0 &&
	    io_read_all(fd, &byte, 1, &d) == 1;
	if (!yes && !deadline_passed(&d)) {
		/* Who does not let us ask hangs up, and goes on listening;
		 * who was about to end is gone now. */
		io_close(&fd);
		fd = io_unix_connect(path, &d, NULL, NULL);
		yes = fd >= 0;
	}
out:
	io_close(&fd);
	return yes;
}

bool
socket_file_is_held(const char *path)
{
	struct deadline d = deadline_in_msec(PROBE_MSEC);
	int errnum = 0, fd;
	bool held;

	fd = io_unix_connect(path, &d, &errnum, NULL);
	/* Whom we may not ask, or who is too busy to take us in, is there. */
	held = fd >= 0 ? !listener_is_orphaned(fd) &&
	    !listener_is_this_process(fd) : errnum == EACCES ||
	    errnum == EAGAIN || errnum == ETIMEDOUT;
	io_close(&fd);
	return held;
}

bool
socket_file_may_replace(const char *path)
{
	struct stat sb;

	if (lstat(path, &sb) != 0)
		return errno == ENOENT;
	return S_ISSOCK(sb.st_mode);
}

/* ---- making one ------------------------------------------------------- */

static int
open_directory(struct socket_file *s, struct errmsg *e)
{
	char dir[SOCKET_FILE_PATH_MAX];
	const char *slash = strrchr(s->path, '/');

	/* With its slash, so that "/mux" has a directory, too. */
	(void)str_copy_n(dir, sizeof(dir), s->path,
	    (size_t)(slash + 1 - s->path));
	s->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0)
		return errmsg_errno(e, errno, "cannot put a socket at %s: "
		    "directory %s", s->path, dir);
	return 0;
}

/* Bind by the short name from inside the directory: the path clients use is
 * short enough, the temporary one need not be. The umask sets the mode, so
 * that it never was another one. */
static int
bind_new(struct socket_file *s, const char *name, mode_t mode)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int back, rc, saved;
	mode_t mask;

	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (s->fd < 0)
		return -1;
	if (str_copy(sun.sun_path, sizeof(sun.sun_path), name) != 0)
		return -1;
	back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fchdir(s->dir_fd) != 0) {
		io_close(&back);
		return -1;
	}
	(void)unlink(name);
	mask = umask(~mode & MODE_ALL);
	rc = bind(s->fd, (struct sockaddr *)&sun, sizeof(sun));
	saved = errno;
	(void)umask(mask);
	if (back < 0 || fchdir(back) != 0)
		(void)!chdir("/");
	io_close(&back);
	errno = saved;
	return rc;
}

static int
begin_to_listen(struct socket_file *s)
{
	return listen(s->fd, SOMAXCONN);
}

static const struct socket_file_kind socket_kind = {
	"socket", S_IFSOCK, bind_new, begin_to_listen
};

/* Owner and mode by a descriptor of the name: whoever may write the directory
 * cannot slip in a file of somebody else. Nobody connects yet: the socket
 * does not listen. */
static int
dress(struct socket_file *s, const char *name,
    const struct socket_file_plan *plan)
{
	int fd, rc = -1;

	fd = openat(s->dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	/* Not fstat(2) of the socket, which does not tell of its name. */
	if (fd < 0 || fstat(fd, &s->id) != 0)
		goto out;
	if ((s->id.st_mode & S_IFMT) != s->type) {
		errno = EBUSY;
		goto out;
	}
	if ((plan->owner != SOCKET_FILE_OUR_OWNER ||
	    plan->group != SOCKET_FILE_OUR_GROUP) &&
	    fchownat(fd, "", plan->owner, plan->group, AT_EMPTY_PATH) != 0)
		goto out;
	/* A default ACL of the directory takes the place of the umask. */
	if ((s->id.st_mode & MODE_ALL) != plan->mode && fchmodat(s->dir_fd,
	    name, plan->mode, AT_SYMLINK_NOFOLLOW) != 0)
		goto out;
	rc = 0;
out:
	io_close(&fd);
	return rc;
}

int
socket_file_place(struct socket_file *s, const struct socket_file_kind *k,
    const struct socket_file_plan *plan, struct errmsg *e)
{
	char new_name[NAME_MAX_NEW];
	const char *what = "make";

	*s = (struct socket_file)SOCKET_FILE_INIT;
	s->type = k->type;
	if (plan->path[0] != '/')
		return errmsg_set(e, "%s %.100s: must be an absolute path",
		    k->what, plan->path);
	if (strlen(plan->path) > io_unix_path_max())
		return errmsg_set(e, "%.300s is longer than the %zu bytes "
		    "of a %s's path", plan->path, io_unix_path_max(), k->what);
	(void)str_copy(s->path, sizeof(s->path), plan->path);
	(void)str_format(new_name, sizeof(new_name), ".saslauthd.%ld",
	    (long)getpid());
	if (open_directory(s, e) != 0)
		return -1;
	if (k->make(s, new_name, plan->mode) != 0)
		goto fail;
	what = "set owner and mode of";
	if (dress(s, new_name, plan) != 0)
		goto fail;
	what = "listen on";
	if (k->begin != NULL && k->begin(s) != 0)
		goto fail;
	what = "put in its place";
	if (renameat(s->dir_fd, new_name, s->dir_fd,
	    strrchr(s->path, '/') + 1) != 0)
		goto fail;
	s->made = true;
	return 0;

fail:
	(void)errmsg_errno(e, errno, "cannot %s the %s %s", what, k->what,
	    s->path);
	(void)unlinkat(s->dir_fd, new_name, 0);
	socket_file_close(s);
	return -1;
}

int
socket_file_open(struct socket_file *s, const struct socket_file_plan *plan,
    struct errmsg *e)
{
	return socket_file_place(s, &socket_kind, plan, e);
}

int
socket_file_adopt(struct socket_file *s, int fd, const char *path,
    struct errmsg *e)
{
	*s = (struct socket_file)SOCKET_FILE_INIT;
	(void)str_copy(s->path, sizeof(s->path), path);
	s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (s->fd >= 0 && io_set_nonblock(s->fd, true) == 0)
		return 0;
	(void)errmsg_errno(e, errno, "cannot use the socket %s", path);
	socket_file_close(s);
	return -1;
}

int
socket_file_dress(struct socket_file *s, const struct socket_file_plan *plan,
    struct errmsg *e)
{
	const char *name = strrchr(s->path, '/') + 1;
	const mode_t narrow = s->id.st_mode & plan->mode & MODE_ALL;
	struct socket_file_plan full = *plan;

	if (!s->made || !socket_file_stands(s))
		return errmsg_set(e, "socket %s: another one stands there",
		    s->path);
	if (full.owner == SOCKET_FILE_OUR_OWNER)
		full.owner = geteuid();
	if (full.group == SOCKET_FILE_OUR_GROUP)
		full.group = getegid();
	if ((s->id.st_mode & MODE_ALL) != narrow && fchmodat(s->dir_fd, name,
	    narrow, AT_SYMLINK_NOFOLLOW) != 0)
		goto fail;
	if (dress(s, name, &full) == 0 && fstatat(s->dir_fd, name, &s->id,
	    AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
fail:
	return errmsg_errno(e, errno, "cannot change the socket %s",
	    s->path);
}

/* ---- removing it ------------------------------------------------------ */

bool
socket_file_stands(const struct socket_file *s)
{
	struct stat now;

	return s->made && fstatat(s->dir_fd, strrchr(s->path, '/') + 1, &now,
	    AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == s->id.st_dev &&
	    now.st_ino == s->id.st_ino;
}

void
socket_file_remove(struct socket_file *s)
{
	if (socket_file_stands(s))
		(void)unlinkat(s->dir_fd, strrchr(s->path, '/') + 1, 0);
	s->made = false;
}

void
socket_file_close(struct socket_file *s)
{
	socket_file_remove(s);
	io_close(&s->fd);
	io_close(&s->dir_fd);
}
