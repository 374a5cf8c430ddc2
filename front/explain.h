/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain - what would happen to a try now, and why.
 *
 * Nothing is asked, counted or taken from a trickle by looking. With a
 * password the backends are asked, too (trial.h).
 */
#ifndef FRONT_EXPLAIN_H
#define FRONT_EXPLAIN_H

#include <stdint.h>

#include "common/buf.h"
#include "common/errmsg.h"
#include "common/secret.h"
#include "front/trial.h"

struct front;

/* The strings as a client would send them; the address may be "", and so may
 * the listener: the default one. */
struct explain_question {
	char *login, *realm, *service, *address;
	const char *listener;
};

/* Appends lines as report.h does: canonical, listener, passed (routes), route,
 * because, limits, cache, backend, advice; without a route, fewer. 1: that was
 * a piece, and *passed, 0 to begin with, says where the next one goes on; 0:
 * that was all. -1 with a message: no request can have these, or memory is
 * short. */
int explain(struct front *f, const struct explain_question *q,
    uint64_t *passed, struct buf *to, struct errmsg *e);

/* Ask the backends of the route, for this uid; the password is taken over,
 * and for the rest see trial_new(). NULL with a message, as above. */
struct trial *explain_try(struct front *f, const struct explain_question *q,
    uid_t uid, struct secret *password, trial_over_fn *fn, void *arg,
    struct errmsg *e);

#endif
