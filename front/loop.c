/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <event2/event.h>
#include <stdlib.h>

#include "front/loop.h"

static struct event_base *base;

struct loop_io {
	struct event *ev;
	loop_io_fn *fn;
	void *arg;
};

struct loop_timer {
	struct event *ev;
	loop_timer_fn *fn;
	void *arg;
};

struct signal_handler {
	loop_signal_fn *fn;
	void *arg;
};

int
loop_init(void)
{
	struct event_config *cfg = event_config_new();

	if (cfg == NULL)
		return -1;
	/* One thread; and no EVENT_* variable may change how we wait. */
	(void)event_config_set_flag(cfg,
	    EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base != NULL ? 0 : -1;
}

void
loop_run(void)
{
	(void)event_base_dispatch(base);
}

void
loop_stop(void)
{
	(void)event_base_loopbreak(base);
}

static void
on_io(evutil_socket_t fd, short what, void *arg)
{
	struct loop_io *io = arg;

	(void)what;
	io->fn(io->arg, (int)fd);
}

static struct loop_io *
io_new(int fd, short what, loop_io_fn *fn, void *arg)
{
	struct loop_io *io = calloc(1, sizeof(*io));

	if (io == NULL)
		return NULL;
	io->fn = fn;
	io->arg = arg;
	io->ev = event_new(base, fd, what | EV_PERSIST, on_io, io);
	if (io->ev == NULL || event_add(io->ev, NULL) != 0) {
		loop_io_free(io);
		return NULL;
	}
	return io;
}

struct loop_io *
loop_io_new(int fd, loop_io_fn *fn, void *arg)
{
	return io_new(fd, EV_READ, fn, arg);
}

struct loop_io *
loop_io_new_write(int fd, loop_io_fn *fn, void *arg)
{
	return io_new(fd, EV_WRITE, fn, arg);
}

void
loop_io_enable(struct loop_io *io, int on)
{
	if (on)
		(void)event_add(io->ev, NULL);
	else
		(void)event_del(io->ev);
}

void
loop_io_free(struct loop_io *io)
{
	if (io == NULL)
		return;
	if (io->ev != NULL)
		event_free(io->ev);
	free(io);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	t->fn(t->arg);
}

struct loop_timer *
loop_timer_new(loop_timer_fn *fn, void *arg)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->fn = fn;
	t->arg = arg;
	t->ev = event_new(base, -1, 0, on_timer, t);
	if (t->ev == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
loop_timer_set(struct loop_timer *t, int64_t msec)
{
	struct timeval tv;

	if (msec < 0)
		msec = 0;
	tv.tv_sec = (time_t)(msec / 1000);
	tv.tv_usec = (suseconds_t)(msec % 1000 * 1000);
	(void)event_add(t->ev, &tv);
}

void
loop_timer_unset(struct loop_timer *t)
{
	(void)event_del(t->ev);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	event_free(t->ev);
	free(t);
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct signal_handler *h = arg;

	(void)what;
	h->fn(h->arg, (int)sig);
}

int
loop_signal(int sig, loop_signal_fn *fn, void *arg)
{
	struct signal_handler *h = calloc(1, sizeof(*h));
	struct event *ev;

	if (h == NULL)
		return -1;
	h->fn = fn;
	h->arg = arg;
	ev = evsignal_new(base, sig, on_signal, h);
	if (ev == NULL || event_add(ev, NULL) != 0) {
		free(h);
		return -1;
	}
	return 0;	/* for the life of the process */
}
