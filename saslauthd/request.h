/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request - one question, from its complete strings to its answer.
 *
 * Who may decide, in this order: the protocol's own rules (empty login or
 * password), the cache, the backend. The decision is logged here, once, and
 * the password is wiped here.
 */
#ifndef SASLAUTHD_REQUEST_H
#define SASLAUTHD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/frame.h"
#include "common/wire.h"
#include "saslauthd/queue.h"

struct client;
struct front;
struct loop_timer;
struct worker_link;

struct request {
	uint64_t id;
	struct front *front;
	struct client *client;
	char *login;		/* canonical: after -r */
	char *service, *realm, *address;
	struct secret password;
	struct deadline deadline;	/* for everything until the answer */
	int64_t began_usec;
	bool cached;			/* the cache answered */

	/* dispatch's part */
	struct queue_item queued;
	struct worker_link *worker;	/* who works on it */
	struct loop_timer *timer;	/* end of the step, then the delay */
};

/* Take over a decoded request (w is left empty) and answer the client, now
 * or later. */
void request_start(struct front *f, struct client *c, struct wire_request *w);

/* The backend's verdict, or what happened instead of one. The request is
 * gone for the caller. */
void request_decided(struct request *r, const struct frame_answer *a);

/* The same without a worker's answer. */
void request_failed(struct request *r, enum auth_reason reason,
    const char *detail);

#endif
