/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_health - what all workers of a pool know of each server: up or down,
 * since when, why, when to probe it; in memory that they share with the pool.
 *
 * C11 atomics only: a worker may be killed anywhere, so there is nothing it
 * could hold for ever. Each server has a slot, which it keeps for the life of
 * the pool, because servers found by SRV come and go. Nothing here blocks or
 * asks anybody.
 */
#ifndef MECHANISMS_DIR_HEALTH_H
#define MECHANISMS_DIR_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "mechanisms/mech.h"

#define DIR_BACKOFF_FIRST_MSEC 5000
#define DIR_BACKOFF_MAX_MSEC 60000
/* A worker that has been at a server for so long does not come back. */
#define DIR_STUCK_MSEC 4000

/* Different servers that a pool may see in its life. */
#define DIR_HEALTH_SLOTS 256

struct dir_health;

/* Before any fork. */
struct dir_health *dir_health_new(struct errmsg *e);
/* Unmaps our view; the other processes keep theirs. */
void dir_health_free(struct dir_health *h);

/* The slot of a server, a fresh one if it has none; a new server is up. One
 * that is not `fixed` is forgotten by dir_health_parts() two hours after the
 * last call. -1: the URI is too long, or all slots are taken. */
int dir_health_slot(struct dir_health *h, const char *uri, bool fixed,
    size_t *slot_r, struct errmsg *e);
const char *dir_health_uri(const struct dir_health *h, size_t slot);

/* Mark that somebody waits for this server. Returns the mark, which leave()
 * takes away; 0: another one's mark is there already, which is enough. */
int64_t dir_health_enter(struct dir_health *h, size_t slot);
void dir_health_leave(struct dir_health *h, size_t slot, int64_t mark);

/* An answer came. / None came: a server that was up is down for the first
 * back-off; one whose back-off is over, for the next one. */
void dir_health_up(struct dir_health *h, size_t slot);
void dir_health_down(struct dir_health *h, size_t slot, const char *why);

/* Since when is it down (monotonic)? 0: it is up. A mark that has been there
 * for DIR_STUCK_MSEC, without an answer to anybody since, makes it down. */
int64_t dir_health_down_since(struct dir_health *h, size_t slot);

/* When its back-off is over. */
int64_t dir_health_probe_at(const struct dir_health *h, size_t slot);
/* Is it down, and its back-off over for so long? Then the caller, and nobody
 * else for the next back-off, has to ask it. */
bool dir_health_claim(struct dir_health *h, size_t slot, int64_t over_msec);

/* struct mech's parts. */
size_t dir_health_parts(struct dir_health *h, struct mech_part *parts_r,
    size_t max);

#endif
