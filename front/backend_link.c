/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/frame.h"
#include "common/io.h"
#include "front/backend_link.h"
#include "front/loop.h"

#define HOW_MAX 64		/* "killed by signal 11" */

void
backend_link_init(struct backend_link *p,
    const struct backend_events *events, void *arg)
{
	p->events = events;
	p->arg = arg;
	p->fd = -1;
	p->io = NULL;
	p->parts = NULL;
	p->part_count = 0;
}

static void
forget_parts(struct backend_link *p)
{
	free(p->parts);
	p->parts = NULL;
	p->part_count = 0;
}

void
backend_link_close(struct backend_link *p)
{
	loop_io_free(p->io);
	p->io = NULL;
	io_close(&p->fd);
	forget_parts(p);
}

bool
backend_link_is_open(const struct backend_link *p)
{
	return p->fd >= 0;
}

static void
lose(struct backend_link *p)
{
	backend_link_close(p);
	p->events->lost(p->arg);
}

static bool
take_parts(struct backend_link *p, struct buf *b, int fd)
{
	forget_parts(p);
	return fd < 0 &&
	    frame_get_parts(b, &p->parts, &p->part_count) == 0;
}

/* All other frames of a pool have the same shape; only a worker brings a
 * descriptor. */
static bool
parse(struct buf *b, enum frame_type type, uint64_t *id, uint32_t *msec,
    int fd)
{
	char how[HOW_MAX];

	return buf_get_u64(b, id) == 0 && buf_get_u32(b, msec) == 0 &&
	    buf_get_chars(b, how, sizeof(how)) == 0 &&
	    (fd >= 0) == (type == FRAME_WORKER);
}

static void
deliver(struct backend_link *p, enum frame_type type, uint64_t id,
    uint32_t msec, int fd)
{
	if (type == FRAME_WORKER)
		p->events->worker(p->arg, id, fd);
	else if (type == FRAME_GONE)
		p->events->gone(p->arg, id, msec);
	else if (type == FRAME_RETIRE)
		p->events->retire(p->arg, id);
	else if (type == FRAME_FILLED)
		p->events->filled(p->arg);
	else
		lose(p);
}

static bool
take(struct backend_link *p, enum frame_type type, struct buf *b, int fd)
{
	uint64_t id;
	uint32_t msec;

	if (type == FRAME_PARTS)
		return take_parts(p, b, fd);
	if (!parse(b, type, &id, &msec, fd))
		return false;
	deliver(p, type, id, msec, fd);
	return true;
}

static void
on_readable(void *arg, int channel)
{
	struct backend_link *p = arg;
	enum frame_type type;
	struct buf b;
	int fd = -1;

	buf_init(&b, FRAME_MAX);
	switch (frame_recv(channel, &type, &b, &fd)) {
	case FRAME_AGAIN:
		break;
	case FRAME_EOF:
	case FRAME_BAD:
		lose(p);
		break;
	case FRAME_OK:
		if (!take(p, type, &b, fd)) {
			io_close(&fd);
			lose(p);
		}
		break;
	}
	buf_fini(&b);
}

int
backend_link_open(struct backend_link *p, int fd)
{
	backend_link_close(p);
	(void)io_set_nonblock(fd, true);
	p->fd = fd;
	p->io = loop_io_new(fd, on_readable, p);
	return p->io != NULL ? 0 : -1;
}

bool
backend_link_want(struct backend_link *p)
{
	return p->fd >= 0 &&
	    frame_send(p->fd, FRAME_WANT, NULL, -1) == FRAME_OK;
}

bool
backend_link_kill(struct backend_link *p, uint64_t id)
{
	struct buf b;
	bool heard;

	buf_init(&b, FRAME_MAX);
	heard = p->fd >= 0 && buf_put_u64(&b, id) == 0 &&
	    frame_send(p->fd, FRAME_KILL, &b, -1) == FRAME_OK;
	buf_fini(&b);
	return heard;
}
