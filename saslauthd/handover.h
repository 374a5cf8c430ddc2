/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover - what the keeper gives its children: settings, listeners, memory
 * that outlives them, log socket, and a channel to each other.
 */
#ifndef SASLAUTHD_HANDOVER_H
#define SASLAUTHD_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/errmsg.h"
#include "saslauthd/plan.h"
#include "saslauthd/roles.h"
#include "saslauthd/sockets.h"

/* What every front is given, whatever the plan. */
struct handover {
	int control;		/* of the operator; -1: none. Not ours */
	int tries;		/* memory of limits; -1: none */
};

#define HANDOVER_INIT { .control = -1, .tries = -1 }

void handover_fini(struct handover *h);

/* Make the memory in which fronts count wrong tries, one after the other. Its
 * size is fixed: whoever maps it may rely on that. */
int handover_make_tries(struct handover *h, size_t bytes, struct errmsg *e);

/* Everything a new front needs to get ready. */
int handover_to_front(const struct handover *h, int front,
    const struct plan *plan, const struct sockets *sockets,
    const struct roles *roles, struct errmsg *e);

/* A front that runs gets a new generation: first what it is, so that pools
 * can be linked; then its listeners, and it serves by it. */
int handover_begin(int front, const struct plan *plan, struct errmsg *e);
int handover_switch(int front, const struct sockets *sockets,
    struct errmsg *e);
/* How a reload went, for the first so many the front has asked for. */
int handover_reloaded(int front, uint32_t asked, bool done,
    const char *text, struct errmsg *e);

/* The settings of a pool: the name of its backend, and the file as the plan
 * has read it. */
int handover_put_pool(struct buf *b, const struct plan *plan,
    const char *backend);
int handover_to_pool(int pool, const struct buf *settings,
    const struct plan *plan, struct errmsg *e);

/* Who runs now. */
int handover_roles(int front, const struct roles *roles, struct errmsg *e);

/* Finish what runs within msec. */
int handover_stop(int front, uint32_t msec, struct errmsg *e);

/* A backend of a generation. */
struct handover_backend {
	uint32_t generation;
	const char *name;
};

/* A fresh channel between the front and a backend's pool; `description` is
 * what the pool said of itself, and checked by the front. */
int handover_link(int front, int pool, const struct handover_backend *of,
    const struct buf *description, struct errmsg *e);

/* That backend cannot be opened. */
int handover_trouble(int front, const struct handover_backend *of,
    const char *why, struct errmsg *e);

/* A socket to the system's log for the front. -1: none to be had now. */
int handover_log(int front);

#endif
