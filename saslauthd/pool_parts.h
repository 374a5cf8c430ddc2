/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_parts - how the servers of a pool's backend stand: what the mechanism
 * says of them, kept to see, to log and to tell the front what changes.
 */
#ifndef SASLAUTHD_POOL_PARTS_H
#define SASLAUTHD_POOL_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/frame.h"
#include "saslauthd/pool_load.h"

/* All zero at first: nothing is known. */
struct pool_parts {
	struct frame_part list[FRAME_PARTS_MAX];
	size_t count;
};

/* Ask the mechanism, and log who went down or came back. True if anything is
 * not as it was. Does not block. */
bool pool_parts_look(struct pool_parts *pp, const struct pool_load *l,
    void *mech_ctx);

/* The payload of FRAME_PARTS. -1: out of memory. */
int pool_parts_put(const struct pool_parts *pp, struct buf *b);

#endif
