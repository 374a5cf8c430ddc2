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
#include "saslauthd/sockets.h"

struct handover {
	struct buf settings;	/* of the front: no mechanism's keys */
	const struct sockets *sockets;	/* of clients */
	int control;		/* of the operator; -1: none. Not ours */
	int tries;		/* memory of limits; -1: none */
};

int handover_init(struct handover *h, const struct keeper_plan *plan,
    const struct sockets *sockets);
void handover_fini(struct handover *h);

/* Make the memory in which fronts count wrong tries, one after the other. Its
 * size is fixed: whoever maps it may rely on that. */
int handover_make_tries(struct handover *h, size_t bytes, struct errmsg *e);

/* Everything a new front needs to get ready. */
int handover_to_front(struct handover *h, int front,
    const struct roles *roles, struct errmsg *e);

/* The settings of a pool: the name of its backend and where the rest is. */
int handover_put_pool(struct buf *b, const struct keeper_plan *plan,
    const char *backend);
int handover_to_pool(int pool, const struct buf *settings, struct errmsg *e);

/* Who runs now. */
int handover_roles(int front, const struct roles *roles, struct errmsg *e);

/* Finish what runs within msec. */
int handover_stop(int front, uint32_t msec, struct errmsg *e);

/* A fresh channel between the front and a backend's pool; `description` is
 * what the pool said of itself, and checked by the front. */
int handover_link(int front, int pool, const char *backend,
    const struct buf *description, struct errmsg *e);

/* That backend cannot be opened. */
int handover_backend(int front, const char *backend, const char *why,
    struct errmsg *e);

/* A socket to the system's log for the front. -1: none to be had now. */
int handover_log(int front);

#endif
