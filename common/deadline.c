/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deadline - a point on the monotonic clock.
 */
#include "config.h"

#include <stddef.h>
#include <time.h>

#include "common/deadline.h"

#define USEC_PER_SEC 1000000
#define USEC_PER_MSEC 1000
#define NSEC_PER_USEC 1000

int64_t
deadline_now_usec(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists and the pointer is good. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * USEC_PER_SEC +
	    now.tv_nsec / NSEC_PER_USEC;
}

int64_t
deadline_now_msec(void)
{
	return deadline_now_usec() / USEC_PER_MSEC;
}

struct deadline
deadline_in_msec(int64_t msec)
{
	struct deadline d;
	int64_t now = deadline_now_msec();

	if (msec > INT64_MAX - now)
		return deadline_never();
	d.at_msec = msec < 0 ? now : now + msec;
	return d;
}

struct deadline
deadline_never(void)
{
	struct deadline d = { INT64_MAX };

	return d;
}

struct deadline
deadline_min(struct deadline a, struct deadline b)
{
	return a.at_msec < b.at_msec ? a : b;
}

int32_t
deadline_left_msec(const struct deadline *d)
{
	int64_t now = deadline_now_msec();

	if (d->at_msec <= now)
		return 0;
	if (d->at_msec - now > INT32_MAX)
		return INT32_MAX;
	return (int32_t)(d->at_msec - now);
}

bool
deadline_passed(const struct deadline *d)
{
	return deadline_left_msec(d) == 0;
}

int
deadline_poll_msec(const struct deadline *d)
{
	if (d == NULL || d->at_msec == INT64_MAX)
		return -1;
	return deadline_left_msec(d);
}
