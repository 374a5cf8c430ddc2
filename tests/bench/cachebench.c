/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cachebench - how much memory the cache takes for an identity, and how much
 * longer a lookup takes among many of them.
 *
 * The report is one `key value` per line. Exit 0 only if all that was stored
 * was found again, within the bytes allowed.
 */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/errmsg.h"
#include "common/secret.h"
#include "common/str.h"
#include "front/cache.h"

#define IDENTITIES 1000000
#define IDENTITIES_MAX 10000000	/* what user%07u can name */
#define FEW 1000
#define BYTES_PER_IDENTITY 100	/* what the cache is given */
#define TTL_SEC 3600
#define ROUNDS 801		/* of each, in turns */
#define BATCH 256		/* lookups a round, with their names at hand */

struct account {
	char login[32], password_text[32];
	struct secret password;
};

static void
die(const char *why)
{
	(void)fprintf(stderr, "cachebench: %s\n", why);
	exit(1);
}

static int64_t
now_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static size_t
resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1)
		die("cannot read /proc/self/statm");
	(void)fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void
name(struct account *a, unsigned number)
{
	if (str_format(a->login, sizeof(a->login), "user%07u@example.org",
	    number) != 0 ||
	    str_format(a->password_text, sizeof(a->password_text),
	    "secret%07u", number) != 0 ||
	    secret_set(&a->password, a->password_text,
	    strlen(a->password_text)) != 0)
		die("no memory");
}

static struct cache_key
key_of(const struct account *a)
{
	return (struct cache_key){
		.chain = "pam", .login = a->login, .realm = "",
		.service = "smtp", .address = ""
	};
}

static bool
hits(struct cache *c, const struct account *a)
{
	const struct cache_key k = key_of(a);
	struct cache_found found;

	return cache_lookup(c, &k, &a->password, 0, &found) == CACHE_HIT;
}

static struct cache *
filled(size_t bytes, unsigned identities)
{
	const struct cache_config config = {
		.bytes = bytes, .life[0].ttl_sec = TTL_SEC
	};
	struct errmsg e = ERRMSG_INIT;
	struct cache *c = cache_new(&config, &e);
	struct account a = { .password = SECRET_INIT };
	unsigned i;

	if (c == NULL)
		die(e.text);
	for (i = 0; i < identities; i++) {
		struct cache_key k;

		name(&a, i);
		k = key_of(&a);
		cache_store(c, &k, &a.password, 0, 0);
	}
	secret_wipe(&a.password);
	return c;
}

static unsigned
count_hits(struct cache *c, unsigned identities)
{
	struct account a = { .password = SECRET_INIT };
	unsigned i, n = 0;

	for (i = 0; i < identities; i++) {
		name(&a, i);
		n += hits(c, &a);
	}
	secret_wipe(&a.password);
	return n;
}

/* Nanoseconds for one of a batch of lookups of random identities. */
static double
time_lookups(struct cache *c, unsigned identities)
{
	static struct account batch[BATCH];
	unsigned i, n = 0;
	int64_t began;
	double each;

	for (i = 0; i < BATCH; i++)
		name(&batch[i], (unsigned)random() % identities);
	began = now_nsec();
	for (i = 0; i < BATCH; i++)
		n += hits(c, &batch[i]);
	each = (double)(now_nsec() - began) / BATCH;
	if (n != BATCH)
		die("one that was stored is missing");
	return each;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

/* In turns, so that what else the machine does meets both alike. */
static void
report_times(struct cache *few, struct cache *many, unsigned identities)
{
	static double few_nsec[ROUNDS], many_nsec[ROUNDS];
	double x, y;
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		few_nsec[i] = time_lookups(few, FEW);
		many_nsec[i] = time_lookups(many, identities);
	}
	x = median(few_nsec, ROUNDS);
	y = median(many_nsec, ROUNDS);
	(void)printf("lookup_nsec_of_%u %.0f\nlookup_nsec_of_%u %.0f\n"
	    "ratio %.3f\n", FEW, x, identities, y, y / x);
}

int
main(int argc, char **argv)
{
	long identities = IDENTITIES;
	struct cache *many, *few, *half;
	struct cache_stats s;
	size_t bytes, before;
	unsigned n, found;

	if (argc > 2 || (argc == 2 &&
	    str_to_long(argv[1], FEW, IDENTITIES_MAX, &identities) != 0))
		die("usage: cachebench [IDENTITIES]");
	n = (unsigned)identities;
	bytes = (size_t)n * BYTES_PER_IDENTITY;

	before = resident_bytes();
	many = filled(bytes, n);
	(void)printf("identities %u\nresident_bytes_each %.1f\n", n,
	    (double)(resident_bytes() - before) / n);
	found = count_hits(many, n);
	cache_stats(many, &s);
	(void)printf("found %u\nevicted %llu\nrecord_bytes_each %.1f\n",
	    found, (unsigned long long)s.evicted, (double)s.bytes_used / n);

	few = filled(bytes, FEW);
	report_times(few, many, n);
	cache_free(few);
	cache_free(many);

	half = filled(bytes / 2, n);
	cache_stats(half, &s);
	(void)printf("half_size_held %zu\nhalf_size_evicted %llu\n",
	    s.entries, (unsigned long long)s.evicted);
	found += count_hits(half, n) == s.entries;
	cache_free(half);
	return found == n + 1 && s.entries + s.evicted == n ? 0 : 1;
}
