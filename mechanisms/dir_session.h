/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_session - a worker's two connections to the server in use: one bound
 * as the service account, which searches and compares; one for users' binds.
 *
 * Both are made when first needed and kept. A kept one that the server has
 * dropped, before or while it is asked, is reopened once and the question put
 * again; a fresh one is not. They always belong to the same server.
 */
#ifndef MECHANISMS_DIR_SESSION_H
#define MECHANISMS_DIR_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "mechanisms/dir_link.h"
#include "mechanisms/dir_servers.h"

#define DIR_USER_IDLE_MSEC 60000	/* a user's connection closes then */
/* An attempt at one server while another could be asked: with the connect
 * limit below, a server that hangs costs one request less than 3 s. */
#define DIR_ATTEMPT_MSEC 2500

/* Who a question is put as. */
enum dir_who { DIR_AS_SERVICE, DIR_AS_USER };

/* Where a question failed, for dir_verdict. */
enum dir_stage {
	DIR_STAGE_CONNECT,	/* connect, TLS */
	DIR_STAGE_SERVICE_BIND,
	DIR_STAGE_SEARCH,	/* of the user */
	DIR_STAGE_USER_BIND,
	DIR_STAGE_WHOAMI,
	DIR_STAGE_GROUP		/* compare, or search for groups */
};

struct dir_session;

/* In the pool; no connection yet. Borrows all three. */
struct dir_session *dir_session_new(const struct dir_settings *s,
    struct servers *sv, const struct secret *service_password,
    struct errmsg *e);
void dir_session_free(struct dir_session *ss);

/* At a worker's start: make the first connection, at one server that is not
 * down, within DIR_ATTEMPT_MSEC. 0 and e->text "" if it is there; 0 with a
 * text if not, which is an outage for the next request to find. No attempt is
 * made while all servers are down: the text says so. */
int dir_session_ready(struct dir_session *ss, struct errmsg *e);

/* Make this server the one in use; links to another are closed. d is the
 * attempt's: the request's, or at most DIR_ATTEMPT_MSEC while server->others
 * and not server->last_resort. No I/O. */
void dir_session_use(struct dir_session *ss, const struct servers_offer *server,
    const struct deadline *d);

/*
 * Questions. The reply is the question's own, or that of the step before it
 * that failed; *stage_r is DIR_STAGE_CONNECT, SERVICE_BIND, or what was asked.
 * AS_USER asks on the user's connection as it is bound now, and fails with
 * DIR_LOST instead of reopening it.
 */
void dir_session_search(struct dir_session *ss, enum dir_who who,
    const struct dir_search *q, enum dir_stage stage, struct dir_found *f_r,
    struct dir_reply *r_r, enum dir_stage *stage_r);
void dir_session_compare(struct dir_session *ss, enum dir_who who,
    const char *dn, const char *attr, const char *value,
    struct dir_reply *r_r, enum dir_stage *stage_r);

/*
 * Bind as a user, always by a bind of this call: there is no memory of
 * earlier ones. pw is never empty. With SASL the login's mechs are chosen
 * here from what the server offers (kept per connection), and a success
 * without password_asked is turned into DIR_BAD_QUESTION.
 */
void dir_session_bind_user(struct dir_session *ss, const char *dn,
    const struct secret *pw, struct dir_reply *r_r, enum dir_stage *stage_r);
void dir_session_bind_user_sasl(struct dir_session *ss,
    struct dir_sasl_login *login, struct dir_reply *r_r,
    enum dir_stage *stage_r);
void dir_session_whoami(struct dir_session *ss, char **authzid_r,
    struct dir_reply *r_r, enum dir_stage *stage_r);

/* Between requests, struct mech's idle: close what was idle too long, go back
 * to a better server, probe one that is due. */
int64_t dir_session_idle(struct dir_session *ss);

#endif
