/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client - one connection: read a request, send its answer, see it off.
 */
#ifndef FRONT_CLIENT_H
#define FRONT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"

struct client;
struct clients;
struct front;
struct generation;
struct site_listener;

struct clients *clients_new(struct front *f);
/* Are there clients_max of them? */
bool clients_are_full(const struct clients *cs);
/* Close the longest-idle incomplete request of the uid that holds most
 * connections; false when every client waits for its answer. */
bool clients_make_room(struct clients *cs);
/* Connections open, those being drained included. */
size_t clients_count(const struct clients *cs);
/* Incomplete requests are not waited for any more (the daemon stops). */
void clients_drop_incomplete(struct clients *cs);

/* Take an accepted, non-blocking descriptor. The listener is the
 * generation's. */
void client_start(struct generation *g, const struct site_listener *l,
    int fd);

/* A request that came whole, without a connection: from whom, and who hears
 * the answer. */
struct client_call {
	struct buf request;
	uid_t uid;			/* -1: unknown */
	pid_t pid;			/* 0: unknown */
	/* Once, maybe before client_start_call() returns; "": a reply of
	 * length 0. */
	void (*answer)(void *arg, const char *text);
	void *arg;
};

/* The request's bytes are taken over, and wiped. */
void client_start_call(struct generation *g, const struct site_listener *l,
    struct client_call *call);

/* Where it came in. */
const struct site_listener *client_listener(const struct client *c);

/* Of the peer. The first of these costs a system call. */
uid_t client_uid(struct client *c);	/* -1: unknown */
pid_t client_pid(struct client *c);	/* 0: unknown */
/* Requests of its peer's uid that wait for a backend, this one included. */
size_t client_peer_waiting(struct client *c);

/* Send the reply text ("" for a reply of length 0) in one write, and let the
 * client go. The client is gone for the caller. */
void client_answer(struct client *c, const char *text);

#endif
