/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener - where clients come in, and who may.
 */
#ifndef FRONT_LISTENER_H
#define FRONT_LISTENER_H

#include <stdbool.h>

#include "common/errmsg.h"
#include "saslauthd/site.h"

struct front;
struct listener;

/* Accept on a listening, non-blocking socket, which it owns from now on; `of`
 * is borrowed and stays with its clients. Names in allow_uids and allow_gids
 * are looked up, so call it before the sandbox is entered. NULL with a
 * message (a name that is nobody's, or no memory). */
struct listener *listener_new(struct front *f,
    const struct site_listener *of, int fd, struct errmsg *e);

/* It pauses by itself when no client can be taken: go on. */
void listener_resume(struct listener *l);

/* Take who is waiting in the backlog, then close. */
void listener_close(struct listener *l);

/* Is an outage answered as a wrong password is there? */
bool listener_tempfail_is_no(const struct settings *s,
    const struct site_listener *of);

#endif
