/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "common/deadline.h"
#include "common/str.h"
#include "common/wire.h"
#include "front/cache.h"
#include "front/canonical.h"
#include "front/commands.h"
#include "front/dispatch.h"
#include "front/explain.h"
#include "front/front.h"
#include "front/limits.h"
#include "front/memory.h"
#include "front/report.h"
#include "front/route.h"
#include "front/route_why.h"

#define ADVICE_MAX 512

enum remembered { NONE, VALID, STALE, EXPIRED };

struct outlook {
	struct front *front;
	const struct site_listener *listener;
	struct canonical form;
	struct frame_request question;	/* in that form; borrowed */
	struct route_question asked;	/* for the route */
	const struct site_route *route;	/* NULL: none */
	const char *identity;
	struct limits_state limits;
	enum remembered cache;
	int64_t age_sec;
	struct cache_life life;		/* of what is remembered */
	size_t refusals;		/* passwords refused from memory */
	int64_t refusals_left_sec;	/* the latest of them, still */
	struct dispatch_status first;	/* the backend that is asked first */
};

static const char *
verdict_word(enum limits_verdict verdict)
{
	switch (verdict) {
	case LIMITS_IDENTITY:
		return "limit_identity";
	case LIMITS_ADDRESS:
		return "limit_address";
	case LIMITS_PAIR:
		return "limit_pair";
	case LIMITS_PASS:
		break;
	}
	return "pass";
}

static const char *
remembered_word(enum remembered state)
{
	switch (state) {
	case VALID:
		return "valid";
	case STALE:
		return "stale";
	case EXPIRED:
		return "expired";
	case NONE:
		break;
	}
	return "none";
}

/* ---- looking ---------------------------------------------------------- */

static void
look_at_limits(struct outlook *o)
{
	const struct limits_who who = {
		.identity = o->identity, .address = o->question.address
	};

	if (o->front->limits != NULL)
		limits_state(o->front->limits, &who, deadline_now_msec(),
		    &o->limits);
}

static void
look_at_cache(struct outlook *o)
{
	int64_t stored, now_sec = deadline_now_msec() / 1000;
	char host[MEMORY_HOST_SIZE];
	struct cache_key k;

	if (!memory_is_cacheable(o->front->now, o->route))
		return;
	k = memory_key(o->front->now, o->route, &o->question, host);
	o->refusals = cache_refusals(o->front->cache, &k, now_sec,
	    &o->refusals_left_sec);
	stored = cache_stored_sec(o->front->cache, &k, &o->life);
	if (stored < 0)
		return;
	o->age_sec = now_sec - stored;
	if (o->age_sec < o->life.ttl_sec)
		o->cache = VALID;
	else if (o->age_sec < o->life.ttl_sec + o->life.grace_sec)
		o->cache = STALE;
	else
		o->cache = EXPIRED;
}

/* ---- telling ---------------------------------------------------------- */

static int
tell_canonical(const struct outlook *o, struct buf *to)
{
	struct json j;

	report_begin(&j, to, "canonical");
	json_str(&j, "login", o->question.login);
	json_str(&j, "realm", o->question.realm);
	json_str(&j, "service", o->question.service);
	json_str(&j, "address", o->question.address);
	json_str(&j, "identity", o->identity);
	return json_end(&j);
}

static int
tell_limits(const struct outlook *o, struct buf *to)
{
	const struct settings *s = &o->front->now->site.settings;
	struct json j;

	report_begin(&j, to, "limits");
	json_str(&j, "mode", report_limits_mode(o->front));
	json_int(&j, "identity", o->limits.identity);
	json_int(&j, "identity_max", s->limit_identity);
	json_int(&j, "address", o->limits.address);
	json_int(&j, "address_max", s->limit_address);
	json_int(&j, "pair", o->limits.pair);
	json_bool(&j, "known", o->limits.known);
	json_bool(&j, "exempt", o->limits.exempt);
	json_str(&j, "verdict", verdict_word(o->limits.verdict));
	return json_end(&j);
}

