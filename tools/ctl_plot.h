/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_plot - a column for each of the latest values.
 */
#ifndef TOOLS_CTL_PLOT_H
#define TOOLS_CTL_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Write `rows` lines, the values in order; the highest takes all rows. In
 * eighths of a character where block characters may be used (utf8), else in
 * halves. */
void ctl_plot(FILE *to, const double *values, size_t count, int rows,
    bool utf8);

#endif
