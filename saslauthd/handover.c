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

#define BACKEND_MAX 1024	/* bytes of a pool's description */
#define ROLES_MAX 256		/* bytes of struct roles in a frame */
#define STOP_BYTES 4

#ifndef MFD_NOEXEC_SEAL		/* Linux 6.3 */
#define MFD_NOEXEC_SEAL 8U
#endif

int
handover_init(struct handover *h, const struct keeper_plan *plan)
{
	buf_init(&h->settings_pool, FRAME_MAX);
	buf_init(&h->settings_front, FRAME_MAX);
	buf_init(&h->backend, BACKEND_MAX);
	h->listener = h->control = h->tries = -1;
	/* In the foreground everybody's log is on stderr, too. */
	if (buf_put_u8(&h->settings_front, plan->foreground) == 0 &&
	    conf_entries_put(&h->settings_front, plan->own) == 0 &&
	    buf_put_u8(&h->settings_pool, plan->foreground) == 0 &&
	    buf_put_str(&h->settings_pool,
	    plan->config != NULL ? plan->config : "") == 0 &&
	    conf_entries_put(&h->settings_pool, plan->flags) == 0)
		return 0;
	log_msg(LOG_ERR, "main", "the settings are too long: "
	    "they must fit into %d bytes together", FRAME_MAX);
	return -1;
}

void
handover_fini(struct handover *h)
{
	buf_fini(&h->settings_pool);
	buf_fini(&h->settings_front);
	buf_fini(&h->backend);
	io_close(&h->listener);
	io_close(&h->control);
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

int
handover_to_front(struct handover *h, int channel, const struct roles *roles,
    struct errmsg *e)
{
	if (send_frame(channel, FRAME_SETTINGS, &h->settings_front, -1, e)
	    != 0 || send_frame(channel, FRAME_LISTENER, NULL, h->listener, e)
	    != 0)
		return -1;
	if (h->control >= 0 &&
	    send_frame(channel, FRAME_CONTROL, NULL, h->control, e) != 0)
		return -1;
	if (h->tries >= 0 &&
	    send_frame(channel, FRAME_TRIES, NULL, h->tries, e) != 0)
		return -1;
	if (handover_roles(channel, roles, e) != 0)
		return -1;
	(void)handover_log(channel);
	return send_frame(channel, FRAME_START, NULL, -1, e);
}

int
handover_roles(int front, const struct roles *roles, struct errmsg *e)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, ROLES_MAX);
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
handover_to_pool(struct handover *h, int channel, struct errmsg *e)
{
	return send_frame(channel, FRAME_SETTINGS, &h->settings_pool, -1, e);
}

int
handover_keep_backend(struct handover *h, const struct buf *b)
{
	buf_reset(&h->backend);
	return buf_put(&h->backend, buf_data(b), buf_len(b));
}

int
handover_link(struct handover *h, int front, int pool, struct errmsg *e)
{
	int fds[2], rc = -1;

	if (frame_channel(fds) != 0)
		return errmsg_errno(e, errno, "socketpair");
	if (send_frame(front, FRAME_PEER, &h->backend, fds[0], e) == 0 &&
	    send_frame(pool, FRAME_PEER, NULL, fds[1], e) == 0)
		rc = 0;
	io_close(&fds[0]);
	io_close(&fds[1]);
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
