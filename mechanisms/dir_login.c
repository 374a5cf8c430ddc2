/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_login - one login, by the method of the settings.
 *
 * A method goes step by step; each step leaves DIR_NEXT_STEP or an answer.
 * Only what has done every step is accepted.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "mechanisms/dir_expand.h"
#include "mechanisms/dir_group.h"
#include "mechanisms/dir_login.h"
#include "mechanisms/dir_verdict.h"
#include "mechanisms/pass_schemes.h"

/* So long before its deadline a request is answered, so that the worker is
 * not taken for one that hangs. */
#define ANSWER_MSEC 200
/* A server that does not answer in less than that, because the request waited
 * elsewhere before, has not shown to be down. */
#define FAIR_MSEC 1000
/* DIGEST-MD5 of libsasl2 2.1.28 loses 15 KB at each login where it is built
 * with OpenSSL 3. */
#define SASL_LOGINS_MAX 1000

struct attempt {
	const struct dir_settings *settings;
	struct dir_session *session;
	const struct secret *password;
	struct dir_values values;
	enum dir_method method;
	/* Expanded once for all servers. */
	char *base, *filter;	/* bind, custom */
	char *name;		/* fastbind: DN or name; the id with SASL */
	enum dir_context name_is;
	bool base_is_fixed;
	struct mech_answer *answer;
};

static enum dir_next
final(struct attempt *t, enum auth_result result, enum auth_reason reason,
    const char *detail)
{
	mech_answer_set(t->answer, result, reason, "%s", detail);
	return DIR_NEXT_FINAL;
}

static enum dir_next
expand(struct attempt *t, const char *key, const char *template,
    enum dir_context context, char **to_r)
{
	struct errmsg e = ERRMSG_INIT;
	enum dir_expanded done = dir_expand(template, context, &t->values,
	    to_r, &e);

	return dir_verdict_expanded(done, REASON_NO_SUCH_USER, key, &e,
	    t->answer);
}

/* "joe" or "joe@realm": a login that has a domain already keeps it. */
static enum dir_next
make_id(struct attempt *t)
{
	char *realm = dir_expand_token('R', &t->values);

	if (realm != NULL)
		t->name = str_dup_format("%s%s", t->values.login,
		    strchr(t->values.login, '@') == NULL ? realm : "");
	free(realm);
	return t->name != NULL ? DIR_NEXT_STEP :
	    final(t, AUTH_TEMPFAIL, REASON_NO_MEMORY, "");
}

static enum dir_next
prepare(struct attempt *t)
{
	const struct dir_settings *s = t->settings;
	enum dir_next next;

	if (t->method == DIR_METHOD_FASTBIND) {
		t->name_is = dir_settings_users_sasl(s) ? DIR_CONTEXT_NAME :
		    dir_expand_context(s->filter);
		return dir_settings_users_sasl(s) ? make_id(t) :
		    expand(t, "ldap_filter", s->filter, t->name_is, &t->name);
	}
	t->base_is_fixed = !dir_expand_has_any(s->search_base);
	next = expand(t, "ldap_search_base", s->search_base, DIR_CONTEXT_DN,
	    &t->base);
	return next == DIR_NEXT_STEP ? expand(t, "ldap_filter", s->filter,
	    DIR_CONTEXT_FILTER, &t->filter) : next;
}

/* Find the one entry of the user, whose DN is then the user's. */
static enum dir_next
find_user(struct attempt *t, const char *attr, struct dir_found *found)
{
	const struct dir_settings *s = t->settings;
	const struct dir_search question = {
		.base = t->base, .scope = s->scope, .filter = t->filter,
		.attr = attr, .deref = s->deref, .size_limit = s->size_limit,
		.time_limit_sec = s->time_limit_sec
	};
	struct dir_reply reply = DIR_REPLY_INIT;
	struct dir_seen seen = { .reply = &reply, .password = t->password,
	    .fixed_name = t->base_is_fixed };
	enum dir_next next;

	dir_session_search(t->session, DIR_AS_SERVICE, &question,
	    DIR_STAGE_SEARCH, found, &reply, &seen.stage);
	seen.entries = found->entries;
	next = dir_verdict(&seen, t->answer);
	if (next != DIR_NEXT_STEP)
		return next;
	/* The root of all has no name, and a bind without one is anonymous:
	 * everybody would be let in (RFC 4513, section 5.1.2). */
	if (found->dn == NULL || found->dn[0] == '\0')
		return final(t, AUTH_MISCONFIG, REASON_CONFIG,
		    "search: the entry found has an empty DN");
	t->values.user_dn = found->dn;
	return DIR_NEXT_STEP;
}

