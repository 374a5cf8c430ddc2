/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * servers - which server to ask: the list, in the order of preference, and by
 * what all workers of the pool know of each server (server_health).
 *
 * The first server that is not down is the one. A server that refused, hung
 * or broke is down for a back-off of 5 s, doubled up to 60 s; then one worker
 * probes it, and it is up again when that was answered. A server on which a
 * worker died (killed at its deadline, in a name server or a handshake) is
 * found out by the mark it left.
 */
#ifndef MECHANISMS_SERVERS_H
#define MECHANISMS_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/errmsg.h"
#include "mechanisms/mech.h"
#include "mechanisms/server_health.h"

#define SERVERS_MAX 64

struct servers;

/* What a mechanism's servers are like. */
struct servers_kind {
	int64_t stuck_msec;	/* see server_health_new() */
	/* After so long without a probe in somebody's idle time a request
	 * makes it; 0: nobody idle does. */
	int64_t overdue_msec;
	/* Does this name stand for several servers, which DNS knows? NULL:
	 * none does. */
	bool (*is_domain)(const char *name);
	/* Who they are: each is told to servers_found(). Returns the
	 * milliseconds after which to ask again; -1: no answer, and why. */
	int64_t (*query)(const char *name, const struct deadline *d,
	    struct servers *sv, struct errmsg *e);
};

/* In the pool, before any fork; shares memory with what is forked later. The
 * kind is kept, not copied. */
struct servers *servers_new(const struct servers_kind *kind,
    struct errmsg *e);
/* One more, behind those that are there. DNS is asked later, by workers. */
int servers_add(struct servers *sv, const char *name, struct errmsg *e);
/* Unmaps our view; the other processes keep theirs. */
void servers_free(struct servers *sv);
/* From within query(): one of them. */
void servers_found(struct servers *sv, const char *name);

/* A round through the servers for one request: each is offered once. */
struct servers_round {
	unsigned char offered[SERVERS_MAX];
	unsigned generation;	/* of the list */
};

struct servers_offer {
	const char *name;	/* valid until the next servers_next() */
	size_t slot;		/* for servers_up() and so on */
	bool others;		/* another one, that is not down, could be
				 * asked after it */
	bool last_resort;	/* all are down: it gets all the time */
	bool probe;		/* it is down, and this request finds out
				 * whether it still is */
};

/* The next one to try, by preference; false at the end of the round. May ask
 * DNS when what it said is too old (bounded by d; an old list is used on when
 * that fails). When all are down, offers them all the same, the one that has
 * been down longest first: false only after that. e says why the first call
 * had none to offer. */
bool servers_next(struct servers *sv, struct servers_round *round,
    const struct deadline *d, struct servers_offer *offer_r,
    struct errmsg *e);

/* Leave, take away the mark that a worker is waiting for this server. Always
 * in pairs, around everything that may block. */
void servers_enter(struct servers *sv, size_t slot);
void servers_leave(struct servers *sv, size_t slot);

/* An answer came, whatever it was. / None came: `why` is kept for status. */
void servers_up(struct servers *sv, size_t slot);
void servers_down(struct servers *sv, size_t slot, const char *why);
bool servers_is_up(const struct servers *sv, size_t slot);
/* Did it answer any worker after that point (monotonic)? */
bool servers_answered_since(const struct servers *sv, size_t slot,
    int64_t msec);
/* Is a server preferred to this one up again? Then a kept link to this one
 * is given up before the next request. */
bool servers_has_better(const struct servers *sv, size_t slot);

/* A server whose back-off is over, claimed for this worker: no other one gets
 * it for the next back-off. False: none. */
bool servers_claim_probe(struct servers *sv, struct servers_offer *offer_r);
/* Milliseconds until one may be due; -1: all are up. */
int64_t servers_probe_in_msec(const struct servers *sv);

/* struct mech's parts. Only servers that were used, or are in the list. */
size_t servers_parts(const struct servers *sv, struct mech_part *parts_r,
    size_t max);

#endif
