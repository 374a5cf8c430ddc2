/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_srv - servers of a domain from DNS (RFC 2782): what `ldap:///dc=...`
 * means. The only file that includes resolv.h.
 */
#ifndef MECHANISMS_DIR_SRV_H
#define MECHANISMS_DIR_SRV_H

#include <stddef.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/errmsg.h"

struct dir_srv_list {
	char **uris;		/* by priority, then drawn by weight */
	size_t count;
	int64_t ttl_sec;	/* 60 to 3600 */
};

/* "dc=example,dc=org" to "example.org": -1 for a DN of anything else. */
int dir_srv_domain(const char *dn, char *to, size_t size);

/* Ask for _ldap._tcp.DOMAIN. scheme is "ldap" or "ldaps", whose port is the
 * record's. Blocks 2 s at most, and asks nobody when the deadline leaves less
 * than 1 s; but an answer that is too long for a datagram is fetched over
 * TCP, which the system's resolver does without a limit. -1 when there is no
 * answer, no record, or no resolver of this kind in the build. */
int dir_srv_query(const char *scheme, const char *domain,
    const struct deadline *d, struct dir_srv_list *list_r, struct errmsg *e);
/* The same from an answer as it came over the wire. */
int dir_srv_read(const char *scheme, const unsigned char *answer, size_t len,
    struct dir_srv_list *list_r, struct errmsg *e);
/* Safe on an empty one and twice. */
void dir_srv_fini(struct dir_srv_list *list);

#endif
