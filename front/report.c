/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <time.h>

#include "common/deadline.h"
#include "common/frame.h"
#include "common/log.h"
#include "front/cache.h"
#include "front/client.h"
#include "front/dispatch.h"
#include "front/front.h"
#include "front/limits.h"
#include "front/metrics.h"
#include "front/report.h"

#define MSEC_DECIMALS 3		/* of microseconds as milliseconds */
#define SEC_DECIMALS 6		/* of microseconds as seconds */

void
report_begin(struct json *j, struct buf *to, const char *kind)
{
	json_begin(j, to);
	json_str(j, "kind", kind);
}

static int64_t
seconds_since(int64_t msec)
{
	return (deadline_now_msec() - msec) / 1000;
}

int
report_daemon(struct front *f, struct buf *to)
{
	struct json j;

	report_begin(&j, to, "daemon");
	json_str(&j, "version", PACKAGE_VERSION);
	json_int(&j, "pid", f->roles.keeper_pid);
	json_int(&j, "uptime_sec", seconds_since(f->roles.keeper_began_msec));
	json_str(&j, "state", f->stopping ? "stopping" : "serving");
	json_bool(&j, "verbose", f->now->site.settings.verbose);
	json_str(&j, "run_dir", f->now->site.settings.run_dir);
	json_int(&j, "generation", f->now->number);
	json_int(&j, "generation_sec", seconds_since(f->now->began_msec));
	json_int(&j, "old_generations",
	    (int64_t)generation_count_old(f));
	return json_end(&j);
}

static void
role_members(struct json *j, const char *name, uint32_t pid,
    int64_t began_msec, uint32_t restarts)
{
	json_str(j, "name", name);
	json_int(j, "pid", pid);
	json_int(j, "uptime_sec", pid != 0 ? seconds_since(began_msec) : 0);
	json_int(j, "restarts", restarts);
}

static int
role(struct buf *to, const char *name, uint32_t pid, int64_t began_msec,
    uint32_t restarts)
{
	struct json j;

	report_begin(&j, to, "role");
	role_members(&j, name, pid, began_msec, restarts);
	return json_end(&j);
}

static int
pool(struct buf *to, const struct roles_pool *p)
{
	struct json j;

	report_begin(&j, to, "role");
	role_members(&j, "pool", p->pid, p->began_msec, p->restarts);
	json_str(&j, "backend", p->name);
	return json_end(&j);
}

int
report_roles(struct front *f, struct buf *to)
{
	const struct roles *r = &f->roles;
	size_t i;

	if (role(to, "keeper", r->keeper_pid, r->keeper_began_msec, 0) != 0 ||
	    role(to, "front", r->front_pid, r->front_began_msec,
	    r->front_restarts) != 0)
		return -1;
	for (i = 0; i < r->pool_count; i++)
		if (pool(to, &r->pools[i]) != 0)
			return -1;
	return 0;
}

void
report_backend_members(struct dispatch *d, struct json *j)
{
	struct dispatch_status s;

	dispatch_status(d, &s);
	json_str(j, "name", s.name);
	json_str(j, "mech", s.mech);
	json_bool(j, "up", s.up);
	json_int(j, "since_sec", seconds_since(s.since_msec));
	if (s.trouble[0] != '\0')
		json_str(j, "trouble", s.trouble);
	json_int(j, "workers_starting", s.workers_starting);
	json_int(j, "workers_idle", s.workers_idle);
	json_int(j, "workers_busy", s.workers_busy);
	json_int(j, "workers_ready", s.workers_ready);
	json_int(j, "workers_max", s.workers_max);
	json_int(j, "workers_lost", s.workers_lost);
	json_int(j, "queued", (int64_t)s.queued);
	if (s.median_usec >= 0)
		json_decimal(j, "median_ms", s.median_usec, MSEC_DECIMALS);
}

int
report_backends(struct front *f, struct buf *to)
{
	struct json j;
	size_t i;

	for (i = 0; i < f->now->site.backend_count; i++) {
		report_begin(&j, to, "backend");
		report_backend_members(f->now->dispatches[i], &j);
		if (json_end(&j) != 0)
			return -1;
	}
	return 0;
}

int
report_parts(struct dispatch *d, struct buf *to)
{
	const struct frame_part *p;
	struct dispatch_status s;
	struct json j;
	size_t i;

	dispatch_status(d, &s);
	for (i = 0; i < s.part_count; i++) {
		p = &s.parts[i];
		report_begin(&j, to, "part");
		json_str(&j, "backend", s.name);
		json_str(&j, "name", p->name);
		json_bool(&j, "up", p->up);
		json_int(&j, "since_sec", seconds_since(p->since_msec));
		json_str(&j, "why", p->why);
		if (json_end(&j) != 0)
			return -1;
	}
	return 0;
}

int
report_clients(struct front *f, struct buf *to)
{
	struct json j;

	report_begin(&j, to, "clients");
	json_int(&j, "connected", (int64_t)clients_count(f->clients));
	json_int(&j, "max", f->now->site.settings.clients_max);
	return json_end(&j);
}

