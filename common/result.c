/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result - the words for results and reasons.
 */
#include "config.h"

#include "common/result.h"

const char *
auth_result_name(enum auth_result result)
{
	switch (result) {
	case AUTH_UNSET: return "unset";
	case AUTH_OK: return "ok";
	case AUTH_DENIED: return "denied";
	case AUTH_TEMPFAIL: return "tempfail";
	case AUTH_MISCONFIG: return "misconfig";
	}
	return "invalid";
}

const char *
auth_reason_name(enum auth_reason reason)
{
	switch (reason) {
	case REASON_NONE: return "none";
	case REASON_BAD_PASSWORD: return "bad_password";
	case REASON_NO_SUCH_USER: return "no_such_user";
	case REASON_LOCKED: return "locked";
	case REASON_NO_PASSWORD: return "no_password";
	case REASON_ACCOUNT_EXPIRED: return "account_expired";
	case REASON_PASSWORD_EXPIRED: return "password_expired";
	case REASON_MUST_CHANGE: return "must_change";
	case REASON_NOT_PERMITTED: return "not_permitted";
	case REASON_EXTRA_QUESTION: return "extra_question";
	case REASON_TOO_MANY_TRIES: return "too_many_tries";
	case REASON_NOT_IN_GROUP: return "not_in_group";
	case REASON_AMBIGUOUS: return "ambiguous";
	case REASON_DISABLED: return "disabled";
	case REASON_NO_ROUTE: return "no_route";
	case REASON_BAD_SERVICE: return "bad_service";
	case REASON_EMPTY_PASSWORD: return "empty_password";
	case REASON_PASSWORD_TOO_LONG: return "password_too_long";
	case REASON_BACKEND_DOWN: return "backend_down";
	case REASON_BACKEND_ERROR: return "backend_error";
	case REASON_DEADLINE: return "deadline";
	case REASON_NOT_SIGNED: return "no_message_authenticator";
	case REASON_WORKER_DIED: return "worker_died";
	case REASON_QUEUE_FULL: return "queue_full";
	case REASON_PEER_FULL: return "peer_full";
	case REASON_SHUTDOWN: return "shutdown";
	case REASON_NO_MEMORY: return "no_memory";
	case REASON_LIMIT_IDENTITY: return "limit_identity";
	case REASON_LIMIT_ADDRESS: return "limit_address";
	case REASON_LIMIT_PAIR: return "limit_pair";
	case REASON_CONFIG: return "config";
	case REASON_NO_ACCESS: return "no_access";
	case REASON_BAD_HASH: return "bad_hash";
	case REASON_INTERNAL: return "internal";
	case REASON_COUNT: break;
	}
	return "invalid";
}

bool
auth_result_valid(unsigned result)
{
	return result > AUTH_UNSET && result <= AUTH_MISCONFIG;
}

bool
auth_reason_valid(unsigned reason)
{
	return reason < REASON_COUNT;
}
