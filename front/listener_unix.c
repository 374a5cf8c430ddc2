/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/deadline.h"
#include "common/io.h"
#include "common/log.h"
#include "front/client.h"
#include "front/front.h"
#include "front/listener.h"
#include "front/loop.h"

#define QUIET_MSEC 10000	/* between two lines about that */
#define ACCEPT_RETRY_MSEC 100	/* when the system is out of descriptors */

struct listener {
	struct front *front;
	int fd;
	struct loop_io *io;
	struct loop_timer *retry;
	int64_t quiet_until_msec;	/* nothing to say before that */
};

static void
say_shortage(struct listener *l)
{
	int64_t now = deadline_now_msec();

	if (now < l->quiet_until_msec)
		return;
	log_msg(LOG_ERR, "listener", "clients have to wait: accept: %m");
	l->quiet_until_msec = now + QUIET_MSEC;
}

/* 1: took one; 0: nobody waits; -1: cannot take one now. */
static int
accept_one(struct listener *l)
{
	struct pollfd waiting = { l->fd, POLLIN, 0 };
	int fd;

	/* Nobody is closed to make room for nobody. */
	if (clients_are_full(l->front->clients)) {
		if (poll(&waiting, 1, 0) != 1)
			return 0;
		if (!clients_make_room(l->front->clients))
			return -1;
	}
	fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		client_start(l->front, fd);
		return 1;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return 0;
	if (errno == EINTR || errno == ECONNABORTED)
		return 1;
	/* EMFILE, ENFILE, ENOBUFS, ENOMEM: the socket stays readable, so
	 * waiting for it would spin. */
	say_shortage(l);
	loop_timer_set(l->retry, ACCEPT_RETRY_MSEC);
	return -1;
}

/* One, then answers get their turn. To look in vain for another one is dear:
 * accept(2) makes the new socket before it finds that nobody waits. */
static void
on_readable(void *arg, int fd)
{
	struct listener *l = arg;

	(void)fd;
	if (accept_one(l) < 0)
		loop_io_enable(l->io, 0);
}

static void
on_retry(void *arg)
{
	listener_resume(arg);
}

struct listener *
listener_new(struct front *f, int fd)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->front = f;
	l->fd = fd;
	l->io = loop_io_new(fd, on_readable, l);
	l->retry = loop_timer_new(on_retry, l);
	if (l->io == NULL || l->retry == NULL) {
		listener_close(l);
		return NULL;
	}
	return l;
}

void
listener_resume(struct listener *l)
{
	loop_io_enable(l->io, 1);
}

void
listener_close(struct listener *l)
{
	if (l == NULL)
		return;
	if (l->io != NULL && l->retry != NULL)
		while (accept_one(l) > 0)
			;
	loop_io_free(l->io);
	loop_timer_free(l->retry);
	io_close(&l->fd);
	free(l);
}
