/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame - messages between our own processes.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/compat/compat.h"
#include "common/deadline.h"
#include "common/frame.h"
#include "common/io.h"
#include "common/wire.h"

/* After -r a login is "login@realm". */
#define LOGIN_MAX (2 * WIRE_NAME_MAX_LIMIT + 1)
#define ADDRESS_MAX WIRE_NAME_MAX_LIMIT

#define PIECE_MAX (FRAME_MAX - 1)	/* a byte tells whether more come */

#define FLAG_ONE_TIME 1U
#define FLAG_RETIRE 2U
#define FLAGS_ALL (FLAG_ONE_TIME | FLAG_RETIRE)

/* Bytes that go straight into the payload. Nearly every frame fits; a rare
 * larger one spills over, so that the buffer of a process that lives for
 * months stays small. */
#define COMMON_SIZE 1024

/* Room for control data of more descriptors than are ever welcome: those
 * that come must be seen to be closed. */
#define PASS_ROOM 4

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(PASS_ROOM * sizeof(int))];
};

int
frame_channel(int fd_r[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd_r);
}

static enum frame_status
status_of_errno(int errnum)
{
	switch (errnum) {
	case EAGAIN:
#if EWOULDBLOCK != EAGAIN
	case EWOULDBLOCK:
#endif
		return FRAME_AGAIN;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return FRAME_EOF;
	}
	return FRAME_BAD;
}

static void
attach(struct msghdr *m, union control *control, int passfd)
{
	struct cmsghdr *c;

	memset(control, 0, sizeof(*control));
	m->msg_control = control;
	m->msg_controllen = CMSG_SPACE(sizeof(int));
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &passfd, sizeof(int));
}

enum frame_status
frame_send(int fd, enum frame_type type, const struct buf *payload,
    int passfd)
{
	unsigned char first = (unsigned char)type;
	union control control;
	struct iovec iov[2] = { { &first, 1 }, { NULL, 0 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 1 };
	ssize_t n;

	/* Gathered by the kernel: a password is not copied once more. */
	if (payload != NULL && buf_len(payload) > 0) {
		if (buf_len(payload) > FRAME_MAX)
			return FRAME_BAD;
		iov[1].iov_base = payload->bytes + payload->start;
		iov[1].iov_len = buf_len(payload);
		m.msg_iovlen = 2;
	}
	if (passfd >= 0)
		attach(&m, &control, passfd);
	do
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == -1 ? status_of_errno(errno) : FRAME_OK;
}

enum frame_status
frame_send_wait(int fd, enum frame_type type, const struct buf *payload,
    int passfd, int64_t msec)
{
	struct deadline d = deadline_in_msec(msec);
	struct pollfd room = { fd, POLLOUT, 0 };
	enum frame_status st;

	while ((st = frame_send(fd, type, payload, passfd)) == FRAME_AGAIN &&
	    !deadline_passed(&d))
		(void)poll(&room, 1, deadline_poll_msec(&d));
	return st;
}

/* ---- in pieces -------------------------------------------------------- */

enum frame_status
frame_send_long(int fd, enum frame_type type, const struct buf *payload,
    int64_t msec)
{
	const unsigned char *at = buf_data(payload);
	size_t left = buf_len(payload), len;
	enum frame_status st;
	struct buf piece;

	buf_init(&piece, FRAME_MAX);
	do {
		len = left < PIECE_MAX ? left : PIECE_MAX;
		buf_reset(&piece);
		if (buf_put_u8(&piece, left > len) != 0 ||
		    buf_put(&piece, at, len) != 0) {
			st = FRAME_BAD;
			break;
		}
		st = frame_send_wait(fd, type, &piece, -1, msec);
		at += len;
		left -= len;
	} while (st == FRAME_OK && left > 0);
	buf_fini(&piece);
	return st;
}

int
frame_take_piece(struct buf *whole, struct buf *piece)
{
	unsigned more;

	if (buf_get_u8(piece, &more) != 0 || more > 1 ||
	    buf_put(whole, buf_data(piece), buf_len(piece)) != 0)
		return -1;
	return more == 0;
}

/* ---- receiving -------------------------------------------------------- */

/* The one descriptor that came with m, or -1. Closes them all and returns
 * false when there are more or the kernel had to drop some. */
static bool
take_descriptor(struct msghdr *m, int *fd_r)
{
	struct cmsghdr *c;
	size_t i, n, count = 0;
	int fd;

	*fd_r = -1;
	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(fd));
			if (count++ == 0)
				*fd_r = fd;
			else
				io_close(&fd);
		}
	}
	if (count <= 1 && (m->msg_flags & MSG_CTRUNC) == 0)
		return true;
	io_close(fd_r);
	return false;
}

