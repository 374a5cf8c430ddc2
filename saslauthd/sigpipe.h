/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sigpipe - signals as bytes in a pipe, for a poll(2) loop.
 */
#ifndef SASLAUTHD_SIGPIPE_H
#define SASLAUTHD_SIGPIPE_H

#include <stddef.h>

/* First thing in main: nothing blocked, nothing ignored but SIGHUP, whatever
 * the parent left us: a blocked SIGTERM or an ignored SIGCHLD survives exec. */
void sigpipe_reset(void);

/* Catch these signals and ignore SIGPIPE. Returns the read end, non-blocking
 * and close-on-exec, or -1. Once per process; a child forked later writes to
 * the same pipe until it calls sigpipe_inherit(). */
int sigpipe_open(const int *signals, size_t count);

/* The next signal that came, or 0. */
int sigpipe_next(int fd);

/* In a forked child: drop the read end. What is caught still goes to the
 * parent's pipe, so that a signal to any process acts on the parent. */
void sigpipe_inherit(void);

/* The end that handlers write to; a child must keep it open. */
int sigpipe_notify_fd(void);

#endif
