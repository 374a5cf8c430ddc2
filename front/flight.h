/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flight - one question on its way to a backend, and who waits for its
 * answer.
 *
 * A flight begins with one request. An equal one that comes while it lasts
 * joins it: the backend is asked once and all get the answer, each under its
 * own deadline. Requests leave when theirs passes; the flight goes on.
 */
#ifndef FRONT_FLIGHT_H
#define FRONT_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/deadline.h"
#include "common/frame.h"
#include "front/queue.h"

struct dispatch;
struct flights;
struct loop_timer;
struct request;
struct worker_link;

struct flight {
	LIST_ENTRY(flight) link;	/* in its chain */
	struct flights *flights;	/* NULL: nobody can join it */
	struct dispatch *dispatch;
	struct frame_request question;	/* owned, the password too */
	TAILQ_HEAD(, request) requests;	/* may become empty */

	/* dispatch's part */
	struct queue_item queued;
	struct worker_link *worker;	/* who works on it */
	struct loop_timer *timer;	/* end of the worker's time */
	bool cut_short;			/* by a request's deadline */
	int64_t given_usec;		/* to a worker; 0: not yet */
};

/* The flights that can be joined. NULL when out of memory. */
struct flights *flights_new(void);
void flights_free(struct flights *fs);

/* The flight that asks exactly this, or NULL. Without by_address, the
 * address is of no interest to the backend. */
struct flight *flights_find(struct flights *fs, const struct request *r,
    bool by_address);

/* A new one for this request, which gives it its password and waits for it;
 * `fs` NULL: not to be joined. NULL when out of memory, and the request is
 * as it was. */
struct flight *flight_new(struct flights *fs, struct request *r);
/* Its answer is there: nobody can join any more. */
void flight_land(struct flight *fl);
/* With nobody in it. */
void flight_free(struct flight *fl);

/* The request waits for this flight's answer; its own password is wiped. */
void flight_join(struct flight *fl, struct request *r);
/* It does not any more. */
void flight_leave(struct request *r);

/* Of those who wait and have the same chain, choose one that teaches it to
 * the cache. */
void flight_choose_teachers(struct flight *fl);

/* The latest deadline of those who wait. */
struct deadline flight_deadline(const struct flight *fl);

#endif
