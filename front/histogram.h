/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * histogram - how long things took: from 100 us, which a remembered answer
 * stays below, to 30 s, the deadline of a request.
 */
#ifndef FRONT_HISTOGRAM_H
#define FRONT_HISTOGRAM_H

#include <stdint.h>

#include "front/exposition.h"

#define HISTOGRAM_BUCKETS 18	/* the one without a bound included */

struct histogram {
	uint64_t count[HISTOGRAM_BUCKETS];	/* each by itself */
	uint64_t usec;				/* sum */
};

/* Below zero, from a clock that lies, is zero. */
void histogram_add(struct histogram *h, int64_t usec);

uint64_t histogram_count(const struct histogram *h);

/* Its samples, cumulative and in seconds. Labels: not empty, escaped. */
void histogram_write(const struct histogram *h, struct exposition *o,
    const char *labels);

#endif
