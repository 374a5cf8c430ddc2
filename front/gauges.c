/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "common/frame.h"
#include "front/cache.h"
#include "front/dispatch.h"
#include "front/gauges.h"
#include "front/labels.h"
#include "saslauthd/roles.h"

#define MSEC_DECIMALS 3

static void
put_uptime(struct exposition *o, const char *role, uint32_t pid,
    int64_t age_msec)
{
	if (pid != 0)
		exposition_put_decimal(o, age_msec < 0 ? 0 :
		    (uint64_t)age_msec, MSEC_DECIMALS, "role=\"%s\"", role);
}

static void
put_pool_uptime(struct exposition *o, const struct roles_pool *p,
    int64_t now_msec)
{
	int64_t age_msec = now_msec - p->began_msec;

	if (p->pid != 0)
		exposition_put_decimal(o, age_msec < 0 ? 0 :
		    (uint64_t)age_msec, MSEC_DECIMALS,
		    "role=\"pool\",mech=\"%s\"", p->name);
}

static void
write_daemon(struct exposition *o, const struct metrics_now *now)
{
	const struct roles *r = now->roles;
	size_t i;

	exposition_gauge(o, "saslauthd_build_info", NULL,
	    "Always 1; the version is in the label.");
	exposition_put(o, 1, "version=\"%s\"", PACKAGE_VERSION);
	exposition_gauge(o, "saslauthd_uptime_seconds", "seconds",
	    "For how long a process has run.");
	put_uptime(o, "keeper", r->keeper_pid,
	    now->now_msec - r->keeper_began_msec);
	put_uptime(o, "front", r->front_pid,
	    now->now_msec - r->front_began_msec);
	for (i = 0; i < r->pool_count; i++)
		put_pool_uptime(o, &r->pools[i], now->now_msec);
	exposition_counter(o, "saslauthd_restarts",
	    "Processes that ended and were started again.");
	exposition_put(o, r->front_restarts, "role=\"%s\"", "front");
	for (i = 0; i < r->pool_count; i++)
		exposition_put(o, r->pools[i].restarts,
		    "role=\"pool\",mech=\"%s\"", r->pools[i].name);
	exposition_gauge(o, "saslauthd_old_generations", NULL,
	    "Older settings under which something still runs.");
	exposition_put_single(o, now->old_generations);
	exposition_gauge(o, "saslauthd_clients", NULL,
	    "Connections that are open.");
	exposition_put_single(o, now->clients);
	exposition_counter(o, "saslauthd_log_lines_lost",
	    "Log lines that the log server did not take.");
	exposition_put_single(o, now->log_lost);
}

static void
put_workers(struct exposition *o, const struct dispatch_status *s)
{
	exposition_put(o, s->workers_starting,
	    "mech=\"%s\",state=\"starting\"", s->name);
	exposition_put(o, s->workers_idle,
	    "mech=\"%s\",state=\"idle\"", s->name);
	exposition_put(o, s->workers_busy,
	    "mech=\"%s\",state=\"busy\"", s->name);
}

static void
put_parts(struct exposition *o, const struct dispatch_status *s)
{
	char name[LABELS_ESCAPED_SIZE];
	size_t i;

	for (i = 0; i < s->part_count; i++) {
		labels_escape(name, s->parts[i].name,
		    strlen(s->parts[i].name));
		exposition_put(o, s->parts[i].up,
		    "backend=\"%s\",part=\"%s\"", s->name, name);
	}
}

