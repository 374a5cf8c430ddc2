/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deadline - a point on the monotonic clock. Wall-clock jumps do not move it.
 */
#ifndef COMMON_DEADLINE_H
#define COMMON_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadline {
	int64_t at_msec;	/* monotonic; INT64_MAX = never */
};

/* Milliseconds (microseconds) on the monotonic clock since some start. */
int64_t deadline_now_msec(void);
int64_t deadline_now_usec(void);

struct deadline deadline_in_msec(int64_t msec);
struct deadline deadline_never(void);
/* The earlier of the two. */
struct deadline deadline_min(struct deadline a, struct deadline b);

/* Milliseconds left, 0 when passed; capped at INT32_MAX. */
int32_t deadline_left_msec(const struct deadline *d);
bool deadline_passed(const struct deadline *d);

/* What poll(2) wants: milliseconds left, or -1 for never. NULL is never. */
int deadline_poll_msec(const struct deadline *d);

#endif
