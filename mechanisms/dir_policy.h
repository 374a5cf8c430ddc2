/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_policy - why a server refused a bind: the password policy control
 * (draft-behera-ldap-password-policy), and the texts of Active Directory and
 * 389-ds, which say it in words. Pure.
 */
#ifndef MECHANISMS_DIR_POLICY_H
#define MECHANISMS_DIR_POLICY_H

#include <stdbool.h>

#include "common/result.h"

enum dir_policy_error {	/* of the draft, section 6.2 */
	DIR_POLICY_NONE = -1,
	DIR_POLICY_PASSWORD_EXPIRED = 0,
	DIR_POLICY_ACCOUNT_LOCKED = 1,
	DIR_POLICY_CHANGE_AFTER_RESET = 2
	/* the others belong to changing a password */
};

struct dir_policy {
	bool there;		/* the answer had the control */
	int error;		/* enum dir_policy_error, or another */
	long expire_sec, grace;	/* -1: not told */
};

/*
 * What the control says of a bind with this code: true and a reason that
 * overrides the code's own. After success only "must change" does (the draft
 * lets the client in to do just that); a grace login is a success.
 */
bool dir_policy_reason(const struct dir_policy *p, int code,
    enum auth_reason *reason_r);

/* The same from the diagnostic text: "... AcceptSecurityContext error, data
 * 775, ..." of Active Directory and Samba with code 49; texts of 389-ds with
 * 19, 49 and 53; what OpenLDAP says with 80 of a SASL login that it does not
 * know. False for any other. */
bool dir_policy_text_reason(const char *text, int code,
    enum auth_reason *reason_r);

#endif
