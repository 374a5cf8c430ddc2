/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions. libldap's asynchronous calls only, each followed by wait_for():
 * those that end in _s wait as long as they like.
 */
#include "config.h"

#include <ldap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "common/compat/compat.h"
#include "mechanisms/dir_link_inside.h"

static const int scopes[] = {
	[DIR_SCOPE_SUB] = LDAP_SCOPE_SUBTREE,
	[DIR_SCOPE_ONE] = LDAP_SCOPE_ONELEVEL,
	[DIR_SCOPE_BASE] = LDAP_SCOPE_BASE,
};

static const int derefs[] = {
	[DIR_DEREF_NEVER] = LDAP_DEREF_NEVER,
	[DIR_DEREF_SEARCH] = LDAP_DEREF_SEARCHING,
	[DIR_DEREF_FIND] = LDAP_DEREF_FINDING,
	[DIR_DEREF_ALWAYS] = LDAP_DEREF_ALWAYS,
};

void
dir_found_fini(struct dir_found *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		secret_wipe(&f->values[i]);
	free(f->values);
	free(f->dn);
	*f = (struct dir_found)DIR_FOUND_INIT;
}

void
dir_link_tell(struct dir_reply *r, enum dir_trouble trouble, const char *text)
{
	*r = (struct dir_reply)DIR_REPLY_INIT;
	r->trouble = trouble;
	snprintf(r->text, sizeof(r->text), "%s", text);
}

/* The same in libldap's words. */
static void
tell_error(struct dir_link *l, enum dir_trouble trouble, int rc,
    struct dir_reply *r)
{
	char *text = NULL;

	ldap_get_option(l->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
	dir_link_tell(r, trouble, text != NULL && text[0] != '\0' ? text :
	    ldap_err2string(rc));
	ldap_memfree(text);
}

/* What an error means that libldap made up itself. */
static enum dir_trouble
trouble_of(int rc)
{
	switch (rc) {
	case LDAP_TIMEOUT:
		return DIR_TIMED_OUT;
	case LDAP_NO_MEMORY:
		return DIR_NO_MEMORY;
	case LDAP_DECODING_ERROR:
		return DIR_GARBAGE;
	case LDAP_LOCAL_ERROR:		/* SASL's, too */
	case LDAP_ENCODING_ERROR:
	case LDAP_AUTH_UNKNOWN:
	case LDAP_FILTER_ERROR:
	case LDAP_USER_CANCELLED:
	case LDAP_PARAM_ERROR:
	case LDAP_NOT_SUPPORTED:
		return DIR_BAD_QUESTION;
	default:
		return DIR_LOST;
	}
}

static void
fail(struct dir_link *l, int rc, struct dir_reply *r)
{
	enum dir_trouble trouble = trouble_of(rc);

	/* Nothing was sent of a bad question. */
	if (trouble != DIR_BAD_QUESTION)
		l->broken = true;
	tell_error(l, trouble, rc, r);
}

static void
fail_garbage(struct dir_link *l, struct dir_reply *r)
{
	l->broken = true;
	dir_link_tell(r, DIR_GARBAGE, "an answer that is none");
}

static void
take_policy(struct dir_link *l, LDAPControl **controls, struct dir_policy *p)
{
	LDAPControl *c = ldap_control_find(LDAP_CONTROL_PASSWORDPOLICYRESPONSE,
	    controls, NULL);
	LDAPPasswordPolicyError error = PP_noError;
	ber_int_t expire = -1, grace = -1;

	if (c == NULL || ldap_parse_passwordpolicy_control(l->ld, c, &expire,
	    &grace, &error) != LDAP_SUCCESS)
		return;
	p->there = true;
	p->error = error == PP_noError ? DIR_POLICY_NONE : (int)error;
	p->expire_sec = expire;
	p->grace = grace;
}

/* The result at the end of an operation; of another's type it is none. */
static void
take_result(struct dir_link *l, LDAPMessage *msg, int type,
    struct dir_reply *r)
{
	LDAPControl **controls = NULL;
	char *text = NULL;
	int code;

