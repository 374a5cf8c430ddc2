/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listener - where clients come in.
 */
#ifndef FRONT_LISTENER_H
#define FRONT_LISTENER_H

struct front;
struct listener;

/* Accept on a listening, non-blocking socket, which it owns from now on.
 * NULL when out of memory. */
struct listener *listener_new(struct front *f, int fd);

/* It pauses by itself when no client can be taken: go on. */
void listener_resume(struct listener *l);

/* Take who is waiting in the backlog, then close. */
void listener_close(struct listener *l);

#endif