static void
write_backends(struct exposition *o, const struct dispatch_status *s,
    size_t n)
{
	size_t i;

	exposition_gauge(o, "saslauthd_backend_up", NULL,
	    "Whether the backend answers: 1, or 0 in an outage.");
	for (i = 0; i < n; i++)
		exposition_put(o, s[i].up, "mech=\"%s\"", s[i].name);
	exposition_gauge(o, "saslauthd_backend_part_up", NULL,
	    "Whether a server of the backend answers.");
	for (i = 0; i < n; i++)
		put_parts(o, &s[i]);
	exposition_gauge(o, "saslauthd_queue_length", NULL,
	    "Questions that wait for a worker.");
	for (i = 0; i < n; i++)
		exposition_put(o, s[i].queued, "mech=\"%s\"", s[i].name);
	exposition_gauge(o, "saslauthd_workers", NULL,
	    "Workers, by what they do.");
	for (i = 0; i < n; i++)
		put_workers(o, &s[i]);
	exposition_gauge(o, "saslauthd_workers_ready", NULL,
	    "Workers that are kept.");
	for (i = 0; i < n; i++)
		exposition_put(o, s[i].workers_ready, "mech=\"%s\"",
		    s[i].name);
	exposition_gauge(o, "saslauthd_workers_max", NULL,
	    "Workers that there may be.");
	for (i = 0; i < n; i++)
		exposition_put(o, s[i].workers_max, "mech=\"%s\"",
		    s[i].name);
	exposition_counter(o, "saslauthd_workers_lost",
	    "Workers that ended unasked or had to be killed.");
	for (i = 0; i < n; i++)
		exposition_put(o, s[i].workers_lost, "mech=\"%s\"", s[i].name);
}

static void
put_lookups(struct exposition *o, const char *outcome, uint64_t count)
{
	exposition_put(o, count, "outcome=\"%s\"", outcome);
}

static void
write_cache(struct exposition *o, const struct cache_stats *s)
{
	exposition_counter(o, "saslauthd_cache_lookups",
	    "Questions to the cache, by what it knew.");
	put_lookups(o, "hit", s->hits);
	put_lookups(o, "miss", s->misses);
	put_lookups(o, "other_password", s->others);
	put_lookups(o, "stale", s->stales);
	put_lookups(o, "refused", s->refused);
	exposition_counter(o, "saslauthd_cache_stored",
	    "Successes that were stored.");
	exposition_put_single(o, s->stored);
	exposition_counter(o, "saslauthd_cache_evicted",
	    "Successes that newer ones pushed out.");
	exposition_put_single(o, s->evicted);
	exposition_gauge(o, "saslauthd_cache_entries", NULL,
	    "Successes remembered, expired ones included.");
	exposition_put_single(o, s->entries);
	exposition_gauge(o, "saslauthd_cache_refusals", NULL,
	    "Refusals remembered, expired ones included.");
	exposition_put_single(o, s->refusals);
	exposition_gauge(o, "saslauthd_cache_bytes", "bytes",
	    "Memory that the cache uses.");
	exposition_put_single(o, s->bytes_used);
	exposition_gauge(o, "saslauthd_cache_max_bytes", "bytes",
	    "Memory that the cache may use.");
	exposition_put_single(o, s->bytes);
}

static void
write_limits(struct exposition *o, const struct limits_stats *s)
{
	exposition_gauge(o, "saslauthd_limits_tries", NULL,
	    "Wrong passwords held against identities and addresses.");
	exposition_put_single(o, s->tries);
	exposition_gauge(o, "saslauthd_limits_tries_max", NULL,
	    "Wrong passwords that there is memory for.");
	exposition_put_single(o, s->tries_max);
	exposition_counter(o, "saslauthd_limits_tries_evicted",
	    "Wrong passwords that newer ones pushed out too early.");
	exposition_put_single(o, s->evicted);
	exposition_gauge(o, "saslauthd_limits_over", NULL,
	    "Identities and addresses that are past their limit.");
	exposition_put(o, s->identities_over, "limit=\"%s\"", "identity");
	exposition_put(o, s->addresses_over, "limit=\"%s\"", "address");
}

void
gauges_write(struct exposition *o, const struct metrics_now *now)
{
	write_daemon(o, now);
	write_backends(o, now->backends, now->backend_count);
	if (now->cache != NULL)
		write_cache(o, now->cache);
	if (now->limits != NULL)
		write_limits(o, now->limits);
}
