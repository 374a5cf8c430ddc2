/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * part_pool - the pool of one backend, as the keeper sees it.
 *
 * A backend that cannot be opened for now (a file that is missing, say) has a
 * reason; its pool is started again and again until it can.
 */
#ifndef SASLAUTHD_PART_POOL_H
#define SASLAUTHD_PART_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/conf.h"
#include "common/deadline.h"
#include "common/errmsg.h"
#include "saslauthd/part.h"
#include "saslauthd/plan.h"
#include "saslauthd/roles.h"

#define PART_POOL_WHAT_MAX (CONF_NAME_MAX + sizeof("pool of "))

struct part_pool {
	char name[CONF_NAME_MAX + 1];	/* of the backend */
	uint32_t generation;
	char what[PART_POOL_WHAT_MAX];
	struct part part;
	struct buf settings;		/* what it is given at each start */
	struct buf description;		/* what it said of itself */
	char why[ERRMSG_MAX];		/* cannot be opened; "": it can */
	bool gave_up;			/* the one that runs said why */
	struct deadline relink;		/* never: nothing to try again */
};

/* NULL, and said so in the log, when settings are too long or memory is
 * short. */
struct part_pool *part_pool_new(const struct plan *plan,
    const char *backend);
/* Does not end the process. */
void part_pool_free(struct part_pool *p);

int part_pool_start(struct part_pool *p, const struct plan *plan,
    struct errmsg *e);

/* It is ready and describes itself. -1: out of memory, or too much of it. */
int part_pool_ready(struct part_pool *p, const struct buf *description);

/* It says that its backend cannot be opened (in less than ERRMSG_MAX bytes),
 * and ends. Logged, and true, when that is news. */
bool part_pool_closed(struct part_pool *p, const char *why);

/* Tell the front what there is to know: a fresh channel if it is ready, or
 * why it cannot be opened. A link that fails is tried again soon. */
void part_pool_link(struct part_pool *p, const struct part *front);

struct roles_pool part_pool_role(const struct part_pool *p);

#endif
