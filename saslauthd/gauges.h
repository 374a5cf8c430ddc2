/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gauges - the part of the exposition that other modules know: processes,
 * backends, cache and limits as they are now, and what they count.
 */
#ifndef SASLAUTHD_GAUGES_H
#define SASLAUTHD_GAUGES_H

#include "saslauthd/metrics.h"
#include "saslauthd/exposition.h"

void gauges_write(struct exposition *o, const struct metrics_now *now);

#endif
