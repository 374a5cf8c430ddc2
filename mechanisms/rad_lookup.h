/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_lookup - getaddrinfo(3) that can be left: the system's resolver waits
 * for dead name servers as long as it likes, which is longer than a request.
 * It runs in a thread of its own, that outlives whoever gave up on it.
 */
#ifndef MECHANISMS_RAD_LOOKUP_H
#define MECHANISMS_RAD_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>

#include "common/deadline.h"

struct rad_lookup;

/* Ask for addresses of datagrams. NULL: no memory, descriptors or threads. */
struct rad_lookup *rad_lookup_start(const char *host, const char *port);
/* False: nothing came until then; it goes on. Else *code_r is what
 * getaddrinfo() returned, and *found_r, of which the lookup stays the owner,
 * what it found. */
bool rad_lookup_wait(struct rad_lookup *l, const struct deadline *d,
    int *code_r, const struct addrinfo **found_r);
/* At any time; NULL is nothing. */
void rad_lookup_free(struct rad_lookup *l);

#endif
