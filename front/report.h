/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report - the lines of the control socket that say how things stand: flat
 * JSON, one object per line, the first member is "kind".
 *
 * All of them append to `to`; -1: it is full or memory is short, and nothing
 * is left of the line.
 */
#ifndef FRONT_REPORT_H
#define FRONT_REPORT_H

#include "common/buf.h"
#include "common/json.h"

struct cache_entry;
struct dispatch;
struct front;
struct site_route;

/* Begin a line of one's own. */
void report_begin(struct json *j, struct buf *to, const char *kind);

int report_daemon(struct front *f, struct buf *to);
int report_roles(struct front *f, struct buf *to);	/* a line each */
int report_backends(struct front *f, struct buf *to);	/* a line each */
/* The servers a backend leans on, a line each. */
int report_parts(struct dispatch *d, struct buf *to);
int report_clients(struct front *f, struct buf *to);
int report_queue(struct front *f, struct buf *to);
int report_cache(struct front *f, struct buf *to);
int report_limits(struct front *f, struct buf *to);
int report_log(struct front *f, struct buf *to);
int report_totals(struct front *f, struct buf *to);

/* Walks the whole cache; no line where it is off. */
int report_spread(struct front *f, struct buf *to);

/* One success the cache holds, of a route with its chain. */
int report_entry(const struct cache_entry *en, const struct site_route *route,
    struct buf *to);

/* Members that several lines have. */
void report_backend_members(struct dispatch *d, struct json *j);
const char *report_limits_mode(const struct front *f);

#endif
