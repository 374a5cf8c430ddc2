/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics - what the front counts, written as OpenMetrics 1.0 text.
 *
 * Counters begin at zero with each front. Services are named by clients: the
 * first METRICS_SERVICES of them that a success was answered for have a value
 * of their own, the rest share "other", so that nobody without a password can
 * use the values up. No I/O, no clock.
 */
#ifndef FRONT_METRICS_H
#define FRONT_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/result.h"
#include "front/answer.h"
#include "front/limits.h"

#define METRICS_SERVICES 32
#define METRICS_MECHS 8

/* No exposition is longer: every result with every reason for every service
 * and mechanism, under names that are escaped throughout. What occurs in
 * practice is below a hundredth of it. */
#define METRICS_TEXT_MAX (24 * 1024 * 1024)

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* From now on its answers are written even while there are none: a counter
 * that appears with its first value has no rate, and a short outage would be
 * in no graph. */
void metrics_know_mech(struct metrics *m, const char *mech);

/* One answered request; usec from its completeness to its verdict. */
struct metrics_request {
	const char *mech, *service;
	enum auth_result result;
	enum auth_reason reason;
	enum answer_source source;
	int64_t usec;
};
void metrics_count_request(struct metrics *m,
    const struct metrics_request *r);
/* One question to a backend, from a worker's getting it to the verdict. */
void metrics_count_backend(struct metrics *m, const char *mech, int64_t usec);
/* A limit refused a try, or would have (not enforced). */
void metrics_count_limit(struct metrics *m, enum limits_verdict verdict,
    bool enforced);
/* A request of the protocol's own refusals: too long, NUL, empty. */
void metrics_count_invalid(struct metrics *m);

/* Settings were read again, and taken or refused. */
void metrics_count_reload(struct metrics *m, bool ok);

/* Totals for a live view. */
struct metrics_totals {
	uint64_t requests, ok, denied, failed;	/* failed: outages */
	uint64_t limited, cached, joined, invalid;	/* cached: grace too */
	uint64_t usec;			/* sum over all requests */
};
void metrics_totals(const struct metrics *m, struct metrics_totals *t_r);

struct dispatch_status;
struct cache_stats;
struct limits_stats;
struct roles;

/* What is so now, gathered by the caller. */
struct metrics_now {
	const struct dispatch_status *backends;
	size_t backend_count;
	const struct cache_stats *cache;	/* NULL: off */
	const struct limits_stats *limits;	/* NULL: off */
	const struct roles *roles;
	size_t old_generations;
	size_t clients;
	uint64_t log_lost;
	int64_t now_msec;		/* monotonic, as in roles */
};

/* The whole exposition, "# EOF" included. -1: the buffer is too small. */
int metrics_write(const struct metrics *m, const struct metrics_now *now,
    struct buf *to);

#endif