int
report_queue(struct front *f, struct buf *to)
{
	struct dispatch_status s;
	int64_t queued = 0, max = 0;
	struct json j;
	size_t i;

	for (i = 0; i < f->now->site.backend_count; i++) {
		dispatch_status(f->now->dispatches[i], &s);
		queued += (int64_t)s.queued;
		max += f->now->site.backends[i].settings.queue_max;
	}
	report_begin(&j, to, "queue");
	json_int(&j, "queued", queued);
	json_int(&j, "max", max);
	return json_end(&j);
}

int
report_cache(struct front *f, struct buf *to)
{
	const struct settings *set = &f->now->site.settings;
	struct cache_stats s = { 0 };
	struct json j;

	if (f->cache != NULL)
		cache_stats(f->cache, &s);
	report_begin(&j, to, "cache");
	json_bool(&j, "enabled", f->cache != NULL);
	json_int(&j, "entries", (int64_t)s.entries);
	json_int(&j, "refusals", (int64_t)s.refusals);
	json_int(&j, "bytes", (int64_t)s.bytes_used);
	json_int(&j, "bytes_max", (int64_t)s.bytes);
	json_int(&j, "slots", (int64_t)s.slots);
	json_int(&j, "ttl_sec", set->cache_ttl_sec);
	json_int(&j, "grace_sec", set->cache_grace_sec);
	json_int(&j, "negative_ttl_sec", set->cache_negative_ttl_sec);
	json_int(&j, "hits", (int64_t)s.hits);
	json_int(&j, "misses", (int64_t)s.misses);
	json_int(&j, "others", (int64_t)s.others);
	json_int(&j, "stales", (int64_t)s.stales);
	json_int(&j, "refused", (int64_t)s.refused);
	json_int(&j, "stored", (int64_t)s.stored);
	json_int(&j, "evicted", (int64_t)s.evicted);
	return json_end(&j);
}

int
report_spread(struct front *f, struct buf *to)
{
	struct cache_spread s;
	struct cache_stats all;
	struct json j;

	if (f->cache == NULL)
		return 0;
	cache_stats(f->cache, &all);
	cache_spread(f->cache, &s);
	report_begin(&j, to, "spread");
	json_int(&j, "slots", (int64_t)all.slots);
	json_int(&j, "used", (int64_t)s.used);
	json_int(&j, "shortest", (int64_t)s.shortest);
	json_int(&j, "longest", (int64_t)s.longest);
	json_int(&j, "at_shortest", (int64_t)s.at_shortest);
	json_int(&j, "at_longest", (int64_t)s.at_longest);
	return json_end(&j);
}

int
report_entry(const struct cache_entry *en, const struct site_route *route,
    struct buf *to)
{
	int64_t age_sec = deadline_now_msec() / 1000 - en->stored_sec;
	struct json j;

	report_begin(&j, to, "entry");
	json_str(&j, "user", en->login);
	json_str(&j, "realm", en->realm);
	json_str(&j, "service", en->service);
	json_str(&j, "remote", en->address);
	json_str(&j, "backend", route->chain);
	json_int(&j, "age_sec", age_sec);
	json_int(&j, "created", (int64_t)time(NULL) - age_sec);
	return json_end(&j);
}

const char *
report_limits_mode(const struct front *f)
{
	switch ((enum settings_limits)f->now->site.settings.limits) {
	case LIMITS_OBSERVE:
		return "observe";
	case LIMITS_ENFORCE:
		return "enforce";
	case LIMITS_OFF:
		break;
	}
	return "off";
}

int
report_limits(struct front *f, struct buf *to)
{
	struct metrics_totals totals;
	struct limits_stats s = { 0 };
	struct json j;

	metrics_totals(f->metrics, &totals);
	if (f->limits != NULL)
		limits_stats(f->limits, deadline_now_msec(), &s);
	report_begin(&j, to, "limits");
	json_str(&j, "mode", report_limits_mode(f));
	json_int(&j, "tries", (int64_t)s.tries);
	json_int(&j, "tries_max", (int64_t)s.tries_max);
	json_int(&j, "identities_over", (int64_t)s.identities_over);
	json_int(&j, "addresses_over", (int64_t)s.addresses_over);
	json_int(&j, "evicted", (int64_t)s.evicted);
	json_int(&j, "refused", (int64_t)totals.limited);
	return json_end(&j);
}

int
report_log(struct front *f, struct buf *to)
{
	struct json j;

	(void)f;
	report_begin(&j, to, "log");
	json_int(&j, "lost", (int64_t)log_lost());
	return json_end(&j);
}

int
report_totals(struct front *f, struct buf *to)
{
	struct metrics_totals t;
	struct json j;

	metrics_totals(f->metrics, &t);
	report_begin(&j, to, "totals");
	json_int(&j, "requests", (int64_t)t.requests);
	json_int(&j, "ok", (int64_t)t.ok);
	json_int(&j, "denied", (int64_t)t.denied);
	json_int(&j, "failed", (int64_t)t.failed);
	json_int(&j, "limited", (int64_t)t.limited);
	json_int(&j, "cached", (int64_t)t.cached);
	json_int(&j, "joined", (int64_t)t.joined);
	json_int(&j, "invalid", (int64_t)t.invalid);
	json_decimal(&j, "seconds", (int64_t)t.usec, SEC_DECIMALS);
	return json_end(&j);
}
