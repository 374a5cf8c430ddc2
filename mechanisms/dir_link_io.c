/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of a connection: a layer of our own between socket and TLS.
 *
 * It keeps the deadline. With GnuTLS libldap 2.5 repeats a handshake's read
 * until there is something, however long that takes and without a pause; and
 * with any TLS a record that stops in its middle is waited for.
 *
 * It also reads ahead: liblber asks for eight bytes and then for the rest of
 * each message, and TLS in the same manner.
 */
#include "config.h"

#include <errno.h>
#include <ldap.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/compat/compat.h"
#include "mechanisms/dir_link_inside.h"

#define IO_LEVEL \
	((LBER_SBIOD_LEVEL_PROVIDER + LBER_SBIOD_LEVEL_TRANSPORT) / 2)

/* Whole answers to all our questions but unusual ones; and less than a page,
 * as each worker has two. */
#define AHEAD_BYTES 2048

struct ahead {
	const struct dir_link *link;
	size_t at, end;		/* of what is there: bytes[at] to bytes[end] */
	unsigned char bytes[AHEAD_BYTES];
};

static int
io_setup(Sockbuf_IO_Desc *io, void *ahead)
{
	io->sbiod_pvt = ahead;
	return 0;
}

/* Stored passwords may have come this way. */
static int
io_remove(Sockbuf_IO_Desc *io)
{
	explicit_bzero(io->sbiod_pvt, sizeof(struct ahead));
	free(io->sbiod_pvt);
	io->sbiod_pvt = NULL;
	return 0;
}

static int
io_ctrl(Sockbuf_IO_Desc *io, int option, void *arg)
{
	const struct ahead *a = io->sbiod_pvt;

	if (option == LBER_SB_OPT_DATA_READY && a->at < a->end)
		return 1;
	return LBER_SBIOD_CTRL_NEXT(io, option, arg);
}

static int
io_fd(Sockbuf_IO_Desc *io)
{
	int fd = -1;

	ber_sockbuf_ctrl(io->sbiod_sb, LBER_SB_OPT_GET_FD, &fd);
	return fd;
}

/* After a call that failed: is it worth another? -1 with errno when not, and
 * when the deadline passes first. */
static int
io_wait(const struct ahead *a, int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	if (errno == EINTR)
		return 0;
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return -1;
	n = poll(&p, 1, deadline_poll_msec(&a->link->deadline));
	if (n == 0)
		errno = ETIMEDOUT;
	return n == 1 || (n == -1 && errno == EINTR) ? 0 : -1;
}

static ssize_t
receive(Sockbuf_IO_Desc *io, void *to, size_t len)
{
	const int fd = io_fd(io);
	ssize_t n;

	do
		n = recv(fd, to, len, MSG_DONTWAIT);
	while (n == -1 && io_wait(io->sbiod_pvt, fd, POLLIN) == 0);
	return n;
}

static ber_slen_t
io_read(Sockbuf_IO_Desc *io, void *to, ber_len_t len)
{
	struct ahead *a = io->sbiod_pvt;
	ssize_t n;

	if (a->at == a->end) {
		if (len >= sizeof(a->bytes))
			return receive(io, to, len);
		n = receive(io, a->bytes, sizeof(a->bytes));
		if (n <= 0)
			return n;
		a->at = 0;
		a->end = (size_t)n;
	}
	if (len > a->end - a->at)
		len = a->end - a->at;
	memcpy(to, a->bytes + a->at, len);
	explicit_bzero(a->bytes + a->at, len);
	a->at += len;
	return (ber_slen_t)len;
}

static ber_slen_t
io_write(Sockbuf_IO_Desc *io, void *from, ber_len_t len)
{
	const int fd = io_fd(io);
	ssize_t n;

	do
		n = send(fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && io_wait(io->sbiod_pvt, fd, POLLOUT) == 0);
	return n;
}

static Sockbuf_IO ahead_io = {
	.sbi_setup = io_setup,
	.sbi_remove = io_remove,
	.sbi_ctrl = io_ctrl,
	.sbi_read = io_read,
	.sbi_write = io_write,
};

int
dir_link_take_io(struct dir_link *l, struct sockbuf *sb)
{
	struct ahead *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -1;
	a->link = l;
	if (ber_sockbuf_add_io(sb, &ahead_io, IO_LEVEL, a) == 0)
		return 0;
	free(a);
	return -1;
}

bool
dir_link_has_unread(const struct dir_link *l)
{
	Sockbuf *sb = NULL;

	return ldap_get_option(l->ld, LDAP_OPT_SOCKBUF, &sb) ==
	    LDAP_OPT_SUCCESS && sb != NULL &&
	    ber_sockbuf_ctrl(sb, LBER_SB_OPT_DATA_READY, NULL) > 0;
}