/*
 * The packet's payload of n bytes has its beginning in the room of `payload`
 * and the rest in spill.
 */
static enum frame_status
accept_packet(const struct msghdr *m, size_t n, struct buf *payload,
    const unsigned char *spill)
{
	if ((m->msg_flags & MSG_TRUNC) != 0)
		return FRAME_BAD;
	if (n <= COMMON_SIZE) {
		buf_added(payload, n);
		return FRAME_OK;
	}
	buf_added(payload, COMMON_SIZE);
	return buf_put(payload, spill, n - COMMON_SIZE) == -1 ? FRAME_BAD :
	    FRAME_OK;
}

enum frame_status
frame_recv(int fd, enum frame_type *type_r, struct buf *payload,
    int *passfd_r)
{
	/* Of static storage and touched only as far as a packet is large: no
	 * page of it is resident before a large frame came. Our processes
	 * have one thread each. */
	static unsigned char spill[FRAME_MAX - COMMON_SIZE];
	unsigned char first = 0;
	union control control;
	struct iovec iov[3] = {
		{ &first, 1 }, { NULL, COMMON_SIZE }, { spill, sizeof(spill) }
	};
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 3,
	    .msg_control = &control, .msg_controllen = sizeof(control) };
	enum frame_status status;
	unsigned tries = 0;
	int passfd;
	ssize_t n;

	buf_reset(payload);
	if (passfd_r != NULL)
		*passfd_r = -1;
	iov[1].iov_base = buf_room(payload, COMMON_SIZE);
	if (iov[1].iov_base == NULL)
		return FRAME_BAD;
	/* A peer that died with something unread leaves ECONNRESET in front
	 * of its last words: once it is told, they can be read. */
	do
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (n == -1 && (errno == EINTR || (errno == ECONNRESET &&
	    tries++ == 0)));
	if (n == -1)
		return status_of_errno(errno);

	/* A packet without even a type looks like end of file; its sender is
	 * no more use than one that is gone. */
	status = n == 0 ? FRAME_EOF :
	    accept_packet(&m, (size_t)n - 1, payload, spill);
	if (n > 1 + COMMON_SIZE)
		explicit_bzero(spill, (size_t)n - 1 - COMMON_SIZE);
	if (!take_descriptor(&m, &passfd) && status == FRAME_OK)
		status = FRAME_BAD;
	if (status == FRAME_OK && (first == 0 || first >= FRAME_TYPES ||
	    (passfd != -1 && passfd_r == NULL)))
		status = FRAME_BAD;
	if (status != FRAME_OK) {
		io_close(&passfd);
		buf_reset(payload);
		return status;
	}
	if (passfd_r != NULL)
		*passfd_r = passfd;
	*type_r = (enum frame_type)first;
	return FRAME_OK;
}

int
frame_put_request(struct buf *b, const struct frame_request *r)
{
	const struct secret *pw = &r->password;

	if (buf_put_u64(b, r->id) == -1 ||
	    buf_put_u32(b, r->left_msec) == -1 ||
	    buf_put_u8(b, r->verbose) == -1 ||
	    buf_put_str(b, r->login) == -1 ||
	    buf_put_str(b, r->service) == -1 ||
	    buf_put_str(b, r->realm) == -1 ||
	    buf_put_str(b, r->address) == -1 ||
	    buf_put_counted(b, pw->bytes, pw->len) == -1)
		return -1;
	return 0;
}

