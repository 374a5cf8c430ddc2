/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account - see account.h.
 */
#include "config.h"

#include <limits.h>
#include <stdbool.h>

#include "mechanisms/account.h"

static bool
is_set(long field)
{
	return field != ACCOUNT_FIELD_EMPTY;
}

/*
 * The fields are any number an editor left in the file: sums and differences
 * stop at the ends of the type instead of wrapping round.
 */
static long
add_days(long a, long b)
{
	long sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? LONG_MIN : LONG_MAX;
	return sum;
}

static long
days_between(long from, long to)
{
	long days;

	if (__builtin_sub_overflow(to, from, &days))
		return to < from ? LONG_MIN : LONG_MAX;
	return days;
}

enum account_verdict
account_judge(const struct account_ageing *ageing, long today)
{
	long age;

	/* shadow(5) leaves a value of 0 open; pam_unix takes it as a day. */
	if (is_set(ageing->expire) && today >= ageing->expire)
		return ACCOUNT_EXPIRED;
	if (ageing->last_change == 0)
		return ACCOUNT_MUST_CHANGE;
	/*
	 * An empty last change is day -1 to pam_unix (and was to the classic
	 * daemon), so that with a maximum the password counts as old; shadow(5)
	 * would rather not age it. The stricter reading is the compatible one.
	 */
	age = days_between(ageing->last_change, today);
	if (!is_set(ageing->max_days) || age <= ageing->max_days)
		return ACCOUNT_USABLE;
	if (is_set(ageing->inactive_days) && age > ageing->inactive_days &&
	    age > add_days(ageing->max_days, ageing->inactive_days))
		return ACCOUNT_INACTIVE;
	return ACCOUNT_PASSWORD_OLD;
}

enum auth_result
account_result(enum account_verdict verdict)
{
	switch (verdict) {
	case ACCOUNT_UNSET:
		return AUTH_UNSET;
	case ACCOUNT_USABLE:
		return AUTH_OK;
	case ACCOUNT_EXPIRED:
	case ACCOUNT_MUST_CHANGE:
	case ACCOUNT_PASSWORD_OLD:
	case ACCOUNT_INACTIVE:
		return AUTH_DENIED;
	}
	return AUTH_UNSET;
}

enum auth_reason
account_reason(enum account_verdict verdict)
{
	switch (verdict) {
	case ACCOUNT_UNSET:
		return REASON_INTERNAL;
	case ACCOUNT_USABLE:
		return REASON_NONE;
	case ACCOUNT_EXPIRED:
		return REASON_ACCOUNT_EXPIRED;
	case ACCOUNT_MUST_CHANGE:
		return REASON_MUST_CHANGE;
	case ACCOUNT_PASSWORD_OLD:
	case ACCOUNT_INACTIVE:
		return REASON_PASSWORD_EXPIRED;
	}
	return REASON_INTERNAL;
}

const char *
account_text(enum account_verdict verdict)
{
	switch (verdict) {
	case ACCOUNT_UNSET:
		return "not judged";
	case ACCOUNT_USABLE:
		return "";
	case ACCOUNT_EXPIRED:
		return "the account has expired";
	case ACCOUNT_MUST_CHANGE:
		return "the password must be changed at the next login";
	case ACCOUNT_PASSWORD_OLD:
		return "the password has expired";
	case ACCOUNT_INACTIVE:
		return "the password expired and was not changed in time";
	}
	return "not judged";
}
