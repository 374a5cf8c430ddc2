/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_verdict - what a reply means for the request.
 *
 * The meaning of a code depends on who was asked what: 49 of a user's bind is
 * a wrong password, 49 of the service account's is ours to mend.
 */
#include "config.h"

#include <string.h>

#include "common/str.h"
#include "mechanisms/dir_policy.h"
#include "mechanisms/dir_verdict.h"

#define DENIED AUTH_DENIED
#define TEMPFAIL AUTH_TEMPFAIL
#define MISCONFIG AUTH_MISCONFIG

/* In which names a row's code has this meaning. */
enum name { ANY_NAME, FIXED, EXPANDED };

struct row {
	int code;
	enum name name;
	enum auth_result result;
	enum auth_reason reason;
};

#define ROWS_END { DIR_CODE_NONE, ANY_NAME, AUTH_UNSET, REASON_NONE }

/* Nothing is asked that has a code. */
static const struct row connect_rows[] = {
	ROWS_END
};

/* The service account is the administrator's, and so is whatever a server
 * has against it. */
static const struct row service_bind_rows[] = {
	{ DIR_AUTH_METHOD_NOT_SUPPORTED, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_STRONGER_AUTH_REQUIRED, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_REFERRAL, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_CRITICAL_EXTENSION, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_CONFIDENTIALITY_REQUIRED, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_CONSTRAINT_VIOLATION, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_NO_SUCH_OBJECT, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INVALID_DN_SYNTAX, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INAPPROPRIATE_AUTH, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INVALID_CREDENTIALS, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INSUFFICIENT_ACCESS, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_UNWILLING, ANY_NAME, MISCONFIG, REASON_CONFIG },
	ROWS_END
};

/* A base without tokens is the administrator's; one with tokens can be made
 * anything by a login ("dc=,dc=" of one without a domain), and means nobody.
 * Success and sizeLimitExceeded are judged by the entries. */
static const struct row search_rows[] = {
	{ DIR_NO_SUCH_OBJECT, FIXED, MISCONFIG, REASON_CONFIG },
	{ DIR_NO_SUCH_OBJECT, EXPANDED, DENIED, REASON_NO_SUCH_USER },
	{ DIR_INVALID_DN_SYNTAX, FIXED, MISCONFIG, REASON_CONFIG },
	{ DIR_INVALID_DN_SYNTAX, EXPANDED, DENIED, REASON_NO_SUCH_USER },
	{ DIR_UNDEFINED_ATTRIBUTE_TYPE, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INAPPROPRIATE_MATCHING, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INVALID_SYNTAX, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_STRONGER_AUTH_REQUIRED, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_CONFIDENTIALITY_REQUIRED, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_REFERRAL, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INSUFFICIENT_ACCESS, ANY_NAME, MISCONFIG, REASON_NO_ACCESS },
	/* What a server that wants a bind first answers to anonymous. */
	{ DIR_INAPPROPRIATE_AUTH, ANY_NAME, MISCONFIG, REASON_NO_ACCESS },
	{ DIR_ALIAS_PROBLEM, ANY_NAME, TEMPFAIL, REASON_BACKEND_ERROR },
	{ DIR_ALIAS_DEREFERENCING_PROBLEM, ANY_NAME, TEMPFAIL,
	    REASON_BACKEND_ERROR },
	{ DIR_UNWILLING, ANY_NAME, TEMPFAIL, REASON_BACKEND_ERROR },
	ROWS_END
};

/* Where the server says more, dir_policy has had its say before. The DN is
 * EXPANDED from a template (fastbind), or the one that was FIXED by a search
 * just before. */
static const struct row user_bind_rows[] = {
	{ DIR_INVALID_CREDENTIALS, ANY_NAME, DENIED, REASON_BAD_PASSWORD },
	{ DIR_INSUFFICIENT_ACCESS, ANY_NAME, DENIED, REASON_NOT_PERMITTED },
	/* In bind's case it was deleted in between. */
	{ DIR_NO_SUCH_OBJECT, ANY_NAME, DENIED, REASON_NO_SUCH_USER },
	{ DIR_INVALID_DN_SYNTAX, EXPANDED, DENIED, REASON_NO_SUCH_USER },
	{ DIR_INVALID_DN_SYNTAX, FIXED, TEMPFAIL, REASON_BACKEND_ERROR },
	/* RFC 4511, appendix A.2: the entry has no password. */
	{ DIR_INAPPROPRIATE_AUTH, ANY_NAME, DENIED, REASON_NO_PASSWORD },
	/* 389-ds: too many failures. */
	{ DIR_CONSTRAINT_VIOLATION, ANY_NAME, DENIED, REASON_LOCKED },
	{ DIR_UNWILLING, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_AUTH_METHOD_NOT_SUPPORTED, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_STRONGER_AUTH_REQUIRED, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_CONFIDENTIALITY_REQUIRED, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_REFERRAL, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_CRITICAL_EXTENSION, ANY_NAME, MISCONFIG, REASON_CONFIG },
	ROWS_END
};

