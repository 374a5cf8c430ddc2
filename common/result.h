/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result - what a check came to, and why.
 *
 * The result decides what the client is told; the reason is for the log and
 * the counters only and never reaches a client.
 */
#ifndef COMMON_RESULT_H
#define COMMON_RESULT_H

#include <stdbool.h>

/*
 * Zero is "nobody decided": a zeroed struct, a forgotten branch or a lost
 * worker is an outage, never a yes. Switches over this enum have no default:.
 */
enum auth_result {
	AUTH_UNSET = 0,		/* our own bug; handled as AUTH_TEMPFAIL */
	AUTH_OK,		/* the password is right and may be used */
	AUTH_DENIED,		/* the backend said no */
	AUTH_TEMPFAIL,		/* the backend could not be asked */
	AUTH_MISCONFIG		/* the administrator must mend something */
};

enum auth_reason {
	REASON_NONE = 0,
	/* denials by a backend */
	REASON_BAD_PASSWORD,
	REASON_NO_SUCH_USER,
	REASON_LOCKED,			/* locked account */
	REASON_NO_PASSWORD,		/* the account has no password */
	REASON_ACCOUNT_EXPIRED,
	REASON_PASSWORD_EXPIRED,
	REASON_MUST_CHANGE,		/* password must be changed first */
	REASON_NOT_PERMITTED,		/* right password, wrong place */
	REASON_EXTRA_QUESTION,		/* backend asked for more than one */
	REASON_TOO_MANY_TRIES,		/* backend's own limit */
	REASON_NOT_IN_GROUP,		/* right password, wrong people */
	REASON_AMBIGUOUS,		/* login of more than one account */
	REASON_DISABLED,		/* switched off, not just locked */
	REASON_NO_ROUTE,		/* no route of ours is for it */
	REASON_BAD_SERVICE,		/* service name that is none */
	REASON_EMPTY_PASSWORD,		/* never a password, whoever asks */
	REASON_PASSWORD_TOO_LONG,	/* for what the backend speaks */
	/* outages */
	REASON_BACKEND_DOWN,		/* cannot be reached or opened */
	REASON_BACKEND_ERROR,		/* was reached and failed */
	REASON_DEADLINE,		/* no answer in time */
	REASON_NOT_SIGNED,		/* answers without what proves them */
	REASON_WORKER_DIED,
	REASON_QUEUE_FULL,
	REASON_PEER_FULL,		/* limit_peer is reached */
	REASON_SHUTDOWN,
	REASON_NO_MEMORY,
	/* limits on guessing; results as for an outage */
	REASON_LIMIT_IDENTITY,
	REASON_LIMIT_ADDRESS,
	REASON_LIMIT_PAIR,
	/* misconfiguration */
	REASON_CONFIG,
	REASON_NO_ACCESS,		/* file or database not readable */
	REASON_BAD_HASH,		/* stored hash of no known method */
	REASON_INTERNAL,		/* our own bug */
	REASON_COUNT			/* not a reason */
};

/* Stable lower-case words for logs ("denied", "bad_password"); never NULL. */
const char *auth_result_name(enum auth_result result);
const char *auth_reason_name(enum auth_reason reason);

/* Does a byte from a peer name a result (reason)? AUTH_UNSET does not. */
bool auth_result_valid(unsigned result);
bool auth_reason_valid(unsigned reason);

#endif
