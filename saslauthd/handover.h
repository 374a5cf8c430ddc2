/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover - what the keeper gives its children: settings, listener, log
 * socket, and a channel to each other.
 */
#ifndef SASLAUTHD_HANDOVER_H
#define SASLAUTHD_HANDOVER_H

#include "common/buf.h"
#include "common/errmsg.h"
#include "saslauthd/keeper.h"

struct handover {
	struct buf settings_front;	/* the daemon's own keys only */
	struct buf settings_pool;	/* name of the file, and flags */
	struct buf backend;		/* the pool's description of itself */
	int listener;
};

int handover_init(struct handover *h, const struct keeper_plan *plan);
void handover_fini(struct handover *h);

/* Everything a new front (pool) needs to get ready. */
int handover_to_front(struct handover *h, int channel, struct errmsg *e);
int handover_to_pool(struct handover *h, int channel, struct errmsg *e);

/* Remember what a ready pool says of its backend; checked by the front. */
int handover_keep_backend(struct handover *h, const struct buf *b);

/* A fresh channel between the two. */
int handover_link(struct handover *h, int front, int pool, struct errmsg *e);

/* A socket to the system's log for the front. -1: none to be had now. */
int handover_log(int front);

#endif
