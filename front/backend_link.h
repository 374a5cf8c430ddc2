/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backend_link - the front's channel to a pool: wishes out, workers in.
 */
#ifndef FRONT_BACKEND_LINK_H
#define FRONT_BACKEND_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_part;
struct loop_io;

/* What a pool says. `lost` is called when it ends or says what it must not;
 * the channel is closed then. The worker's descriptor is the callee's. */
struct backend_events {
	void (*worker)(void *arg, uint64_t id, int fd);
	void (*gone)(void *arg, uint64_t id, uint32_t backoff_msec);
	void (*retire)(void *arg, uint64_t id);
	void (*filled)(void *arg);
	void (*lost)(void *arg);
};

struct backend_link {
	const struct backend_events *events;
	void *arg;
	int fd;			/* -1: no channel */
	struct loop_io *io;
	struct frame_part *parts;	/* as the pool told last */
	size_t part_count;
};

void backend_link_init(struct backend_link *p,
    const struct backend_events *events, void *arg);

/* Take a channel over, in place of the one there is. -1: out of memory. */
int backend_link_open(struct backend_link *p, int fd);
void backend_link_close(struct backend_link *p);
bool backend_link_is_open(const struct backend_link *p);

/* One more worker, please; end this one. False: the pool has not heard it,
 * and may have no room for it now. */
bool backend_link_want(struct backend_link *p);
bool backend_link_kill(struct backend_link *p, uint64_t id);

#endif
