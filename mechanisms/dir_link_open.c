/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a connection and ending it, and what libldap does on its own while
 * there is one: referrals.
 */
#include "config.h"

#include <errno.h>
#include <ldap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "common/str.h"
#include "mechanisms/dir_link_inside.h"

/* A peer that is gone without a word is found out after 60 s. */
#define KEEPALIVE_IDLE_SEC 30
#define KEEPALIVE_PROBES 3
#define KEEPALIVE_INTERVAL_SEC 10
#define UNACKNOWLEDGED_MSEC 10000	/* of what we sent */

/* More than any entry's one attribute; nobody shall make us allocate what a
 * length on the wire says. */
#define ANSWER_BYTES_MAX (1024 * 1024)

static bool
is_same_server(const char *a, const char *b)
{
	LDAPURLDesc *x = NULL, *y = NULL;
	bool same;

	same = ldap_url_parse(a, &x) == LDAP_URL_SUCCESS &&
	    ldap_url_parse(b, &y) == LDAP_URL_SUCCESS &&
	    x->lud_host != NULL && y->lud_host != NULL &&
	    str_casecmp(x->lud_scheme, y->lud_scheme) == 0 &&
	    str_casecmp(x->lud_host, y->lud_host) == 0 &&
	    x->lud_port == y->lud_port;
	ldap_free_urldesc(x);
	ldap_free_urldesc(y);
	return same;
}

static bool
is_own_server(const char *servers, const char *url)
{
	char uri[DIR_URI_MAX];
	const char *at;
	size_t n;

	while ((at = dir_settings_next_uri(&servers, &n)) != NULL)
		if (str_copy_n(uri, sizeof(uri), at, n) == 0 &&
		    is_same_server(uri, url))
			return true;
	return false;
}

/* libldap follows a referral (ldap_set_rebind_proc). Only servers of our own
 * list learn the service account's password; to others we are nobody. What
 * they answer decides who is let in, so where we speak TLS they do, too. */
static int
rebind(LDAP *ld, LDAP_CONST char *url, ber_tag_t request, ber_int_t msgid,
    void *arg)
{
	struct dir_link *l = arg;
	struct berval password = { 0, NULL };
	const char *dn = "";
	int rc = LDAP_SUCCESS;

	(void)request;
	(void)msgid;
	dir_link_limit_time(l);
	if ((l->tls || l->settings->start_tls) && ldap_tls_inplace(ld) != 1)
		rc = ldap_start_tls_s(ld, NULL, NULL);
	if (rc != LDAP_SUCCESS)
		return rc;
	if (l->password.len > 0 && is_own_server(l->settings->servers, url)) {
		dn = l->settings->bind_dn;
		password.bv_val = (char *)l->password.bytes;
		password.bv_len = l->password.len;
	}
	return ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &password, NULL,
	    NULL, NULL);
}

/* The next one of a referral's URLs (ldap_set_nextref_proc): each gets what is
 * left of the time, not all of it again. */
static int
next_referral(LDAP *ld, char ***urls, int *i, void *arg)
{
	struct dir_link *l = arg;

	(void)ld;
	*i = *i < -1 ? 0 : *i + 1;
	/* libldap goes on until there is no URL, whatever is returned. */
	while ((*urls)[*i] != NULL && deadline_passed(&l->deadline))
		++*i;
	if ((*urls)[*i] == NULL)
		return -1;
	dir_link_limit_time(l);
	return 0;
}

void
dir_link_follow(struct dir_link *l, bool on)
{
	ldap_set_option(l->ld, LDAP_OPT_REFERRALS,
	    on ? LDAP_OPT_ON : LDAP_OPT_OFF);
	if (!on)
		secret_wipe(&l->password);
}

void
dir_link_limit_time(struct dir_link *l)
{
	int32_t left = deadline_left_msec(&l->deadline);
	/* A time of 0 would be none at all. */
	struct timeval tv = { left / 1000, left % 1000 * 1000 + 1 };

	ldap_set_option(l->ld, LDAP_OPT_NETWORK_TIMEOUT, &tv);
	ldap_set_option(l->ld, LDAP_OPT_TIMEOUT, &tv);
}

static void
set_options(struct dir_link *l)
{
	const struct dir_settings *s = l->settings;
	const struct { int option, value; } numbers[] = {
		{ LDAP_OPT_PROTOCOL_VERSION, l->version },
		{ LDAP_OPT_X_KEEPALIVE_IDLE, KEEPALIVE_IDLE_SEC },
		{ LDAP_OPT_X_KEEPALIVE_PROBES, KEEPALIVE_PROBES },
		{ LDAP_OPT_X_KEEPALIVE_INTERVAL, KEEPALIVE_INTERVAL_SEC },
#ifdef LDAP_OPT_TCP_USER_TIMEOUT
		{ LDAP_OPT_TCP_USER_TIMEOUT, UNACKNOWLEDGED_MSEC },
#endif
	};
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		ldap_set_option(l->ld, numbers[i].option, &numbers[i].value);
	ldap_set_option(l->ld, LDAP_OPT_RESTART,
	    s->restart ? LDAP_OPT_ON : LDAP_OPT_OFF);
	dir_link_follow(l, false);
	ldap_set_rebind_proc(l->ld, rebind, l);
	ldap_set_nextref_proc(l->ld, next_referral, l);
}

/* libldap has connected a socket: ours, or one of a server it was referred
 * to (LDAP_OPT_CONNECT_CB). TLS comes later. */
static int
on_connected(LDAP *ld, Sockbuf *sb, LDAPURLDesc *url, struct sockaddr *address,
    struct ldap_conncb *cb)
{
	ber_len_t max = ANSWER_BYTES_MAX;

