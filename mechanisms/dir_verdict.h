/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_verdict - what a reply means for the request. Pure: one table per
 * stage, every result code of RFC 4511 decided on purpose.
 */
#ifndef MECHANISMS_DIR_VERDICT_H
#define MECHANISMS_DIR_VERDICT_H

#include <stdbool.h>

#include "common/secret.h"
#include "mechanisms/dir_expand.h"
#include "mechanisms/dir_link.h"
#include "mechanisms/dir_session.h"
#include "mechanisms/mech.h"

enum dir_next {
	DIR_NEXT_UNSET = 0,
	DIR_NEXT_STEP,		/* good: go on (after a user's bind: it is
				 * right); the answer was not touched */
	DIR_NEXT_FINAL,		/* the answer is set */
	DIR_NEXT_SERVER,	/* set, in case it is the last; this server
				 * cannot answer: it is down */
	DIR_NEXT_SERVER_BUSY	/* the same, but it answered: not down */
};

struct dir_seen {
	enum dir_stage stage;
	const struct dir_reply *reply;
	bool fixed_name;	/* the base or group DN had no tokens; with
				 * tokens a DN that cannot be is nobody's */
	bool name_is_template;	/* fastbind: the DN bound with is ours */
	size_t entries;		/* of a search */
	const struct secret *password;	/* never let into the detail */
};

/*
 * Judge a reply. User search: one entry goes on, none is no_such_user, several
 * (or sizeLimitExceeded with one) ambiguous. Group: compareTrue, or an entry,
 * goes on. The detail is "STAGE: server's text (CODE)" without control bytes;
 * it is "" when the server's text has the password in it.
 */
enum dir_next dir_verdict(const struct dir_seen *seen, struct mech_answer *a);

/* The same of a template: a request with which it makes no sense is denied
 * with this reason. key is the setting it stands in, e dir_expand()'s. */
enum dir_next dir_verdict_expanded(enum dir_expanded done,
    enum auth_reason denied, const char *key, const struct errmsg *e,
    struct mech_answer *a);

#endif
