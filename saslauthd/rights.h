/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rights - who the workers of a backend become.
 */
#ifndef SASLAUTHD_RIGHTS_H
#define SASLAUTHD_RIGHTS_H

#include "saslauthd/pool_load.h"
#include "saslauthd/privs.h"

/*
 * Decide, from what the mechanism needs and what a trial in a forked child
 * shows. `why_r` gets one line for the log when the starting identity is
 * kept although it is root, or when running without root costs something;
 * "" otherwise. -1: a user named in the settings does not exist.
 */
int rights_decide(struct privs *p, const struct pool_load *l, void *mech_ctx,
    struct errmsg *why_r, struct errmsg *e);

#endif
