/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "saslauthd/handover.h"

#define STOP_BYTES 4

#ifndef MFD_NOEXEC_SEAL		/* Linux 6.3 */
#define MFD_NOEXEC_SEAL 8U
#endif

static int
too_long(void)
{
	log_msg(LOG_ERR, "main", "the settings are too long: "
	    "they must fit into %d bytes together", FRAME_MAX);
	return -1;
}

int
handover_init(struct handover *h, const struct keeper_plan *plan,
    const struct sockets *sockets)
{
	buf_init(&h->settings, FRAME_MAX);
	h->sockets = sockets;
	h->control = h->tries = -1;
	/* In the foreground everybody's log is on stderr, too. */
	if (buf_put_u8(&h->settings, plan->foreground) == 0 &&
	    conf_entries_put(&h->settings, plan->own) == 0)
		return 0;
	return too_long();
}

int
handover_put_pool(struct buf *b, const struct keeper_plan *plan,
    const char *backend)
{
	const char *config = plan->config != NULL ? plan->config : "";

	if (buf_put_u8(b, plan->foreground) == 0 &&
	    buf_put_str(b, config) == 0 && buf_put_str(b, backend) == 0 &&
	    conf_entries_put(b, plan->flags) == 0)
		return 0;
	return too_long();
}

void
handover_fini(struct handover *h)
{
	buf_fini(&h->settings);
	io_close(&h->tries);
}

int
handover_make_tries(struct handover *h, size_t bytes, struct errmsg *e)
{
	static const char name[] = "saslauthd-tries";
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd;

	/* Newer kernels may insist on the flag, older ones do not know it. */
	fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	if (fd < 0)
		return errmsg_errno(e, errno, "memfd_create");
	/* A front that could shrink it would crash the next one. */
	if (ftruncate(fd, (off_t)bytes) != 0 || fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		(void)errmsg_errno(e, errno, "shared memory of %zu bytes",
		    bytes);
		io_close(&fd);
		return -1;
	}
	h->tries = fd;
	return 0;
}

static int
send_frame(int channel, enum frame_type type, const struct buf *b, int fd,
    struct errmsg *e)
{
	if (frame_send(channel, type, b, fd) == FRAME_OK)
		return 0;
	return errmsg_errno(e, errno, "frame of type %d", (int)type);
}

/* The front knows its listeners by the site's names. */
static int
send_listener(int front, const struct sockets_one *one, struct errmsg *e)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, FRAME_MAX);
	if (buf_put_str(&b, one->name) == 0)
		rc = send_frame(front, FRAME_LISTENER, &b, one->file.fd, e);
	else
		(void)errmsg_set(e, "out of memory");
	buf_fini(&b);
	return rc;
}

int
handover_to_front(struct handover *h, int front, const struct roles *roles,
    struct errmsg *e)
{
	size_t i;

	if (send_frame(front, FRAME_SETTINGS, &h->settings, -1, e) != 0)
		return -1;
	for (i = 0; i < h->sockets->count; i++)
		if (send_listener(front, &h->sockets->list[i], e) != 0)
			return -1;
	if (h->control >= 0 &&
	    send_frame(front, FRAME_CONTROL, NULL, h->control, e) != 0)
		return -1;
	if (h->tries >= 0 &&
	    send_frame(front, FRAME_TRIES, NULL, h->tries, e) != 0)
		return -1;
	if (handover_roles(front, roles, e) != 0)
		return -1;
	(void)handover_log(front);
	return send_frame(front, FRAME_START, NULL, -1, e);
}

int
handover_roles(int front, const struct roles *roles, struct errmsg *e)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, FRAME_MAX);
	if (roles_put(&b, roles) == 0)
		rc = send_frame(front, FRAME_ROLES, &b, -1, e);
	else
		(void)errmsg_set(e, "out of memory");
	buf_fini(&b);
	return rc;
}

int
handover_stop(int front, uint32_t msec, struct errmsg *e)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, STOP_BYTES);
	if (buf_put_u32(&b, msec) == 0)
		rc = send_frame(front, FRAME_STOP, &b, -1, e);
	else
		(void)errmsg_set(e, "out of memory");
	buf_fini(&b);
	return rc;
}

int
handover_to_pool(int pool, const struct buf *settings, struct errmsg *e)
{
	return send_frame(pool, FRAME_SETTINGS, settings, -1, e);
}

int
handover_link(int front, int pool, const char *backend,
    const struct buf *description, struct errmsg *e)
{
	int fds[2], rc = -1;
	struct buf b;

	if (frame_channel(fds) != 0)
		return errmsg_errno(e, errno, "socketpair");
	buf_init(&b, FRAME_MAX);
	if (buf_put_str(&b, backend) != 0 ||
	    buf_put(&b, buf_data(description), buf_len(description)) != 0)
		(void)errmsg_set(e, "out of memory");
	else if (send_frame(front, FRAME_PEER, &b, fds[0], e) == 0 &&
	    send_frame(pool, FRAME_PEER, NULL, fds[1], e) == 0)
		rc = 0;
	buf_fini(&b);
	io_close(&fds[0]);
	io_close(&fds[1]);
	return rc;
}

int
handover_backend(int front, const char *backend, const char *why,
    struct errmsg *e)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, FRAME_MAX);
	if (buf_put_str(&b, backend) == 0 && buf_put_str(&b, why) == 0)
		rc = send_frame(front, FRAME_BACKEND, &b, -1, e);
	else
		(void)errmsg_set(e, "out of memory");
	buf_fini(&b);
	return rc;
}

int
handover_log(int front)
{
	int fd, rc;

	fd = log_socket_open();
	if (fd < 0)
		return -1;
	rc = frame_send(front, FRAME_LOG, NULL, fd) == FRAME_OK ? 0 : -1;
	io_close(&fd);
	return rc;
}
