/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * roles - what the keeper tells the front about the daemon's processes, for
 * status and metrics.
 */
#ifndef SASLAUTHD_ROLES_H
#define SASLAUTHD_ROLES_H

#include <stdint.h>

#include "common/buf.h"

struct roles {
	uint32_t keeper_pid, front_pid, pool_pid;	/* 0: not running */
	uint32_t owner_uid;	/* who started the daemon */
	uint32_t front_restarts, pool_restarts;
	int64_t keeper_began_msec;	/* monotonic */
	int64_t front_began_msec, pool_began_msec;
};

/* Through a frame. */
int roles_put(struct buf *b, const struct roles *r);
int roles_get(struct buf *b, struct roles *r_r);

#endif
