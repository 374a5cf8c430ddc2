/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Only its own process can serve a door, so the front makes them. What stands
 * at the path is an empty file, until the keeper attaches the front's door to
 * it; the descriptor in struct socket_file is that of the file underneath, by
 * which keeper and front know it.
 */
#include "config.h"

#include <door.h>
#include <errno.h>
#include <fcntl.h>
#include <stropts.h>
#include <unistd.h>

#include "common/io.h"
#include "common/log.h"
#include "saslauthd/listen_file.h"

#define MODE_OF_DOORS 0644

/* ---- who is there ----------------------------------------------------- */

static bool
find_door(const char *path, door_info_t *info_r)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool found = fd >= 0 && door_info(fd, info_r) == 0;

	io_close(&fd);
	return found;
}

/* Nobody is called: door_call(3C) has no time limit. */
static bool
is_served(const char *path)
{
	door_info_t info;

	return find_door(path, &info) &&
	    (info.di_attributes & DOOR_REVOKED) == 0;
}

/* A daemon of another build has a socket there. */
bool
listen_file_answers(const char *path)
{
	return is_served(path) || socket_file_answers(path);
}

bool
listen_file_is_held(const char *path)
{
	return is_served(path) || socket_file_is_held(path);
}

/* After a crash of the system the file is empty. */
bool
listen_file_may_replace(const char *path)
{
	door_info_t info;
	struct stat sb;

	if (socket_file_may_replace(path) || find_door(path, &info))
		return true;
	return lstat(path, &sb) == 0 && S_ISREG(sb.st_mode) &&
	    sb.st_size == 0;
}

/* For the configured 0777 it is 0644, as it always was: to ask takes the right
 * to read, and nobody has anything to write there. */
mode_t
listen_file_mode(mode_t configured)
{
	return configured & MODE_OF_DOORS;
}

/* door_call(3C) takes a descriptor that is open for reading. */
bool
listen_file_is_open(mode_t mode)
{
	return (mode & S_IROTH) != 0;
}

/* ---- coming and going ------------------------------------------------- */

static int
make_file(struct socket_file *s, const char *name, mode_t mode)
{
	mode_t mask;

	(void)unlinkat(s->dir_fd, name, 0);
	mask = umask(0);
	s->fd = openat(s->dir_fd, name, O_RDONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, mode);
	(void)umask(mask);
	return s->fd >= 0 ? 0 : -1;
}

/* rename(2) does not take the place of a file with a door. */
static void
detach_stale(const char *path)
{
	door_info_t info;

	if (find_door(path, &info))
		(void)fdetach(path);
}

int
listen_file_open(struct socket_file *s, const struct socket_file_plan *plan,
    struct errmsg *e)
{
	static const struct socket_file_kind door_kind = {
		"door", S_IFREG, make_file, NULL
	};

	detach_stale(plan->path);
	return socket_file_place(s, &door_kind, plan, e);
}

int
listen_file_adopt(struct socket_file *s, int fd, const char *path,
    struct errmsg *e)
{
	(void)fd;
	*s = (struct socket_file)SOCKET_FILE_INIT;
	return errmsg_set(e, "LISTEN_FDS: clients of this build ask through "
	    "doors, not at the socket %s", path);
}

bool
listen_file_takes_doors(void)
{
	return true;
}

/* Whoever changed owner or mode while a door was attached did not change those
 * of the file underneath, which the next door is given; see fattach(3C). */
static int
carry_rights(const struct socket_file *s, const struct stat *seen)
{
	struct stat file;

	if (fstat(s->fd, &file) != 0)
		return -1;
	if ((file.st_uid != seen->st_uid || file.st_gid != seen->st_gid) &&
	    fchown(s->fd, seen->st_uid, seen->st_gid) != 0)
		return -1;
	return (file.st_mode & 07777) == (seen->st_mode & 07777) ? 0 :
	    fchmod(s->fd, seen->st_mode & 07777);
}

int
listen_file_attach(struct socket_file *s, int door, struct errmsg *e)
{
	struct stat seen;

	if (!socket_file_stands(s) || lstat(s->path, &seen) != 0)
		return errmsg_set(e, "cannot attach a door to %s: another "
		    "file stands there, or none", s->path);
	if (fdetach(s->path) == 0 && carry_rights(s, &seen) != 0)
		return errmsg_errno(e, errno, "cannot attach a door to %s",
		    s->path);
	/* What stat(2) tells of the path may be others than before. */
	if (fattach(door, s->path) != 0 || lstat(s->path, &s->id) != 0)
		return errmsg_errno(e, errno, "cannot attach a door to %s",
		    s->path);
	s->type = s->id.st_mode & S_IFMT;
	return 0;
}

void
listen_file_remove(struct socket_file *s)
{
	struct stat file;

	if (socket_file_stands(s) && fdetach(s->path) == 0 &&
	    fstat(s->fd, &file) == 0)
		s->id = file;
	socket_file_remove(s);
}

void
listen_file_close(struct socket_file *s)
{
	listen_file_remove(s);
	socket_file_close(s);
}

void
listen_file_announce(const struct socket_file *s)
{
	log_msg(LOG_INFO, "ipc_init", "door on: %s", s->path);
}
