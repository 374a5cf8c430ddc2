/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * route_why - for the operator: why a route is not for a request, or is.
 *
 * Lines as report.h has them; -1: memory is short.
 */
#ifndef FRONT_ROUTE_WHY_H
#define FRONT_ROUTE_WHY_H

#include "common/buf.h"
#include "front/route.h"

/* The line "passed": the first condition that fails. */
int route_why_not(const struct site_route *r, const struct route_question *q,
    struct buf *to);

/* A line "because" for each condition of a route that is for it; one that
 * says so if it has none. */
int route_why(const struct site_route *r, const struct route_question *q,
    struct buf *to);

#endif
