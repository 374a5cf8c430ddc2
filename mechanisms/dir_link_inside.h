/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_link_inside - what the files of dir_link share: dir_link.c (questions),
 * dir_link_open.c (connections), dir_link_io.c (their bytes),
 * dir_link_setup.c (the process). No other file includes it, or ldap.h.
 */
#ifndef MECHANISMS_DIR_LINK_INSIDE_H
#define MECHANISMS_DIR_LINK_INSIDE_H

#include "mechanisms/dir_link.h"

struct sockbuf;			/* Sockbuf of lber.h */

struct dir_link {
	struct ldap *ld;	/* LDAP of ldap.h */
	const struct dir_settings *settings;	/* borrowed */
	/* The service account's, while it is bound here and referrals are to
	 * be followed. */
	struct secret password;
	struct deadline deadline;	/* of the question being asked */
	int fd, version;
	bool tls;
	bool answered;		/* a question, since the handshake */
	bool broken;
};

/* What libldap sends and receives over this socket of its goes through our
 * hands, under the link's deadline. */
int dir_link_take_io(struct dir_link *l, struct sockbuf *sb);

/* Was something received that no question has taken? */
bool dir_link_has_unread(const struct dir_link *l);

/* Write a reply without a code. */
void dir_link_tell(struct dir_reply *r, enum dir_trouble trouble,
    const char *text);

/* Before each question: sets its deadline, empties the reply; -1 when the
 * link is broken, closed by the server, or has something unread. */
int dir_link_begin(struct dir_link *l, const struct deadline *d,
    struct dir_reply *r_r);

/* Of a question that was sent, if rc says so, wait for its result, which is
 * a message of this type. */
void dir_link_conclude(struct dir_link *l, int rc, int msgid, int type,
    struct dir_reply *r_r);

/* The deadline for what libldap does behind our back: new connections, and
 * calls that it makes itself and waits for. */
void dir_link_limit_time(struct dir_link *l);

/* Referrals are followed while the service account is bound, whose password
 * is kept for it; off forgets it. */
void dir_link_follow(struct dir_link *l, bool on);

#endif
