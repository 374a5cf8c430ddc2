/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify - tell who supervises the daemon how it is: sd_notify(3) spoken
 * directly, so that nothing of systemd is linked.
 */
#ifndef SASLAUTHD_NOTIFY_H
#define SASLAUTHD_NOTIFY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/deadline.h"

struct notify {
	struct sockaddr_un to;
	socklen_t to_len;	/* 0: nobody wants to know */
	int64_t beat_msec;	/* between signs of life; 0: none wanted */
	struct deadline next_beat;
};

#define NOTIFY_INIT { .next_beat = { INT64_MAX } }

/* Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and remove them from
 * the environment: they are not meant for children. To be called before any
 * fork. What cannot be used is warned about and leaves nobody to tell. */
void notify_take(struct notify *n);

/* This process serves, whoever was started; it reads its settings anew, until
 * it is ready again; and it is about to end. All wait a second at most for
 * room at the other end. */
void notify_ready(const struct notify *n);
void notify_reloading(const struct notify *n);
void notify_stopping(const struct notify *n);

/* A sign of life if one is due; n->next_beat says when the next one is. Does
 * not wait. */
void notify_beat(struct notify *n);

#endif