static const struct row whoami_rows[] = {
	/* It does not know the extended operation. */
	{ DIR_UNWILLING, ANY_NAME, MISCONFIG, REASON_CONFIG },
	ROWS_END
};

static const struct row group_rows[] = {
	{ DIR_COMPARE_FALSE, ANY_NAME, DENIED, REASON_NOT_IN_GROUP },
	/* A group without members has no such attribute. */
	{ DIR_NO_SUCH_ATTRIBUTE, ANY_NAME, DENIED, REASON_NOT_IN_GROUP },
	{ DIR_NO_SUCH_OBJECT, FIXED, MISCONFIG, REASON_CONFIG },
	{ DIR_NO_SUCH_OBJECT, EXPANDED, DENIED, REASON_NOT_IN_GROUP },
	{ DIR_INVALID_DN_SYNTAX, FIXED, MISCONFIG, REASON_CONFIG },
	{ DIR_INVALID_DN_SYNTAX, EXPANDED, DENIED, REASON_NOT_IN_GROUP },
	{ DIR_UNDEFINED_ATTRIBUTE_TYPE, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INAPPROPRIATE_MATCHING, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INVALID_SYNTAX, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_CONFIDENTIALITY_REQUIRED, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_INSUFFICIENT_ACCESS, ANY_NAME, MISCONFIG, REASON_NO_ACCESS },
	ROWS_END
};

/* For all stages, behind their own; ended by what is listed nowhere. */
static const struct row all_rows[] = {
	{ DIR_PROTOCOL_ERROR, ANY_NAME, MISCONFIG, REASON_CONFIG },
	{ DIR_BUSY, ANY_NAME, TEMPFAIL, REASON_BACKEND_DOWN },
	{ DIR_UNAVAILABLE, ANY_NAME, TEMPFAIL, REASON_BACKEND_DOWN },
	{ DIR_CODE_NONE, ANY_NAME, TEMPFAIL, REASON_BACKEND_ERROR }
};

static const struct stage {
	const char *name;
	const struct row *rows;
} stages[] = {
	[DIR_STAGE_CONNECT] = { "connect", connect_rows },
	[DIR_STAGE_SERVICE_BIND] = { "bind of the service account",
	    service_bind_rows },
	[DIR_STAGE_SEARCH] = { "search", search_rows },
	[DIR_STAGE_USER_BIND] = { "bind", user_bind_rows },
	[DIR_STAGE_WHOAMI] = { "who am I", whoami_rows },
	[DIR_STAGE_GROUP] = { "group", group_rows }
};

/* Is the password in the text, or, where that was cut, its beginning at the
 * end? */
static bool
betrays(const char *text, const struct secret *password)
{
	const size_t len = strlen(text);
	size_t i, n;

	for (i = 0; password->len > 0 && i < len; i++) {
		n = len - i;
		if (n > password->len)
			n = password->len;
		else if (n < password->len && len < DIR_TEXT_MAX - 1)
			return false;
		if (memcmp(text + i, password->bytes, n) == 0)
			return true;
	}
	return false;
}

static void
answer(const struct dir_seen *seen, enum auth_result result,
    enum auth_reason reason, struct mech_answer *a)
{
	char text[DIR_TEXT_MAX], *c;
	const struct dir_reply *r = seen->reply;

