/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_session - a worker's two connections to the server in use.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "mechanisms/dir_session.h"
#include "mechanisms/mech.h"

#define MSEC_PER_SEC 1000
#define MECHS_MAX 256		/* names of SASL mechanisms, with blanks */

struct connection {
	struct dir_link *link;	/* NULL: not there */
	bool bound;		/* of the user's: this request's own bind was
				 * answered with success */
	int64_t used_msec;
	char mechs[MECHS_MAX];	/* chosen of what this server offers; "": it
				 * was not asked yet */
};

struct dir_session {
	const struct dir_settings *settings;
	struct servers *servers;
	const struct secret *service_password;
	char uri[DIR_URI_MAX];	/* of the server in use; "": none yet */
	size_t slot;
	struct deadline deadline;	/* of the attempt */
	struct connection service, user;
};

/*
 * A question. `put` asks it over a link. `get` is where the link comes from:
 * it sets kept_r for one that was there before, whose loss is worth a second
 * try on a fresh one; NULL: the reply and the stage say why.
 */
struct question {
	struct connection *(*get)(struct dir_session *ss,
	    const struct question *q, bool *kept_r, struct dir_reply *r_r,
	    enum dir_stage *stage_r);
	void (*put)(const struct question *q, struct dir_link *l,
	    const struct deadline *d, struct dir_reply *r_r);
	enum dir_stage stage;

	const struct dir_search *search;
	struct dir_found *found;
	const char *dn, *attr, *value;
	const struct secret *password;
	bool policy;
	struct dir_sasl_login *login;
	char **authzid;
};

struct dir_session *
dir_session_new(const struct dir_settings *s, struct servers *sv,
    const struct secret *service_password, struct errmsg *e)
{
	struct dir_session *ss = calloc(1, sizeof(*ss));

	if (ss == NULL) {
		errmsg_set(e, "out of memory");
		return NULL;
	}
	ss->settings = s;
	ss->servers = sv;
	ss->service_password = service_password;
	return ss;
}

static void
hang_up(struct connection *c)
{
	dir_link_close(c->link);
	*c = (struct connection){ 0 };
}

static void
hang_up_both(struct dir_session *ss)
{
	hang_up(&ss->service);
	hang_up(&ss->user);
}

void
dir_session_free(struct dir_session *ss)
{
	if (ss == NULL)
		return;
	hang_up_both(ss);
	free(ss);
}

static void
set_reply(struct dir_reply *r_r, enum dir_trouble trouble, const char *text)
{
	*r_r = (struct dir_reply)DIR_REPLY_INIT;
	r_r->trouble = trouble;
	(void)str_copy_n(r_r->text, sizeof(r_r->text), text,
	    strnlen(text, sizeof(r_r->text) - 1));
}

static bool
is_broken(const struct dir_reply *r)
{
	return r->trouble == DIR_TIMED_OUT || r->trouble == DIR_LOST ||
	    r->trouble == DIR_GARBAGE;
}

/* Of one operation: ldap_timeout, within the attempt's. */
static struct deadline
operation_deadline(const struct dir_session *ss)
{
	const long sec = ss->settings->timeout_sec;

	return sec == 0 ? ss->deadline : deadline_min(ss->deadline,
	    deadline_in_msec((int64_t)sec * MSEC_PER_SEC));
}

static int
dial(struct dir_session *ss, struct connection *c, struct dir_reply *r_r,
    enum dir_stage *stage_r)
{
	*stage_r = DIR_STAGE_CONNECT;
	c->link = dir_link_open(ss->settings, ss->uri, &ss->deadline, r_r);
	c->used_msec = deadline_now_msec();
	return c->link != NULL ? 0 : -1;
}

static void
bind_service(struct dir_session *ss, struct dir_reply *r_r)
{
	const struct dir_settings *s = ss->settings;
	const struct deadline d = operation_deadline(ss);
	struct dir_sasl_login login = {
		.mechs = s->service_mech[0] != '\0' ? s->service_mech :
		    s->mech,
		.secprops = s->secprops, .id = s->id,
		.authz_id = s->authz_id, .realm = s->realm,
		.password = ss->service_password->len > 0 ?
		    ss->service_password : NULL
	};

	if (dir_settings_service_sasl(s))
		dir_link_bind_sasl(ss->service.link, &login, &d, r_r);
	else
		dir_link_bind(ss->service.link, s->bind_dn,
		    ss->service_password, false, &d, r_r);
}

