/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rights_trial - one function of a mechanism, called in a child that has the
 * rights of a worker. Whatever becomes of it there, the pool goes on.
 */
#ifndef SASLAUTHD_RIGHTS_TRIAL_H
#define SASLAUTHD_RIGHTS_TRIAL_H

#include <stdint.h>

#include "common/errmsg.h"
#include "saslauthd/privs.h"

/* One without an outcome crashed, hung, or could not be made. */
enum rights_trial { RIGHTS_TRIAL_UNKNOWN = 0, RIGHTS_TRIAL_PASSED,
    RIGHTS_TRIAL_FAILED };

/*
 * Call step(ctx, e) with these rights; it passes by returning 0. `e` gets its
 * text, also when it passed, or why there is no outcome. Blocks for `msec` at
 * most; then the child is killed, and what it forked.
 */
enum rights_trial rights_trial(const struct privs *p,
    int (*step)(void *ctx, struct errmsg *e), void *ctx, int64_t msec,
    struct errmsg *e);

#endif
