/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "front/authlog.h"
#include "front/canonical.h"
#include "front/client.h"
#include "front/dispatch.h"
#include "front/flight.h"
#include "front/front.h"
#include "front/listener.h"
#include "front/loop.h"
#include "front/memory.h"
#include "front/metrics.h"
#include "front/request.h"
#include "front/route.h"
#include "front/trial.h"

#define DELAY_MAX_MSEC 10000	/* a module's failure delay is cut there */

static void
request_free(struct request *r)
{
	/* Others hold it through their client. */
	if (r->trial != NULL)
		generation_let_go(r->generation);
	loop_timer_free(r->timer);
	free(r->login);
	free(r->service);
	free(r->realm);
	free(r->address);
	secret_wipe(&r->password);
	free(r);
}

/* ---- what is known already ---------------------------------------- */

static void fail(struct request *r, enum auth_reason reason,
    const struct secret *password);
static void decide(struct request *r, const struct frame_answer *answer,
    enum answer_source source, const struct secret *password);

/* Its last asked backend; a request without a route has none. */
static const struct dispatch *
asked(const struct request *r)
{
	return r->route != NULL ? generation_backend(r->generation, r->route,
	    r->step) : NULL;
}

static void
log_verdict(const struct request *r, const struct frame_answer *a,
    enum answer_source source, bool observed)
{
	const struct dispatch *d = asked(r);
	struct authlog line = {
		.login = r->login, .service = r->service, .realm = r->realm,
		.address = r->address,
		.mech = d != NULL ? dispatch_mech(d) : "-",
		.backend = d != NULL ? dispatch_name(d) : "-",
		.result = a->result, .reason = a->reason,
		.detail = a->detail, .source = source, .observed = observed,
		.id = r->id
	};

	if (!authlog_is_wanted(&r->generation->site.settings, &line))
		return;
	line.usec = deadline_now_usec() - r->began_usec;
	line.uid = client_uid(r->client);
	line.pid = client_pid(r->client);
	authlog_write(&r->generation->site.settings, &line);
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

/* True: it is compared with nothing, and answered. */
static bool
is_limited(struct request *r)
{
	struct frame_answer a = { .result = AUTH_TEMPFAIL };
	bool enforced = r->generation->site.settings.limits == LIMITS_ENFORCE;
	enum limits_verdict verdict = memory_try(r);

	if (verdict == LIMITS_PASS)
		return false;
	metrics_count_limit(r->front->metrics, verdict, enforced);
	a.reason = limit_reason(verdict);
	if (!enforced)
		log_verdict(r, &a, ANSWER_LIMITED, true);
	else
		decide(r, &a, ANSWER_LIMITED, NULL);
	return enforced;
}

/* Is there somebody to ask where the first one is out? */
static bool
leads_on(const struct request *r)
{
	return r->route->step_count > 1 &&
	    r->route->steps[0].next_if_temporary;
}

/* True: the cache knew, and the request is answered. */
static bool
is_remembered(struct request *r)
{
	struct frame_answer a = { .result = AUTH_OK };
	struct cache_found found;
	size_t step;

	switch (memory_lookup(r, &found, &step)) {
	case CACHE_MISS:
	case CACHE_OTHER:
		return false;
	case CACHE_HIT:
		break;
	case CACHE_REFUSED:
		a.result = AUTH_DENIED;
		a.reason = found.reason;
		break;
	case CACHE_STALE:
		r->stale = true;
		r->stale_sec = memory_stored_sec(r);
		r->stale_step = step;
		/* One request is enough to see when it is up again; the
		 * others need not wait for it. */
		if (!dispatch_is_probing(generation_backend(r->generation,
		    r->route, 0)) || leads_on(r))
			return false;
		fail(r, REASON_BACKEND_DOWN, NULL);
		return true;
	}
	r->step = step;
	decide(r, &a, ANSWER_CACHED, &r->password);
	return true;
}

/* As limits see it now; a try that the trickle has paid for stays so. */
static enum limits_verdict
judge_again(const struct request *r)
{
	if (r->generation->site.settings.limits != LIMITS_ENFORCE ||
	    r->on_trickle || r->trial != NULL)
		return LIMITS_PASS;
	return memory_judge(r);
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
	decide(r, &a, ANSWER_LIMITED, NULL);
}

/* ---- the answer ------------------------------------------------------- */

/* Exactly "OK", exactly "NO", or length 0 where nobody could be asked. */
static const char *
reply_text(const struct request *r, enum auth_result result)
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
	return listener_tempfail_is_no(&r->generation->site.settings,
	    r->listener) ? "NO" : "";
}

