/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener - where clients come in, and who may.
 */
#ifndef FRONT_LISTENER_H
#define FRONT_LISTENER_H

#include <stdbool.h>

#include "saslauthd/admission.h"
#include "saslauthd/site.h"

struct generation;
struct listener;

/* For a listening, non-blocking socket, which it owns from now on, as well as
 * what is in `who`; `of` is borrowed and stays with its clients. It accepts
 * nobody yet. NULL: out of memory. */
struct listener *listener_new(struct generation *g,
    const struct site_listener *of, struct admission *who, int fd);

/* Accept. It pauses by itself when no client can be taken: go on. */
void listener_resume(struct listener *l);

/* Take who is waiting in the backlog, then close; or without that. */
void listener_close(struct listener *l);
void listener_free(struct listener *l);

/* Is an outage answered as a wrong password is there? */
bool listener_tempfail_is_no(const struct settings *s,
    const struct site_listener *of);

#endif