/* The service account's connection, bound. */
static struct connection *
get_service(struct dir_session *ss, const struct question *q, bool *kept_r,
    struct dir_reply *r_r, enum dir_stage *stage_r)
{
	struct connection *c = &ss->service;

	(void)q;
	*kept_r = c->link != NULL;
	if (*kept_r)
		return c;
	if (dial(ss, c, r_r, stage_r) == -1)
		return NULL;
	*stage_r = DIR_STAGE_SERVICE_BIND;
	bind_service(ss, r_r);
	if (dir_reply_is(r_r, DIR_SUCCESS))
		return c;
	hang_up(c);
	return NULL;
}

/* The users' connection, for a bind: whoever was bound there before is gone
 * in any case. LDAPv2 has one bind per connection (RFC 1777, section 4.1). */
static struct connection *
get_user(struct dir_session *ss, const struct question *q, bool *kept_r,
    struct dir_reply *r_r, enum dir_stage *stage_r)
{
	struct connection *c = &ss->user;

	(void)q;
	c->bound = false;
	if (ss->settings->version < 3)
		hang_up(c);
	*kept_r = c->link != NULL;
	if (!*kept_r && dial(ss, c, r_r, stage_r) == -1)
		return NULL;
	return c;
}

/* The users' connection as this request has bound it, or none. */
static struct connection *
get_bound_user(struct dir_session *ss, const struct question *q, bool *kept_r,
    struct dir_reply *r_r, enum dir_stage *stage_r)
{
	(void)q;
	(void)stage_r;
	*kept_r = false;
	if (ss->user.bound && ss->user.link != NULL)
		return &ss->user;
	set_reply(r_r, DIR_LOST, "the user's connection was lost");
	return NULL;
}

/*
 * Was it the connection that failed, and not the question? Besides a loss
 * these are the answers of a server that has dropped our identity, is being
 * shut down, or was replaced behind a balancer; a service account that really
 * lacks access gets them twice.
 */
static bool
deserves_fresh_link(const struct question *q, const struct dir_reply *r)
{
	if (r->trouble == DIR_LOST)
		return true;
	return r->trouble == DIR_ANSWERED && q->get == get_service &&
	    (r->code == DIR_OPERATIONS_ERROR || r->code == DIR_BUSY ||
	    r->code == DIR_UNAVAILABLE ||
	    r->code == DIR_INSUFFICIENT_ACCESS);
}

/* At most twice, because a link is kept only once. */
static void
ask(struct dir_session *ss, const struct question *q, struct dir_reply *r_r,
    enum dir_stage *stage_r)
{
	struct connection *c;
	struct deadline d;
	bool kept, again;

	do {
		*r_r = (struct dir_reply)DIR_REPLY_INIT;
		*stage_r = q->stage;
		c = q->get(ss, q, &kept, r_r, stage_r);
		if (c == NULL)
			return;
		*stage_r = q->stage;
		*r_r = (struct dir_reply)DIR_REPLY_INIT;
		d = operation_deadline(ss);
		q->put(q, c->link, &d, r_r);
		c->used_msec = deadline_now_msec();
		again = kept && deserves_fresh_link(q, r_r);
		if (again || is_broken(r_r))
			hang_up(c);
	} while (again);
}

void
dir_session_use(struct dir_session *ss, const struct servers_offer *server,
    const struct deadline *d)
{
	if (strcmp(ss->uri, server->name) != 0)
		hang_up_both(ss);
	(void)str_copy(ss->uri, sizeof(ss->uri), server->name);
	ss->slot = server->slot;
	ss->deadline = *d;
	ss->user.bound = false;
}

static void
put_search(const struct question *q, struct dir_link *l,
    const struct deadline *d, struct dir_reply *r_r)
{
	/* Of the first try, before the connection broke. */
	dir_found_fini(q->found);
	*q->found = (struct dir_found)DIR_FOUND_INIT;
	dir_link_search(l, q->search, d, q->found, r_r);
}

