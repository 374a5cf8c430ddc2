/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "saslauthd/authlog.h"
#include "saslauthd/cache.h"
#include "saslauthd/client.h"
#include "saslauthd/dispatch.h"
#include "saslauthd/front.h"
#include "saslauthd/loop.h"
#include "saslauthd/request.h"

#define ADDRESS_SIZE 64		/* an IPv6 literal with a zone fits */
#define DELAY_MAX_MSEC 10000	/* a module's failure delay is cut there */

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

/* -r: login becomes login@realm, unless there is no realm. */
static char *
canonical_login(const struct front *f, struct wire_request *w)
{
	char *login = w->login;

	if (f->settings.append_realm && w->realm[0] != '\0')
		return str_dup_format("%s@%s", w->login, w->realm);
	w->login = NULL;
	return login;
}

static struct request *
request_new(struct front *f, struct client *c, struct wire_request *w)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->login = canonical_login(f, w);
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

/* Without the port, which is another one each time. */
static void
copy_host(char *to, size_t size, const char *address)
{
	(void)str_format(to, size, "%.*s", (int)strcspn(address, ";"),
	    address);
}

/* `host` is room for the address and must live as long as the key. */
static struct cache_key
cache_key(const struct request *r, char *host, size_t size)
{
	const struct dispatch *d = r->front->dispatch;

	host[0] = '\0';
	if (dispatch_sees_address(d))
		copy_host(host, size, r->address);
	return (struct cache_key){
		.backend = dispatch_mech(d), .login = r->login,
		.realm = r->realm, .service = r->service, .address = host
	};
}

static bool
cache_answers(struct request *r)
{
	char host[ADDRESS_SIZE];
	struct cache_key k;

	if (r->front->cache == NULL)
		return false;
	k = cache_key(r, host, sizeof(host));
	return cache_lookup(r->front->cache, &k, &r->password,
	    r->began_usec / 1000000) == CACHE_HIT;
}

/* A wrong password leaves the entry: a guesser must not flush people. A
 * verdict about the account ends it. */
static void
cache_learn(struct request *r, const struct frame_answer *a)
{
	struct cache *c = r->front->cache;
	char host[ADDRESS_SIZE];
	struct cache_key k;

	if (c == NULL || r->cached)
		return;
	k = cache_key(r, host, sizeof(host));
	if (a->result == AUTH_OK) {
		if (!a->one_time)
			cache_store(c, &k, &r->password,
			    deadline_now_msec() / 1000);
	} else if (a->result == AUTH_DENIED &&
	    a->reason != REASON_BAD_PASSWORD) {
		cache_remove(c, &k);
	}
}

static void
log_verdict(const struct request *r, const struct frame_answer *a)
{
	const struct authlog line = {
		.login = r->login, .service = r->service, .realm = r->realm,
		.address = r->address,
		.mech = dispatch_mech(r->front->dispatch),
		.result = a->result, .reason = a->reason,
		.detail = a->detail, .cached = r->cached, .id = r->id,
		.usec = deadline_now_usec() - r->began_usec,
		.uid = client_uid(r->client), .pid = client_pid(r->client)
	};

	authlog_write(&r->front->settings, &line);
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

void
request_decided(struct request *r, const struct frame_answer *a)
{
	cache_learn(r, a);
	log_verdict(r, a);
	if (delay(r, a))
		return;
	client_answer(r->client, reply_text(r->front, a->result));
	request_free(r);
}

void
request_failed(struct request *r, enum auth_reason reason, const char *detail)
{
	struct frame_answer a = { .result = AUTH_TEMPFAIL, .reason = reason };

	(void)str_copy(a.detail, sizeof(a.detail), detail);
	request_decided(r, &a);
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

void
request_start(struct front *f, struct client *c, struct wire_request *w)
{
	static const struct frame_answer hit = { .result = AUTH_OK };
	struct request *r;

	if (refuse_empty(c, w))
		return;
	r = request_new(f, c, w);
	if (r == NULL) {
		log_msg(LOG_ERR, "do_request", "out of memory");
		client_answer(c, "");
		return;
	}
	r->cached = cache_answers(r);
	if (r->cached)
		request_decided(r, &hit);
	else
		dispatch_submit(f->dispatch, r);
}
