/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "common/str.h"
#include "front/canonical.h"
#include "front/dispatch.h"
#include "front/front.h"
#include "front/identity.h"
#include "front/memory.h"
#include "front/request.h"
#include "front/route.h"

#define IDENTITY_SIZE (CANONICAL_LOGIN_MAX + 1 + WIRE_NAME_MAX_LIMIT + 1)

static bool
any_sees_address(const struct generation *g, const struct site_route *route)
{
	const struct dispatch *d;
	size_t i;

	for (i = 0; i < route->step_count; i++) {
		d = generation_backend(g, route, i);
		if (dispatch_sees_address(d) &&
		    !dispatch_settings(d)->cache_ignore_address)
			return true;
	}
	return false;
}

static bool
any_sees_realm(const struct generation *g, const struct site_route *route)
{
	size_t i;

	for (i = 0; i < route->step_count; i++)
		if (dispatch_sees_realm(generation_backend(g, route, i)))
			return true;
	return false;
}

bool
memory_is_cacheable(const struct generation *g,
    const struct site_route *route)
{
	size_t i;

	for (i = 0; i < route->step_count; i++)
		if (!dispatch_settings(generation_backend(g, route,
		    i))->cache)
			return false;
	return g->front->cache != NULL;
}

const char *
memory_identity(const struct generation *g,
    const struct site_route *route, const char *login, const char *realm)
{
	static char identity[IDENTITY_SIZE];
	char word[WIRE_NAME_MAX_LIMIT + 1];

	/* Where no backend looks at the realm, a guesser may choose any: it is
	 * the route's own word for it that tells people apart. */
	if (!any_sees_realm(g, route)) {
		route_word(route, login, realm, word, sizeof(word));
		realm = word;
	}
	(void)identity_format(identity, sizeof(identity), login, realm,
	    true);
	return identity;
}

struct cache_key
memory_key(const struct generation *g, const struct site_route *route,
    const struct frame_request *question, char host[MEMORY_HOST_SIZE])
{
	host[0] = '\0';
	/* Without the port, which is another one each time. */
	if (any_sees_address(g, route))
		(void)str_format(host, MEMORY_HOST_SIZE, "%.*s",
		    (int)strcspn(question->address, ";"), question->address);
	return (struct cache_key){
		.chain = editions_chain(&g->editions, &g->site, route),
		.login = question->login,
		.realm = question->realm, .service = question->service,
		.address = host
	};
}

/* ---- what there is of them -------------------------------------------- */

/* False: no backend wants it. */
static bool
want_cache(const struct generation *g, struct cache_config *config_r)
{
	bool wanted = false;
	size_t i;

	*config_r = (struct cache_config){
		.bytes = (size_t)g->site.settings.cache_size_kb * 1024
	};
	for (i = 0; i < g->site.backend_count; i++) {
		const struct settings *s = &g->site.backends[i].settings;

		wanted = wanted || s->cache;
		config_r->life[g->editions.slot[i]] = (struct cache_life){
			.ttl_sec = s->cache_ttl_sec,
			.grace_sec = s->cache_grace_sec,
			.negative_ttl_sec = s->cache_negative_ttl_sec
		};
	}
	return wanted;
}

static int
follow_cache(struct front *f, struct errmsg *e)
{
	struct cache_config config;

	if (!want_cache(f->now, &config)) {
		cache_free(f->cache);
		f->cache = NULL;
		return 0;
	}
	if (f->cache != NULL)
		return cache_configure(f->cache, &config, e);
	f->cache = cache_new(&config, e);
	return f->cache != NULL ? 0 : -1;
}

static int
follow_limits(struct front *f, struct errmsg *e)
{
	const struct settings *s = &f->now->site.settings;
	const struct limits_config config = {
		.bytes = (size_t)s->limit_size_kb * 1024,
		.identity = (unsigned)s->limit_identity,
		.address = (unsigned)s->limit_address,
		.compare = (unsigned)s->limit_compare,
		.window_msec = s->limit_window_sec * 1000,
		.exempt = &f->limit_exempt
	};

	if (s->limits == LIMITS_OFF) {
		limits_free(f->limits);
		f->limits = NULL;
		return 0;
	}
	networks_fini(&f->limit_exempt);
	if (networks_parse(&f->limit_exempt, s->limit_exempt, e) != 0)
		return -1;
	if (f->limits != NULL) {
		limits_configure(f->limits, &config);
		return 0;
	}
	f->limits = limits_new(&config, f->tries, e);
	return f->limits != NULL ? 0 : -1;
}