static void
deny_now(void *arg)
{
	struct request *r = arg;

	client_answer(r->client, reply_text(r, AUTH_DENIED));
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
	struct dispatch_status backend;

	if (!r->stale || a->result == AUTH_OK ||
	    a->result == AUTH_DENIED || source == ANSWER_LIMITED ||
	    a->reason == REASON_PEER_FULL || a->reason == REASON_SHUTDOWN)
		return false;
	/* Whoever fills the queue of a healthy backend makes no outage. */
	dispatch_status(generation_backend(r->generation, r->route, r->step),
	    &backend);
	if (a->reason == REASON_QUEUE_FULL && backend.up)
		return false;
	/* While it waited, another password may have been found right, or
	 * the account locked: then it is there no more. */
	return memory_stored_sec(r) == r->stale_sec;
}

static void
decide(struct request *r, const struct frame_answer *answer,
    enum answer_source source, const struct secret *password)
{
	struct frame_answer a = *answer;
	const struct dispatch *d;

	if (r->trial != NULL) {
		trial_decided(r->trial, r, &a, reply_text(r, a.result));
		request_free(r);
		return;
	}
	memory_count_guess(r, &a, password);
	if (is_graced(r, &a, source)) {
		a.result = AUTH_OK;
		source = ANSWER_GRACE;
		r->step = r->stale_step;
	}
	d = asked(r);
	metrics_count_request(r->front->metrics,
	    &(struct metrics_request){
		.mech = d != NULL ? dispatch_name(d) : "-",
		.service = r->service, .result = a.result,
		.reason = a.reason, .source = source,
		.usec = deadline_now_usec() - r->began_usec
	    });
	log_verdict(r, &a, source, false);
	if (delay(r, &a))
		return;
	client_answer(r->client, reply_text(r, a.result));
	request_free(r);
}

/* `password` as for memory_count_guess(). */
static void
fail(struct request *r, enum auth_reason reason,
    const struct secret *password)
{
	struct frame_answer a = { .result = AUTH_TEMPFAIL, .reason = reason };

	decide(r, &a, ANSWER_BACKEND, password);
}

/* ---- steps ------------------------------------------------------------ */

static void
on_deadline(void *arg)
{
	struct request *r = arg;
	struct frame_answer a = {
		.result = AUTH_TEMPFAIL, .reason = REASON_DEADLINE
	};

	/* Its flight has the password, and may be gone when it has left. */
	if (r->trial == NULL)
		memory_count_guess(r, &a, &r->flight->question.password);
	(void)str_copy(a.detail, sizeof(a.detail), dispatch_leave(r));
	if (r->trial != NULL)
		trial_stepped(r->trial, r, &a, false);
	decide(r, &a, ANSWER_BACKEND, NULL);
}

static void
ask_step(struct request *r)
{
	if (r->timer == NULL)
		r->timer = loop_timer_new(on_deadline, r);
	if (r->timer == NULL) {
		fail(r, REASON_NO_MEMORY, &r->password);
		return;
	}
	loop_timer_set(r->timer, deadline_left_msec(&r->deadline));
	r->asked_usec = deadline_now_usec();
	r->given_usec = 0;
	dispatch_submit(generation_backend(r->generation, r->route, r->step),
	    r);
}

void
request_ask_alone(struct request *r, const struct secret *password)
{
	r->alone = true;
	if (secret_set(&r->password, password->bytes, password->len) != 0)
		fail(r, REASON_NO_MEMORY, password);
	else
		ask_step(r);
}

/* Does the route's next step decide instead? */
static bool
goes_on(const struct request *r, const struct frame_answer *a)
{
	const struct site_step *step = &r->route->steps[r->step];

	if (r->step + 1 == r->route->step_count)
		return false;
	switch (a->result) {
	case AUTH_OK:
		return false;
	case AUTH_DENIED:
		return a->reason == REASON_NO_SUCH_USER ?
		    step->next_if_no_such_user : step->next_if_denied;
	case AUTH_UNSET:
	case AUTH_TEMPFAIL:
	case AUTH_MISCONFIG:
		break;
	}
	return step->next_if_temporary && a->reason != REASON_PEER_FULL &&
	    a->reason != REASON_SHUTDOWN;
}

static void
skip(struct request *r, const struct frame_answer *a,
    const struct secret *password)
{
	bool late = deadline_passed(&r->deadline);

	if (a->result != AUTH_DENIED) {
		r->skipped_outage = a->result;
		r->skipped_why = a->reason;
	} else if (a->reason != REASON_NO_SUCH_USER) {
		r->skipped_denial = a->reason;
	}
	/* What the others think is not known then: no verdict. */
	if (late) {
		fail(r, REASON_DEADLINE, password);
		return;
	}
	r->step++;
	if (password != &r->password &&
	    secret_set(&r->password, password->bytes, password->len) != 0)
		fail(r, REASON_NO_MEMORY, password);
	else
		ask_step(r);
}

/* That the last one knows no such user is no denial while one before could
 * not be asked, and says less than what one before said. */
