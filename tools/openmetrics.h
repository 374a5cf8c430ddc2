/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * openmetrics - read lines of OpenMetrics 1.0 text.
 */
#ifndef TOOLS_OPENMETRICS_H
#define TOOLS_OPENMETRICS_H

#include <stddef.h>

#define OPENMETRICS_LABELS 16

struct openmetrics_sample {
	const char *name, *value;
	struct { const char *name, *value; } labels[OPENMETRICS_LABELS];
	size_t label_count;
};

/* Takes a line apart in place; the sample points into it. 1: a sample (a
 * timestamp or exemplar behind it is left out), 0: a comment, -1: neither. */
int openmetrics_parse(char *line, struct openmetrics_sample *s_r);

#endif
