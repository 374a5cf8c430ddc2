/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "front/histogram.h"

#define USEC_DECIMALS 6

/* A time equal to the bound is in the bucket: "le". The texts are the
 * canonical numbers of OpenMetrics 1.0. */
static const struct {
	uint64_t usec;
	const char *le;
} bounds[HISTOGRAM_BUCKETS] = {
	{ 100, "0.0001" }, { 250, "0.00025" }, { 500, "0.0005" },
	{ 1000, "0.001" }, { 2500, "0.0025" }, { 5000, "0.005" },
	{ 10000, "0.01" }, { 25000, "0.025" }, { 50000, "0.05" },
	{ 100000, "0.1" }, { 250000, "0.25" }, { 500000, "0.5" },
	{ 1000000, "1.0" }, { 2500000, "2.5" }, { 5000000, "5.0" },
	{ 10000000, "10.0" }, { 30000000, "30.0" }, { UINT64_MAX, "+Inf" }
};

void
histogram_add(struct histogram *h, int64_t usec)
{
	uint64_t took = usec < 0 ? 0 : (uint64_t)usec;
	unsigned i = 0;

	while (took > bounds[i].usec)
		i++;
	h->count[i]++;
	h->usec += took;
}

uint64_t
histogram_count(const struct histogram *h)
{
	uint64_t count = 0;
	unsigned i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += h->count[i];
	return count;
}

void
histogram_write(const struct histogram *h, struct exposition *o,
    const char *labels)
{
	uint64_t count = 0;
	unsigned i;

	o->suffix = "_bucket";
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count += h->count[i];
		exposition_put(o, count, "%s,le=\"%s\"", labels,
		    bounds[i].le);
	}
	o->suffix = "_sum";
	exposition_put_decimal(o, h->usec, USEC_DECIMALS, "%s", labels);
	o->suffix = "_count";
	exposition_put(o, count, "%s", labels);
}
