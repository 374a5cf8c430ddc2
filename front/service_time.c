/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/service_time.h"

#define REFRESH 4		/* samples between two computations */

void
service_time_note(struct service_time *t, int64_t usec)
{
	t->usec[t->next] = usec;
	t->next = (t->next + 1) % SERVICE_TIME_SAMPLES;
	if (t->count < SERVICE_TIME_SAMPLES)
		t->count++;
	t->fresh++;
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int64_t
service_time_median_usec(struct service_time *t)
{
	int64_t sorted[SERVICE_TIME_SAMPLES];

	if (t->count < SERVICE_TIME_ENOUGH)
		return -1;
	if (t->fresh >= REFRESH) {
		memcpy(sorted, t->usec, sizeof(sorted));
		qsort(sorted, t->count, sizeof(sorted[0]), compare);
		t->median_usec = sorted[t->count / 2];
		t->fresh = 0;
	}
	return t->median_usec;
}
