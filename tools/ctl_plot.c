/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_plot - a column for each of the latest values.
 */
#include "config.h"

#include "tools/ctl_plot.h"

/* A character cell filled from below, from nothing to whole. */
static const char *const blocks[] = { " ", "\u2581", "\u2582", "\u2583",
	"\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };
static const char *const ascii[] = { " ", ".", "|" };

#define BLOCK_STEPS 8
#define ASCII_STEPS 2

static double
highest(const double *values, size_t count)
{
	double max = 0;
	size_t i;

	for (i = 0; i < count; i++)
		if (values[i] > max)
			max = values[i];
	return max;
}

/* Steps a value fills in all rows; a little is not nothing. */
static int
height(double value, double max, int steps)
{
	int h;

	if (value <= 0 || max <= 0)
		return 0;
	h = (int)(value / max * steps + 0.5);
	return h == 0 ? 1 : h;
}

void
ctl_plot(FILE *to, const double *values, size_t count, int rows, bool utf8)
{
	const char *const *cells = utf8 ? blocks : ascii;
	int steps = utf8 ? BLOCK_STEPS : ASCII_STEPS;
	double max = highest(values, count);
	int row, filled;
	size_t i;

	for (row = rows - 1; row >= 0; row--) {
		for (i = 0; i < count; i++) {
			filled = height(values[i], max, rows * steps) -
			    row * steps;
			if (filled < 0)
				filled = 0;
			if (filled > steps)
				filled = steps;
			fputs(cells[filled], to);
		}
		fputc('\n', to);
	}
}
