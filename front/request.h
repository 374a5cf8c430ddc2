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
	bool stale;		/* an expired success may answer, */
	int64_t stale_sec;	/* the one that was stored then */
	bool alone;		/* it must not share a flight */
	bool on_trickle;	/* past a limit, but to be compared */
	struct loop_timer *timer;	/* its deadline, then a delay */
};

/* Take over a decoded request (w is left empty) and answer the client, now
 * or later. */
void request_start(struct front *f, struct client *c, struct wire_request *w);

/* The verdict, or what happened instead of one. `password` (NULL: it was
 * compared with nothing) is the one the verdict is about. The request is
 * gone for the caller. */
void request_decided(struct request *r, const struct frame_answer *a,
    enum answer_source source, const struct secret *password);

/* The same without a worker's answer. */
void request_failed(struct request *r, enum auth_reason reason,
    const char *detail);

/* It has waited for a worker, and others were answered meanwhile: is it past
 * a limit by now? Then it is to be answered so, compared with nothing. */
bool request_is_past_limit(const struct request *r);
void request_limited(struct request *r);

/* Its flight's answer was won by a code that is good for one login: ask
 * again, for this one alone. */
void request_ask_alone(struct request *r, const struct secret *password);

/* What a backend's answer to a question of that time teaches the cache. */
void request_learn(struct front *f, const struct frame_request *question,
    const struct frame_answer *a, int64_t asked_usec);

/* Under which key the cache has it. `host` is room for the address and must
 * live as long as the key. */
#define REQUEST_HOST_SIZE 64	/* an IPv6 literal with a zone fits */
struct cache_key request_cache_key(const struct front *f,
    const struct frame_request *question, char host[REQUEST_HOST_SIZE]);

/* Login as the backend gets it: login@realm with -r. NULL: no memory. */
char *request_login(const struct front *f, const char *login,
    const char *realm);

/* Under which identity limits count it. Valid until the next call. */
const char *request_identity(const struct front *f, const char *login,
    const char *realm);

#endif
