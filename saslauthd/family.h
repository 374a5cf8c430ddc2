/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * family - the keeper's children together: one front, and the crew of pools
 * of each generation.
 *
 * One crew serves; one may be coming (a reload), and a few old ones finish
 * what runs. It starts them, links them and tells the front who runs. What an
 * event means for the daemon is the keeper's to decide (keeper.c, reload.c).
 */
#ifndef SASLAUTHD_FAMILY_H
#define SASLAUTHD_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/deadline.h"
#include "saslauthd/crew.h"
#include "saslauthd/handover.h"
#include "saslauthd/part.h"
#include "saslauthd/part_pool.h"
#include "saslauthd/sockets.h"

#define FAMILY_OLD_MAX 6	/* crews that finish what runs */
#define FAMILY_CREWS_MAX (FAMILY_OLD_MAX + 2)

struct family {
	struct handover handover;
	const struct sockets *sockets;
	struct part front;
	struct crew *now;		/* serves */
	struct crew *coming;		/* NULL: none */
	struct crew *old[FAMILY_OLD_MAX];	/* NULL: free */
	int64_t began_msec;	/* monotonic */
	bool roles_changed;	/* and the front does not know */
};

/* Of one child: its part, and its pool or NULL for the front. */
struct family_member {
	struct part *part;	/* NULL: none of ours */
	struct part_pool *pool;
	struct crew *crew;	/* the pool's */
};

/* Takes the plan over. -1: said so in the log, and it is freed. */
int family_init(struct family *f, struct plan *plan,
    const struct sockets *sockets);
/* Once all have ended. */
void family_fini(struct family *f);

/* Start all. -1: not now; said so in the log. */
int family_start_all(struct family *f);
/* Start and link whose time has come; free old crews that are gone. */
void family_go_on(struct family *f);
struct deadline family_next(const struct family *f);

/* Tell the front who runs, if that changed and it can listen. */
void family_tell_roles(struct family *f);

/* The i-th child, the front first; part is NULL past the last. There are
 * FAMILY_CREWS_MAX * SITE_BACKENDS_MAX + 1 at most. */
struct family_member family_member(struct family *f, size_t i);
struct family_member family_find_pid(struct family *f, pid_t pid);
/* The crew of this generation, or NULL. */
struct crew *family_find_crew(const struct family *f, uint32_t generation);

/* Whom a start waits for: "front", "pool of ldap". */
const char *family_awaited(const struct family *f);

/* May another crew come? Not while all places for old ones are taken. */
bool family_has_room(const struct family *f);
/* The crew that was coming serves now; the other one becomes old, and may
 * take so long. */
void family_switch(struct family *f, int64_t msec);
/* The front knows nothing of old crews. */
void family_dismiss_old(struct family *f);

/* Of all who may still have one on its way, the longest. */
long family_request_timeout_sec(const struct family *f);

/* Start nobody any more; cut all channels; end all at once. */
void family_no_restart(struct family *f);
void family_release(struct family *f);
void family_kill(const struct family *f);
/* The same, and wait for them. */
void family_end(const struct family *f);
bool family_is_gone(const struct family *f);

#endif
