/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crew - the pools of one plan: one for each of its backends.
 *
 * A reload brings a new crew; the old one stays until the front has finished
 * what it gave them.
 */
#ifndef SASLAUTHD_CREW_H
#define SASLAUTHD_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "common/deadline.h"
#include "saslauthd/part.h"
#include "saslauthd/part_pool.h"
#include "saslauthd/plan.h"
#include "saslauthd/site.h"

struct crew {
	struct plan *plan;
	struct part_pool *pools[SITE_BACKENDS_MAX];	/* as in the site */
	size_t count;
	bool dismissed;		/* told to end */
	struct deadline end;	/* an old one is dismissed, a dismissed one
				 * is killed */
};

/* Takes the plan over. NULL, and said so in the log, when settings are too
 * long or memory is short: the plan is the caller's again. */
struct crew *crew_new(struct plan *plan);
/* Once all have ended; with its plan. */
void crew_free(struct crew *c);

/* -1: not all of them, which is due again soon. */
int crew_start(struct crew *c);

/* Tell the front of all. */
void crew_link(struct crew *c, const struct part *front);

/* Starts, links and ends whose time has come; true when somebody was
 * started. */
bool crew_go_on(struct crew *c, const struct part *front);
struct deadline crew_next(const struct crew *c);

struct part_pool *crew_find(const struct crew *c, const char *backend);

enum crew_state {
	CREW_WAITING,		/* somebody is neither ready nor given up */
	CREW_OPEN,		/* one at least is ready */
	CREW_CLOSED		/* no backend can be opened */
};
enum crew_state crew_state(const struct crew *c);
/* The one it waits for, or NULL. */
const struct part_pool *crew_awaited(const struct crew *c);

/* Once: cut their channels, and start nobody any more. */
void crew_dismiss(struct crew *c);
void crew_no_restart(struct crew *c);
void crew_kill(const struct crew *c);
bool crew_is_gone(const struct crew *c);

#endif
