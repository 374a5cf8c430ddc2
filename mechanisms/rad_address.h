/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_address - where a server is: what its name stands for, asked again from
 * time to time. Each worker has its own.
 */
#ifndef MECHANISMS_RAD_ADDRESS_H
#define MECHANISMS_RAD_ADDRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/deadline.h"
#include "common/errmsg.h"
#include "mechanisms/rad_servers.h"

#define RAD_ADDRESSES_MAX 8	/* of one server; more are not looked at */
/* What DNS said is used for so long, and on while it says nothing. */
#define RAD_ADDRESS_MSEC 60000

struct rad_address {
	struct sockaddr_storage at;
	socklen_t len;
};

/* Zeroed: not asked yet. */
struct rad_addresses {
	struct rad_address list[RAD_ADDRESSES_MAX];
	size_t count;
	size_t first;		/* to try first: the one that answered */
	int64_t ask_msec;	/* when to ask again */
	struct rad_lookup *lookup;	/* NULL: none runs */
};

/* Make sure that they are known. Asks the system's resolver, until then at
 * most; where some are known already they do if it does not answer soon. -1:
 * no address is known. */
int rad_addresses_get(struct rad_addresses *a, const struct rad_server *s,
    const struct deadline *d, struct errmsg *e);
/* The first one has cost a request its time: another one is for the next
 * request, and DNS, which is asked again soon, may know better. */
void rad_addresses_turn(struct rad_addresses *a);
void rad_addresses_fini(struct rad_addresses *a);

#endif