static int
tell_cache(const struct outlook *o, struct buf *to)
{
	struct json j;

	report_begin(&j, to, "cache");
	json_bool(&j, "enabled", memory_is_cacheable(o->front->now, o->route));
	json_str(&j, "state", remembered_word(o->cache));
	if (o->cache != NONE) {
		json_int(&j, "age_sec", o->age_sec);
		json_int(&j, "expires_sec", o->life.ttl_sec - o->age_sec);
	}
	if (o->refusals > 0) {
		json_int(&j, "refusals", (int64_t)o->refusals);
		json_int(&j, "refusals_expire_sec", o->refusals_left_sec);
	}
	return json_end(&j);
}

static int
tell_listener(const struct outlook *o, struct buf *to)
{
	const struct listener_settings *s = &o->listener->settings;
	struct json j;

	report_begin(&j, to, "listener");
	json_str(&j, "name", o->listener->name);
	json_str(&j, "services", s->services);
	json_bool(&j, "serves", site_list_has(s->services,
	    o->question.service));
	json_str(&j, "allow_uids", s->allow_uids);
	json_str(&j, "allow_gids", s->allow_gids);
	return json_end(&j);
}

static int
tell_route(const struct outlook *o, struct buf *to)
{
	struct json j;

	report_begin(&j, to, "route");
	json_str(&j, "name", o->route->name);
	json_str(&j, "chain", o->route->chain);
	json_int(&j, "timeout_sec",
	    o->front->now->site.settings.request_timeout_sec);
	return json_end(&j);
}

/* Routes that are not for it, from *passed on; as explain() returns. */
static int
tell_passed(const struct outlook *o, uint64_t *passed, struct buf *to)
{
	const struct site *site = &o->front->now->site;
	const struct site_route *r;

	while (*passed < site->route_count) {
		r = &site->routes[*passed];
		if (r == o->route)
			break;
		if (route_why_not(r, &o->asked, to) != 0)
			return -1;
		++*passed;
		if (buf_len(to) >= COMMAND_PIECE)
			return 1;
	}
	return 0;
}

static const char *
then_word(bool next)
{
	return next ? "next" : "stop";
}

static int
tell_step(const struct outlook *o, size_t i, struct buf *to)
{
	const struct site_step *step = &o->route->steps[i];
	struct dispatch *d = generation_backend(o->front->now, o->route, i);
	struct json j;

	report_begin(&j, to, "backend");
	json_int(&j, "step", (int64_t)i + 1);
	report_backend_members(d, &j);
	json_bool(&j, "sees_address", dispatch_sees_address(d));
	json_bool(&j, "sees_realm", dispatch_sees_realm(d));
	json_str(&j, "denied", then_word(step->next_if_denied));
	json_str(&j, "no_such_user", then_word(step->next_if_no_such_user));
	json_str(&j, "temporary", then_word(step->next_if_temporary));
	return json_end(&j);
}

static int
tell_steps(const struct outlook *o, struct buf *to)
{
	size_t i;

	for (i = 0; i < o->route->step_count; i++)
		if (tell_step(o, i, to) != 0)
			return -1;
	return 0;
}

static const char *
limit_text(enum limits_verdict verdict)
{
	switch (verdict) {
	case LIMITS_IDENTITY:
		return "Too many distinct wrong passwords were tried for "
		    "this identity";
	case LIMITS_ADDRESS:
		return "Too many distinct wrong passwords came from this "
		    "address";
	case LIMITS_PAIR:
		return "Too many distinct wrong passwords for this identity "
		    "came from this address";
	case LIMITS_PASS:
		break;
	}
	return "";
}

static void
advise_limited(const struct outlook *o, char *text, size_t size)
{
	const char *why = limit_text(o->limits.verdict);
	long compare = o->front->now->site.settings.limit_compare;

	if (compare > 0)
		(void)str_format(text, size, "%s: %ld tries a minute are "
		    "still compared, all others are refused as temporary "
		    "without a look at the password.", why, compare);
	else
		(void)str_format(text, size, "%s: it is refused as temporary "
		    "without a look at the password.", why);
}

