/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_radius - passwords that a RADIUS server knows. A module: see
 * mech_module.h.
 *
 * One Access-Request with the password in it (PAP), to one server after the
 * other until one answers. The answer is the verdict.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/compat/compat.h"
#include "common/frame.h"
#include "mechanisms/file_watch.h"
#include "mechanisms/mech.h"
#include "mechanisms/mech_module.h"
#include "mechanisms/rad_digest.h"
#include "mechanisms/rad_form.h"
#include "mechanisms/rad_servers.h"
#include "mechanisms/rad_tls.h"
#include "mechanisms/rad_udp.h"
#include "mechanisms/servers.h"

/* So long before its deadline a request is answered, so that the worker is
 * not taken for one that hangs. */
#define ANSWER_MSEC 200
/* A server that does not answer in less than that, because the request waited
 * elsewhere before, has not shown to be down. */
#define FAIR_MSEC 1000
/* Beyond the time of all tries a worker does not come back. */
#define STUCK_MSEC 2000
/* After so long without a probe (workers that live for one request) a request
 * makes it. */
#define PROBE_OVERDUE_MSEC 30000
/* Packets in which a fresh worker asks a server that is up for its status. */
#define READY_TRIES 3

enum { KEY, CERT, CACERT_FILE, TLS_FILES };

struct radius {
	const struct rad_settings *settings;
	struct rad_form *form;
	struct rad_servers all;
	struct servers_kind kind;
	struct servers *servers;	/* which of them to ask */
	struct rad_tls *tls;	/* NULL: no server wants it */
	/* A worker's own, in the order of all. */
	struct rad_addresses addresses[RAD_SERVERS_MAX];
	/* Those of TLS, then the secrets. */
	struct file_watch files[TLS_FILES + RAD_SERVERS_MAX];
};

/* What a request has come to, so far. */
struct attempt {
	struct radius *ctx;
	const struct mech_request *req;
	struct mech_answer *answer;
	struct deadline deadline;
	bool not_signed;	/* answers were ignored for that */
	bool final;
};

/* ---- one server ------------------------------------------------------- */

static void
put_question(struct radius *ctx, const struct rad_question *q,
    struct rad_reply *r_r)
{
	struct rad_addresses *a =
	    &ctx->addresses[q->server - ctx->all.list];

	if (q->server->tls)
		rad_tls_ask(ctx->tls, q, a, r_r);
	else
		rad_udp_ask(q, a, r_r);
}

static int
draw(unsigned *identifier_r,
    unsigned char authenticator_r[RAD_AUTHENTICATOR_SIZE])
{
	unsigned char identifier;

	if (rad_digest_random(&identifier, sizeof(identifier)) == -1 ||
	    rad_digest_random(authenticator_r, RAD_AUTHENTICATOR_SIZE) == -1)
		return -1;
	*identifier_r = identifier;
	return 0;
}

static void
decide(struct attempt *t, enum auth_result result, enum auth_reason reason,
    const char *server, const char *detail)
{
	mech_answer_set(t->answer, result, reason, "%s%s%s", server,
	    server[0] != '\0' && detail[0] != '\0' ? ": " : "", detail);
	t->final = true;
}

/* Anything but "filled" is the same at every server. */
static bool
fill(struct attempt *t, const struct rad_server *s, struct rad_packet *p)
{
	unsigned char authenticator[RAD_AUTHENTICATOR_SIZE];
	struct errmsg e = ERRMSG_INIT;
	unsigned identifier;

	if (draw(&identifier, authenticator) == -1) {
		decide(t, AUTH_TEMPFAIL, REASON_BACKEND_ERROR, "",
		    "libcrypto has no random bytes");
		return false;
	}
	switch (rad_form_fill(t->ctx->form, t->req, &s->secret, identifier,
	    authenticator, p, &e)) {
	case RAD_FILLED:
		return true;
	case RAD_FILL_BAD_NAME:
	case RAD_FILL_TOO_LONG:
		decide(t, AUTH_DENIED, REASON_NO_SUCH_USER, "", e.text);
		break;
	case RAD_FILL_BAD_PASSWORD:
		decide(t, AUTH_DENIED, REASON_PASSWORD_TOO_LONG, "", e.text);
		break;
	case RAD_FILL_FAILED:
		decide(t, AUTH_MISCONFIG, REASON_CONFIG, "", e.text);
		break;
	case RAD_FILL_UNSET:
		decide(t, AUTH_TEMPFAIL, REASON_INTERNAL, "", "no packet");
		break;
	}
	return false;
}

