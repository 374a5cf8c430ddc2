/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * editions - which of a site's backends are the ones they were before a
 * reload, as far as the cache is concerned.
 *
 * Each backend has an edition, a number no other one ever has, and a slot,
 * the index of its life times in the cache. A backend that is the same after
 * a reload keeps both. The cache knows a route by its chain with the editions
 * in front: "7,3 ldap,local". So what a changed backend has filled is not
 * found any more, nor is what an older generation still learns.
 */
#ifndef FRONT_EDITIONS_H
#define FRONT_EDITIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "saslauthd/site.h"

#define EDITIONS_NONE SIZE_MAX

struct editions {
	uint64_t number[SITE_BACKENDS_MAX];	/* as in the site */
	unsigned slot[SITE_BACKENDS_MAX];	/* < SITE_BACKENDS_MAX */
	char **chains;				/* of the routes */
	size_t chain_count;
};

/* For a site; `same`: which backend of `before` each is, or EDITIONS_NONE;
 * both NULL: there was none. `last` is the latest number that was given. -1:
 * out of memory. */
int editions_init(struct editions *es, const struct site *site,
    const struct editions *before, const size_t *same, uint64_t *last);
void editions_fini(struct editions *es);

/* This backend is another one from now on. -1: out of memory, and it is not
 * to be relied on. */
int editions_renew(struct editions *es, const struct site *site,
    size_t backend, uint64_t *last);

/* What the cache knows the site's route by, and the other way round (NULL: no
 * route goes by it). */
const char *editions_chain(const struct editions *es,
    const struct site *site, const struct site_route *route);
const struct site_route *editions_route(const struct editions *es,
    const struct site *site, const char *chain);

#endif
