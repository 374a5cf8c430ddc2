/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch - one backend as the front sees it: workers, queue, deadlines.
 *
 * A worker has one request at a time. What finds no idle worker waits in the
 * queue, and the pool is asked for more workers up to workers_max. An answer
 * counts only if it comes from the worker that has the request and carries
 * the request's id.
 */
#ifndef SASLAUTHD_DISPATCH_H
#define SASLAUTHD_DISPATCH_H

#include <stdbool.h>

#include "common/buf.h"

struct dispatch;
struct front;
struct request;

struct dispatch *dispatch_new(struct front *f);

/* The keeper linked us to a (new) pool: its description and our channel,
 * which is taken over. Workers of an older pool are let go. -1: the
 * description does not parse. */
int dispatch_link(struct dispatch *d, struct buf *description, int fd);

/* Name of the mechanism, for log and cache. */
const char *dispatch_mech(const struct dispatch *d);
/* May its verdict depend on the client's address? */
bool dispatch_sees_address(const struct dispatch *d);

/* Have the request answered, through request_decided or request_failed. */
void dispatch_submit(struct dispatch *d, struct request *r);

/* The stop has lasted long enough: fail what is pending. */
void dispatch_abandon(struct dispatch *d);

#endif
