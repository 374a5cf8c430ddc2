/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_keeper - a pool's end of the channel to its keeper.
 *
 * Nothing here fails for the caller to see: without a keeper the pool's loop
 * ends by itself.
 */
#ifndef SASLAUTHD_POOL_KEEPER_H
#define SASLAUTHD_POOL_KEEPER_H

#include "saslauthd/pool_load.h"

/* The settings to serve with. The keeper is told why they are refused (-1);
 * with `remarks` also of what is forgiven. Blocks until they come. */
int pool_keeper_load(struct pool_load *l, bool remarks);

/* EX_OK: a remark for the log. Otherwise why, and with which status, this
 * pool ends. */
void pool_keeper_say(int status, const char *text);

/* What the front must know of this backend. */
void pool_keeper_ready(const struct pool_load *l, unsigned ready,
    unsigned max);

/* Whoever of us the signal was sent to, it is meant for the keeper. */
void pool_keeper_signal(int sig);

#endif
