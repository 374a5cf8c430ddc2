/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/deadline.h"
#include "common/str.h"
#include "common/wire.h"
#include "front/cache.h"
#include "front/dispatch.h"
#include "front/explain.h"
#include "front/front.h"
#include "front/limits.h"
#include "front/report.h"
#include "front/request.h"

#define ADVICE_MAX 512

enum remembered { NONE, VALID, STALE, EXPIRED };

struct outlook {
	struct front *front;
	struct frame_request question;
	const char *identity;
	struct limits_state limits;
	enum remembered cache;
	int64_t age_sec;
	size_t refusals;		/* passwords refused from memory */
	int64_t refusals_left_sec;	/* the latest of them, still */
	struct dispatch_status backend;
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
	const struct settings *s = &o->front->settings;
	char host[REQUEST_HOST_SIZE];
	int64_t stored, now_sec = deadline_now_msec() / 1000;
	struct cache_key k;

	if (o->front->cache == NULL)
		return;
	k = request_cache_key(o->front, &o->question, host);
	o->refusals = cache_refusals(o->front->cache, &k, now_sec, &stored);
	if (o->refusals > 0)
		o->refusals_left_sec = s->cache_negative_ttl_sec -
		    (now_sec - stored);
	stored = cache_stored_sec(o->front->cache, &k);
	if (stored < 0)
		return;
	o->age_sec = now_sec - stored;
	if (o->age_sec < s->cache_ttl_sec)
		o->cache = VALID;
	else if (o->age_sec < s->cache_ttl_sec + s->cache_grace_sec)
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
	const struct settings *s = &o->front->settings;
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
	json_bool(&j, "enabled", o->front->cache != NULL);
	json_str(&j, "state", remembered_word(o->cache));
	if (o->cache != NONE) {
		json_int(&j, "age_sec", o->age_sec);
		json_int(&j, "expires_sec",
		    o->front->settings.cache_ttl_sec - o->age_sec);
	}
	if (o->refusals > 0) {
		json_int(&j, "refusals", (int64_t)o->refusals);
		json_int(&j, "refusals_expire_sec", o->refusals_left_sec);
	}
	return json_end(&j);
}

static int
tell_backend(const struct outlook *o, struct buf *to)
{
	const struct dispatch *d = o->front->dispatch;
	struct json j;

	report_begin(&j, to, "backend");
	json_int(&j, "step", 1);
	report_backend_members(o->front, &j);
	json_bool(&j, "sees_address", dispatch_sees_address(d));
	json_bool(&j, "sees_realm", dispatch_sees_realm(d));
	return json_end(&j);
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
	long compare = o->front->settings.limit_compare;

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
	const struct settings *s = &o->front->settings;
	const char *mech = o->backend.mech;
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
		    (long long)(s->cache_ttl_sec - o->age_sec), mech);
	else if (o->backend.up)
		(void)str_format(text, size, "%s%s is asked.", before, mech);
	else if (o->cache == STALE)
		(void)str_format(text, size, "%s%s is down: unless it "
		    "answers again, the password that last succeeded is "
		    "accepted for another %lld s, any other is refused as "
		    "temporary.", before, mech, (long long)(s->cache_ttl_sec +
		    s->cache_grace_sec - o->age_sec));
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
	    o->front->settings.limits == LIMITS_ENFORCE)
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
check(const struct front *f, const struct frame_request *q, struct errmsg *e)
{
	size_t max = f->wire_limits.name_max;

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

int
explain(struct front *f, const struct frame_request *asked, struct buf *to,
    struct errmsg *e)
{
	struct outlook o = {
		.front = f, .question = *asked, .cache = NONE
	};
	int rc = -1;

	if (check(f, asked, e) != 0)
		return -1;
	o.question.login = request_login(f, asked->login, asked->realm);
	if (o.question.login == NULL)
		return errmsg_set(e, "out of memory");
	o.identity = request_identity(f, o.question.login, asked->realm);
	look_at_limits(&o);
	look_at_cache(&o);
	dispatch_status(f->dispatch, &o.backend);
	if (tell_canonical(&o, to) == 0 && tell_limits(&o, to) == 0 &&
	    tell_cache(&o, to) == 0 && tell_backend(&o, to) == 0 &&
	    tell_advice(&o, to) == 0)
		rc = 0;
	else
		(void)errmsg_set(e, "out of memory");
	free(o.question.login);
	return rc;
}
