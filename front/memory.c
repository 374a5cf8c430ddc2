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
any_sees_address(const struct front *f, const struct site_route *route)
{
	const struct dispatch *d;
	size_t i;

	for (i = 0; i < route->step_count; i++) {
		d = front_backend(f, route, i);
		if (dispatch_sees_address(d) &&
		    !dispatch_settings(d)->cache_ignore_address)
			return true;
	}
	return false;
}

static bool
any_sees_realm(const struct front *f, const struct site_route *route)
{
	size_t i;

	for (i = 0; i < route->step_count; i++)
		if (dispatch_sees_realm(front_backend(f, route, i)))
			return true;
	return false;
}

bool
memory_is_cacheable(const struct front *f, const struct site_route *route)
{
	size_t i;

	for (i = 0; i < route->step_count; i++)
		if (!dispatch_settings(front_backend(f, route, i))->cache)
			return false;
	return f->cache != NULL;
}

const char *
memory_identity(const struct front *f, const struct site_route *route,
    const char *login, const char *realm)
{
	static char identity[IDENTITY_SIZE];
	char word[WIRE_NAME_MAX_LIMIT + 1];

	/* Where no backend looks at the realm, a guesser may choose any: it is
	 * the route's own word for it that tells people apart. */
	if (!any_sees_realm(f, route)) {
		route_word(route, login, realm, word, sizeof(word));
		realm = word;
	}
	(void)identity_format(identity, sizeof(identity), login, realm,
	    true);
	return identity;
}

struct cache_key
memory_key(const struct front *f, const struct site_route *route,
    const struct frame_request *question, char host[MEMORY_HOST_SIZE])
{
	host[0] = '\0';
	/* Without the port, which is another one each time. */
	if (any_sees_address(f, route))
		(void)str_format(host, MEMORY_HOST_SIZE, "%.*s",
		    (int)strcspn(question->address, ";"), question->address);
	return (struct cache_key){
		.chain = route->chain, .login = question->login,
		.realm = question->realm, .service = question->service,
		.address = host
	};
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
		return;
	case REASON_NONE:
	case REASON_BACKEND_DOWN:
	case REASON_BACKEND_ERROR:
	case REASON_DEADLINE:
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

/* Whose life time it is: of the backend that decided. But a refusal is that of
 * all who were asked, and no longer than any of them wants it remembered. */
static unsigned
life_of(const struct request *r, const struct frame_answer *a)
{
	const struct site_step *steps = r->route->steps;
	const struct site_backend *backends = r->front->site.backends;
	size_t best = steps[r->step].backend, i, b;

	for (i = 0; a->result == AUTH_DENIED && i < r->step; i++) {
		b = steps[i].backend;
		if (backends[b].settings.cache_negative_ttl_sec <
		    backends[best].settings.cache_negative_ttl_sec)
			best = b;
	}
	return (unsigned)best;
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

	if (!memory_is_cacheable(f, r->route) ||
	    (a->result != AUTH_OK && a->result != AUTH_DENIED) ||
	    r->skipped_outage != AUTH_UNSET)
		return;
	k = memory_key(f, r->route, &q, host);
	outdated = cache_is_outdated(f->cache, &k, password,
	    a->result == AUTH_OK, r->began_usec / 1000000);
	if (a->result == AUTH_DENIED)
		learn_refusal(f->cache, &k, a->reason);
	if (a->one_time || outdated)
		return;
	if (a->result == AUTH_OK)
		cache_store(f->cache, &k, password, life, now_sec);
	else
		cache_refuse(f->cache, &k, password, a->reason, life,
		    now_sec);
}

/* ---- limits ----------------------------------------------------------- */

static struct limits_who
who_of(const struct request *r)
{
	return (struct limits_who){
		.identity = memory_identity(r->front, r->route, r->login,
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

enum cache_verdict
memory_lookup(const struct request *r, enum auth_reason *reason_r)
{
	struct frame_request q = question_of(r);
	char host[MEMORY_HOST_SIZE];
	struct cache_key k;

	if (!memory_is_cacheable(r->front, r->route))
		return CACHE_MISS;
	k = memory_key(r->front, r->route, &q, host);
	return cache_lookup(r->front->cache, &k, &r->password,
	    r->began_usec / 1000000, reason_r);
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

	k = memory_key(r->front, r->route, &q, host);
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
