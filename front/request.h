/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request - one question, from its complete strings to its answer.
 *
 * Who may decide, in this order: the protocol's own rules (empty login or
 * password), the limits on guessing, the cache, the backend. The decision is
 * counted and logged here, once, and the password is wiped here.
 */
#ifndef FRONT_REQUEST_H
#define FRONT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "common/deadline.h"
#include "common/frame.h"
#include "common/wire.h"
#include "front/answer.h"
#include "front/cache.h"

struct client;
struct flight;
struct front;
struct generation;
struct loop_timer;
struct site_listener;
struct site_route;
struct trial;

struct request {
	TAILQ_ENTRY(request) aboard;	/* of its flight */
	struct flight *flight;
	uint64_t id;
	struct front *front;
	struct generation *generation;	/* it belongs to */
	struct client *client;		/* NULL: it is an operator's */
	struct trial *trial;		/* who hears of it then */
	const struct site_listener *listener;	/* where it came in */
	char *login;		/* canonical: after -r */
	char *service, *realm, *address;
	struct secret password;	/* empty once it is aboard */
	struct deadline deadline;	/* for everything until the answer */
	int64_t began_usec;
	const struct site_route *route;	/* NULL: there is none for it */
	size_t step;			/* of the route, now asked */
	enum auth_reason skipped_denial;	/* of a step before it */
	enum auth_result skipped_outage;	/* AUTH_UNSET: none was */
	enum auth_reason skipped_why;
	int64_t asked_usec;	/* when this step was, and when a worker had */
	int64_t given_usec;	/* it; 0: none had */
	bool stale;		/* an expired success may answer, */
	int64_t stale_sec;	/* the one that was stored then, */
	size_t stale_step;	/* by the word of this step */
	bool alone;		/* it must not share a flight */
	bool teaches;		/* the cache, for all who share its answer */
	bool on_trickle;	/* past a limit, but to be compared */
	struct loop_timer *timer;	/* its deadline, then a delay */
};

/* Take over a decoded request (w is left empty) and answer the client, now
 * or later. */
void request_start(struct generation *g, struct client *c,
    struct wire_request *w);

/* An operator asks, at this listener, in canonical form (strings are copied,
 * the password is taken over). Limits and cache are neither asked nor taught,
 * nothing is counted or logged; the trial hears of each step and of the end,
 * maybe before this returns. -1: out of memory, and it hears nothing. */
int request_try(struct generation *g, const struct site_listener *l,
    struct frame_request *question, struct trial *t);

/* The uid that asks. */
uid_t request_uid(const struct request *r);

/* A backend's verdict, or what happened instead of one: the route's next step
 * is asked, or this is the answer. `password` is the one it is about. The
 * request is gone for the caller. */
void request_answered(struct request *r, const struct frame_answer *a,
    enum answer_source source, const struct secret *password);

/* It has waited for a worker, and others were answered meanwhile: is it past
 * a limit by now? Then it is to be answered so, compared with nothing. */
bool request_is_past_limit(const struct request *r);
void request_limited(struct request *r);

/* Its flight's answer was won by a code that is good for one login: ask
 * again, for this one alone. */
void request_ask_alone(struct request *r, const struct secret *password);

#endif