static void
advise_open(const struct outlook *o, char *text, size_t size)
{
	const char *mech = o->first.name;
	char before[ADVICE_MAX / 2] = "";

	if (o->limits.verdict != LIMITS_PASS)
		(void)str_copy(before, sizeof(before), "A limit on guessing "
		    "is exceeded, which is only logged. ");
	if (o->refusals > 0)
		(void)str_format(before + strlen(before), sizeof(before) -
		    strlen(before), "A password that was refused for this "
		    "service is refused again without asking, for up to %lld "
		    "s. ", (long long)o->refusals_left_sec);

	if (o->front->stopping)
		(void)str_format(text, size, "The daemon is stopping and "
		    "takes no new requests.");
	else if (o->cache == VALID)
		(void)str_format(text, size, "%sThe password that last "
		    "succeeded is accepted from the cache for another "
		    "%lld s; about any other %s is asked.", before,
		    (long long)(o->life.ttl_sec - o->age_sec), mech);
	else if (o->first.up)
		(void)str_format(text, size, "%s%s is asked.", before, mech);
	else if (o->route->steps[0].next_if_temporary &&
	    o->route->step_count > 1)
		(void)str_format(text, size, "%s%s is down: unless it "
		    "answers again, the next step is taken.", before, mech);
	else if (o->cache == STALE)
		(void)str_format(text, size, "%s%s is down: unless it "
		    "answers again, the password that last succeeded is "
		    "accepted for another %lld s, any other is refused as "
		    "temporary.", before, mech, (long long)(o->life.ttl_sec +
		    o->life.grace_sec - o->age_sec));
	else
		(void)str_format(text, size, "%s%s is down: unless it "
		    "answers again, the try is refused as temporary.",
		    before, mech);
}

static int
tell_advice(const struct outlook *o, struct buf *to)
{
	char text[ADVICE_MAX];
	struct json j;

	if (o->limits.verdict != LIMITS_PASS && !o->front->stopping &&
	    o->front->now->site.settings.limits == LIMITS_ENFORCE)
		advise_limited(o, text, sizeof(text));
	else
		advise_open(o, text, sizeof(text));
	report_begin(&j, to, "advice");
	json_str(&j, "text", text);
	return json_end(&j);
}

/* ---- the whole -------------------------------------------------------- */

/* What no request can have, as client.c and request.c refuse or drop it. */
static int
check(const struct front *f, const struct explain_question *q,
    struct errmsg *e)
{
	size_t max = f->now->wire_limits.name_max;

	if (q->login[0] == '\0')
		return errmsg_set(e, "an empty login is refused always");
	if (strlen(q->login) > max || strlen(q->realm) > max ||
	    strlen(q->service) > max)
		return errmsg_set(e, "a name longer than name_max, %zu "
		    "bytes, is refused always", max);
	if (q->address[0] != '\0' && (strlen(q->address) > max ||
	    !wire_address_valid(q->address, strlen(q->address))))
		return errmsg_set(e, "that is no client's address");
	return 0;
}

static int
check_password(const struct front *f, const struct secret *password,
    struct errmsg *e)
{
	size_t max = f->now->wire_limits.password_max;

	if (password->len == 0)
		return errmsg_set(e, "an empty password is refused always");
	if (password->len > max)
		return errmsg_set(e, "a password longer than password_max, "
		    "%zu bytes, is refused always", max);
	if (secret_has_nul(password))
		return errmsg_set(e, "a password with a NUL byte is refused "
		    "always");
	return 0;
}

static int
find_listener(struct outlook *o, const char *name, struct errmsg *e)
{
	const struct site *site = &o->front->now->site;
	size_t i = name[0] == '\0' ? 0 : site_find_listener(site, name);

	if (i == site->listener_count)
		return errmsg_set(e, "there is no listener of that name");
	o->listener = &site->listeners[i];
	return 0;
}

