/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of dir_verdict: each stage with each code of RFC 4511.
 */
#include "config.h"

#include <string.h>

#include "common/str.h"
#include "mechanisms/dir_verdict.h"
#include "tests/unit/unit.h"

#define CODES 256

static struct secret password;

static int
set_up(void **state)
{
	(void)state;
	return secret_set(&password, "geheim", 6);
}

static int
tear_down(void **state)
{
	(void)state;
	secret_wipe(&password);
	return 0;
}

static struct dir_reply
answered(int code, const char *text)
{
	struct dir_reply r = DIR_REPLY_INIT;

	r.trouble = DIR_ANSWERED;
	r.code = code;
	assert_int_equal(str_copy(r.text, sizeof(r.text), text), 0);
	return r;
}

static enum dir_next
judge(enum dir_stage stage, const struct dir_reply *r, bool fixed,
    size_t entries, struct mech_answer *a)
{
	struct dir_seen seen = { .stage = stage, .reply = r,
	    .fixed_name = fixed, .name_is_template = !fixed,
	    .entries = entries, .password = &password };

	memset(a, 0, sizeof(*a));
	return dir_verdict(&seen, a);
}

enum whose { ANY, FIXED, TOKENS };

struct row {
	int code;
	enum whose whose;
	enum auth_result result;	/* UNSET: it is a step */
	enum auth_reason reason;
};

#define DENIED(reason) AUTH_DENIED, REASON_ ## reason
#define TEMPFAIL(reason) AUTH_TEMPFAIL, REASON_ ## reason
#define CONFIG AUTH_MISCONFIG, REASON_CONFIG
#define NO_ACCESS AUTH_MISCONFIG, REASON_NO_ACCESS
#define STEP AUTH_UNSET, REASON_NONE

static void
check_one(enum dir_stage stage, int code, bool fixed, const struct row *row)
{
	const struct dir_reply r = answered(code, "words");
	enum auth_result result = AUTH_TEMPFAIL;
	enum auth_reason reason = REASON_BACKEND_ERROR;
	struct mech_answer a;
	enum dir_next next = DIR_NEXT_FINAL, got;

	if (row != NULL) {
		result = row->result;
		reason = row->reason;
	} else if (code == DIR_PROTOCOL_ERROR) {
		result = AUTH_MISCONFIG;
		reason = REASON_CONFIG;
	} else if (code == DIR_BUSY || code == DIR_UNAVAILABLE) {
		reason = REASON_BACKEND_DOWN;
		next = code == DIR_BUSY ? DIR_NEXT_SERVER_BUSY :
		    DIR_NEXT_SERVER;
	}
	if (result == AUTH_UNSET)
		next = DIR_NEXT_STEP;
	got = judge(stage, &r, fixed, 0, &a);
	if (a.result != result || a.reason != reason || got != next)
		fail_msg("stage %d code %d fixed %d: %s %s, next %d",
		    (int)stage, code, fixed, auth_result_name(a.result),
		    auth_reason_name(a.reason), (int)got);
}

/* Every code that has no row is a server's error, but for the three that mean
 * the same everywhere. */
static void
check_stage(enum dir_stage stage, const struct row *rows, size_t count)
{
	const struct row *row;
	int code, fixed;
	size_t i;

	for (code = 0; code < CODES; code++)
		for (fixed = 0; fixed < 2; fixed++) {
			row = NULL;
			for (i = 0; i < count; i++)
				if (rows[i].code == code &&
				    rows[i].whose != (fixed ? TOKENS : FIXED))
					row = &rows[i];
			check_one(stage, code, fixed, row);
		}
}

/* Success of these two is nothing anybody should ask about. */
static void
test_connect(void **state)
{
	(void)state;
	check_stage(DIR_STAGE_CONNECT, NULL, 0);
}

static void
test_service_bind(void **state)
{
	static const struct row rows[] = {
		{ 49, ANY, CONFIG }, { 50, ANY, CONFIG }, { 34, ANY, CONFIG },
		{ 32, ANY, CONFIG }, { 53, ANY, CONFIG }, { 19, ANY, CONFIG },
		{ 7, ANY, CONFIG }, { 8, ANY, CONFIG }, { 12, ANY, CONFIG },
		{ 13, ANY, CONFIG }, { 48, ANY, CONFIG }, { 10, ANY, CONFIG }
	};

	(void)state;
	check_stage(DIR_STAGE_SERVICE_BIND, rows, COUNT_OF(rows));
}

