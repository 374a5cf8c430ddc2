/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "saslauthd/handover.h"

#define STOP_BYTES 4
#define PATIENCE_MSEC 5000	/* for a child that has much to read */

int
handover_put_pool(struct buf *b, const struct plan *plan,
    const char *backend)
{
	const char *config = plan->config != NULL ? plan->config : "";
	const struct options *o = &plan->launch->options;

	if (buf_put_u8(b, o->foreground) == 0 &&
	    buf_put_str(b, config) == 0 && buf_put_str(b, backend) == 0 &&
	    conf_entries_put(b, &o->entries) == 0 &&
	    buf_put_str(b, plan->site.settings.user) == 0)
		return 0;
	log_msg(LOG_ERR, "main", "the command line is too long: its settings "
	    "must fit into %d bytes together", FRAME_MAX);
	return -1;
}

void
handover_fini(struct handover *h)
{
	io_close(&h->tries);
}

int
handover_make_tries(struct handover *h, size_t bytes, struct errmsg *e)
{
	int fd;

	fd = io_memory("saslauthd-tries");
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
	if (frame_send_wait(channel, type, b, fd, PATIENCE_MSEC) == FRAME_OK)
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
	if (buf_put_str(&b, one->name) == 0 &&
	    admission_put(&b, &one->who) == 0)
		rc = send_frame(front, FRAME_LISTENER, &b, one->file.fd, e);
	else
		(void)errmsg_set(e, "out of memory");
	buf_fini(&b);
	return rc;
}

int
handover_begin(int front, const struct plan *plan, struct errmsg *e)
{
	enum frame_status st = FRAME_BAD;
	struct buf b;

	buf_init(&b, FRAME_LONG_MAX);
	/* In the foreground everybody's log is on stderr, too. */
	if (buf_put_u32(&b, plan->number) == 0 &&
	    buf_put_u8(&b, plan->launch->options.foreground) == 0 &&
	    conf_entries_put(&b, &plan->own) == 0)
		st = frame_send_long(front, FRAME_SETTINGS, &b,
		    PATIENCE_MSEC);
	buf_fini(&b);
	return st == FRAME_OK ? 0 : errmsg_set(e, "the settings cannot be "
	    "handed over");
}

int
handover_switch(int front, const struct sockets *sockets, struct errmsg *e)
{
	size_t i;

	for (i = 0; i < sockets->count; i++)
		if (send_listener(front, &sockets->list[i], e) != 0)
			return -1;
	return send_frame(front, FRAME_START, NULL, -1, e);
}

int
handover_to_front(const struct handover *h, int front,
    const struct plan *plan, const struct sockets *sockets,
    const struct roles *roles, struct errmsg *e)
{
	if (handover_begin(front, plan, e) != 0)
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
	return handover_switch(front, sockets, e);
}

int
handover_reloaded(int front, uint32_t asked, bool done, const char *text,
    struct errmsg *e)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, FRAME_MAX);
	if (buf_put_u32(&b, asked) == 0 && buf_put_u8(&b, done) == 0 &&
	    buf_put_str(&b, text) == 0)
		rc = send_frame(front, FRAME_RELOADED, &b, -1, e);
	else
		(void)errmsg_set(e, "out of memory");
	buf_fini(&b);
	return rc;
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
handover_to_pool(int pool, const struct buf *settings,
    const struct plan *plan, struct errmsg *e)
{
	return send_frame(pool, FRAME_SETTINGS, settings, plan->config_fd, e);
}

static int
put_backend(struct buf *b, const struct handover_backend *of)
{
	return buf_put_u32(b, of->generation) == 0 ?
	    buf_put_str(b, of->name) : -1;
}

int
handover_link(int front, int pool, const struct handover_backend *of,
    const struct buf *description, struct errmsg *e)
{
	int fds[2], rc = -1;
	struct buf b;

	if (frame_channel(fds) != 0)
		return errmsg_errno(e, errno, "socketpair");
	buf_init(&b, FRAME_MAX);
	if (put_backend(&b, of) != 0 ||
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
handover_trouble(int front, const struct handover_backend *of,
    const char *why, struct errmsg *e)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, FRAME_MAX);
	if (put_backend(&b, of) == 0 && buf_put_str(&b, why) == 0)
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
