/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain - what would happen to a try now, and why; without a password.
 *
 * Nothing is asked, counted or taken from a trickle by looking.
 */
#ifndef FRONT_EXPLAIN_H
#define FRONT_EXPLAIN_H

#include "common/buf.h"
#include "common/errmsg.h"
#include "common/frame.h"

struct front;

/* The strings as a client would send them; the address may be "". Appends
 * lines as report.h does: canonical, limits, cache, backend, advice. -1 with
 * a message: no request can have these, or memory is short. */
int explain(struct front *f, const struct frame_request *asked,
    struct buf *to, struct errmsg *e);

#endif