	if (ldap_msgtype(msg) != type || ldap_parse_result(l->ld, msg, &code,
	    NULL, &text, NULL, &controls, 0) != LDAP_SUCCESS) {
		fail_garbage(l, r);
		return;
	}
	dir_link_tell(r, DIR_ANSWERED, text != NULL && text[0] != '\0' ? text :
	    ldap_err2string(code));
	r->code = code;
	take_policy(l, controls, &r->policy);
	ldap_memfree(text);
	ldap_controls_free(controls);
}

/* The one place that waits. What is not answered here and now breaks the
 * link: an answer that comes later must never be another question's. */
static int
wait_for(struct dir_link *l, int msgid, int all, LDAPMessage **msg_r,
    struct dir_reply *r_r)
{
	int32_t left = deadline_left_msec(&l->deadline);
	struct timeval tv = { left / 1000, left % 1000 * 1000 };
	int rc = LDAP_SERVER_DOWN, type;

	*msg_r = NULL;
	type = ldap_result(l->ld, msgid, all, &tv, msg_r);
	l->answered = true;
	if (type > 0)
		return 0;
	l->broken = true;
	if (type == 0 || deadline_passed(&l->deadline)) {
		dir_link_tell(r_r, DIR_TIMED_OUT, "no answer in time");
		return -1;
	}
	ldap_get_option(l->ld, LDAP_OPT_RESULT_CODE, &rc);
	if (rc == LDAP_LOCAL_ERROR)	/* no LDAP message at all */
		fail_garbage(l, r_r);
	else
		fail(l, rc, r_r);
	return -1;
}

static bool
is_stale(const struct dir_link *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN | POLLRDHUP };

	if (l->broken)
		return true;
	if (poll(&p, 1, 0) == 0 && !dir_link_has_unread(l))
		return false;
	/* Session tickets of TLS 1.3 (RFC 8446, section 4.6.1) follow a
	 * handshake unasked; the first answer is behind them. */
	return (p.revents & ~POLLIN) != 0 || !l->tls || l->answered;
}

int
dir_link_begin(struct dir_link *l, const struct deadline *d,
    struct dir_reply *r_r)
{
	*r_r = (struct dir_reply)DIR_REPLY_INIT;
	l->deadline = *d;
	if (!is_stale(l))
		return 0;
	l->broken = true;
	dir_link_tell(r_r, DIR_LOST, "the connection is closed or broken");
	return -1;
}

void
dir_link_conclude(struct dir_link *l, int rc, int msgid, int type,
    struct dir_reply *r_r)
{
	LDAPMessage *msg;

	if (rc != LDAP_SUCCESS) {
		fail(l, rc, r_r);
		return;
	}
	if (wait_for(l, msgid, LDAP_MSG_ONE, &msg, r_r) == -1)
		return;
	take_result(l, msg, type, r_r);
	ldap_msgfree(msg);
}

void
dir_link_bind(struct dir_link *l, const char *dn, const struct secret *pw,
    bool policy, const struct deadline *d, struct dir_reply *r_r)
{
	LDAPControl control = { LDAP_CONTROL_PASSWORDPOLICYREQUEST,
	    { 0, NULL }, 0 };
	LDAPControl *controls[] = { &control, NULL };
	struct berval cred = { pw->len, (char *)pw->bytes };
	int msgid = 0, rc;

	if (dir_link_begin(l, d, r_r) == -1)
		return;
	if ((dn[0] == '\0') != (pw->len == 0)) {
		dir_link_tell(r_r, DIR_BAD_QUESTION,
		    "a bind wants both a DN and a password, or none");
		return;
	}
	dir_link_follow(l, false);
	rc = ldap_sasl_bind(l->ld, dn, LDAP_SASL_SIMPLE, &cred,
	    policy && l->version == LDAP_VERSION3 ? controls : NULL, NULL,
	    &msgid);
	dir_link_conclude(l, rc, msgid, LDAP_RES_BIND, r_r);
	if (!l->settings->referrals || !dir_reply_is(r_r, DIR_SUCCESS) ||
	    strcmp(dn, l->settings->bind_dn) != 0)
		return;
	if (pw->len == 0 || secret_set(&l->password, pw->bytes, pw->len) == 0)
		dir_link_follow(l, true);
}

