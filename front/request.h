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

#include "common/deadline.h"
#include "common/frame.h"
#include "common/wire.h"
#include "front/answer.h"
#include "front/cache.h"

struct client;
struct flight;
struct front;
struct loop_timer;
struct site_route;

struct request {
	TAILQ_ENTRY(request) aboard;	/* of its flight */
	struct flight *flight;
	uint64_t id;
	struct front *front;
	struct client *client;
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
	bool stale;		/* an expired success may answer, */
	int64_t stale_sec;	/* the one that was stored then */
	bool alone;		/* it must not share a flight */
	bool on_trickle;	/* past a limit, but to be compared */
	struct loop_timer *timer;	/* its deadline, then a delay */
};

/* Take over a decoded request (w is left empty) and answer the client, now
 * or later. */
void request_start(struct front *f, struct client *c, struct wire_request *w);

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
