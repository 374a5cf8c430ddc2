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

#include <stdint.h>

#include "common/errmsg.h"
#include "common/network.h"
#include "common/wire.h"
#include "saslauthd/roles.h"
#include "saslauthd/site.h"

/* argv[0] that makes the program a front; what ps(1) shows. */
#define FRONT_ARGV0 "saslauthd: front"

struct cache;
struct clients;
struct control;
struct dispatch;
struct limits;
struct listener;
struct metrics;

/* What the parts of the front share. */
struct front {
	struct site site;
	struct wire_limits wire_limits;
	struct cache *cache;		/* NULL: off */
	struct limits *limits;		/* NULL: off */
	struct networks limit_exempt;
	struct metrics *metrics;
	struct control *control;
	struct roles roles;
	struct listener *listeners[SITE_LISTENERS_MAX];
	struct clients *clients;
	struct dispatch *dispatches[SITE_BACKENDS_MAX];	/* as in the site */
	uint64_t next_request_id;
	bool stopping;
};

/* The channel to this backend's pool broke and no other one came: ask for
 * one. */
void front_want_pool(const char *backend);

/* Who is asked at this step of a route. */
struct dispatch *front_backend(const struct front *f,
    const struct site_route *route, size_t step);

/* The operator's commands: log debug messages too, or not; have the daemon
 * stop once all that runs is answered. */
void front_set_verbose(struct front *f, bool verbose);
void front_drain(struct front *f);

/* Called when a client has gone: room for another, or the end of a stop. */
void front_client_gone(struct front *f);

/* Do the users and groups exist that may ask there? For a check that starts
 * no front. */
int front_check_listener(const struct site_listener *l, struct errmsg *e);

/* Never returns. */
void front_main(void) __attribute__((noreturn));

#endif
