/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_report - the settings in force, for the operator: a line of flat
 * JSON for each, and where it comes from.
 *
 * The daemon's own come first, then those of each backend, listener and
 * route. A backend tells its mechanism's once it was open; until then a line
 * of kind "unopened" stands for them.
 */
#ifndef FRONT_CONFIG_REPORT_H
#define FRONT_CONFIG_REPORT_H

#include <stddef.h>

#include "common/buf.h"

struct generation;

/* Append the lines of the owner *next, 0 at first, and count on. 1: there is
 * another one; 0: that was the last; -1: it is full or memory is short. */
int config_report(struct generation *g, size_t *next, struct buf *to);

#endif