/* libldap's callback of a SASL bind. */
static int
interact(LDAP *ld, unsigned flags, void *login, void *list)
{
	(void)ld;
	(void)flags;
	return dir_sasl_fill(list, login) == 0 ? LDAP_SUCCESS :
	    LDAP_PARAM_ERROR;
}

/* One round after the other until the server's last word, which is in rc. */
static void
sasl_rounds(struct dir_link *l, struct dir_sasl_login *login,
    struct dir_reply *r_r)
{
	const char *mech = NULL;
	LDAPMessage *msg = NULL;
	bool answered = false;
	int msgid = 0, rc;

	for (;;) {
		rc = ldap_sasl_interactive_bind(l->ld, NULL, login->mechs,
		    NULL, NULL, LDAP_SASL_QUIET, interact, login, msg, &mech,
		    &msgid);
		ldap_msgfree(msg);
		if (rc != LDAP_SASL_BIND_IN_PROGRESS)
			break;
		if (wait_for(l, msgid, LDAP_MSG_ALL, &msg, r_r) == -1)
			return;
		if (ldap_msgtype(msg) != LDAP_RES_BIND) {
			ldap_msgfree(msg);
			fail_garbage(l, r_r);
			return;
		}
		answered = true;
	}
	if (answered && rc >= 0) {
		tell_error(l, DIR_ANSWERED, rc, r_r);
		r_r->code = rc;
		return;
	}
	/* Half a bind may have been made. */
	l->broken = l->broken || answered;
	if (rc >= 0)
		fail_garbage(l, r_r);
	else
		fail(l, rc, r_r);
}

void
dir_link_bind_sasl(struct dir_link *l, struct dir_sasl_login *login,
    const struct deadline *d, struct dir_reply *r_r)
{
	struct dir_sasl_login full = *login;
	char *realm = NULL;

	if (dir_link_begin(l, d, r_r) == -1)
		return;
	if (login->secprops[0] != '\0' && ldap_set_option(l->ld,
	    LDAP_OPT_X_SASL_SECPROPS, login->secprops) != LDAP_OPT_SUCCESS) {
		dir_link_tell(r_r, DIR_BAD_QUESTION,
		    "ldap_sasl_secprops is not understood");
		return;
	}
	if (login->realm[0] == '\0')	/* that of ldap.conf, if it has one */
		ldap_get_option(l->ld, LDAP_OPT_X_SASL_REALM, &realm);
	if (realm != NULL)
		full.realm = realm;
	dir_link_follow(l, false);
	dir_link_limit_time(l);
	sasl_rounds(l, &full, r_r);
	login->password_asked = full.password_asked;
	ldap_memfree(realm);
	/* The service account: elsewhere it is nobody, as before. */
	if (l->settings->referrals && dir_reply_is(r_r, DIR_SUCCESS) &&
	    dir_settings_service_sasl(l->settings) &&
	    strcmp(login->id, l->settings->id) == 0)
		dir_link_follow(l, true);
}

void
dir_link_whoami(struct dir_link *l, const struct deadline *d,
    char **authzid_r, struct dir_reply *r_r)
{
	LDAPMessage *msg;
	struct berval *id = NULL;
	int msgid = 0, rc;

	*authzid_r = NULL;
	if (dir_link_begin(l, d, r_r) == -1)
		return;
	rc = ldap_whoami(l->ld, NULL, NULL, &msgid);
	if (rc != LDAP_SUCCESS) {
		fail(l, rc, r_r);
		return;
	}
	if (wait_for(l, msgid, LDAP_MSG_ONE, &msg, r_r) == -1)
		return;
	take_result(l, msg, LDAP_RES_EXTENDED, r_r);
	if (dir_reply_is(r_r, DIR_SUCCESS)) {
		if (ldap_parse_whoami(l->ld, msg, &id) != LDAP_SUCCESS)
			fail_garbage(l, r_r);
		else if ((*authzid_r = id != NULL ?
		    strndup(id->bv_val, id->bv_len) : strdup("")) == NULL)
			dir_link_tell(r_r, DIR_NO_MEMORY, "out of memory");
		ber_bvfree(id);
	}
	ldap_msgfree(msg);
}

