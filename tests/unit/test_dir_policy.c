/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of dir_policy.
 */
#include "config.h"

#include "mechanisms/dir_code.h"
#include "mechanisms/dir_policy.h"
#include "tests/unit/unit.h"

static void
test_control(void **state)
{
	static const struct row {
		const char *name;
		bool there;
		int error, code;
		enum auth_reason reason;	/* NONE: it says nothing */
	} rows[] = {
		{ "absent", false, 1, 49, REASON_NONE },
		{ "no error", true, DIR_POLICY_NONE, 49, REASON_NONE },
		{ "expired", true, 0, 49, REASON_PASSWORD_EXPIRED },
		{ "locked", true, 1, 49, REASON_LOCKED },
		{ "locked, 53", true, 1, 53, REASON_LOCKED },
		{ "after reset", true, 2, 49, REASON_MUST_CHANGE },
		/* The others are about changing a password. */
		{ "too short", true, 6, 49, REASON_NONE },
		{ "unknown", true, 99, 49, REASON_NONE },
		{ "in, must change", true, 2, 0, REASON_MUST_CHANGE },
		{ "in, grace", true, DIR_POLICY_NONE, 0, REASON_NONE },
		{ "in, expired", true, 0, 0, REASON_NONE },
		{ "in, locked", true, 1, 0, REASON_NONE }
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct dir_policy p = { rows[i].there, rows[i].error, 5, 1 };
		enum auth_reason reason = REASON_NONE;

		assert_row(rows[i].name, dir_policy_reason(&p, rows[i].code,
		    &reason) == (rows[i].reason != REASON_NONE));
		assert_row(rows[i].name, reason == rows[i].reason);
	}
}

#define AD(data) "80090308: LdapErr: DSID-0C090439, comment: " \
    "AcceptSecurityContext error, data " data ", v4563"

static void
test_texts(void **state)
{
	static const struct row {
		int code;
		const char *text;
		enum auth_reason reason;
	} rows[] = {
		{ 49, AD("525"), REASON_NO_SUCH_USER },
		{ 49, AD("52e"), REASON_BAD_PASSWORD },
		{ 49, AD("52E"), REASON_BAD_PASSWORD },
		{ 49, AD("530"), REASON_NOT_PERMITTED },
		{ 49, AD("531"), REASON_NOT_PERMITTED },
		{ 49, AD("532"), REASON_PASSWORD_EXPIRED },
		{ 49, AD("533"), REASON_DISABLED },
		{ 49, AD("701"), REASON_ACCOUNT_EXPIRED },
		{ 49, AD("773"), REASON_MUST_CHANGE },
		{ 49, AD("775"), REASON_LOCKED },
		{ 49, AD("57"), REASON_NONE },
		{ 49, AD("7750"), REASON_NONE },
		{ 49, "data 775, ", REASON_NONE },
		{ 53, AD("775"), REASON_NONE },
		{ 0, AD("775"), REASON_NONE },
		{ 49, "Invalid credentials", REASON_NONE },
		{ 49, "", REASON_NONE },
		{ 49, "password expired!", REASON_PASSWORD_EXPIRED },
		{ 19, "Exceed password retry limit. Please try later.",
		    REASON_TOO_MANY_TRIES },
		{ 19, "Account inactivity limit exceeded. Contact system "
		    "administrator to reset.", REASON_NONE },
		{ 53, "Account inactivated. Contact system administrator.",
		    REASON_DISABLED },
		{ 53, "Account locked", REASON_DISABLED },
		{ 53, "unauthenticated bind (DN with no password) disallowed",
		    REASON_NONE },
		{ 80, "SASL(-1): generic failure: unable to canonify user "
		    "and get auxprops", REASON_NO_SUCH_USER },
		{ 80, "SASL(-1): generic failure: ", REASON_NONE }
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		enum auth_reason reason = REASON_NONE;

		assert_row(rows[i].text, dir_policy_text_reason(rows[i].text,
		    rows[i].code, &reason) == (rows[i].reason != REASON_NONE));
		assert_row(rows[i].text, reason == rows[i].reason);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_texts)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
