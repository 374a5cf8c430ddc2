/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_servers - which server to ask: the list, in the order of preference,
 * and by what all workers of the pool know of each server (dir_health).
 *
 * The first server that is not down is the one. A server that refused, hung
 * or broke is down for a back-off of 5 s, doubled up to 60 s; then one worker
 * probes it in its idle time, and it is up again when that was answered. A
 * server on which a worker died (killed at its deadline, in a name server or a
 * handshake) is found out by the mark it left.
 */
#ifndef MECHANISMS_DIR_SERVERS_H
#define MECHANISMS_DIR_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/errmsg.h"
#include "mechanisms/dir_health.h"
#include "mechanisms/dir_settings.h"
#include "mechanisms/mech.h"

/* After so long without a probe (workers that live for one request) a request
 * makes it. */
#define DIR_PROBE_OVERDUE_MSEC 30000

struct dir_servers;

/* In the pool, before any fork; shares memory with what is forked later. SRV
 * is asked later, by workers. */
struct dir_servers *dir_servers_new(const struct dir_settings *s,
    struct errmsg *e);
/* Unmaps our view; the other processes keep theirs. */
void dir_servers_free(struct dir_servers *sv);

/* A round through the servers for one request: each is offered once. */
struct dir_round {
	unsigned char offered[DIR_SERVERS_MAX];
	unsigned generation;	/* of the list */
};

struct dir_server {
	const char *uri;	/* valid until the next dir_servers_next() */
	size_t slot;		/* for dir_servers_up() and so on */
	bool others;		/* another one, that is not down, could be
				 * asked after it */
	bool last_resort;	/* all are down: it gets all the time */
};

/* The next one to try, by preference; false at the end of the round. May ask
 * DNS when a list from SRV is too old (bounded by d; an old list is used on
 * when that fails). When all are down, offers them all the same, the one that
 * has been down longest first: false only after that. e says why the first
 * call had none to offer. */
bool dir_servers_next(struct dir_servers *sv, struct dir_round *round,
    const struct deadline *d, struct dir_server *server_r, struct errmsg *e);

/* Leave, take away the mark that a worker is waiting for this server. Always
 * in pairs, around everything that may block. */
void dir_servers_enter(struct dir_servers *sv, size_t slot);
void dir_servers_leave(struct dir_servers *sv, size_t slot);

/* An answer came, whatever it was. / None came: `why` is kept for status. */
void dir_servers_up(struct dir_servers *sv, size_t slot);
void dir_servers_down(struct dir_servers *sv, size_t slot, const char *why);
bool dir_servers_is_up(const struct dir_servers *sv, size_t slot);
/* Is a server preferred to this one up again? Then a kept link to this one
 * is given up before the next request. */
bool dir_servers_has_better(const struct dir_servers *sv, size_t slot);

/* A server whose back-off is over, claimed for this worker: no other one gets
 * it for the next back-off. False: none. */
bool dir_servers_claim_probe(struct dir_servers *sv,
    struct dir_server *server_r);
/* Milliseconds until one may be due; -1: all are up. */
int64_t dir_servers_probe_in_msec(const struct dir_servers *sv);

/* struct mech's parts. Only servers that were used, or are in the list. */
size_t dir_servers_parts(const struct dir_servers *sv,
    struct mech_part *parts_r, size_t max);

#endif
