/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gauges - the part of the exposition that other modules know: processes,
 * backends, cache and limits as they are now, and what they count.
 */
#ifndef FRONT_GAUGES_H
#define FRONT_GAUGES_H

#include "front/exposition.h"
#include "front/metrics.h"

void gauges_write(struct exposition *o, const struct metrics_now *now);

#endif