static enum dir_next
bind_user(struct attempt *t, const char *dn)
{
	struct dir_reply reply = DIR_REPLY_INIT;
	struct dir_seen seen = { .reply = &reply, .password = t->password,
	    .name_is_template = t->method == DIR_METHOD_FASTBIND };

	dir_session_bind_user(t->session, dn, t->password, &reply,
	    &seen.stage);
	return dir_verdict(&seen, t->answer);
}

static enum dir_next
bind_user_sasl(struct attempt *t)
{
	const struct dir_settings *s = t->settings;
	struct dir_sasl_login login = {
		.mechs = "", .secprops = s->secprops, .id = t->name,
		.authz_id = "", .realm = s->realm, .password = t->password
	};
	struct dir_reply reply = DIR_REPLY_INIT;
	struct dir_seen seen = { .reply = &reply, .password = t->password,
	    .name_is_template = true };

	dir_session_bind_user_sasl(t->session, &login, &reply, &seen.stage);
	return dir_verdict(&seen, t->answer);
}

/* Did the stored values let the password in? */
static enum dir_next
compare_password(struct attempt *t, const struct dir_found *found)
{
	struct errmsg e = ERRMSG_INIT;

	if (found->count == 0) {
		mech_answer_set(t->answer, AUTH_DENIED, REASON_NO_PASSWORD,
		    "the entry has no %s, or the service account may not read "
		    "it", t->settings->password_attr);
		return DIR_NEXT_FINAL;
	}
	switch (pass_schemes_verify_any(found->values, found->count,
	    t->password, &e)) {
	case PASS_MATCH:
		return DIR_NEXT_STEP;
	case PASS_MISMATCH:
		return final(t, AUTH_DENIED, REASON_BAD_PASSWORD, "");
	case PASS_LOCKED:
		pass_schemes_dummy(t->password);
		return final(t, AUTH_DENIED, REASON_LOCKED,
		    "the stored value begins with \"!\" or \"*\"");
	case PASS_UNKNOWN:
		return final(t, AUTH_MISCONFIG, REASON_BAD_HASH, e.text);
	case PASS_ERROR:
		return final(t, AUTH_TEMPFAIL, REASON_NO_MEMORY, e.text);
	case PASS_UNSET:
		break;
	}
	return final(t, AUTH_TEMPFAIL, REASON_INTERNAL, "no verdict");
}

static enum dir_next
check_group(struct attempt *t)
{
	return dir_group_check(t->settings, t->session, &t->values,
	    t->password, t->answer);
}

static enum dir_next
by_bind(struct attempt *t)
{
	struct dir_found found = DIR_FOUND_INIT;
	enum dir_next next = find_user(t, NULL, &found);

	if (next == DIR_NEXT_STEP)
		next = bind_user(t, found.dn);
	if (next == DIR_NEXT_STEP)
		next = check_group(t);
	dir_found_fini(&found);
	return next;
}

static enum dir_next
by_compare(struct attempt *t)
{
	struct dir_found found = DIR_FOUND_INIT;
	enum dir_next next = find_user(t, t->settings->password_attr, &found);

	if (next == DIR_NEXT_STEP)
		next = compare_password(t, &found);
	else if (t->answer->reason == REASON_NO_SUCH_USER)
		pass_schemes_dummy(t->password);
	if (next == DIR_NEXT_STEP)
		next = check_group(t);
	dir_found_fini(&found);
	return next;
}

/* RFC 4513, section 5.2.1.8: an authzId is "dn:..." or "u:...". */
static enum dir_next
take_authzid(struct attempt *t, const char *authzid)
{
	if (authzid != NULL && str_starts(authzid, "dn:") &&
	    authzid[strlen("dn:")] != '\0') {
		t->values.user_dn = authzid + strlen("dn:");
		return DIR_NEXT_STEP;
	}
	return final(t, AUTH_MISCONFIG, REASON_CONFIG, "the server does not "
	    "tell the user's DN, which the group check needs: "
	    "ldap_auth_method bind finds it");
}