void
dir_session_search(struct dir_session *ss, enum dir_who who,
    const struct dir_search *search, enum dir_stage stage,
    struct dir_found *f_r, struct dir_reply *r_r, enum dir_stage *stage_r)
{
	const struct question q = {
		.get = who == DIR_AS_SERVICE ? get_service : get_bound_user,
		.put = put_search, .stage = stage,
		.search = search, .found = f_r
	};

	ask(ss, &q, r_r, stage_r);
}

static void
put_compare(const struct question *q, struct dir_link *l,
    const struct deadline *d, struct dir_reply *r_r)
{
	dir_link_compare(l, q->dn, q->attr, q->value, d, r_r);
}

void
dir_session_compare(struct dir_session *ss, enum dir_who who, const char *dn,
    const char *attr, const char *value, struct dir_reply *r_r,
    enum dir_stage *stage_r)
{
	const struct question q = {
		.get = who == DIR_AS_SERVICE ? get_service : get_bound_user,
		.put = put_compare, .stage = DIR_STAGE_GROUP,
		.dn = dn, .attr = attr, .value = value
	};

	ask(ss, &q, r_r, stage_r);
}

static void
put_whoami(const struct question *q, struct dir_link *l,
    const struct deadline *d, struct dir_reply *r_r)
{
	dir_link_whoami(l, d, q->authzid, r_r);
}

void
dir_session_whoami(struct dir_session *ss, char **authzid_r,
    struct dir_reply *r_r, enum dir_stage *stage_r)
{
	const struct question q = {
		.get = get_bound_user, .put = put_whoami,
		.stage = DIR_STAGE_WHOAMI, .authzid = authzid_r
	};

	*authzid_r = NULL;
	ask(ss, &q, r_r, stage_r);
}

static void
put_bind(const struct question *q, struct dir_link *l,
    const struct deadline *d, struct dir_reply *r_r)
{
	dir_link_bind(l, q->dn, q->password, q->policy, d, r_r);
}

void
dir_session_bind_user(struct dir_session *ss, const char *dn,
    const struct secret *pw, struct dir_reply *r_r, enum dir_stage *stage_r)
{
	const struct question q = {
		.get = get_user, .put = put_bind,
		.stage = DIR_STAGE_USER_BIND, .dn = dn, .password = pw,
		/* Controls came with LDAPv3. */
		.policy = ss->settings->version >= 3
	};

	ask(ss, &q, r_r, stage_r);
	ss->user.bound = dir_reply_is(r_r, DIR_SUCCESS);
}

/* What may be asked of every server, by anybody (RFC 4512, section 5.1). */
static const struct dir_search root_dse = {
	.base = "", .scope = DIR_SCOPE_BASE, .filter = "(objectClass=*)",
	.deref = DIR_DEREF_NEVER
};

/* The mechanisms for users on this connection, before its first bind. */
static int
learn_mechs(struct dir_session *ss, struct connection *c,
    struct dir_reply *r_r)
{
	const struct deadline d = operation_deadline(ss);
	struct dir_found found = DIR_FOUND_INIT;
	struct dir_search search = root_dse;
	int result = -1;

	search.attr = "supportedSASLMechanisms";
	dir_link_search(c->link, &search, &d, &found, r_r);
	if (r_r->trouble != DIR_ANSWERED)
		goto out;
	result = dir_sasl_choose(found.values, found.count,
	    ss->settings->mech, c->mechs, sizeof(c->mechs));
	if (result == -1)
		set_reply(r_r, DIR_BAD_QUESTION, "the server offers no SASL "
		    "mechanism that takes a password, or not the one of "
		    "ldap_mech");
out:
	dir_found_fini(&found);
	return result;
}

/* get_user, and what it needs to know before its first SASL bind. */
static struct connection *
get_sasl_user(struct dir_session *ss, const struct question *q, bool *kept_r,
    struct dir_reply *r_r, enum dir_stage *stage_r)
{
	struct connection *c;
	bool again;

	do {
		c = get_user(ss, q, kept_r, r_r, stage_r);
		if (c == NULL)
			return NULL;
		q->login->mechs = c->mechs;
		if (c->mechs[0] != '\0')
			return c;
		*stage_r = DIR_STAGE_USER_BIND;
		if (learn_mechs(ss, c, r_r) == 0)
			return c;
		hang_up(c);
		again = *kept_r && r_r->trouble == DIR_LOST;
	} while (again);
	return NULL;
}