int
frame_get_request(struct buf *b, struct frame_request *r)
{
	unsigned verbose;

	memset(r, 0, sizeof(*r));
	if (buf_get_u64(b, &r->id) == -1 ||
	    buf_get_u32(b, &r->left_msec) == -1 ||
	    buf_get_u8(b, &verbose) == -1 || verbose > 1 ||
	    buf_get_str(b, LOGIN_MAX, &r->login) == -1 ||
	    buf_get_str(b, WIRE_NAME_MAX_LIMIT, &r->service) == -1 ||
	    buf_get_str(b, WIRE_NAME_MAX_LIMIT, &r->realm) == -1 ||
	    buf_get_str(b, ADDRESS_MAX, &r->address) == -1 ||
	    buf_get_secret(b, WIRE_PASSWORD_MAX_LIMIT, &r->password) == -1)
		return -1;
	r->verbose = verbose != 0;
	return buf_len(b) == 0 ? 0 : -1;
}

void
frame_request_fini(struct frame_request *r)
{
	free(r->login);
	free(r->service);
	free(r->realm);
	free(r->address);
	secret_wipe(&r->password);
	memset(r, 0, sizeof(*r));
}

int
frame_put_answer(struct buf *b, const struct frame_answer *a)
{
	unsigned flags = (a->one_time ? FLAG_ONE_TIME : 0) |
	    (a->retire ? FLAG_RETIRE : 0);

	if (buf_put_u64(b, a->id) == -1 ||
	    buf_put_u8(b, a->result) == -1 ||
	    buf_put_u8(b, a->reason) == -1 ||
	    buf_put_u8(b, flags) == -1 ||
	    buf_put_u32(b, a->delay_msec) == -1 ||
	    buf_put_str(b, a->detail) == -1)
		return -1;
	return 0;
}

int
frame_get_answer(struct buf *b, struct frame_answer *a)
{
	unsigned result, reason, flags;

	memset(a, 0, sizeof(*a));
	if (buf_get_u64(b, &a->id) == -1 ||
	    buf_get_u8(b, &result) == -1 || !auth_result_valid(result) ||
	    buf_get_u8(b, &reason) == -1 || !auth_reason_valid(reason) ||
	    buf_get_u8(b, &flags) == -1 || (flags & ~FLAGS_ALL) != 0 ||
	    buf_get_u32(b, &a->delay_msec) == -1 ||
	    buf_get_chars(b, a->detail, sizeof(a->detail)) == -1 ||
	    buf_len(b) != 0)
		return -1;
	a->result = (enum auth_result)result;
	a->reason = (enum auth_reason)reason;
	a->one_time = (flags & FLAG_ONE_TIME) != 0;
	a->retire = (flags & FLAG_RETIRE) != 0;
	return 0;
}

int
frame_put_parts(struct buf *b, const struct frame_part *list, size_t count)
{
	size_t i;

	if (buf_put_u32(b, (uint32_t)count) == -1)
		return -1;
	for (i = 0; i < count; i++)
		if (buf_put_str(b, list[i].name) == -1 ||
		    buf_put_u8(b, list[i].up) == -1 ||
		    buf_put_u64(b, (uint64_t)list[i].since_msec) == -1 ||
		    buf_put_str(b, list[i].why) == -1)
			return -1;
	return 0;
}

static int
get_part(struct buf *b, struct frame_part *p)
{
	uint64_t since;
	unsigned up;

	if (buf_get_chars(b, p->name, sizeof(p->name)) == -1 ||
	    buf_get_u8(b, &up) == -1 || up > 1 ||
	    buf_get_u64(b, &since) == -1 || since > INT64_MAX ||
	    buf_get_chars(b, p->why, sizeof(p->why)) == -1)
		return -1;
	p->up = up != 0;
	p->since_msec = (int64_t)since;
	return 0;
}

int
frame_get_parts(struct buf *b, struct frame_part **list_r, size_t *count_r)
{
	struct frame_part *list = NULL;
	uint32_t count, i;

	*list_r = NULL;
	*count_r = 0;
	if (buf_get_u32(b, &count) == -1 || count > FRAME_PARTS_MAX)
		return -1;
	if (count > 0 && (list = calloc(count, sizeof(*list))) == NULL)
		return -1;
	for (i = 0; i < count; i++)
		if (get_part(b, &list[i]) == -1)
			break;
	if (i < count || buf_len(b) != 0) {
		free(list);
		return -1;
	}
	*list_r = list;
	*count_r = count;
	return 0;
}

const char *
frame_build_id(void)
{
	return FRAME_BUILD_ID;
}