/* Whom a name stands for only the server knows. */
static enum dir_next
check_group_of_bound(struct attempt *t)
{
	struct dir_reply reply = DIR_REPLY_INIT;
	struct dir_seen seen = { .reply = &reply, .password = t->password };
	char *authzid = NULL;
	enum dir_next next;

	dir_session_whoami(t->session, &authzid, &reply, &seen.stage);
	next = dir_verdict(&seen, t->answer);
	if (next == DIR_NEXT_STEP)
		next = take_authzid(t, authzid);
	if (next == DIR_NEXT_STEP)
		next = check_group(t);
	free(authzid);
	return next;
}

static enum dir_next
by_fastbind(struct attempt *t)
{
	enum dir_next next = dir_settings_users_sasl(t->settings) ?
	    bind_user_sasl(t) : bind_user(t, t->name);

	if (next != DIR_NEXT_STEP || !dir_settings_has_group(t->settings))
		return next;
	if (t->name_is == DIR_CONTEXT_NAME)
		return check_group_of_bound(t);
	t->values.user_dn = t->name;
	return check_group(t);
}

static enum dir_next
by_method(struct attempt *t)
{
	/* What an attempt at another server learned is not to be used. */
	t->values.user_dn = "";
	switch (t->method) {
	case DIR_METHOD_BIND:
		return by_bind(t);
	case DIR_METHOD_CUSTOM:
		return by_compare(t);
	case DIR_METHOD_FASTBIND:
		return by_fastbind(t);
	}
	return final(t, AUTH_TEMPFAIL, REASON_INTERNAL, "no such method");
}

static enum dir_next
ask_server(struct dir_login *l, struct attempt *t,
    const struct servers_offer *server, struct deadline d)
{
	const bool hurried = deadline_left_msec(&d) < FAIR_MSEC;
	enum dir_next next;

	if (server->others && !server->last_resort)
		d = deadline_min(d, deadline_in_msec(DIR_ATTEMPT_MSEC));
	servers_enter(l->servers, server->slot);
	dir_session_use(l->session, server, &d);
	next = by_method(t);
	servers_leave(l->servers, server->slot);
	switch (next) {
	case DIR_NEXT_SERVER:
		if (!hurried || !deadline_passed(&d))
			servers_down(l->servers, server->slot,
			    t->answer->detail);
		break;
	case DIR_NEXT_STEP:
	case DIR_NEXT_FINAL:
	case DIR_NEXT_SERVER_BUSY:
		servers_up(l->servers, server->slot);
		break;
	case DIR_NEXT_UNSET:
		break;
	}
	return next;
}

/* One server after the other, until one can answer. */
static enum dir_next
ask_servers(struct dir_login *l, struct attempt *t, struct deadline d)
{
	struct servers_round round = { 0 };
	struct servers_offer server;
	struct errmsg e = ERRMSG_INIT;
	enum dir_next next = DIR_NEXT_UNSET;

	while (!deadline_passed(&d) && servers_next(l->servers, &round,
	    &d, &server, &e)) {
		next = ask_server(l, t, &server, d);
		if (next == DIR_NEXT_STEP || next == DIR_NEXT_FINAL)
			return next;
	}
	if (next == DIR_NEXT_UNSET)
		final(t, AUTH_TEMPFAIL, REASON_BACKEND_DOWN, e.text);
	if (deadline_passed(&d) && t->answer->reason == REASON_BACKEND_DOWN)
		t->answer->reason = REASON_DEADLINE;
	return DIR_NEXT_FINAL;
}

void
dir_login_check(struct dir_login *l, const struct mech_request *req,
    struct mech_answer *a)
{
	struct attempt t = {
		.settings = l->settings, .session = l->session,
		.password = req->password,
		.values = {
			.login = req->login, .service = req->service,
			.realm = req->realm, .user_dn = "",
			.default_realm = l->settings->default_realm
		},
		.method = dir_settings_method(l->settings),
		.answer = a
	};
	struct deadline d = req->deadline;
	enum dir_next next;

	/* To bind with an empty password is to be let in as nobody (RFC 4513,
	 * section 5.1.2). */
	if (req->password->len == 0) {
		final(&t, AUTH_DENIED, REASON_EMPTY_PASSWORD, "");
		return;
	}
	d.at_msec -= ANSWER_MSEC;
	next = prepare(&t);
	if (next == DIR_NEXT_STEP)
		next = ask_servers(l, &t, d);
	if (next == DIR_NEXT_STEP)
		mech_answer_set(a, AUTH_OK, REASON_NONE, "%s", "");
	if (dir_settings_users_sasl(l->settings) &&
	    ++l->sasl_logins >= SASL_LOGINS_MAX)
		a->retire = true;
	free(t.base);
	free(t.filter);
	free(t.name);
}