int
memory_follow(struct front *f, struct errmsg *e)
{
	return follow_cache(f, e) == 0 && follow_limits(f, e) == 0 ? 0 : -1;
}

/* ---- the cache -------------------------------------------------------- */

/* What does a refusal say about what is remembered? A wrong password says
 * nothing: a guesser must not be able to flush people. */
static void
learn_refusal(struct cache *c, const struct cache_key *k,
    enum auth_reason reason)
{
	switch (reason) {
	case REASON_NO_SUCH_USER:
	case REASON_LOCKED:
	case REASON_NO_PASSWORD:
	case REASON_ACCOUNT_EXPIRED:
	case REASON_PASSWORD_EXPIRED:
	case REASON_MUST_CHANGE:
	case REASON_NOT_IN_GROUP:
	case REASON_AMBIGUOUS:
	case REASON_DISABLED:
		cache_forget_identity(c, k);
		return;
	case REASON_NOT_PERMITTED:
	case REASON_NO_ROUTE:
	case REASON_EXTRA_QUESTION:
	case REASON_BAD_SERVICE:
		cache_forget_service(c, k);
		return;
	case REASON_BAD_PASSWORD:
	case REASON_TOO_MANY_TRIES:
	case REASON_EMPTY_PASSWORD:
	case REASON_PASSWORD_TOO_LONG:
		return;
	case REASON_NONE:
	case REASON_BACKEND_DOWN:
	case REASON_BACKEND_ERROR:
	case REASON_DEADLINE:
	case REASON_NOT_SIGNED:
	case REASON_WORKER_DIED:
	case REASON_QUEUE_FULL:
	case REASON_PEER_FULL:
	case REASON_SHUTDOWN:
	case REASON_NO_MEMORY:
	case REASON_LIMIT_IDENTITY:
	case REASON_LIMIT_ADDRESS:
	case REASON_LIMIT_PAIR:
	case REASON_CONFIG:
	case REASON_NO_ACCESS:
	case REASON_BAD_HASH:
	case REASON_INTERNAL:
	case REASON_COUNT:
		break;
	}
	/* No denial has such a reason; whoever gives one means the account. */
	cache_forget_identity(c, k);
}

/* The question this request asks; strings and password are borrowed. */
static struct frame_request
question_of(const struct request *r)
{
	return (struct frame_request){
		.login = r->login, .service = r->service, .realm = r->realm,
		.address = r->address, .password = r->password
	};
}

/* The cache's index for the backend of this step. */
static unsigned
slot_of(const struct generation *g, const struct site_route *route,
    size_t step)
{
	return g->editions.slot[route->steps[step].backend];
}

/* Whose life time it is: of the backend that decided. But a refusal is that of
 * all who were asked, and no longer than any of them wants it remembered. */
static unsigned
life_of(const struct request *r, const struct frame_answer *a)
{
	const struct site_step *steps = r->route->steps;
	const struct site_backend *backends = r->generation->site.backends;
	size_t best = steps[r->step].backend, i, b;

	for (i = 0; a->result == AUTH_DENIED && i < r->step; i++) {
		b = steps[i].backend;
		if (backends[b].settings.cache_negative_ttl_sec <
		    backends[best].settings.cache_negative_ttl_sec)
			best = b;
	}
	return r->generation->editions.slot[best];
}

/* What a verdict teaches the cache: nothing if a backend before could not be
 * asked. That one may think otherwise, and is asked again when it is back. */
