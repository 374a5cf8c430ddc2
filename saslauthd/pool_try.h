/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_try - go with a backend as far as a worker does before its first
 * request, and tell how that went.
 */
#ifndef SASLAUTHD_POOL_TRY_H
#define SASLAUTHD_POOL_TRY_H

#include "saslauthd/pool_load.h"

/*
 * Open the mechanism here and make it ready in a child with the rights of a
 * worker. The keeper gets one text by pool_keeper_say(): EX_OK when it is
 * ready, EX_TEMPFAIL when that may be an outage, EX_CONFIG when it cannot be
 * opened. Blocks for backend_timeout at most, and as long as open() takes.
 */
void pool_try(const struct pool_load *l);

#endif
