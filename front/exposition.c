/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "front/exposition.h"

#define PART_MAX 1024		/* no name, help or list of labels is longer */

void
exposition_init(struct exposition *o, struct buf *to)
{
	o->to = to;
	o->family = o->suffix = "";
	o->failed = false;
}

static void
add_va(struct exposition *o, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
add_va(struct exposition *o, const char *fmt, va_list ap)
{
	char text[PART_MAX];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	if (n < 0 || (size_t)n >= sizeof(text) || o->failed ||
	    buf_put(o->to, text, (size_t)n) == -1)
		o->failed = true;
}

static void
add(struct exposition *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct exposition *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_va(o, fmt, ap);
	va_end(ap);
}

static void
begin(struct exposition *o, const char *family, const char *type,
    const char *unit, const char *help)
{
	o->family = family;
	o->suffix = "";
	add(o, "# TYPE %s %s\n", family, type);
	if (unit != NULL)
		add(o, "# UNIT %s %s\n", family, unit);
	add(o, "# HELP %s %s\n", family, help);
}

void
exposition_counter(struct exposition *o, const char *family,
    const char *help)
{
	begin(o, family, "counter", NULL, help);
	o->suffix = "_total";
}

void
exposition_gauge(struct exposition *o, const char *family,
    const char *unit, const char *help)
{
	begin(o, family, "gauge", unit, help);
}

void
exposition_histogram(struct exposition *o, const char *family,
    const char *unit, const char *help)
{
	begin(o, family, "histogram", unit, help);
}

static void
add_name(struct exposition *o, const char *labels, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
add_name(struct exposition *o, const char *labels, va_list ap)
{
	add(o, "%s%s{", o->family, o->suffix);
	add_va(o, labels, ap);
}

void
exposition_put(struct exposition *o, uint64_t value, const char *labels,
    ...)
{
	va_list ap;

	va_start(ap, labels);
	add_name(o, labels, ap);
	va_end(ap);
	add(o, "} %" PRIu64 "\n", value);
}

void
exposition_put_decimal(struct exposition *o, uint64_t value,
    unsigned decimals, const char *labels, ...)
{
	uint64_t scale = 1;
	unsigned i;
	va_list ap;

	for (i = 0; i < decimals; i++)
		scale *= 10;
	va_start(ap, labels);
	add_name(o, labels, ap);
	va_end(ap);
	add(o, "} %" PRIu64 ".%0*" PRIu64 "\n", value / scale,
	    (int)decimals, value % scale);
}

void
exposition_put_single(struct exposition *o, uint64_t value)
{
	add(o, "%s%s %" PRIu64 "\n", o->family, o->suffix, value);
}

int
exposition_end(struct exposition *o)
{
	add(o, "# EOF\n");
	return o->failed ? -1 : 0;
}