void
memory_learn(const struct request *r, const struct frame_answer *a,
    const struct secret *password)
{
	unsigned life = life_of(r, a);
	int64_t now_sec = deadline_now_msec() / 1000;
	struct frame_request q = question_of(r);
	struct front *f = r->front;
	char host[MEMORY_HOST_SIZE];
	struct cache_key k;
	bool outdated;

	if (!memory_is_cacheable(r->generation, r->route) ||
	    (a->result != AUTH_OK && a->result != AUTH_DENIED) ||
	    r->skipped_outage != AUTH_UNSET)
		return;
	k = memory_key(r->generation, r->route, &q, host);
	outdated = cache_is_outdated(f->cache, &k, password,
	    a->result == AUTH_OK, r->began_usec / 1000000);
	if (a->result == AUTH_DENIED)
		learn_refusal(f->cache, &k, a->reason);
	if (a->one_time || outdated)
		return;
	if (a->result == AUTH_OK)
		cache_store(f->cache, &k, password, life, now_sec);
	else
		cache_refuse(f->cache, &k, password, &(struct cache_found){
			.by = slot_of(r->generation, r->route, r->step),
			.reason = a->reason
		    }, life, now_sec);
}

/* ---- limits ----------------------------------------------------------- */

static struct limits_who
who_of(const struct request *r)
{
	return (struct limits_who){
		.identity = memory_identity(r->generation, r->route, r->login,
		    r->realm),
		.address = r->address
	};
}

/* Was the password wrong? What else a denial may be about is no guess, and
 * the password may well have been right. */
static bool
is_wrong_guess(enum auth_reason reason)
{
	return reason == REASON_BAD_PASSWORD ||
	    reason == REASON_NO_SUCH_USER || reason == REASON_LOCKED ||
	    reason == REASON_NO_PASSWORD || reason == REASON_TOO_MANY_TRIES;
}

void
memory_count_guess(const struct request *r, const struct frame_answer *a,
    const struct secret *password)
{
	struct limits *l = r->front->limits;
	struct limits_who who;

	if (l == NULL || password == NULL)
		return;
	if (a->result == AUTH_OK && r->address[0] != '\0') {
		who = who_of(r);
		limits_right(l, &who, deadline_now_msec());
	} else if ((a->result == AUTH_DENIED && is_wrong_guess(a->reason)) ||
	    (a->result != AUTH_OK && !r->stale &&
	    is_wrong_guess(r->skipped_denial))) {
		/* A step compared it, whatever became of those behind it. */
		who = who_of(r);
		limits_wrong(l, &who, password, deadline_now_msec());
	}
}

/* Which step of the route asks the backend whose word it was? */
static size_t
step_of(const struct generation *g, const struct site_route *route,
    unsigned by)
{
	size_t i;

	for (i = 0; i < route->step_count; i++)
		if (slot_of(g, route, i) == by)
			return i;
	return 0;
}

enum cache_verdict
memory_lookup(const struct request *r, struct cache_found *found_r,
    size_t *step_r)
{
	struct frame_request q = question_of(r);
	char host[MEMORY_HOST_SIZE];
	enum cache_verdict verdict;
	struct cache_key k;

	*found_r = (struct cache_found){ .reason = REASON_NONE };
	*step_r = 0;
	if (!memory_is_cacheable(r->generation, r->route))
		return CACHE_MISS;
	k = memory_key(r->generation, r->route, &q, host);
	verdict = cache_lookup(r->front->cache, &k, &r->password,
	    r->began_usec / 1000000, found_r);
	*step_r = step_of(r->generation, r->route, found_r->by);
	return verdict;
}

enum limits_verdict
memory_try(const struct request *r)
{
	struct limits_who who;

	if (r->front->limits == NULL)
		return LIMITS_PASS;
	who = who_of(r);
	return limits_try(r->front->limits, &who, r->began_usec / 1000);
}

int64_t
memory_stored_sec(const struct request *r)
{
	struct frame_request q = question_of(r);
	char host[MEMORY_HOST_SIZE];
	struct cache_key k;

	/* A reload may have switched the cache off meanwhile. */
	if (r->front->cache == NULL)
		return -1;
	k = memory_key(r->generation, r->route, &q, host);
	return cache_stored_sec(r->front->cache, &k, NULL);
}

enum limits_verdict
memory_judge(const struct request *r)
{
	struct limits_state state;
	struct limits_who who;

	if (r->front->limits == NULL)
		return LIMITS_PASS;
	who = who_of(r);
	limits_state(r->front->limits, &who, deadline_now_msec(), &state);
	return state.verdict;
}
