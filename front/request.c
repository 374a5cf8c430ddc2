/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "front/authlog.h"
#include "front/client.h"
#include "front/dispatch.h"
#include "front/front.h"
#include "front/identity.h"
#include "front/limits.h"
#include "front/loop.h"
#include "front/metrics.h"
#include "front/request.h"

#define DELAY_MAX_MSEC 10000	/* a module's failure delay is cut there */
#define IDENTITY_SIZE (3 * WIRE_NAME_MAX_LIMIT + 3)	/* after -r */

static void
request_free(struct request *r)
{
	loop_timer_free(r->timer);
	free(r->login);
	free(r->service);
	free(r->realm);
	free(r->address);
	secret_wipe(&r->password);
	free(r);
}

/* ---- names ------------------------------------------------------------ */

char *
request_login(const struct front *f, const char *login, const char *realm)
{
	if (f->settings.append_realm && realm[0] != '\0')
		return str_dup_format("%s@%s", login, realm);
	return strdup(login);
}

const char *
request_identity(const struct front *f, const char *login, const char *realm)
{
	static char identity[IDENTITY_SIZE];

	(void)identity_format(identity, sizeof(identity), login, realm,
	    dispatch_sees_realm(f->dispatch));
	return identity;
}

struct cache_key
request_cache_key(const struct front *f, const struct frame_request *question,
    char host[REQUEST_HOST_SIZE])
{
	host[0] = '\0';
	/* Without the port, which is another one each time. */
	if (dispatch_sees_address(f->dispatch) &&
	    !f->settings.cache_ignore_address)
		(void)str_format(host, REQUEST_HOST_SIZE, "%.*s",
		    (int)strcspn(question->address, ";"), question->address);
	return (struct cache_key){
		.chain = dispatch_mech(f->dispatch), .login = question->login,
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

void
request_learn(struct front *f, const struct frame_request *question,
    const struct frame_answer *a, int64_t asked_usec)
{
	int64_t now_sec = deadline_now_msec() / 1000;
	char host[REQUEST_HOST_SIZE];
	struct cache_key k;
	bool outdated;

	if (f->cache == NULL ||
	    (a->result != AUTH_OK && a->result != AUTH_DENIED))
		return;
	k = request_cache_key(f, question, host);
	outdated = cache_is_outdated(f->cache, &k, &question->password,
	    a->result == AUTH_OK, asked_usec / 1000000);
	if (a->result == AUTH_DENIED)
		learn_refusal(f->cache, &k, a->reason);
	if (a->one_time || outdated)
		return;
	if (a->result == AUTH_OK)
		cache_store(f->cache, &k, &question->password, now_sec);
	else
		cache_refuse(f->cache, &k, &question->password, a->reason,
		    now_sec);
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

/* True: the cache knew, and the request is answered. */
static bool
is_remembered(struct request *r)
{
	struct frame_answer a = { .result = AUTH_OK };
	struct frame_request q = question_of(r);
	struct front *f = r->front;
	char host[REQUEST_HOST_SIZE];
	struct cache_key k;

	if (f->cache == NULL)
		return false;
	k = request_cache_key(f, &q, host);
	switch (cache_lookup(f->cache, &k, &r->password,
	    r->began_usec / 1000000, &a.reason)) {
	case CACHE_MISS:
	case CACHE_OTHER:
		return false;
	case CACHE_HIT:
		break;
	case CACHE_REFUSED:
		a.result = AUTH_DENIED;
		break;
	case CACHE_STALE:
		r->stale = true;
		r->stale_sec = cache_stored_sec(f->cache, &k);
		/* One request is enough to see when it is up again; the
		 * others need not wait for it. */
		if (!dispatch_is_probing(f->dispatch))
			return false;
		request_failed(r, REASON_BACKEND_DOWN, "");
		return true;
	}
	request_decided(r, &a, ANSWER_CACHED, &r->password);
	return true;
}

/* ---- limits ----------------------------------------------------------- */

static struct limits_who
who_of(const struct request *r)
{
	return (struct limits_who){
		.identity = request_identity(r->front, r->login, r->realm),
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

static void
count_guess(const struct request *r, const struct frame_answer *a,
    const struct secret *password)
{
	struct limits *l = r->front->limits;
	struct limits_who who;

	if (l == NULL || password == NULL)
		return;
	if (a->result == AUTH_OK && r->address[0] != '\0') {
		who = who_of(r);
		limits_right(l, &who, deadline_now_msec());
	} else if (a->result == AUTH_DENIED && is_wrong_guess(a->reason)) {
		who = who_of(r);
		limits_wrong(l, &who, password, deadline_now_msec());
	}
}

static enum auth_reason
limit_reason(enum limits_verdict verdict)
{
	switch (verdict) {
	case LIMITS_IDENTITY:
		return REASON_LIMIT_IDENTITY;
	case LIMITS_ADDRESS:
		return REASON_LIMIT_ADDRESS;
	case LIMITS_PAIR:
		return REASON_LIMIT_PAIR;
	case LIMITS_PASS:
		break;
	}
	return REASON_NONE;
}

static void
log_verdict(const struct request *r, const struct frame_answer *a,
    enum answer_source source, bool observed)
{
	struct authlog line = {
		.login = r->login, .service = r->service, .realm = r->realm,
		.address = r->address,
		.mech = dispatch_mech(r->front->dispatch),
		.result = a->result, .reason = a->reason,
		.detail = a->detail, .source = source, .observed = observed,
		.id = r->id
	};

	if (!authlog_is_wanted(&r->front->settings, &line))
		return;
	line.usec = deadline_now_usec() - r->began_usec;
	line.uid = client_uid(r->client);
	line.pid = client_pid(r->client);
	authlog_write(&r->front->settings, &line);
}

/* True: it is compared with nothing, and answered. */
static bool
is_limited(struct request *r)
{
	struct frame_answer a = { .result = AUTH_TEMPFAIL };
	struct front *f = r->front;
	enum limits_verdict verdict;
	struct limits_who who;
	bool enforced = f->settings.limits == LIMITS_ENFORCE;

	if (f->limits == NULL)
		return false;
	who = who_of(r);
	verdict = limits_try(f->limits, &who, r->began_usec / 1000);
	if (verdict == LIMITS_PASS)
		return false;
	metrics_count_limit(f->metrics, verdict, enforced);
	a.reason = limit_reason(verdict);
	if (!enforced)
		log_verdict(r, &a, ANSWER_LIMITED, true);
	else
		request_decided(r, &a, ANSWER_LIMITED, NULL);
	return enforced;
}

/* As limits see it now; a try that the trickle has paid for stays so. */
static enum limits_verdict
judge_again(const struct request *r)
{
	struct limits_state state;
	struct front *f = r->front;
	struct limits_who who;

	if (f->limits == NULL || f->settings.limits != LIMITS_ENFORCE ||
	    r->on_trickle)
		return LIMITS_PASS;
	who = who_of(r);
	limits_state(f->limits, &who, deadline_now_msec(), &state);
	return state.verdict;
}

bool
request_is_past_limit(const struct request *r)
{
	return judge_again(r) != LIMITS_PASS;
}

void
request_limited(struct request *r)
{
	struct frame_answer a = { .result = AUTH_TEMPFAIL };
	enum limits_verdict verdict = judge_again(r);

	metrics_count_limit(r->front->metrics, verdict, true);
	a.reason = limit_reason(verdict);
	request_decided(r, &a, ANSWER_LIMITED, NULL);
}

/* ---- the answer ------------------------------------------------------- */

/* Exactly "OK", exactly "NO", or length 0 where nobody could be asked. */
static const char *
reply_text(const struct front *f, enum auth_result result)
{
	switch (result) {
	case AUTH_OK:
		return "OK";
	case AUTH_DENIED:
		return "NO";
	case AUTH_UNSET:
	case AUTH_TEMPFAIL:
	case AUTH_MISCONFIG:
		break;
	}
	return f->settings.tempfail_reply == TEMPFAIL_NO ? "NO" : "";
}

static void
deny_now(void *arg)
{
	struct request *r = arg;

	client_answer(r->client, reply_text(r->front, AUTH_DENIED));
	request_free(r);
}

/* A module asked for a pause after a wrong password. It is spent here, where
 * it occupies no worker, and within the request's own time. */
static bool
delay(struct request *r, const struct frame_answer *a)
{
	int64_t msec = a->delay_msec, left = deadline_left_msec(&r->deadline);

	if (a->result != AUTH_DENIED || msec == 0 || r->front->stopping)
		return false;
	if (msec > DELAY_MAX_MSEC)
		msec = DELAY_MAX_MSEC;
	if (msec > left)
		msec = left;
	loop_timer_free(r->timer);
	r->timer = loop_timer_new(deny_now, r);
	if (r->timer == NULL)
		return false;
	secret_wipe(&r->password);
	loop_timer_set(r->timer, msec);
	return true;
}

/* May an expired success answer instead? Only where the backend could not be
 * asked, for whatever reason but our own wish. */
static bool
is_graced(const struct request *r, const struct frame_answer *a,
    enum answer_source source)
{
	const struct frame_request q = question_of(r);
	const struct front *f = r->front;
	char host[REQUEST_HOST_SIZE];
	struct dispatch_status backend;
	struct cache_key k;

	if (!r->stale || a->result == AUTH_OK ||
	    a->result == AUTH_DENIED || source == ANSWER_LIMITED ||
	    a->reason == REASON_PEER_FULL || a->reason == REASON_SHUTDOWN)
		return false;
	/* Whoever fills the queue of a healthy backend makes no outage. */
	dispatch_status(f->dispatch, &backend);
	if (a->reason == REASON_QUEUE_FULL && backend.up)
		return false;
	/* While it waited, another password may have been found right, or
	 * the account locked: then it is there no more. */
	k = request_cache_key(f, &q, host);
	return cache_stored_sec(f->cache, &k) == r->stale_sec;
}

void
request_decided(struct request *r, const struct frame_answer *answer,
    enum answer_source source, const struct secret *password)
{
	struct frame_answer a = *answer;

	count_guess(r, &a, password);
	if (is_graced(r, &a, source)) {
		a.result = AUTH_OK;
		source = ANSWER_GRACE;
	}
	metrics_count_request(r->front->metrics,
	    &(struct metrics_request){
		.mech = dispatch_mech(r->front->dispatch),
		.service = r->service, .result = a.result,
		.reason = a.reason, .source = source,
		.usec = deadline_now_usec() - r->began_usec
	    });
	log_verdict(r, &a, source, false);
	if (delay(r, &a))
		return;
	client_answer(r->client, reply_text(r->front, a.result));
	request_free(r);
}

void
request_failed(struct request *r, enum auth_reason reason, const char *detail)
{
	struct frame_answer a = { .result = AUTH_TEMPFAIL, .reason = reason };

	(void)str_copy(a.detail, sizeof(a.detail), detail);
	request_decided(r, &a, ANSWER_BACKEND, NULL);
}

/* ---- the question ----------------------------------------------------- */

static void
on_deadline(void *arg)
{
	struct request *r = arg;

	request_failed(r, REASON_DEADLINE, dispatch_leave(r));
}

static void
ask_backend(struct request *r)
{
	if (r->timer == NULL)
		r->timer = loop_timer_new(on_deadline, r);
	if (r->timer == NULL) {
		request_failed(r, REASON_NO_MEMORY, "");
		return;
	}
	loop_timer_set(r->timer, deadline_left_msec(&r->deadline));
	dispatch_submit(r->front->dispatch, r);
}

void
request_ask_alone(struct request *r, const struct secret *password)
{
	r->alone = true;
	if (secret_set(&r->password, password->bytes, password->len) != 0)
		request_failed(r, REASON_NO_MEMORY, "");
	else
		ask_backend(r);
}

/* What needs no backend; the texts are the protocol's own, and so are the
 * lines in the log. The login is looked at first. */
static bool
refuse_empty(struct client *c, const struct wire_request *w)
{
	if (w->login[0] == '\0') {
		log_msg(LOG_ERR, "do_request", "NULL login received");
		client_answer(c, "NO NULL login received");
		return true;
	}
	if (w->password.len == 0) {
		log_msg(LOG_ERR, "do_request", "NULL password received");
		client_answer(c, "NO NULL password received");
		return true;
	}
	return false;
}

/* Takes over all but the login, which -r may need longer. */
static struct request *
request_new(struct front *f, struct client *c, struct wire_request *w)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	if (f->settings.append_realm) {
		r->login = request_login(f, w->login, w->realm);
	} else {
		r->login = w->login;
		w->login = NULL;
	}
	if (r->login == NULL) {
		free(r);
		return NULL;
	}
	r->id = ++f->next_request_id;
	r->front = f;
	r->client = c;
	r->service = w->service;
	r->realm = w->realm;
	r->address = w->address;
	w->service = w->realm = w->address = NULL;
	secret_move(&r->password, &w->password);
	r->began_usec = deadline_now_usec();
	r->deadline.at_msec = r->began_usec / 1000 +
	    f->settings.request_timeout_sec * 1000;
	return r;
}

void
request_start(struct front *f, struct client *c, struct wire_request *w)
{
	struct request *r;

	if (refuse_empty(c, w)) {
		metrics_count_invalid(f->metrics);
		return;
	}
	r = request_new(f, c, w);
	if (r == NULL) {
		log_msg(LOG_ERR, "do_request", "out of memory");
		client_answer(c, "");
		return;
	}
	if (is_limited(r) || is_remembered(r))
		return;
	r->on_trickle = request_is_past_limit(r);
	ask_backend(r);
}