/* Copy the values, and wipe them where libldap has them. */
static int
take_values(BerVarray values, struct dir_found *f)
{
	size_t n = 0, i;
	int result = 0;

	while (values[n].bv_val != NULL)
		n++;
	f->values = calloc(n > 0 ? n : 1, sizeof(*f->values));
	if (f->values == NULL)
		result = -1;
	for (i = 0; i < n; i++) {
		if (result == 0 && secret_set(&f->values[i],
		    values[i].bv_val, values[i].bv_len) == -1)
			result = -1;
		explicit_bzero(values[i].bv_val, values[i].bv_len);
	}
	f->count = f->values != NULL ? n : 0;
	return result;
}

/* The first entry's name, and the values of the one attribute asked for: what
 * comes first, as a server may call it by another name of it. */
static int
take_entry(struct dir_link *l, LDAPMessage *msg, struct dir_found *f)
{
	struct berval dn, attr = { 0, NULL };
	BerVarray values = NULL;
	BerElement *ber = NULL;
	int result = -1;

	if (f->entries++ > 0)
		return 0;
	if (ldap_get_dn_ber(l->ld, msg, &ber, &dn) != LDAP_SUCCESS)
		return -1;
	f->dn = strndup(dn.bv_val, dn.bv_len);
	if (f->dn == NULL || ldap_get_attribute_ber(l->ld, msg, ber, &attr,
	    &values) != LDAP_SUCCESS)
		goto out;
	result = attr.bv_val != NULL && values != NULL ?
	    take_values(values, f) : 0;
out:
	ber_memfree(values);
	ber_free(ber, 0);
	return result;
}

static void
take_entries(struct dir_link *l, int msgid, struct dir_found *f,
    struct dir_reply *r)
{
	LDAPMessage *msg;
	int type;

	while (wait_for(l, msgid, LDAP_MSG_ONE, &msg, r) == 0) {
		type = ldap_msgtype(msg);
		if (type == LDAP_RES_SEARCH_ENTRY) {
			if (take_entry(l, msg, f) == -1) {
				fail_garbage(l, r);
				type = -1;
			}
		} else if (type != LDAP_RES_SEARCH_REFERENCE) {
			take_result(l, msg, LDAP_RES_SEARCH_RESULT, r);
			type = -1;
		}
		ldap_msgfree(msg);
		if (type == -1)
			return;
	}
}

void
dir_link_search(struct dir_link *l, const struct dir_search *q,
    const struct deadline *d, struct dir_found *f_r, struct dir_reply *r_r)
{
	char none[] = LDAP_NO_ATTRS;
	char *attrs[] = { q->attr != NULL ? (char *)q->attr : none, NULL };
	const int time_limit = (int)q->time_limit_sec;
	int msgid = 0, rc;

	if (dir_link_begin(l, d, r_r) == -1)
		return;
	if (l->settings->referrals)
		dir_link_limit_time(l);
	ldap_set_option(l->ld, LDAP_OPT_DEREF, &derefs[q->deref]);
	ldap_set_option(l->ld, LDAP_OPT_TIMELIMIT, &time_limit);
	rc = ldap_search_ext(l->ld, q->base, scopes[q->scope], q->filter,
	    attrs, 0, NULL, NULL, NULL, (int)q->size_limit, &msgid);
	if (rc != LDAP_SUCCESS)
		fail(l, rc, r_r);
	else
		take_entries(l, msgid, f_r, r_r);
}

void
dir_link_compare(struct dir_link *l, const char *dn, const char *attr,
    const char *value, const struct deadline *d, struct dir_reply *r_r)
{
	struct berval v = { strlen(value), (char *)value };
	int msgid = 0, rc;

	if (dir_link_begin(l, d, r_r) == -1)
		return;
	if (l->settings->referrals)
		dir_link_limit_time(l);
	rc = ldap_compare_ext(l->ld, dn, attr, &v, NULL, NULL, &msgid);
	dir_link_conclude(l, rc, msgid, LDAP_RES_COMPARE, r_r);
}
