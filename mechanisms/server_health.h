/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_health - what all workers of a pool know of each server: up or down,
 * since when, why, when to probe it; in memory that they share with the pool.
 *
 * C11 atomics only: a worker may be killed anywhere, so there is nothing it
 * could hold for ever. Each server has a slot, which it keeps for the life of
 * the pool, because servers found by DNS come and go. Nothing here blocks or
 * asks anybody.
 */
#ifndef MECHANISMS_SERVER_HEALTH_H
#define MECHANISMS_SERVER_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "mechanisms/mech.h"

#define SERVER_BACKOFF_FIRST_MSEC 5000
#define SERVER_BACKOFF_MAX_MSEC 60000
#define SERVER_NAME_MAX 1024	/* bytes with NUL */

/* Different servers that a pool may see in its life. */
#define SERVER_HEALTH_SLOTS 256

struct server_health;

/* Before any fork. A worker that has been at a server for stuck_msec does not
 * come back. */
struct server_health *server_health_new(int64_t stuck_msec,
    struct errmsg *e);
/* Unmaps our view; the other processes keep theirs. */
void server_health_free(struct server_health *h);

/* The slot of a server, a fresh one if it has none; a new server is up. One
 * that is not `fixed` is forgotten by server_health_parts() two hours after
 * the last call. -1: the name is too long, or all slots are taken. */
int server_health_slot(struct server_health *h, const char *name, bool fixed,
    size_t *slot_r, struct errmsg *e);
const char *server_health_name(const struct server_health *h, size_t slot);

/* Mark that somebody waits for this server. Returns the mark, which leave()
 * takes away; 0: another one's mark is there already, which is enough. */
int64_t server_health_enter(struct server_health *h, size_t slot);
void server_health_leave(struct server_health *h, size_t slot, int64_t mark);

/* An answer came. / None came: a server that was up is down for the first
 * back-off; one whose back-off is over, or that came up less than
 * SERVER_BACKOFF_MAX_MSEC ago, for the next one. */
void server_health_up(struct server_health *h, size_t slot);
void server_health_down(struct server_health *h, size_t slot, const char *why);

/* Since when is it down (monotonic)? 0: it is up. A mark that has been there
 * for stuck_msec, without an answer to anybody since, makes it down. */
int64_t server_health_down_since(struct server_health *h, size_t slot);

/* Did it answer anybody after that point (monotonic)? */
bool server_health_answered_since(const struct server_health *h, size_t slot,
    int64_t msec);

/* When its back-off is over. */
int64_t server_health_probe_at(const struct server_health *h, size_t slot);
/* Is it down, and its back-off over for so long? Then the caller, and nobody
 * else for the next back-off, has to ask it. */
bool server_health_claim(struct server_health *h, size_t slot,
    int64_t over_msec);

/* struct mech's parts. */
size_t server_health_parts(struct server_health *h, struct mech_part *parts_r,
    size_t max);

#endif
