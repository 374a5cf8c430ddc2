/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * route - which of the site's routes a request takes: the first one, in the
 * order of the file, all of whose conditions hold.
 *
 * Pure functions; nothing is kept, nothing is changed.
 */
#ifndef FRONT_ROUTE_H
#define FRONT_ROUTE_H

#include "saslauthd/site.h"

/* Names in their canonical form; none is NULL. */
struct route_question {
	const struct site_listener *listener;	/* where it came in */
	const char *login, *service, *realm;
	const char *address;	/* the client's, as it was sent; "": none */
};

/* What a route may ask for, in the order it is looked at. */
enum route_condition {
	ROUTE_LISTENER,
	ROUTE_SERVICE,
	ROUTE_REALM,
	ROUTE_CLIENT,
	ROUTE_CONDITIONS	/* how many; none of them */
};

enum route_match {
	ROUTE_ANY,		/* the route does not ask for it */
	ROUTE_HOLDS,
	ROUTE_FAILS
};

enum route_match route_match(const struct site_route *r,
    const struct route_question *q, enum route_condition c);

/* The first condition that fails; ROUTE_CONDITIONS: the route is for it. */
enum route_condition route_miss(const struct site_route *r,
    const struct route_question *q);

/* NULL: no route is for it. */
const struct site_route *route_find(const struct site *site,
    const struct route_question *q);

/* What a route's `realm` is compared with: the realm or, where none came,
 * the domain behind the login's last '@'; "" if there is neither. It is a
 * part of one of the two. */
const char *route_realm(const char *login, const char *realm);

/* The word of the route's `realm` that this request matches: "example.org" or
 * ".example.org", as it is written there; "" where it asks for none. */
void route_word(const struct site_route *r, const char *login,
    const char *realm, char *to, size_t size);

#endif
