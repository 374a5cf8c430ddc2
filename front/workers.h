/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * workers - the workers of one backend as the front sees them: how many
 * there are, how many there should be, and which flight each has.
 *
 * An answer counts only if it comes from the worker that has the flight and
 * carries its id. More workers are asked for while flights wait, up to `max`;
 * those above `ready` go when they have idled long enough.
 */
#ifndef FRONT_WORKERS_H
#define FRONT_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"

struct flight;
struct generation;
struct site_backend;
struct worker_link;
struct workers;

/* What becomes of things. A flight is the callee's again. */
struct workers_events {
	/* A worker may be idle, and can take a flight. */
	void (*idle)(void *arg);
	void (*answered)(void *arg, struct flight *fl,
	    const struct frame_answer *a);
	/* It will not be answered. */
	void (*lost)(void *arg, struct flight *fl, enum auth_reason reason,
	    const char *detail);
	/* No worker is there, and none can be had for now. */
	void (*down)(void *arg, const char *why);
	/* How many flights wait for a worker? */
	size_t (*waiting)(void *arg);
};

enum worker_state {
	STARTING,		/* its hello has not come yet */
	IDLE,
	BUSY,			/* has a flight */
	WORKER_STATES
};

/* Of a backend, which is borrowed. NULL: out of memory. */
struct workers *workers_new(struct generation *g,
    const struct site_backend *backend, const struct workers_events *events,
    void *arg);
/* With its channels; no flight is lost by it, for there is none. */
void workers_free(struct workers *ws);

/* A (new) pool, and our channel to it, which is taken over. Workers of an
 * older one are let go. -1: out of memory. */
int workers_link(struct workers *ws, unsigned ready, unsigned max, int fd);

unsigned workers_count(const struct workers *ws, enum worker_state state);
unsigned workers_ready(const struct workers *ws);	/* to be kept */
unsigned workers_max(const struct workers *ws);
/* Lost since this front began: died, killed or let go for nonsense. */
unsigned workers_lost(const struct workers *ws);
/* How the backend's servers stand, as its pool told last. */
const struct frame_part *workers_parts(const struct workers *ws,
    size_t *count_r);
/* Nothing can be asked: none is there and none can be started. */
bool workers_are_down(const struct workers *ws);

/* Hand the flight's question to an idle worker; false when there is none. */
bool workers_give(struct workers *ws, struct flight *fl);
/* Ask for as many workers as flights wait, as far as is allowed. */
void workers_want(struct workers *ws);
/* Nobody may trust this one any more; its flight is the caller's. */
void workers_kill(struct worker_link *w);
/* Kill all that are busy; each flight is lost for this reason. */
void workers_abandon(struct workers *ws, enum auth_reason reason);

#endif
