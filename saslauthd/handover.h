/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover - what the keeper gives its children: settings, listeners, memory
 * that outlives them, log socket, and a channel to each other.
 */
#ifndef SASLAUTHD_HANDOVER_H
#define SASLAUTHD_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/errmsg.h"
#include "saslauthd/keeper.h"
#include "saslauthd/roles.h"

struct handover {
	struct buf settings_front;	/* the daemon's own keys only */
	struct buf settings_pool;	/* name of the file, and flags */
	struct buf backend;		/* the pool's description of itself */
	int listener;			/* of clients */
	int control;			/* of the operator; -1: none */
	int tries;			/* memory of limits; -1: none */
};

int handover_init(struct handover *h, const struct keeper_plan *plan);
void handover_fini(struct handover *h);

/* Make the memory in which fronts count wrong tries, one after the other. Its
 * size is fixed: whoever maps it may rely on that. */
int handover_make_tries(struct handover *h, size_t bytes, struct errmsg *e);

/* Everything a new front (pool) needs to get ready. */
int handover_to_front(struct handover *h, int channel,
    const struct roles *roles, struct errmsg *e);
int handover_to_pool(struct handover *h, int channel, struct errmsg *e);

/* Remember what a ready pool says of its backend; checked by the front. */
int handover_keep_backend(struct handover *h, const struct buf *b);

/* Who runs now. */
int handover_roles(int front, const struct roles *roles, struct errmsg *e);

/* Finish what runs within msec. */
int handover_stop(int front, uint32_t msec, struct errmsg *e);

/* A fresh channel between the two. */
int handover_link(struct handover *h, int front, int pool, struct errmsg *e);

/* A socket to the system's log for the front. -1: none to be had now. */
int handover_log(int front);

#endif
