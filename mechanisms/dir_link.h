/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_link - one connection to one directory server. Only dir_link.c and its
 * parts, dir_link_open.c, dir_link_io.c and dir_link_setup.c, include ldap.h.
 *
 * Each call asks one question and waits for its own answer (by message id)
 * until the deadline, never longer. A link on which a question was left
 * without its answer is broken, and so is one that the server has closed or
 * used to say what nobody asked for (Notice of Disconnection): every later
 * call fails with DIR_LOST, asks nothing, and it can only be closed. No
 * function here decides what an answer means.
 */
#ifndef MECHANISMS_DIR_LINK_H
#define MECHANISMS_DIR_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/deadline.h"
#include "common/errmsg.h"
#include "common/secret.h"
#include "mechanisms/dir_code.h"
#include "mechanisms/dir_policy.h"
#include "mechanisms/dir_sasl.h"
#include "mechanisms/dir_settings.h"

struct dir_link;

enum dir_trouble {
	DIR_TROUBLE_UNSET = 0,	/* nobody wrote the reply */
	DIR_ANSWERED,		/* code is the server's */
	DIR_UNREACHABLE,	/* no connection: refused, no such host */
	DIR_TLS_FAILED,		/* certificate, ciphers, StartTLS refused */
	DIR_TIMED_OUT,		/* no answer by the deadline */
	DIR_LOST,		/* the connection broke, or was broken */
	DIR_GARBAGE,		/* an answer that cannot be decoded */
	DIR_BAD_QUESTION,	/* libldap refuses it: filter, mechanism */
	DIR_NO_MEMORY
};

#define DIR_TEXT_MAX 200	/* bytes with NUL; the server's words, cut */

struct dir_reply {
	enum dir_trouble trouble;
	int code;		/* enum dir_code or another; NONE unless
				 * DIR_ANSWERED */
	char text[DIR_TEXT_MAX];	/* diagnostic message or libldap's; may
				 * echo the login, never the password */
	struct dir_policy policy;
};

#define DIR_REPLY_INIT { DIR_TROUBLE_UNSET, DIR_CODE_NONE, "", \
    { false, DIR_POLICY_NONE, -1, -1 } }

/* Was it asked, answered, and is this the code? */
static inline bool
dir_reply_is(const struct dir_reply *r, int code)
{
	return r->trouble == DIR_ANSWERED && r->code == code;
}

struct dir_search {
	const char *base;
	int scope;		/* enum dir_scope */
	const char *filter;
	const char *attr;	/* the one whose values are wanted; NULL: none,
				 * which is asked for as "1.1" */
	int deref;		/* enum dir_deref */
	long size_limit, time_limit_sec;	/* 0: none */
};

struct dir_found {
	size_t entries;		/* references are not counted */
	char *dn;		/* of the first; NULL: none */
	struct secret *values;	/* of its attribute */
	size_t count;
};

#define DIR_FOUND_INIT { 0, NULL, NULL, 0 }
void dir_found_fini(struct dir_found *f);	/* wipes the values */

/*
 * Once per pool, before any fork: libldap's own configuration, then ours as
 * the defaults of the process; with TLS, a context that holds CAs, certificate
 * and key, so that workers need not reach these files. No network. May be
 * called again to read changed files: -1 leaves what was there.
 */
int dir_link_setup(const struct dir_settings *s, struct errmsg *e);

/* Remarks about what is in force of libldap's configuration: a peer check
 * laxer than demand, from where (ldap_tls_check_peer, or ldap.conf and the
 * environment). */
void dir_link_remarks(const struct dir_settings *s, conf_report *say,
    void *arg);

/* Connect, with TLS as URI and settings want it. Blocks until the deadline or
 * connect_timeout_sec. NULL: r says why. Names are resolved here, too, by the
 * system's resolver, whose time this cannot limit. */
struct dir_link *dir_link_open(const struct dir_settings *s, const char *uri,
    const struct deadline *d, struct dir_reply *r_r);
/* Unbind without waiting for anything. NULL is allowed. */
void dir_link_close(struct dir_link *l);

/* dn and pw may both be empty (anonymous); a dn with an empty password is
 * DIR_BAD_QUESTION: RFC 4513, section 5.1.2. `policy` asks for the password
 * policy control, not critical. */
void dir_link_bind(struct dir_link *l, const char *dn,
    const struct secret *pw, bool policy, const struct deadline *d,
    struct dir_reply *r_r);

/* SASL. login->password_asked tells whether the exchange used the password.
 * mechs "" asks libldap to choose. */
void dir_link_bind_sasl(struct dir_link *l, struct dir_sasl_login *login,
    const struct deadline *d, struct dir_reply *r_r);

/* Who am I (RFC 4532): the authzId into a fresh string, prefix and all. */
void dir_link_whoami(struct dir_link *l, const struct deadline *d,
    char **authzid_r, struct dir_reply *r_r);

/* f_r is DIR_FOUND_INIT before; also a code that is no success may leave
 * entries in it (sizeLimitExceeded). The caller frees it. */
void dir_link_search(struct dir_link *l, const struct dir_search *q,
    const struct deadline *d, struct dir_found *f_r, struct dir_reply *r_r);

void dir_link_compare(struct dir_link *l, const char *dn, const char *attr,
    const char *value, const struct deadline *d, struct dir_reply *r_r);

#endif
