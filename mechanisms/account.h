/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account - may an account be used today? The rules of shadow(5)'s ageing
 * fields, judged as pam_unix(8) judges them.
 *
 * Pure functions: days are counted since 1 January 1970 and handed in.
 */
#ifndef MECHANISMS_ACCOUNT_H
#define MECHANISMS_ACCOUNT_H

#include "common/result.h"

#define ACCOUNT_FIELD_EMPTY (-1)	/* getspnam(3) for an empty field */
#define ACCOUNT_SECONDS_PER_DAY (24 * 60 * 60)

struct account_ageing {
	long last_change;	/* day of the last password change */
	long max_days;		/* a password is good for so many days */
	long inactive_days;	/* and may be changed for so many more */
	long expire;		/* first day the account is gone */
};

enum account_verdict {
	ACCOUNT_UNSET = 0,
	ACCOUNT_USABLE,
	ACCOUNT_EXPIRED,	/* the account's expiry day is reached */
	ACCOUNT_MUST_CHANGE,	/* last change 0: change at next login */
	ACCOUNT_PASSWORD_OLD,	/* older than the maximum */
	ACCOUNT_INACTIVE	/* and too old even to be changed */
};

/* The verdict on `today`, once the password was found right. */
enum account_verdict account_judge(const struct account_ageing *ageing,
    long today);

/* What a verdict is to a client (AUTH_OK or AUTH_DENIED) and to the log. */
enum auth_result account_result(enum account_verdict verdict);
enum auth_reason account_reason(enum account_verdict verdict);

/* One line for the log; never NULL. */
const char *account_text(enum account_verdict verdict);

#endif