static void
test_search(void **state)
{
	static const struct row rows[] = {
		{ 0, ANY, DENIED(NO_SUCH_USER) },
		{ 4, ANY, TEMPFAIL(BACKEND_ERROR) },
		{ 32, FIXED, CONFIG }, { 32, TOKENS, DENIED(NO_SUCH_USER) },
		{ 34, FIXED, CONFIG }, { 34, TOKENS, DENIED(NO_SUCH_USER) },
		{ 17, ANY, CONFIG }, { 18, ANY, CONFIG }, { 21, ANY, CONFIG },
		{ 50, ANY, NO_ACCESS }, { 48, ANY, NO_ACCESS },
		{ 13, ANY, CONFIG }, { 8, ANY, CONFIG }, { 10, ANY, CONFIG }
	};

	(void)state;
	check_stage(DIR_STAGE_SEARCH, rows, COUNT_OF(rows));
}

static void
test_search_entries(void **state)
{
	struct dir_reply r = answered(DIR_SUCCESS, "");
	struct mech_answer a;

	(void)state;
	assert_int_equal(judge(DIR_STAGE_SEARCH, &r, true, 1, &a),
	    DIR_NEXT_STEP);
	assert_int_equal(a.result, AUTH_UNSET);
	assert_int_equal(judge(DIR_STAGE_SEARCH, &r, true, 2, &a),
	    DIR_NEXT_FINAL);
	assert_int_equal(a.result, AUTH_DENIED);
	assert_int_equal(a.reason, REASON_AMBIGUOUS);
	r.code = DIR_SIZE_LIMIT_EXCEEDED;
	assert_int_equal(judge(DIR_STAGE_SEARCH, &r, true, 1, &a),
	    DIR_NEXT_FINAL);
	assert_int_equal(a.reason, REASON_AMBIGUOUS);
	/* An entry that came with an error does not count. */
	r.code = DIR_TIME_LIMIT_EXCEEDED;
	assert_int_equal(judge(DIR_STAGE_SEARCH, &r, true, 1, &a),
	    DIR_NEXT_FINAL);
	assert_int_equal(a.result, AUTH_TEMPFAIL);
}

static void
test_user_bind(void **state)
{
	static const struct row rows[] = {
		{ 0, ANY, STEP },
		{ 49, ANY, DENIED(BAD_PASSWORD) },
		{ 50, ANY, DENIED(NOT_PERMITTED) },
		{ 32, ANY, DENIED(NO_SUCH_USER) },
		{ 34, TOKENS, DENIED(NO_SUCH_USER) },
		{ 34, FIXED, TEMPFAIL(BACKEND_ERROR) },
		{ 48, ANY, DENIED(NO_PASSWORD) },
		{ 19, ANY, DENIED(LOCKED) },
		{ 53, ANY, CONFIG }, { 7, ANY, CONFIG }, { 8, ANY, CONFIG },
		{ 13, ANY, CONFIG }, { 10, ANY, CONFIG }, { 12, ANY, CONFIG }
	};

	(void)state;
	check_stage(DIR_STAGE_USER_BIND, rows, COUNT_OF(rows));
}