static void
judge(struct attempt *t, const struct rad_server *s,
    const struct rad_reply *r)
{
	switch (r->code) {
	case RAD_ACCESS_ACCEPT:
		decide(t, AUTH_OK, REASON_NONE, "", "");
		return;
	case RAD_ACCESS_REJECT:
		decide(t, AUTH_DENIED, REASON_BAD_PASSWORD, s->name,
		    r->message);
		return;
	case RAD_ACCESS_CHALLENGE:
		decide(t, AUTH_DENIED, REASON_EXTRA_QUESTION, s->name,
		    r->message);
		return;
	case RAD_ACCESS_REQUEST:
	case RAD_STATUS_SERVER:
		break;
	}
	decide(t, AUTH_TEMPFAIL, REASON_INTERNAL, s->name, "no answer's code");
}

/* A server that answered others meanwhile is not down, whatever it is that it
 * does not like about this request: a proxy is silent for the users of a realm
 * whose own server is, and nobody may take it away from all others by asking
 * for one of those. */
static void
is_silent(struct radius *ctx, const struct servers_offer *offer,
    int64_t since_msec, const char *why)
{
	if (!servers_answered_since(ctx->servers, offer->slot, since_msec))
		servers_down(ctx->servers, offer->slot, why);
}

static void
no_answer(struct attempt *t, const struct servers_offer *offer,
    int64_t since_msec, bool hurried, const struct rad_reply *r)
{
	struct errmsg why = ERRMSG_INIT;
	const bool not_signed = r->unsigned_answers + r->badly_signed > 0;

	rad_reply_explain(r, &why);
	/* That of another server, which is silent, would hide it. */
	if (not_signed || !t->not_signed)
		mech_answer_set(t->answer, AUTH_TEMPFAIL, REASON_BACKEND_DOWN,
		    "%s: %s", offer->name, why.text);
	if (not_signed) {
		t->not_signed = true;
		(void)errmsg_prefix(&why, "%s",
		    auth_reason_name(REASON_NOT_SIGNED));
		servers_down(t->ctx->servers, offer->slot, why.text);
	} else if (!hurried || !deadline_passed(&t->deadline))
		is_silent(t->ctx, offer, since_msec, why.text);
}

static void
ask_server(struct attempt *t, const struct servers_offer *offer)
{
	struct radius *ctx = t->ctx;
	const struct rad_server *s = rad_servers_find(&ctx->all, offer->name);
	const bool hurried = deadline_left_msec(&t->deadline) < FAIR_MSEC;
	struct rad_packet packet;
	const struct rad_question q = {
		.server = s, .packet = &packet,
		/* It is more likely to be down still than to lose one. */
		.tries = offer->probe ? 1 : s->tries,
		.try_msec = s->timeout_msec,
		.any_signature = !s->require_signature,
		.hurry = offer->others, .deadline = t->deadline
	};
	const int64_t since_msec = deadline_now_msec();
	struct rad_reply r;

	if (!fill(t, s, &packet))
		return;
	servers_enter(ctx->servers, offer->slot);
	put_question(ctx, &q, &r);
	servers_leave(ctx->servers, offer->slot);
	explicit_bzero(&packet, sizeof(packet));
	if (r.answered) {
		servers_up(ctx->servers, offer->slot);
		judge(t, s, &r);
	} else
		no_answer(t, offer, since_msec, hurried, &r);
}

/* One server after the other, until one answers. */
static void
radius_check(void *context, const struct mech_request *req,
    struct mech_answer *a)
{
	struct radius *ctx = context;
	struct servers_round round = { 0 };
	struct servers_offer offer;
	struct errmsg e = ERRMSG_INIT;
	struct attempt t = { .ctx = ctx, .req = req, .answer = a,
	    .deadline = { req->deadline.at_msec - ANSWER_MSEC } };

