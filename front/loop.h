/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop - the front's event loop: descriptors, timers, signals.
 *
 * A thin layer over libevent, whose headers are in loop.c only. One loop per
 * process. Objects belong to the caller and are freed by their _free, also
 * from inside a callback.
 */
#ifndef FRONT_LOOP_H
#define FRONT_LOOP_H

#include <stdint.h>

struct loop_io;
struct loop_timer;

typedef void loop_io_fn(void *arg, int fd);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(void *arg, int sig);

int loop_init(void);		/* -1: no memory or no kernel support */
void loop_run(void);		/* until loop_stop() */
void loop_stop(void);

/* Call fn while fd is readable (end of file counts). Starts enabled. NULL
 * when out of memory. The descriptor stays the caller's. */
struct loop_io *loop_io_new(int fd, loop_io_fn *fn, void *arg);
/* The same while fd can be written to (the peer's end counts). */
struct loop_io *loop_io_new_write(int fd, loop_io_fn *fn, void *arg);
void loop_io_enable(struct loop_io *io, int on);
void loop_io_free(struct loop_io *io);

/* One shot; starts unset. */
struct loop_timer *loop_timer_new(loop_timer_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *t, int64_t msec);
void loop_timer_unset(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

int loop_signal(int sig, loop_signal_fn *fn, void *arg);

#endif
