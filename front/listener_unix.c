/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/io.h"
#include "common/log.h"
#include "front/client.h"
#include "front/front.h"
#include "front/listener.h"
#include "front/loop.h"
#include "saslauthd/admission.h"

#define ACCEPT_RETRY_MSEC 100	/* when the system is out of descriptors */

struct listener {
	struct generation *generation;
	const struct site_listener *of;
	struct admission admission;
	int fd;
	struct loop_io *io;
	struct loop_timer *retry;
	int64_t short_until_msec;	/* nothing to say before that */
	struct listener_refusals refusals;
};

static void
say_shortage(struct listener *l)
{
	if (listener_may_say(&l->short_until_msec))
		log_msg(LOG_ERR, "listener", "clients have to wait: "
		    "accept: %m");
}

/* 1: took one; 0: nobody waits; -1: cannot take one now. */
static int
accept_one(struct listener *l)
{
	struct pollfd waiting = { l->fd, POLLIN, 0 };
	struct clients *clients = l->generation->front->clients;
	uid_t uid;
	int fd;

	/* Nobody is closed to make room for nobody. */
	if (clients_are_full(clients)) {
		if (poll(&waiting, 1, 0) != 1)
			return 0;
		if (!clients_make_room(clients))
			return -1;
	}
	fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		if (admission_allows(&l->admission, fd, &uid)) {
			client_start(l->generation, l->of, fd);
		} else {
			io_close(&fd);
			listener_refused(&l->refusals, l->of, uid);
		}
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
listener_new(struct generation *g, const struct site_listener *of,
    struct admission *who, int fd)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		io_close(&fd);
		admission_fini(who);
		return NULL;
	}
	l->generation = g;
	l->of = of;
	l->admission = *who;
	l->fd = fd;
	l->io = loop_io_new(fd, on_readable, l);
	l->retry = loop_timer_new(on_retry, l);
	if (l->io == NULL || l->retry == NULL) {
		listener_free(l);
		return NULL;
	}
	loop_io_enable(l->io, 0);
	return l;
}

void
listener_resume(struct listener *l)
{
	loop_io_enable(l->io, 1);
}

/* Where another one accepts on the same socket, new ones come all the time. */
void
listener_close(struct listener *l)
{
	int left = SOMAXCONN;

	while (l != NULL && left > 0 && accept_one(l) > 0)
		left--;
	listener_free(l);
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	loop_io_free(l->io);
	loop_timer_free(l->retry);
	admission_fini(&l->admission);
	io_close(&l->fd);
	free(l);
}

/* What was written to a socket outlives its writer. */
void
listeners_flush(void)
{
}
