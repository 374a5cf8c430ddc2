/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener - where clients come in, and who may: at a Unix socket
 * (listener_unix.c), or in builds with doors at a door (listener_door.c).
 */
#ifndef FRONT_LISTENER_H
#define FRONT_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "saslauthd/admission.h"
#include "saslauthd/site.h"

struct generation;
struct listener;

/* For a listening, non-blocking socket, or the file that a door is going to be
 * attached to: it owns that from now on, as well as what is in `who`; `of` is
 * borrowed and stays with its clients. It accepts nobody yet. NULL: out of
 * memory. */
struct listener *listener_new(struct generation *g,
    const struct site_listener *of, struct admission *who, int fd);

/* Accept, in the place of another one at the same door. It pauses by itself
 * when no client can be taken: go on. Threads may come of it, which have no
 * more rights than the caller has by then. */
void listener_resume(struct listener *l);

/* Take who is waiting in the backlog, then close; or without that. */
void listener_close(struct listener *l);
void listener_free(struct listener *l);

/* The process is about to end: wait, a moment at most, until all answers have
 * left it. */
void listeners_flush(void);

/* Is an outage answered as a wrong password is there? */
bool listener_tempfail_is_no(const struct settings *s,
    const struct site_listener *of);

/* ---- what all kinds of them share ------------------------------------- */

#define LISTENER_QUIET_MSEC 10000	/* between two lines about one thing */

/* Is it time for another line? 0: there was none yet. */
bool listener_may_say(int64_t *until_msec);

struct listener_refusals {
	int64_t until_msec;		/* nothing to say before that */
	unsigned long count;		/* since the last line */
};

/* Somebody may not ask there. */
void listener_refused(struct listener_refusals *r,
    const struct site_listener *of, uid_t uid);

#endif