	mech_answer_set(a, AUTH_TEMPFAIL, REASON_DEADLINE, "%s", "");
	while (!t.final && !deadline_passed(&t.deadline) &&
	    servers_next(ctx->servers, &round, &t.deadline, &offer, &e))
		ask_server(&t, &offer);
	if (t.final)
		return;
	if (t.not_signed)
		a->reason = REASON_NOT_SIGNED;
	else if (deadline_passed(&t.deadline))
		a->reason = REASON_DEADLINE;
}

/* ---- between two requests --------------------------------------------- */

/* Does this server answer Status-Server (RFC 5997)? Nothing is decided by
 * the answer, so one that is not signed will do. */
static void
ask_status(struct radius *ctx, const struct servers_offer *offer,
    unsigned tries, struct errmsg *e)
{
	const struct rad_server *s = rad_servers_find(&ctx->all, offer->name);
	unsigned char authenticator[RAD_AUTHENTICATOR_SIZE];
	struct rad_packet packet;
	const struct rad_question q = {
		.server = s, .packet = &packet, .tries = tries,
		.try_msec = MECH_IDLE_MSEC / tries,
		.any_signature = true, .hurry = true,
		.deadline = deadline_in_msec(MECH_IDLE_MSEC)
	};
	const int64_t since_msec = deadline_now_msec();
	struct rad_reply r;
	unsigned identifier;

	e->text[0] = '\0';
	if (draw(&identifier, authenticator) == -1)
		return;
	rad_codec_begin(&packet, RAD_STATUS_SERVER, identifier,
	    authenticator);
	if (rad_codec_sign(&packet, &s->secret) == -1)
		return;
	servers_enter(ctx->servers, offer->slot);
	put_question(ctx, &q, &r);
	servers_leave(ctx->servers, offer->slot);
	if (r.answered) {
		servers_up(ctx->servers, offer->slot);
		return;
	}
	rad_reply_explain(&r, e);
	is_silent(ctx, offer, since_msec, e->text);
	(void)errmsg_prefix(e, "%s", offer->name);
}

static int64_t
radius_idle(void *context)
{
	struct radius *ctx = context;
	struct servers_offer offer;
	struct errmsg e;

	if (!ctx->settings->status_server)
		return -1;
	if (servers_claim_probe(ctx->servers, &offer))
		ask_status(ctx, &offer, 1, &e);
	return servers_probe_in_msec(ctx->servers);
}

static int
radius_ready(void *context, struct errmsg *e)
{
	struct radius *ctx = context;
	const struct deadline d = deadline_in_msec(MECH_IDLE_MSEC);
	struct servers_round round = { 0 };
	struct servers_offer offer;

	e->text[0] = '\0';
	if (!ctx->settings->status_server ||
	    !servers_next(ctx->servers, &round, &d, &offer, e))
		return 0;
	if (offer.last_resort)
		(void)errmsg_set(e, "all servers are down");
	else
		/* One packet that gets lost must not take away a server that
		 * nobody has found silent. */
		ask_status(ctx, &offer, READY_TRIES, e);
	return 0;
}

static size_t
radius_parts(void *context, struct mech_part *parts_r, size_t max)
{
	struct radius *ctx = context;

	return servers_parts(ctx->servers, parts_r, max);
}

/* ---- opening ---------------------------------------------------------- */

static void
watch_files(struct radius *ctx)
{
	const struct rad_settings *s = ctx->settings;
	size_t i;

	file_watch_init(&ctx->files[KEY], s->key);
	file_watch_init(&ctx->files[CERT], s->cert);
	file_watch_init(&ctx->files[CACERT_FILE], s->cacert_file);
	for (i = 0; i < ctx->all.count; i++)
		file_watch_init(&ctx->files[TLS_FILES + i],
		    ctx->all.list[i].secret_file);
}

/* Each is looked at again, whatever the others are like. */
static bool
files_changed(struct radius *ctx)
{
	bool changed = false;
	size_t i;

	for (i = 0; i < TLS_FILES + ctx->all.count; i++)
		if (file_watch_changed(&ctx->files[i]))
			changed = true;
	return changed;
}

