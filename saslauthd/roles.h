/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * roles - what the keeper tells the front about the daemon's processes, for
 * status and metrics.
 */
#ifndef SASLAUTHD_ROLES_H
#define SASLAUTHD_ROLES_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/conf.h"
#include "saslauthd/site.h"

/* The pool of one backend. */
struct roles_pool {
	char name[CONF_NAME_MAX + 1];	/* the backend's */
	uint32_t pid;		/* 0: not running */
	uint32_t restarts;
	int64_t began_msec;	/* monotonic */
};

struct roles {
	uint32_t keeper_pid, front_pid;	/* 0: not running */
	uint32_t owner_uid;	/* who started the daemon */
	uint32_t front_restarts;
	int64_t keeper_began_msec, front_began_msec;	/* monotonic */
	struct roles_pool pools[SITE_BACKENDS_MAX];
	size_t pool_count;
};

/* Through a frame. */
int roles_put(struct buf *b, const struct roles *r);
int roles_get(struct buf *b, struct roles *r_r);

#endif
