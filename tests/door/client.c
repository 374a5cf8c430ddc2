/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door emulation's files, and who calls.
 */
#include "config.h"

#include <door.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <stropts.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/door/door_at.h"

#define NAME_AT offsetof(struct sockaddr_un, sun_path)

/* ---- files ------------------------------------------------------------ */

/* False: it has no door. */
static bool
read_address(int fd, struct door_address *at)
{
	char bytes[DOOR_AT_HEAD_LEN + sizeof(at->sun.sun_path)];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

	if (n <= (ssize_t)DOOR_AT_HEAD_LEN ||
	    memcmp(bytes, DOOR_AT_MAGIC, DOOR_AT_MAGIC_LEN) != 0)
		return false;
	*at = (struct door_address){ .sun = { .sun_family = AF_UNIX } };
	memcpy(&at->mode, bytes + DOOR_AT_MAGIC_LEN, sizeof(at->mode));
	memcpy(at->sun.sun_path, bytes + DOOR_AT_HEAD_LEN,
	    (size_t)n - DOOR_AT_HEAD_LEN);
	at->len = (socklen_t)(NAME_AT + (size_t)n - DOOR_AT_HEAD_LEN);
	return true;
}

static int
open_file(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

int
fattach(int fd, const char *path)
{
	char bytes[DOOR_AT_HEAD_LEN + sizeof(struct sockaddr_un)];
	struct door_address at = { .len = sizeof(at.sun) }, there;
	struct stat sb;
	int file, rc = -1;
	size_t n;

	if (getsockname(fd, (struct sockaddr *)&at.sun, &at.len) != 0 ||
	    at.len <= NAME_AT) {
		errno = EINVAL;
		return -1;
	}
	file = open_file(path);
	if (file < 0)
		return -1;
	n = at.len - NAME_AT;
	memcpy(bytes, DOOR_AT_MAGIC, DOOR_AT_MAGIC_LEN);
	memcpy(bytes + DOOR_AT_HEAD_LEN, at.sun.sun_path, n);
	n += DOOR_AT_HEAD_LEN;
	if (fstat(file, &sb) == 0)
		memcpy(bytes + DOOR_AT_MAGIC_LEN, &sb.st_mode,
		    sizeof(sb.st_mode));
	if (read_address(file, &there))
		errno = EBUSY;
	else if (pwrite(file, bytes, n, 0) == (ssize_t)n)
		rc = 0;
	(void)close(file);
	return rc;
}

int
fdetach(const char *path)
{
	struct door_address at;
	int file, rc = -1;

	file = open_file(path);
	if (file < 0)
		return -1;
	if (!read_address(file, &at))
		errno = EINVAL;
	else if ((rc = ftruncate(file, 0)) == 0)
		(void)fchmod(file, at.mode & 07777);
	(void)close(file);
	return rc;
}

/* ---- calling ---------------------------------------------------------- */

/* A connection to it; -1 with errno, EBADF when it is no door or nobody
 * serves it. */
static int
reach(int fd, bool *is_door_r)
{
	struct door_address at;
	int s;

	*is_door_r = read_address(fd, &at);
	if (!*is_door_r) {
		errno = EBADF;
		return -1;
	}
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s >= 0 && connect(s, (struct sockaddr *)&at.sun, at.len) != 0) {
		(void)close(s);
		s = -1;
		errno = EBADF;
	}
	return s;
}

int
door_info(int fd, door_info_t *info)
{
	struct ucred peer = { .pid = -1 };
	socklen_t len = sizeof(peer);
	bool is_door;
	int s = reach(fd, &is_door);

	if (!is_door)
		return -1;
	if (s >= 0) {
		(void)getsockopt(s, SOL_SOCKET, SO_PEERCRED, &peer, &len);
		(void)close(s);
	}
	info->di_target = peer.pid;
	info->di_attributes = s < 0 ? DOOR_REVOKED : 0;
	return 0;
}

static bool
send_all(int s, const void *bytes, size_t n)
{
	const char *at = bytes;
	ssize_t sent;

	while (n > 0) {
		sent = send(s, at, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool
receive_all(int s, void *bytes, size_t n)
{
	return n == 0 || recv(s, bytes, n, MSG_WAITALL) == (ssize_t)n;
}

/* Where the reply has no room the system gives other memory, as a real one
 * does. */
static bool
make_room(door_arg_t *params, size_t n)
{
	void *memory;

	if (n <= params->rsize)
		return true;
	memory = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	params->rbuf = memory;
	params->rsize = n;
	return true;
}

int
door_call(int fd, door_arg_t *params)
{
	door_size_t size = params->data_size;
	bool is_door;
	int s = reach(fd, &is_door), rc = -1;

	if (s < 0)
		return -1;
	if (send_all(s, &size, sizeof(size)) &&
	    send_all(s, params->data_ptr, params->data_size) &&
	    receive_all(s, &size, sizeof(size)) &&
	    make_room(params, size) &&
	    receive_all(s, params->rbuf, size)) {
		params->data_ptr = params->rbuf;
		params->data_size = size;
		params->desc_num = 0;
		rc = 0;
	} else {
		errno = EINTR;	/* the server ended in the middle of it */
	}
	(void)close(s);
	return rc;
}