static bool
wants_tls(const struct radius *ctx)
{
	size_t i;

	for (i = 0; i < ctx->all.count; i++)
		if (ctx->all.list[i].tls)
			return true;
	return false;
}

static int
make_servers(struct radius *ctx, struct errmsg *e)
{
	const struct rad_server *s;
	int64_t longest = 0;
	size_t i;

	for (i = 0; i < ctx->all.count; i++) {
		s = &ctx->all.list[i];
		if (longest < s->timeout_msec * s->tries)
			longest = s->timeout_msec * s->tries;
	}
	ctx->kind.stuck_msec = longest + STUCK_MSEC;
	if (ctx->settings->status_server)
		ctx->kind.overdue_msec = PROBE_OVERDUE_MSEC;
	ctx->servers = servers_new(&ctx->kind, e);
	if (ctx->servers == NULL)
		return -1;
	for (i = 0; i < ctx->all.count; i++)
		if (servers_add(ctx->servers, ctx->all.list[i].name, e) == -1)
			return -1;
	return 0;
}

static void
radius_close(void *context)
{
	struct radius *ctx = context;
	size_t i;

	for (i = 0; i < RAD_SERVERS_MAX; i++)
		rad_addresses_fini(&ctx->addresses[i]);
	rad_tls_free(ctx->tls);
	servers_free(ctx->servers);
	rad_form_free(ctx->form);
	rad_servers_fini(&ctx->all);
	free(ctx);
}

static int
radius_open(const void *settings, void **ctx_r, struct errmsg *e)
{
	struct radius *ctx = calloc(1, sizeof(*ctx));

	if (ctx == NULL)
		return errmsg_set(e, "out of memory");
	ctx->settings = settings;
	if (rad_servers_parse(settings, &ctx->all, e) == -1)
		goto fail;
	/* Before they are read: what is written meanwhile is read again. */
	watch_files(ctx);
	if (rad_servers_read_secrets(&ctx->all, e) == -1 ||
	    make_servers(ctx, e) == -1)
		goto fail;
	ctx->form = rad_form_new(settings, e);
	if (ctx->form == NULL)
		goto fail;
	if (wants_tls(ctx)) {
		ctx->tls = rad_tls_new(settings, e);
		if (ctx->tls == NULL)
			goto fail;
	}
	*ctx_r = ctx;
	return 0;
fail:
	radius_close(ctx);
	return -1;
}

/* Workers have secrets, certificates and key from before they were forked.
 * What cannot be read now (a half-written file) leaves the old in force. */
static bool
radius_changed(void *context)
{
	struct radius *ctx = context;
	struct rad_tls *fresh = NULL;

	if (!files_changed(ctx))
		return false;
	if (ctx->tls != NULL) {
		fresh = rad_tls_new(ctx->settings, NULL);
		if (fresh == NULL)
			return false;
	}
	if (rad_servers_read_secrets(&ctx->all, NULL) == -1) {
		rad_tls_free(fresh);
		return false;
	}
	rad_tls_free(ctx->tls);
	ctx->tls = fresh;
	return true;
}

static const struct mech mech_radius = {
	.name = "radius",
	.summary = "users of a RADIUS server",
	.needs = MECH_NEEDS_NET,
	.sees_address = true,	/* Calling-Station-Id */
	.sees_realm = true,
	.keys = &rad_settings_table,
	.settings_size = sizeof(struct rad_settings),
	.option_is_file = true,
	.verify = rad_settings_verify,
	.remarks = rad_settings_remarks,
	.lacks = rad_settings_lacks,
	.open = radius_open,
	.ready = radius_ready,
	.check = radius_check,
	.idle = radius_idle,
	.parts = radius_parts,
	.changed = radius_changed,
	.close = radius_close,
};

/* Declared for no other file: it is looked up by name. */
extern const struct mech_module mech_module;

__attribute__((visibility("default")))
const struct mech_module mech_module = {
	.build_id = FRAME_BUILD_ID,
	.mech_size = sizeof(struct mech),
	.mech = &mech_radius,
};
