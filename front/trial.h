/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trial - an operator's question to the backends of a route, and what each
 * of them said to it, in how much time.
 *
 * It takes the steps of a request, but past limits and cache, which neither
 * answer it nor learn from it; and no client waits.
 */
#ifndef FRONT_TRIAL_H
#define FRONT_TRIAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/errmsg.h"
#include "common/frame.h"

struct generation;
struct request;
struct site_listener;
struct trial;

/* Called once, when it is over. */
typedef void trial_over_fn(void *arg);

/* Ask for this uid, at this listener, in the canonical form; the password is
 * taken over. It may be over when this returns, and then `fn` is not called.
 * NULL when out of memory. */
struct trial *trial_new(struct generation *g, uid_t uid,
    const struct site_listener *l, struct frame_request *question,
    trial_over_fn *fn, void *arg);
/* Nobody waits for its end any more. */
void trial_free(struct trial *t);

bool trial_is_over(const struct trial *t);
uid_t trial_uid(const struct trial *t);

/* Once it is over: append a line "step" for each step, and the "verdict".
 * -1: memory was short. */
int trial_tell(const struct trial *t, struct buf *to);

/* As the request goes on: a step's answer and whether the next step is asked;
 * what it all came to, and the reply a client would get. With the latter the
 * request is gone. */
void trial_stepped(struct trial *t, const struct request *r,
    const struct frame_answer *a, bool next);
void trial_decided(struct trial *t, const struct request *r,
    const struct frame_answer *a, const char *reply);

#endif