static void
put_bind_sasl(const struct question *q, struct dir_link *l,
    const struct deadline *d, struct dir_reply *r_r)
{
	q->login->password_asked = false;
	dir_link_bind_sasl(l, q->login, d, r_r);
}

void
dir_session_bind_user_sasl(struct dir_session *ss,
    struct dir_sasl_login *login, struct dir_reply *r_r,
    enum dir_stage *stage_r)
{
	const struct question q = {
		.get = get_sasl_user, .put = put_bind_sasl,
		.stage = DIR_STAGE_USER_BIND, .login = login
	};
	char text[DIR_TEXT_MAX];

	ask(ss, &q, r_r, stage_r);
	ss->user.bound = dir_reply_is(r_r, DIR_SUCCESS);
	if (!ss->user.bound || login->password_asked)
		return;
	(void)str_format(text, sizeof(text), "SASL mechanism %.64s did not "
	    "use the password", login->mechs);
	set_reply(r_r, DIR_BAD_QUESTION, text);
	hang_up(&ss->user);
}

/* Does this reply say that the server cannot be asked? As dir_verdict has
 * it. */
static bool
is_outage(const struct dir_reply *r)
{
	return is_broken(r) || r->trouble == DIR_UNREACHABLE ||
	    r->trouble == DIR_TLS_FAILED ||
	    dir_reply_is(r, DIR_UNAVAILABLE);
}

static void
note(struct dir_session *ss, size_t slot, const struct dir_reply *r)
{
	if (is_outage(r))
		servers_down(ss->servers, slot, r->text);
	else
		servers_up(ss->servers, slot);
}

int
dir_session_ready(struct dir_session *ss, struct errmsg *e)
{
	const struct deadline d = deadline_in_msec(DIR_ATTEMPT_MSEC);
	const bool fastbind =
	    dir_settings_method(ss->settings) == DIR_METHOD_FASTBIND;
	struct servers_round round = { 0 };
	struct servers_offer server;
	struct dir_reply r = DIR_REPLY_INIT;
	struct connection *c;
	enum dir_stage stage;
	bool kept;

	if (!servers_next(ss->servers, &round, &d, &server, e))
		return 0;
	if (server.last_resort) {
		errmsg_set(e, "all servers are down");
		return 0;
	}
	dir_session_use(ss, &server, &d);
	servers_enter(ss->servers, server.slot);
	c = (fastbind ? get_user : get_service)(ss, NULL, &kept, &r, &stage);
	servers_leave(ss->servers, server.slot);
	if (c == NULL) {
		note(ss, server.slot, &r);
		errmsg_set(e, "%s: %s: %s", server.name,
		    stage == DIR_STAGE_CONNECT ? "connect" :
		    "bind as service account", r.text);
	} else {
		servers_up(ss->servers, server.slot);
		errmsg_set(e, "%s", "");
	}
	return 0;
}

/* Does a server that was down answer again? */
static void
probe(struct dir_session *ss)
{
	const struct deadline d = deadline_in_msec(MECH_IDLE_MSEC);
	struct dir_found found = DIR_FOUND_INIT;
	struct dir_reply r = DIR_REPLY_INIT;
	struct servers_offer server;
	struct dir_link *l;

	if (!servers_claim_probe(ss->servers, &server))
		return;
	servers_enter(ss->servers, server.slot);
	l = dir_link_open(ss->settings, server.name, &d, &r);
	if (l != NULL)
		dir_link_search(l, &root_dse, &d, &found, &r);
	dir_link_close(l);
	servers_leave(ss->servers, server.slot);
	note(ss, server.slot, &r);
	dir_found_fini(&found);
}

int64_t
dir_session_idle(struct dir_session *ss)
{
	int64_t user_in = -1, probe_in;

	probe(ss);
	if (ss->uri[0] != '\0' &&
	    servers_has_better(ss->servers, ss->slot))
		hang_up_both(ss);
	if (ss->user.link != NULL) {
		user_in = ss->user.used_msec + DIR_USER_IDLE_MSEC -
		    deadline_now_msec();
		if (user_in <= 0) {
			hang_up(&ss->user);
			user_in = -1;
		}
	}
	probe_in = servers_probe_in_msec(ss->servers);
	if (user_in == -1 || (probe_in != -1 && probe_in < user_in))
		return probe_in;
	return user_in;
}
