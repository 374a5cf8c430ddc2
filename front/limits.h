/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits - who guesses, and who would be locked out by a guesser.
 *
 * What counts is the number of distinct wrong passwords within a window: per
 * identity, per client address (IPv6 by its /64; distinct pairs of identity
 * and password) and per pair of both. A phone that repeats a stale password
 * stays at one. Past a limit a try is to be compared with nothing, so that a
 * limit is no oracle, except
 *   - from an address this identity has succeeded from before, until the
 *     pair itself is past limit_identity, and
 *   - a trickle of `compare` tries a minute, evenly spread, for each identity
 *     (and for each address, where that is past its limit).
 *
 * Memory is bounded: the oldest tries go first. The table of tries lies in
 * memory that the keeper holds too, so that a restart of this process does
 * not give a guesser a fresh start; it holds keyed digests only. What is in
 * it is checked when it is taken over: a broken table begins empty.
 *
 * No I/O, no clock: the caller passes monotonic milliseconds.
 */
#ifndef FRONT_LIMITS_H
#define FRONT_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/network.h"
#include "common/secret.h"

struct limits;

struct limits_config {
	size_t bytes;		/* bound on all of it, shared or not; the
				 * descriptor's size */
	unsigned identity;	/* distinct wrong passwords allowed */
	unsigned address;
	unsigned compare;	/* tries a minute past a limit; 0: none */
	int64_t window_msec;
	const struct networks *exempt;	/* from `address`; outlives it */
};

enum limits_verdict {
	LIMITS_PASS = 0,
	LIMITS_IDENTITY,	/* the identity is past its limit */
	LIMITS_ADDRESS,		/* the address is */
	LIMITS_PAIR		/* a known address, itself past limit */
};

struct limits_who {
	const char *identity;	/* identity_format() */
	const char *address;	/* "", "addr" or "addr;port" */
};

/* `fd` is shared memory of config->bytes bytes (zeroed when new) or -1 for
 * private memory; not needed any more afterwards. NULL with a message. */
struct limits *limits_new(const struct limits_config *config, int fd,
    struct errmsg *e);
void limits_free(struct limits *l);

/* Go on by other numbers, with what it holds; its bytes stay. Addresses that
 * become exempt, or not exempt any more, begin anew. */
void limits_configure(struct limits *l, const struct limits_config *config);

/* May this try be compared? Takes from the trickle where that decides. */
enum limits_verdict limits_try(struct limits *l, const struct limits_who *w,
    int64_t now_msec);

/* The backend said: wrong password (or no such user); right. */
void limits_wrong(struct limits *l, const struct limits_who *w,
    const struct secret *password, int64_t now_msec);
void limits_right(struct limits *l, const struct limits_who *w,
    int64_t now_msec);

/* Forget what counts against this identity. */
void limits_forget(struct limits *l, const char *identity);

/* What limits_try() would go by; takes nothing from a trickle. */
struct limits_state {
	unsigned identity, address, pair;	/* distinct wrong passwords */
	bool known;		/* has succeeded from this address before */
	bool exempt;		/* the address is in limit_exempt */
	enum limits_verdict verdict;	/* were there no trickle */
};
void limits_state(struct limits *l, const struct limits_who *w,
    int64_t now_msec, struct limits_state *s_r);

struct limits_stats {
	size_t tries;		/* wrong ones held */
	size_t tries_max;
	size_t identities_over, addresses_over;	/* past their limit now */
	uint64_t evicted;	/* tries pushed out before their time */
};
void limits_stats(struct limits *l, int64_t now_msec,
    struct limits_stats *s_r);

#endif
