/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposition - write OpenMetrics 1.0 text: families and their samples.
 *
 * Only types that Prometheus' older text format has as well are to be used
 * (counter, gauge, histogram): node_exporter's textfile collector refuses a
 * file that names another. Once the buffer is full nothing more is written.
 */
#ifndef FRONT_EXPOSITION_H
#define FRONT_EXPOSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

struct exposition {
	struct buf *to;
	const char *family;	/* of the samples that follow */
	const char *suffix;	/* and theirs: what follows the family's name */
	bool failed;
};

void exposition_init(struct exposition *o, struct buf *to);

/* Begin a family: TYPE, UNIT (NULL: none) and HELP. The name is used until
 * the next one begins. Samples of a counter get its suffix by themselves;
 * who writes a histogram's sets it. */
void exposition_counter(struct exposition *o, const char *family,
    const char *help);
void exposition_gauge(struct exposition *o, const char *family,
    const char *unit, const char *help);
void exposition_histogram(struct exposition *o, const char *family,
    const char *unit, const char *help);

/* A sample. Labels as they stand between the braces, with values that need
 * no escaping or have it. */
void exposition_put(struct exposition *o, uint64_t value,
    const char *labels, ...) __attribute__((format(printf, 3, 4)));
/* The same with value / 10^decimals. */
void exposition_put_decimal(struct exposition *o, uint64_t value,
    unsigned decimals, const char *labels, ...)
    __attribute__((format(printf, 4, 5)));
/* The only sample of its family: it has no labels. */
void exposition_put_single(struct exposition *o, uint64_t value);

/* "# EOF". -1: the buffer was too small. */
int exposition_end(struct exposition *o);

#endif
