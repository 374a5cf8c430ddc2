/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_policy - why a server refused a bind.
 */
#include "config.h"

#include <string.h>

#include "mechanisms/dir_code.h"
#include "mechanisms/dir_policy.h"

bool
dir_policy_reason(const struct dir_policy *p, int code,
    enum auth_reason *reason_r)
{
	if (!p->there || (code == DIR_SUCCESS &&
	    p->error != DIR_POLICY_CHANGE_AFTER_RESET))
		return false;
	switch (p->error) {
	case DIR_POLICY_PASSWORD_EXPIRED:
		*reason_r = REASON_PASSWORD_EXPIRED;
		return true;
	case DIR_POLICY_ACCOUNT_LOCKED:
		*reason_r = REASON_LOCKED;
		return true;
	case DIR_POLICY_CHANGE_AFTER_RESET:
		*reason_r = REASON_MUST_CHANGE;
		return true;
	}
	return false;
}

/* What a server says in words. Case is ignored. */
static const struct wording {
	int code;
	const char *words;
	enum auth_reason reason;
} wordings[] = {
#define REFUSED DIR_INVALID_CREDENTIALS
	/* Active Directory, and Samba as it: the numbers are Windows system
	 * error codes in hex, 0x525 ERROR_NO_SUCH_USER and so on; 530 and 531
	 * are the hours and the hosts to log in at. */
#define AD(number) "AcceptSecurityContext error, data " number ","
	{ REFUSED, AD("525"), REASON_NO_SUCH_USER },
	{ REFUSED, AD("52e"), REASON_BAD_PASSWORD },
	{ REFUSED, AD("530"), REASON_NOT_PERMITTED },
	{ REFUSED, AD("531"), REASON_NOT_PERMITTED },
	{ REFUSED, AD("532"), REASON_PASSWORD_EXPIRED },
	{ REFUSED, AD("533"), REASON_DISABLED },
	{ REFUSED, AD("701"), REASON_ACCOUNT_EXPIRED },
	{ REFUSED, AD("773"), REASON_MUST_CHANGE },
	{ REFUSED, AD("775"), REASON_LOCKED },
	/* 389-ds */
	{ REFUSED, "password expired", REASON_PASSWORD_EXPIRED },
	{ DIR_CONSTRAINT_VIOLATION, "retry limit", REASON_TOO_MANY_TRIES },
	{ DIR_UNWILLING, "account inactivated", REASON_DISABLED },
	{ DIR_UNWILLING, "account locked", REASON_DISABLED },
	{ DIR_UNWILLING, "account is locked", REASON_DISABLED },
	/* OpenLDAP, by libsasl2: the login maps to no entry (authz-regexp). */
	{ DIR_OTHER, "unable to canonify user", REASON_NO_SUCH_USER }
#undef AD
#undef REFUSED
};

bool
dir_policy_text_reason(const char *text, int code, enum auth_reason *reason_r)
{
	size_t i;

	for (i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++)
		if (wordings[i].code == code &&
		    strcasestr(text, wordings[i].words) != NULL) {
			*reason_r = wordings[i].reason;
			return true;
		}
	return false;
}
