/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * family - the keeper's children together: one front, one pool per backend.
 *
 * It starts them, links them and tells the front who runs. What an event
 * means for the daemon is the keeper's to decide (keeper.c).
 */
#ifndef SASLAUTHD_FAMILY_H
#define SASLAUTHD_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/deadline.h"
#include "saslauthd/handover.h"
#include "saslauthd/keeper.h"
#include "saslauthd/part_pool.h"
#include "saslauthd/part.h"
#include "saslauthd/site.h"
#include "saslauthd/sockets.h"

struct family {
	const struct keeper_plan *plan;
	struct handover handover;
	struct part front;
	struct part_pool *pools[SITE_BACKENDS_MAX];
	size_t pool_count;
	int64_t began_msec;	/* monotonic */
	bool roles_changed;	/* and the front does not know */
};

/* Of one child: its part, and its pool or NULL for the front. */
struct family_member {
	struct part *part;	/* NULL: none of ours */
	struct part_pool *pool;
};

/* -1: said so in the log. */
int family_init(struct family *f, const struct keeper_plan *plan,
    const struct sockets *sockets);
/* Once all have ended. */
void family_fini(struct family *f);

/* Start (again). -1: not now; said so in the log, and due again soon. */
int family_start(struct family *f, struct family_member m);
int family_start_all(struct family *f);
/* Start whose time has come. */
void family_start_due(struct family *f);

/* Tell the front who runs, if that changed and it can listen. */
void family_tell_roles(struct family *f);
/* A front that is ready: link all pools to it. */
void family_link_all(struct family *f);
/* Links whose time has come. */
void family_link_due(struct family *f);

/* The i-th child, the front first; part is NULL past the last. */
struct family_member family_member(struct family *f, size_t i);
struct family_member family_find_pid(struct family *f, pid_t pid);
/* The pool of a backend, or NULL. */
struct part_pool *family_find_pool(struct family *f, const char *name);

enum family_state {
	FAMILY_WAITING,		/* somebody is neither ready nor given up */
	FAMILY_READY,		/* the front, and one pool at least */
	FAMILY_CLOSED		/* no backend can be opened */
};
enum family_state family_state(const struct family *f);
/* Whom it waits for: "front", "pool of ldap". */
const char *family_awaited(const struct family *f);

struct deadline family_next(const struct family *f);

/* Start nobody any more; cut all channels; end all at once. */
void family_no_restart(struct family *f);
void family_release(struct family *f);
void family_kill(const struct family *f);
/* The same, and wait for them. */
void family_end(const struct family *f);
bool family_is_gone(const struct family *f);

#endif