static void
test_user_bind_says_more(void **state)
{
	static const struct {
		int code, error;
		const char *text;
		enum auth_reason reason;
	} rows[] = {
		{ 49, DIR_POLICY_ACCOUNT_LOCKED, "", REASON_LOCKED },
		{ 49, DIR_POLICY_PASSWORD_EXPIRED, "",
		    REASON_PASSWORD_EXPIRED },
		{ 0, DIR_POLICY_CHANGE_AFTER_RESET, "", REASON_MUST_CHANGE },
		{ 49, -1, "AcceptSecurityContext error, data 533, v1db1",
		    REASON_DISABLED },
		{ 19, -1, "Exceed password retry limit.",
		    REASON_TOO_MANY_TRIES },
		{ 53, -1, "Account inactivated.", REASON_DISABLED },
		{ 80, -1, "unable to canonify user", REASON_NO_SUCH_USER },
		/* The control is more exact than the words. */
		{ 49, DIR_POLICY_ACCOUNT_LOCKED, "password expired",
		    REASON_LOCKED }
	};
	struct mech_answer a;
	struct dir_reply r;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		r = answered(rows[i].code, rows[i].text);
		r.policy.there = rows[i].error != DIR_POLICY_NONE;
		r.policy.error = rows[i].error;
		assert_int_equal(judge(DIR_STAGE_USER_BIND, &r, true, 0, &a),
		    DIR_NEXT_FINAL);
		assert_int_equal(a.result, AUTH_DENIED);
		assert_int_equal(a.reason, rows[i].reason);
	}
	/* A server in trouble says nothing of accounts. */
	r = answered(DIR_UNAVAILABLE, "");
	r.policy = (struct dir_policy){ true, 1, -1, -1 };
	assert_int_equal(judge(DIR_STAGE_USER_BIND, &r, true, 0, &a),
	    DIR_NEXT_SERVER);
	assert_int_equal(a.result, AUTH_TEMPFAIL);
	/* Nor does a policy of another bind. */
	r = answered(DIR_INVALID_CREDENTIALS, "");
	r.policy = (struct dir_policy){ true, 1, -1, -1 };
	judge(DIR_STAGE_SERVICE_BIND, &r, true, 0, &a);
	assert_int_equal(a.result, AUTH_MISCONFIG);
}

static void
test_whoami(void **state)
{
	static const struct row rows[] = {
		{ 0, ANY, STEP }, { 53, ANY, CONFIG }
	};

	(void)state;
	check_stage(DIR_STAGE_WHOAMI, rows, COUNT_OF(rows));
}

static void
test_group(void **state)
{
	static const struct row rows[] = {
		{ 6, ANY, STEP },
		{ 5, ANY, DENIED(NOT_IN_GROUP) },
		{ 16, ANY, DENIED(NOT_IN_GROUP) },
		{ 0, ANY, DENIED(NOT_IN_GROUP) },	/* no entry */
		{ 4, ANY, TEMPFAIL(BACKEND_ERROR) },
		{ 32, FIXED, CONFIG }, { 32, TOKENS, DENIED(NOT_IN_GROUP) },
		{ 34, FIXED, CONFIG }, { 34, TOKENS, DENIED(NOT_IN_GROUP) },
		{ 17, ANY, CONFIG }, { 18, ANY, CONFIG }, { 21, ANY, CONFIG },
		{ 13, ANY, CONFIG }, { 50, ANY, NO_ACCESS }
	};
	struct mech_answer a;
	struct dir_reply r;

	(void)state;
	check_stage(DIR_STAGE_GROUP, rows, COUNT_OF(rows));
	/* One group is enough, also when the server may tell of one only. */
	r = answered(DIR_SUCCESS, "");
	assert_int_equal(judge(DIR_STAGE_GROUP, &r, true, 3, &a),
	    DIR_NEXT_STEP);
	r.code = DIR_SIZE_LIMIT_EXCEEDED;
	assert_int_equal(judge(DIR_STAGE_GROUP, &r, true, 1, &a),
	    DIR_NEXT_STEP);
}

static void
test_trouble(void **state)
{
	static const struct {
		enum dir_trouble trouble;
		enum auth_result result;
		enum auth_reason reason;
		enum dir_next next;
	} rows[] = {
		{ DIR_TROUBLE_UNSET, TEMPFAIL(INTERNAL), DIR_NEXT_FINAL },
		{ DIR_UNREACHABLE, TEMPFAIL(BACKEND_DOWN), DIR_NEXT_SERVER },
		{ DIR_TLS_FAILED, CONFIG, DIR_NEXT_SERVER },
		{ DIR_TIMED_OUT, TEMPFAIL(BACKEND_DOWN), DIR_NEXT_SERVER },
		{ DIR_LOST, TEMPFAIL(BACKEND_DOWN), DIR_NEXT_SERVER },
		{ DIR_GARBAGE, TEMPFAIL(BACKEND_ERROR), DIR_NEXT_SERVER },
		{ DIR_BAD_QUESTION, CONFIG, DIR_NEXT_FINAL },
		{ DIR_NO_MEMORY, TEMPFAIL(NO_MEMORY), DIR_NEXT_FINAL }
	};
	struct mech_answer a;
	size_t i, stage;

	(void)state;
	for (stage = DIR_STAGE_CONNECT; stage <= DIR_STAGE_GROUP; stage++)
		for (i = 0; i < COUNT_OF(rows); i++) {
			/* Success that nobody answered is none. */
			struct dir_reply r = answered(DIR_SUCCESS, "why");

			r.trouble = rows[i].trouble;
			assert_int_equal(judge(stage, &r, true, 1, &a),
			    rows[i].next);
			assert_int_equal(a.result, rows[i].result);
			assert_int_equal(a.reason, rows[i].reason);
		}
}

