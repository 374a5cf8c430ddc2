/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front - the role that reads clients: unprivileged, never blocking.
 *
 * It inherits nothing but the channel and the lifeline of saslauthd/child.h;
 * settings, listeners, the log socket and the channels to the pools come
 * from the keeper in frames.
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/network.h"
#include "front/generation.h"
#include "saslauthd/roles.h"

/* argv[0] that makes the program a front; what ps(1) shows. */
#define FRONT_ARGV0 "saslauthd: front"

struct cache;
struct clients;
struct command;
struct control;
struct limits;
struct loop_timer;
struct metrics;

/* What the parts of the front share, and generations have in common. */
struct front {
	struct generation *coming;	/* NULL: none */
	struct generation *now;		/* what is served by */
	LIST_HEAD(, generation) old;	/* until all in them has ended */
	struct loop_timer *reaper;	/* of the old ones */
	uint64_t last_edition;		/* given to a backend */
	struct cache *cache;		/* NULL: off */
	struct limits *limits;		/* NULL: off */
	struct networks limit_exempt;
	int tries;			/* memory of limits; -1: none */
	struct metrics *metrics;
	struct control *control;
	LIST_HEAD(, command) awaiting_reload;
	uint32_t reloads_asked;		/* of the keeper, by operators */
	struct roles roles;
	struct clients *clients;
	uint64_t next_request_id;
	bool stopping;
};

/* The operator's commands: log debug messages too, or not; have the daemon
 * read its settings again; have it stop once all that runs is answered. */
void front_set_verbose(struct front *f, bool verbose);
bool front_reload(struct front *f);	/* false: the keeper is slow */
void front_drain(struct front *f);

/* Called when a client has gone: room for another, or the end of a stop. */
void front_client_gone(struct front *f);

/* Never returns. */
void front_main(void) __attribute__((noreturn));

#endif
