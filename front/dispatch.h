/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch - requests to one backend: joined, queued, given to workers.
 *
 * Equal requests become one flight. A flight that finds no idle worker waits
 * in the queue, unless it is plain that it would wait too long. A backend's
 * time for a flight is limited; what has not answered by then is killed.
 */
#ifndef FRONT_DISPATCH_H
#define FRONT_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/conf_show.h"

struct dispatch;
struct frame_part;
struct generation;
struct request;
struct site_backend;

/* For a backend of the generation's site. NULL: out of memory. */
struct dispatch *dispatch_new(struct generation *g,
    const struct site_backend *backend);
/* It takes the place of this one of another generation: what is known of the
 * backend's health and was counted goes on. */
void dispatch_follow(struct dispatch *d, const struct dispatch *before);
/* With its workers' channels. Nothing may be pending; NULL is fine. */
void dispatch_free(struct dispatch *d);

/* The keeper linked us to a (new) pool: its description and our channel,
 * which is taken over. Workers of an older pool are let go. -1: the
 * description does not parse, or memory is short. */
int dispatch_link(struct dispatch *d, struct buf *description, int fd);

/* The keeper says that the backend cannot be opened: until its next link,
 * requests are misconfigured, for this reason. */
void dispatch_cannot_open(struct dispatch *d, const char *why);

/* The backend's name, and its mechanism. */
const char *dispatch_name(const struct dispatch *d);
const char *dispatch_mech(const struct dispatch *d);
const struct settings *dispatch_settings(const struct dispatch *d);
/* Are both asked the same way, as far as their pools have told? Not if one of
 * them has not. */
bool dispatch_config_equal(const struct dispatch *a,
    const struct dispatch *b);
/* What its pool said last of the settings it serves with: of the daemon's own
 * those that may stand in a backend, then its mechanism's. Empty until it was
 * open once. */
const struct conf_show *dispatch_config(const struct dispatch *d);
/* May its verdict depend on the client's address (the realm)? */
bool dispatch_sees_address(const struct dispatch *d);
bool dispatch_sees_realm(const struct dispatch *d);

struct dispatch_status {
	const char *name, *mech;
	const char *trouble;	/* why it cannot be opened, or "" */
	bool up;		/* as the log said last */
	int64_t since_msec;	/* monotonic; of the last change or start */
	unsigned workers_starting, workers_idle, workers_busy;
	unsigned workers_ready, workers_max;	/* kept, allowed */
	size_t queued;		/* questions that wait for a worker */
	int64_t median_usec;	/* recent time of a question; -1 unknown */
	unsigned workers_lost;	/* since this front began */
	const struct frame_part *parts;	/* its servers, until the loop runs */
	size_t part_count;
};
void dispatch_status(struct dispatch *d, struct dispatch_status *s_r);

/* Is the backend down, and a request with it that will show when it is up
 * again? */
bool dispatch_is_probing(const struct dispatch *d);

/* Have the request answered, through request_answered(). */
void dispatch_submit(struct dispatch *d, struct request *r);

/* The request does not wait any more: its time is over. Returns what kept it
 * waiting, for the log. */
const char *dispatch_leave(struct request *r);

/* The stop has lasted long enough: fail what is pending. */
void dispatch_abandon(struct dispatch *d);

#endif