static void
settle(const struct request *r, struct frame_answer *a)
{
	if (a->result != AUTH_DENIED || a->reason != REASON_NO_SUCH_USER)
		return;
	if (r->skipped_outage != AUTH_UNSET) {
		a->result = r->skipped_outage;
		a->reason = r->skipped_why;
		(void)str_copy(a->detail, sizeof(a->detail),
		    "a step before the last could not be asked");
	} else if (r->skipped_denial != REASON_NONE) {
		a->reason = r->skipped_denial;
	}
}

void
request_answered(struct request *r, const struct frame_answer *answer,
    enum answer_source source, const struct secret *password)
{
	struct frame_answer a = *answer;
	bool next = goes_on(r, &a);

	if (r->trial != NULL)
		trial_stepped(r->trial, r, &a, next);
	if (next) {
		skip(r, &a, password);
		return;
	}
	settle(r, &a);
	if (r->teaches && r->trial == NULL)
		memory_learn(r, &a, password);
	decide(r, &a, source, password);
}

/* ---- the beginning ---------------------------------------------------- */

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

static void
begin(struct request *r)
{
	r->id = ++r->front->next_request_id;
	r->began_usec = deadline_now_usec();
	r->deadline.at_msec = r->began_usec / 1000 +
	    r->generation->site.settings.request_timeout_sec * 1000;
}

/* Takes over all but login and realm, of which it makes the canonical form.
 * NULL when that cannot be: the client is answered. */
static struct request *
request_new(struct generation *g, struct client *c, struct wire_request *w)
{
	struct request *r = calloc(1, sizeof(*r));
	enum canonical_outcome outcome = CANONICAL_NO_MEMORY;
	struct canonical form;

	if (r != NULL)
		outcome = canonical_form(&g->site.settings,
		    client_listener(c), w->login, w->realm, &form);
	switch (outcome) {
	case CANONICAL_DONE:
		break;
	case CANONICAL_EMPTY:
		log_msg(LOG_ERR, "do_request", "NULL login received");
		client_answer(c, "NO NULL login received");
		goto fail;
	case CANONICAL_TOO_LONG:
		log_msg(LOG_ERR, "do_request", "login too long for "
		    "login_template");
		client_answer(c, "NO ");
		goto fail;
	case CANONICAL_NO_MEMORY:
		log_msg(LOG_ERR, "do_request", "out of memory");
		client_answer(c, "");
		goto fail;
	}
	r->login = form.login;
	r->realm = form.realm;
	r->front = g->front;
	r->generation = g;
	r->client = c;
	r->listener = client_listener(c);
	r->service = w->service;
	r->address = w->address;
	w->service = w->address = NULL;
	secret_move(&r->password, &w->password);
	begin(r);
	return r;
fail:
	free(r);
	return NULL;
}

uid_t
request_uid(const struct request *r)
{
	return r->client != NULL ? client_uid(r->client) :
	    trial_uid(r->trial);
}

static void
deny(struct request *r, enum auth_reason reason, const char *detail)
{
	struct frame_answer a = { .result = AUTH_DENIED, .reason = reason };

	(void)str_copy(a.detail, sizeof(a.detail), detail);
	decide(r, &a, ANSWER_BACKEND, NULL);
}

/* False: there is none, and it is denied. */
static bool
find_route(struct request *r)
{
	const struct route_question q = {
		.listener = r->listener, .login = r->login,
		.service = r->service, .realm = r->realm,
		.address = r->address
	};

	if (!site_list_has(q.listener->settings.services, r->service)) {
		deny(r, REASON_NOT_PERMITTED, "no service of this socket");
		return false;
	}
	r->route = route_find(&r->generation->site, &q);
	if (r->route != NULL)
		return true;
	deny(r, REASON_NO_ROUTE, "");
	return false;
}

void
request_start(struct generation *g, struct client *c, struct wire_request *w)
{
	struct request *r;

	if (refuse_empty(c, w)) {
		metrics_count_invalid(g->front->metrics);
		return;
	}
	r = request_new(g, c, w);
	if (r == NULL) {
		metrics_count_invalid(g->front->metrics);
		return;
	}
	if (!find_route(r) || is_limited(r) || is_remembered(r))
		return;
	r->on_trickle = request_is_past_limit(r);
	ask_step(r);
}

int
request_try(struct generation *g, const struct site_listener *l,
    struct frame_request *question, struct trial *t)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -1;
	r->login = strdup(question->login);
	r->realm = strdup(question->realm);
	r->service = strdup(question->service);
	r->address = strdup(question->address);
	if (r->login == NULL || r->realm == NULL || r->service == NULL ||
	    r->address == NULL) {
		request_free(r);
		return -1;
	}
	secret_move(&r->password, &question->password);
	r->front = g->front;
	r->generation = g;
	r->listener = l;
	r->trial = t;
	generation_hold(g);
	/* Nobody who asks for himself gets mixed up in it. */
	r->alone = true;
	begin(r);
	if (find_route(r))
		ask_step(r);
	return 0;
}
