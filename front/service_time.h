/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service_time - how long a backend takes for one question these days.
 */
#ifndef FRONT_SERVICE_TIME_H
#define FRONT_SERVICE_TIME_H

#include <stdint.h>

#define SERVICE_TIME_SAMPLES 64
#define SERVICE_TIME_ENOUGH 8	/* below that, nothing is known */

/* Zeroed: nothing known. */
struct service_time {
	int64_t usec[SERVICE_TIME_SAMPLES];	/* a ring of the newest */
	unsigned count, next;
	unsigned fresh;		/* noted since the median was computed */
	int64_t median_usec;
};

void service_time_note(struct service_time *t, int64_t usec);
/* Median of the newest samples (a few may be missing); -1 when there are not
 * enough. */
int64_t service_time_median_usec(struct service_time *t);

#endif