	(void)ld;
	(void)url;
	(void)address;
	ber_sockbuf_ctrl(sb, LBER_SB_OPT_SET_MAX_INCOMING, &max);
	return dir_link_take_io(cb->lc_arg, sb);
}

static void
on_closed(LDAP *ld, Sockbuf *sb, struct ldap_conncb *cb)
{
	(void)ld;
	(void)sb;
	(void)cb;
}

/* ---- opening and closing ---- */

/* Does errno say why there is no connection? libldap looks at names and
 * sockets after that, which leave others. */
static bool
is_telling(int errnum)
{
	return errnum == ENOENT || errnum == EACCES ||
	    errnum == ECONNREFUSED || errnum == ETIMEDOUT ||
	    errnum == ENETUNREACH || errnum == EHOSTUNREACH;
}

static void
tell_no_tls(const char *why, struct dir_reply *r_r)
{
	/* What libldap with GnuTLS says of a certificate it refuses. */
	if (strcmp(why, "(unknown error code)") == 0)
		why = "the certificate is of no CA known here, of another "
		    "name, or not valid now";
	dir_link_tell(r_r, DIR_TLS_FAILED, why);
}

static void
tell_not_open(struct dir_link *l, int rc, int errnum, struct dir_reply *r_r)
{
	char *why = NULL;

	ldap_get_option(l->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &why);
	if (deadline_passed(&l->deadline))
		dir_link_tell(r_r, DIR_TIMED_OUT, "no connection in time");
	else if (why != NULL && why[0] != '\0')	/* only TLS has one */
		tell_no_tls(why, r_r);
	else
		dir_link_tell(r_r, DIR_UNREACHABLE, is_telling(errnum) ?
		    strerror(errnum) : ldap_err2string(rc));
	ldap_memfree(why);
}

/* The handshake of an ldaps URI is in here, too. */
static int
connect_it(struct dir_link *l, struct dir_reply *r_r)
{
	int rc;

	errno = 0;
	rc = ldap_connect(l->ld);
	if (rc != LDAP_SUCCESS) {
		tell_not_open(l, rc, errno, r_r);
		return -1;
	}
	ldap_get_option(l->ld, LDAP_OPT_DESC, &l->fd);
	return 0;
}

static int
start_tls(struct dir_link *l, struct dir_reply *r_r)
{
	int msgid = 0, rc;

	if (dir_link_begin(l, &l->deadline, r_r) == -1)
		return -1;
	rc = ldap_start_tls(l->ld, NULL, NULL, &msgid);
	dir_link_conclude(l, rc, msgid, LDAP_RES_EXTENDED, r_r);
	if (r_r->trouble == DIR_ANSWERED && r_r->code != DIR_SUCCESS) {
		r_r->trouble = DIR_TLS_FAILED;
		r_r->code = DIR_CODE_NONE;
	}
	if (r_r->trouble != DIR_ANSWERED)
		return -1;
	rc = ldap_install_tls(l->ld);
	if (rc == LDAP_SUCCESS)
		return 0;
	tell_not_open(l, rc, 0, r_r);
	return -1;
}

/* ldaps is TLS already, and ldapi stays on this host. */
static bool
wants_start_tls(const struct dir_settings *s, const char *uri)
{
	const char *rest;

	return s->start_tls &&
	    dir_settings_scheme(uri, &rest) == DIR_SCHEME_LDAP;
}

/* A link with what libldap must be able to find as long as the handle is. */
struct opened {
	struct dir_link link;
	struct ldap_conncb callback;
};

static struct dir_link *
new_link(const struct dir_settings *s, const struct deadline *d)
{
	struct opened *o = calloc(1, sizeof(*o));
	struct dir_link *l;

	if (o == NULL)
		return NULL;
	l = &o->link;
	l->settings = s;
	l->deadline = deadline_min(*d,
	    deadline_in_msec(s->connect_timeout_sec * 1000));
	/* As before, SASL and StartTLS mean version 3. */
	l->version = s->start_tls || s->use_sasl ||
	    dir_settings_service_sasl(s) ? LDAP_VERSION3 : (int)s->version;
	l->fd = -1;
	o->callback = (struct ldap_conncb){ on_connected, on_closed, l };
	return l;
}

struct dir_link *
dir_link_open(const struct dir_settings *s, const char *uri,
    const struct deadline *d, struct dir_reply *r_r)
{
	struct dir_link *l = new_link(s, d);

	*r_r = (struct dir_reply)DIR_REPLY_INIT;
	if (l == NULL) {
		dir_link_tell(r_r, DIR_NO_MEMORY, "out of memory");
		return NULL;
	}
	if (ldap_initialize(&l->ld, uri) != LDAP_SUCCESS) {
		dir_link_tell(r_r, DIR_BAD_QUESTION, "not a URI of a server");
		goto failed;
	}
	set_options(l);
	ldap_set_option(l->ld, LDAP_OPT_CONNECT_CB,
	    &((struct opened *)l)->callback);
	dir_link_limit_time(l);
	if (connect_it(l, r_r) == -1 ||
	    (wants_start_tls(s, uri) && start_tls(l, r_r) == -1))
		goto failed;
	l->tls = ldap_tls_inplace(l->ld) == 1;
	l->answered = false;
	r_r->trouble = DIR_ANSWERED;
	return l;
failed:
	dir_link_close(l);
	return NULL;
}

void
dir_link_close(struct dir_link *l)
{
	if (l == NULL)
		return;
	if (l->ld != NULL)
		ldap_unbind_ext(l->ld, NULL, NULL);
	secret_wipe(&l->password);
	free(l);
}