/* The question as backends would see it: o->form has to be freed. */
static int
prepare(struct outlook *o, const struct explain_question *q,
    struct errmsg *e)
{
	if (check(o->front, q, e) != 0 ||
	    find_listener(o, q->listener, e) != 0)
		return -1;
	switch (canonical_form(&o->front->now->site.settings, o->listener,
	    q->login, q->realm, &o->form)) {
	case CANONICAL_DONE:
		break;
	case CANONICAL_EMPTY:
		return errmsg_set(e, "an empty login is refused always");
	case CANONICAL_TOO_LONG:
		return errmsg_set(e, "login_template makes too much of that "
		    "login");
	case CANONICAL_NO_MEMORY:
		return errmsg_set(e, "out of memory");
	}
	o->question.login = o->form.login;
	o->question.realm = o->form.realm;
	o->question.service = q->service;
	o->question.address = q->address;
	return 0;
}

/* It ends before any backend. */
static int
tell_refusal(const char *why, struct buf *to)
{
	struct json j;

	report_begin(&j, to, "advice");
	json_str(&j, "text", why);
	return json_end(&j);
}

/* What becomes of it on its route. */
static int
tell_outlook(struct outlook *o, struct buf *to)
{
	look_at_limits(o);
	look_at_cache(o);
	dispatch_status(generation_backend(o->front->now, o->route, 0),
	    &o->first);
	if (tell_route(o, to) == 0 &&
	    route_why(o->route, &o->asked, to) == 0 &&
	    tell_limits(o, to) == 0 && tell_cache(o, to) == 0 &&
	    tell_steps(o, to) == 0 && tell_advice(o, to) == 0)
		return 0;
	return -1;
}

static int
tell(struct outlook *o, uint64_t *passed, struct buf *to)
{
	const struct generation *g = o->front->now;
	const struct frame_request *q = &o->question;
	int more;

	o->asked = (struct route_question){
		.listener = o->listener, .login = q->login,
		.service = q->service, .realm = q->realm,
		.address = q->address
	};
	o->route = route_find(&g->site, &o->asked);
	o->identity = o->route == NULL ? "" :
	    memory_identity(g, o->route, q->login, q->realm);
	if (*passed == 0 &&
	    (tell_canonical(o, to) != 0 || tell_listener(o, to) != 0))
		return -1;
	if (!site_list_has(o->listener->settings.services, q->service))
		return tell_refusal("This listener is not for that service: "
		    "it is denied with the reason not_permitted.", to);
	more = tell_passed(o, passed, to);
	if (more != 0)
		return more;
	if (o->route == NULL)
		return tell_refusal("No route is for this: it is denied with "
		    "the reason no_route.", to);
	return tell_outlook(o, to);
}

int
explain(struct front *f, const struct explain_question *q, uint64_t *passed,
    struct buf *to, struct errmsg *e)
{
	struct outlook o = { .front = f, .cache = NONE };
	int rc;

	if (prepare(&o, q, e) != 0)
		return -1;
	rc = tell(&o, passed, to);
	if (rc < 0)
		(void)errmsg_set(e, "out of memory");
	canonical_fini(&o.form);
	return rc;
}

struct trial *
explain_try(struct front *f, const struct explain_question *q, uid_t uid,
    struct secret *password, trial_over_fn *fn, void *arg, struct errmsg *e)
{
	struct outlook o = { .front = f };
	struct trial *t;

	if (check_password(f, password, e) != 0 || prepare(&o, q, e) != 0)
		return NULL;
	secret_move(&o.question.password, password);
	t = trial_new(f->now, uid, o.listener, &o.question, fn, arg);
	if (t == NULL)
		(void)errmsg_set(e, "out of memory");
	secret_wipe(&o.question.password);
	canonical_fini(&o.form);
	return t;
}