	mech_answer_set(a, result, reason, "%s", "");
	if (betrays(r->text, seen->password))
		return;
	/* Active Directory ends its texts with a NUL, others with a LF. */
	memcpy(text, r->text, sizeof(text));
	for (c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			*c = ' ';
	if (r->code == DIR_CODE_NONE)
		mech_answer_set(a, result, reason, "%s: %s",
		    stages[seen->stage].name, text);
	else
		mech_answer_set(a, result, reason, "%s: %s (%d)",
		    stages[seen->stage].name, text, r->code);
}

static enum dir_next
judge_trouble(const struct dir_seen *seen, struct mech_answer *a)
{
	switch (seen->reply->trouble) {
	case DIR_UNREACHABLE:
	case DIR_TIMED_OUT:
	case DIR_LOST:
		answer(seen, TEMPFAIL, REASON_BACKEND_DOWN, a);
		return DIR_NEXT_SERVER;
	case DIR_GARBAGE:
		answer(seen, TEMPFAIL, REASON_BACKEND_ERROR, a);
		return DIR_NEXT_SERVER;
	case DIR_TLS_FAILED:
		answer(seen, MISCONFIG, REASON_CONFIG, a);
		return DIR_NEXT_SERVER;
	case DIR_BAD_QUESTION:
		answer(seen, MISCONFIG, REASON_CONFIG, a);
		return DIR_NEXT_FINAL;
	case DIR_NO_MEMORY:
		answer(seen, TEMPFAIL, REASON_NO_MEMORY, a);
		return DIR_NEXT_FINAL;
	case DIR_TROUBLE_UNSET:
	case DIR_ANSWERED:
		break;
	}
	answer(seen, TEMPFAIL, REASON_INTERNAL, a);
	return DIR_NEXT_FINAL;
}

static const struct row *
row_for(const struct dir_seen *seen)
{
	const bool fixed = seen->stage == DIR_STAGE_USER_BIND ?
	    !seen->name_is_template : seen->fixed_name;
	const struct row *row;

	for (row = stages[seen->stage].rows; row->code != DIR_CODE_NONE; row++)
		if (row->code == seen->reply->code && (row->name == ANY_NAME ||
		    row->name == (fixed ? FIXED : EXPANDED)))
			return row;
	for (row = all_rows; row->code != DIR_CODE_NONE; row++)
		if (row->code == seen->reply->code)
			break;
	return row;
}

/* 0 and 4 of a search, whose meaning is in the number of entries. With the
 * usual limit of one entry, 4 is how a second one shows. */
static enum dir_next
judge_entries(const struct dir_seen *seen, struct mech_answer *a)
{
	const bool cut = seen->reply->code == DIR_SIZE_LIMIT_EXCEEDED;
	const bool group = seen->stage == DIR_STAGE_GROUP;

	if (seen->entries == 0 && cut)
		answer(seen, TEMPFAIL, REASON_BACKEND_ERROR, a);
	else if (seen->entries == 0)
		mech_answer_set(a, DENIED, group ? REASON_NOT_IN_GROUP :
		    REASON_NO_SUCH_USER, "%s", "");
	else if (group || (seen->entries == 1 && !cut))
		return DIR_NEXT_STEP;
	else
		mech_answer_set(a, DENIED, REASON_AMBIGUOUS,
		    "search: more than one entry");
	return DIR_NEXT_FINAL;
}

/* Does the server say of the account what decides? Also after the right
 * password: "must be changed first". */
static bool
account_reason(const struct dir_reply *r, enum auth_reason *reason_r)
{
	switch (r->code) {
	case DIR_SUCCESS:
	case DIR_INVALID_CREDENTIALS:
	case DIR_CONSTRAINT_VIOLATION:
	case DIR_INSUFFICIENT_ACCESS:
	case DIR_UNWILLING:
	case DIR_OTHER:
		return dir_policy_reason(&r->policy, r->code, reason_r) ||
		    dir_policy_text_reason(r->text, r->code, reason_r);
	}
	return false;
}

/* Is it the answer that lets the request go on, but for entries? */
static bool
is_step(const struct dir_seen *seen)
{
	switch (seen->stage) {
	case DIR_STAGE_USER_BIND:
	case DIR_STAGE_WHOAMI:
		return seen->reply->code == DIR_SUCCESS;
	case DIR_STAGE_GROUP:
		return seen->reply->code == DIR_COMPARE_TRUE;
	case DIR_STAGE_CONNECT:
	case DIR_STAGE_SERVICE_BIND:	/* succeeded silently before */
	case DIR_STAGE_SEARCH:
		break;
	}
	return false;
}

static bool
is_by_entries(const struct dir_seen *seen)
{
	return (seen->stage == DIR_STAGE_SEARCH ||
	    seen->stage == DIR_STAGE_GROUP) &&
	    (seen->reply->code == DIR_SUCCESS ||
	    seen->reply->code == DIR_SIZE_LIMIT_EXCEEDED);
}

enum dir_next
dir_verdict(const struct dir_seen *seen, struct mech_answer *a)
{
	enum auth_reason reason;
	const struct row *row;

	if (seen->reply->trouble != DIR_ANSWERED)
		return judge_trouble(seen, a);
	if (is_by_entries(seen))
		return judge_entries(seen, a);
	if (seen->stage == DIR_STAGE_USER_BIND &&
	    account_reason(seen->reply, &reason)) {
		answer(seen, DENIED, reason, a);
		return DIR_NEXT_FINAL;
	}
	if (is_step(seen))
		return DIR_NEXT_STEP;
	row = row_for(seen);
	answer(seen, row->result, row->reason, a);
	if (row->code == DIR_UNAVAILABLE)
		return DIR_NEXT_SERVER;
	return row->code == DIR_BUSY ? DIR_NEXT_SERVER_BUSY : DIR_NEXT_FINAL;
}

enum dir_next
dir_verdict_expanded(enum dir_expanded done, enum auth_reason denied,
    const char *key, const struct errmsg *e, struct mech_answer *a)
{
	switch (done) {
	case DIR_EXPANDED:
		return DIR_NEXT_STEP;
	case DIR_EXPANDED_EMPTY:
		mech_answer_set(a, DENIED, denied, "%s expands to nothing",
		    key);
		return DIR_NEXT_FINAL;
	case DIR_EXPANDED_REFUSED:
		mech_answer_set(a, DENIED, denied, "%s: %s", key, e->text);
		return DIR_NEXT_FINAL;
	case DIR_EXPANDED_NO_MEMORY:
		mech_answer_set(a, TEMPFAIL, REASON_NO_MEMORY, "%s: %s", key,
		    e->text);
		return DIR_NEXT_FINAL;
	case DIR_EXPANDED_UNSET:
		break;
	}
	mech_answer_set(a, TEMPFAIL, REASON_INTERNAL, "%s", key);
	return DIR_NEXT_FINAL;
}
