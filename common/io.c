/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io - descriptors: flags, Unix sockets, whole reads and writes in a time.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/str.h"

#define MSEC_PER_SEC 1000
#define USEC_PER_MSEC 1000
#ifndef MFD_NOEXEC_SEAL		/* Linux 6.3 */
#define MFD_NOEXEC_SEAL 8U
#endif
#define FILE_PIECE 4096		/* bytes read from a file at a time */

size_t
io_unix_path_max(void)
{
	return sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
}

int
io_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return -1;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) == -1 ? -1 : 0;
}

int
io_set_cloexec(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags == -1)
		return -1;
	flags = on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC;
	return fcntl(fd, F_SETFD, flags) == -1 ? -1 : 0;
}

int
io_fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	io_close(&fd);
	return 0;
}

void
io_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

/*
 * A stream connect to a full backlog sleeps; SO_SNDTIMEO bounds that sleep
 * (socket(7)), which poll(2) cannot: the kernel answers a non-blocking
 * connect with EAGAIN and promises no wake-up. The limit is lifted again,
 * 0 being "none".
 */
static int
set_send_limit(int fd, const struct deadline *d)
{
	struct timeval tv = { 0, 0 };
	int msec = deadline_poll_msec(d);

	if (msec > 0) {
		tv.tv_sec = msec / MSEC_PER_SEC;
		tv.tv_usec = msec % MSEC_PER_SEC * USEC_PER_MSEC;
	}
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static int
connect_until(int fd, const struct sockaddr_un *to, const struct deadline *d)
{
	int rc;

	do {
		if (deadline_poll_msec(d) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (set_send_limit(fd, d) == -1)
			return -1;
		rc = connect(fd, (const struct sockaddr *)to, sizeof(*to));
	} while (rc == -1 && errno == EINTR);
	if (rc == -1 && (errno == EAGAIN || errno == EINPROGRESS))
		errno = ETIMEDOUT;
	if (rc == 0)
		rc = set_send_limit(fd, NULL);
	return rc;
}

int
io_unix_connect(const char *path, const struct deadline *d, int *errnum_r,
    struct errmsg *e)
{
	struct sockaddr_un to;
	int fd = -1, errnum = 0;

	memset(&to, 0, sizeof(to));
	to.sun_family = AF_UNIX;
	if (str_copy(to.sun_path, sizeof(to.sun_path), path) == -1) {
		errnum = ENAMETOOLONG;
		goto out;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect_until(fd, &to, d) == -1) {
		errnum = errno;
		io_close(&fd);
	}
out:
	if (errnum != 0)
		errmsg_errno(e, errnum, "%s", path);
	if (errnum_r != NULL)
		*errnum_r = errnum;
	return fd;
}

/* Sleep until fd can be read (written); -1 with ETIMEDOUT at the deadline. */
static int
wait_for(int fd, short events, const struct deadline *d)
{
	struct pollfd p = { .fd = fd, .events = events, .revents = 0 };
	int n;

	do
		n = poll(&p, 1, deadline_poll_msec(d));
	while (n == -1 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n == 1 ? 0 : -1;
}

static bool
worth_another_try(int errnum)
{
	return errnum == EINTR || errnum == EAGAIN || errnum == EWOULDBLOCK;
}

/* One write that does not sleep. What is no socket gets at most PIPE_BUF,
 * which a pipe that polled writable takes at once (pipe(7)). */
static ssize_t
write_some(int fd, const void *bytes, size_t n)
{
	ssize_t done;

	done = send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (done == -1 && errno == ENOTSOCK)
		done = write(fd, bytes, n > PIPE_BUF ? PIPE_BUF : n);
	return done;
}

int
io_write_all(int fd, const void *bytes, size_t n, const struct deadline *d)
{
	const unsigned char *p = bytes;
	ssize_t done;

	while (n > 0) {
		if (wait_for(fd, POLLOUT, d) == -1)
			return -1;
		done = write_some(fd, p, n);
		if (done == -1 && !worth_another_try(errno))
			return -1;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

int
io_read_all(int fd, void *bytes, size_t n, const struct deadline *d)
{
	unsigned char *p = bytes;
	size_t have = 0;
	ssize_t got;

	while (have < n) {
		if (wait_for(fd, POLLIN, d) == -1)
			return -1;
		got = read(fd, p + have, n - have);
		if (got == -1 && !worth_another_try(errno))
			return -1;
		if (got == 0 && have == 0)
			return 0;
		if (got == 0) {
			errno = EPIPE;
			return -1;
		}
		if (got > 0)
			have += (size_t)got;
	}
	return 1;
}

/* Everything fd has, as long as it fits; -1 with errno. From *at, or from
 * where the descriptor is (NULL). */
static int
read_to_end(int fd, off_t *at, struct buf *b)
{
	unsigned char *to;
	ssize_t got;

	do {
		to = buf_room(b, FILE_PIECE);
		if (to == NULL) {
			errno = ENOMEM;
			return -1;
		}
		got = at != NULL ? pread(fd, to, FILE_PIECE, *at) :
		    read(fd, to, FILE_PIECE);
		if (got == -1 && errno != EINTR)
			return -1;
		if (got > 0)
			buf_added(b, (size_t)got);
		if (got > 0 && at != NULL)
			*at += got;
		if (buf_len(b) > b->max - FILE_PIECE) {
			errno = EFBIG;
			return -1;
		}
	} while (got != 0);
	return 0;
}

/* One piece more than allowed is read, so that too much can be seen. The text
 * comes in a buf, which leaves no copy behind when it grows. */
static int
read_text(int fd, off_t *at, size_t max, char **text_r, size_t *len_r)
{
	int saved, rc = -1;
	struct buf b;

	buf_init(&b, max + FILE_PIECE);
	if (read_to_end(fd, at, &b) == 0) {
		*len_r = buf_len(&b);
		(void)buf_put_u8(&b, 0);	/* there was room for a piece */
		*text_r = (char *)b.bytes;
		b.bytes = NULL;
		rc = 0;
	}
	saved = errno;
	if (b.bytes != NULL)
		buf_fini(&b);
	errno = saved;
	return rc;
}

int
io_read_file(const char *path, size_t max, char **text_r, size_t *len_r,
    struct errmsg *e)
{
	int fd, saved, rc = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd != -1)
		rc = read_text(fd, NULL, max, text_r, len_r);
	saved = errno;
	if (rc != 0)
		(void)errmsg_errno(e, saved, "%s", path);
	io_close(&fd);
	errno = saved;
	return rc;
}

int
io_read_fd(int fd, size_t max, char **text_r, size_t *len_r)
{
	off_t at = 0;

	return read_text(fd, &at, max, text_r, len_r);
}

int
io_memory(const char *name)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd;

	/* Newer kernels may insist on the flag, older ones do not know it. */
	fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd;
}

int
io_copy_file(const char *path, size_t max, const char *name)
{
	const struct deadline never = deadline_never();
	int fd = -1, rc, saved;
	char *text;
	size_t len;

	if (io_read_file(path, max, &text, &len, NULL) != 0)
		return -1;
	fd = io_memory(name);
	rc = fd >= 0 && io_write_all(fd, text, len, &never) == 0 ?
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_WRITE | F_SEAL_SEAL) : -1;
	saved = errno;
	explicit_bzero(text, len);
	free(text);
	if (rc != 0)
		io_close(&fd);
	errno = saved;
	return fd;
}

/* Both ends included. Kernels before 5.9 lack close_range(2), and sandboxes
 * older than that refuse it. */
static void
close_between(unsigned first, unsigned last)
{
	unsigned fd, end;
	long limit;

	if (first > last)
		return;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, last, 0) == 0)
		return;
#endif
	limit = sysconf(_SC_OPEN_MAX);
	end = limit > 0 && (unsigned long)limit <= last ?
	    (unsigned)limit - 1 : last;
	for (fd = first; fd <= end && fd <= INT_MAX; fd++)
		(void)close((int)fd);
}

void
io_close_from(int first, const int *keep, size_t nkeep)
{
	unsigned from = (unsigned)first;
	size_t i;

	for (i = 0; i < nkeep; i++) {
		if (keep[i] < first)
			continue;
		if (keep[i] > 0)
			close_between(from, (unsigned)keep[i] - 1);
		from = (unsigned)keep[i] + 1;
	}
	close_between(from, ~0U);
}