static void
test_detail(void **state)
{
	struct dir_reply r = answered(49, "Invalid credentials");
	struct mech_answer a;

	(void)state;
	judge(DIR_STAGE_USER_BIND, &r, true, 0, &a);
	assert_string_equal(a.detail, "bind: Invalid credentials (49)");
	r = answered(53, "a\nb\x1b[2J\x7f");
	judge(DIR_STAGE_SEARCH, &r, true, 0, &a);
	assert_string_equal(a.detail, "search: a b [2J  (53)");
	r = (struct dir_reply)DIR_REPLY_INIT;
	r.trouble = DIR_UNREACHABLE;
	assert_int_equal(str_copy(r.text, sizeof(r.text), "refused"), 0);
	judge(DIR_STAGE_CONNECT, &r, true, 0, &a);
	assert_string_equal(a.detail, "connect: refused");
}

static void
test_detail_without_the_password(void **state)
{
	struct dir_reply r = answered(49, "wrong: geheim");
	struct mech_answer a;

	(void)state;
	judge(DIR_STAGE_USER_BIND, &r, true, 0, &a);
	assert_int_equal(a.reason, REASON_BAD_PASSWORD);
	assert_string_equal(a.detail, "");
	r = answered(49, "wrong: gehei");
	judge(DIR_STAGE_USER_BIND, &r, true, 0, &a);
	assert_string_equal(a.detail, "bind: wrong: gehei (49)");
	/* Cut in its middle it is still a part of it. */
	memset(r.text, 'x', sizeof(r.text) - 1);
	memcpy(r.text + sizeof(r.text) - 1 - 4, "gehe", 4);
	judge(DIR_STAGE_USER_BIND, &r, true, 0, &a);
	assert_string_equal(a.detail, "");
	memset(r.text, 'x', sizeof(r.text) - 1);
	judge(DIR_STAGE_USER_BIND, &r, true, 0, &a);
	assert_true(str_starts(a.detail, "bind: xxx"));
}

static void
test_expanded(void **state)
{
	static const struct {
		enum dir_expanded done;
		enum auth_result result;
		enum auth_reason reason;
		const char *detail;
	} rows[] = {
		{ DIR_EXPANDED_EMPTY, DENIED(NOT_IN_GROUP),
		    "key expands to nothing" },
		{ DIR_EXPANDED_REFUSED, DENIED(NOT_IN_GROUP), "key: why" },
		{ DIR_EXPANDED_NO_MEMORY, TEMPFAIL(NO_MEMORY), "key: why" },
		{ DIR_EXPANDED_UNSET, TEMPFAIL(INTERNAL), "key" }
	};
	const struct errmsg e = { "why" };
	struct mech_answer a = { 0 };
	size_t i;

	(void)state;
	assert_int_equal(dir_verdict_expanded(DIR_EXPANDED,
	    REASON_NOT_IN_GROUP, "key", &e, &a), DIR_NEXT_STEP);
	assert_int_equal(a.result, AUTH_UNSET);
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(dir_verdict_expanded(rows[i].done,
		    REASON_NOT_IN_GROUP, "key", &e, &a), DIR_NEXT_FINAL);
		assert_int_equal(a.result, rows[i].result);
		assert_int_equal(a.reason, rows[i].reason);
		assert_string_equal(a.detail, rows[i].detail);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_service_bind),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_search_entries),
		cmocka_unit_test(test_user_bind),
		cmocka_unit_test(test_user_bind_says_more),
		cmocka_unit_test(test_whoami),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_detail_without_the_password),
		cmocka_unit_test(test_expanded)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
