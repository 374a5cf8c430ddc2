/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload - from one plan to the next while clients are answered.
 *
 * The file is read and judged whole; if it is bad, nothing has happened. Then
 * its pools are started, and only when each of them is ready or has said why
 * not does the front get it all at once. Who asked before that is answered by
 * the old pools, which stay until the front has let go of them.
 */
#ifndef SASLAUTHD_RELOAD_H
#define SASLAUTHD_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/deadline.h"
#include "saslauthd/family.h"
#include "saslauthd/notify.h"
#include "saslauthd/sockets.h"

struct reload {
	struct family *family;
	struct sockets *sockets;	/* of the plan that serves */
	struct notify *notify;
	struct sockets next;		/* of the one that is coming */
	struct deadline end;		/* of its start; never: none is */
	uint32_t last_number;		/* of a plan */
	bool wanted;			/* as soon as it can be */
	bool told_to_wait;
	/* How often the front that runs has asked for one, and up to which of
	 * them had when the file was read: others hear of the next one. */
	uint32_t asked, covered;
};

void reload_init(struct reload *r, struct family *family,
    struct sockets *sockets, struct notify *notify);

/* Somebody wants it: it begins with the next reload_go_on() that finds room
 * for it. Asked for twice before that, it is done once. */
void reload_request(struct reload *r);
/* The same, and the front waits for how it ends. */
void reload_request_of_front(struct reload *r);
/* Nobody waits any more: another front counts anew. */
void reload_front_gone(struct reload *r);

/* To be called after each event of a daemon that serves. To judge the plan
 * blocks for as long as the mechanisms' --check takes. */
void reload_go_on(struct reload *r);

/* The daemon stops: what has begun is undone. */
void reload_cancel(struct reload *r);

#endif
