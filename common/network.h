/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network - client addresses, and lists of networks that hold them.
 */
#ifndef COMMON_NETWORK_H
#define COMMON_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/errmsg.h"

/* IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that there is one
 * shape, and so that both spellings of an IPv4 address are one. */
struct network_address {
	unsigned char bytes[16];
};

/* "192.0.2.1", "2001:db8::1" or "fe80::1%eth0" (the zone is dropped), each
 * with an optional ";port". -1: none of these. Allocates nothing. */
int network_address_parse(struct network_address *a_r, const char *text);
bool network_address_is_ipv4(const struct network_address *a);
/* "192.0.2.1" or "2001:db8::1"; `to` has NETWORK_TEXT_MAX bytes. */
#define NETWORK_TEXT_MAX 48
void network_address_format(const struct network_address *a, char *to);

struct network {
	struct network_address first;
	unsigned bits;		/* of 128 */
};

struct networks {
	struct network *list;
	size_t count;
};

#define NETWORKS_INIT { NULL, 0 }

/* "192.0.2.0/24, 2001:db8::/32 127.0.0.1": separated by blanks or commas;
 * without a length a single address; "" is an empty list. Host bits must be
 * zero. -1 with a message that names the wrong word; nothing is kept. */
int networks_parse(struct networks *ns_r, const char *text, struct errmsg *e);
void networks_fini(struct networks *ns);
bool networks_contain(const struct networks *ns,
    const struct network_address *a);

#endif
