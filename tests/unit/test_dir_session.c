/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of dir_session on links of our own (fake_link). The clock is the
 * test's own (--wrap).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mechanisms/dir_session.h"
#include "tests/unit/fake_link.h"
#include "tests/unit/unit.h"

#define ONE "ldap://one/"
#define TWO "ldap://two/"
#define REQUEST_MSEC 30000

int64_t __wrap_deadline_now_msec(void);
struct deadline __wrap_deadline_in_msec(int64_t msec);

static int64_t now_msec;
static struct dir_settings settings;
static struct secret service_password, password;
static struct servers *servers;
static struct dir_session *session;
static struct servers_round a_round;
static struct servers_offer server;
static struct dir_reply reply;
static enum dir_stage stage;

int64_t
__wrap_deadline_now_msec(void)
{
	return now_msec;
}

struct deadline
__wrap_deadline_in_msec(int64_t msec)
{
	return (struct deadline){ now_msec + msec };
}

static void
start(void)
{
	struct errmsg e = ERRMSG_INIT;

	servers = dir_servers_new(&settings, &e);
	assert_non_null(servers);
	session = dir_session_new(&settings, servers, &service_password, &e);
	assert_non_null(session);
}

static int
set_up(void **state)
{
	(void)state;
	now_msec = 5000000;
	fake_link_reset();
	conf_defaults(&dir_settings_table, &settings);
	free(settings.servers);
	settings.servers = strdup(ONE " " TWO);
	free(settings.bind_dn);
	settings.bind_dn = strdup("cn=svc");
	assert_int_equal(secret_set(&service_password, "svc", 3), 0);
	assert_int_equal(secret_set(&password, "right", 5), 0);
	a_round = (struct servers_round){ 0 };
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	dir_session_free(session);
	servers_free(servers);
	session = NULL;
	servers = NULL;
	assert_int_equal(fake_link_open_count(), 0);
	conf_fini(&dir_settings_table, &settings);
	secret_wipe(&service_password);
	secret_wipe(&password);
	return 0;
}

/* A request begins, at the first server that is up. */
static void
use(void)
{
	const struct deadline d = deadline_in_msec(REQUEST_MSEC);

	a_round = (struct servers_round){ 0 };
	assert_true(servers_next(servers, &a_round, &d, &server, NULL));
	dir_session_use(session, &server, &d);
}

static void
search(enum dir_who who)
{
	const struct dir_search q = { .base = "dc=org", .filter = "(a=b)" };
	struct dir_found found = DIR_FOUND_INIT;

	dir_session_search(session, who, &q, DIR_STAGE_SEARCH, &found,
	    &reply, &stage);
	dir_found_fini(&found);
}

static void
bind_user(void)
{
	dir_session_bind_user(session, "uid=joe", &password, &reply, &stage);
}

static void
bind_sasl(struct dir_sasl_login *login)
{
	*login = (struct dir_sasl_login){ .mechs = "", .secprops = "",
	    .id = "joe", .authz_id = "", .realm = "", .password = &password };
	dir_session_bind_user_sasl(session, login, &reply, &stage);
}

static void
expect(const char *trace)
{
	assert_string_equal(fake_link_trace(), trace);
}

static void
expect_reply(enum dir_trouble trouble, int code, enum dir_stage at)
{
	assert_int_equal(reply.trouble, trouble);
	assert_int_equal(reply.code, code);
	assert_int_equal(stage, at);
}

/* Two connections, each made once, and a bind for each user. */
static void
test_both_are_kept(void **state)
{
	(void)state;
	start();
	use();
	search(DIR_AS_SERVICE);
	expect_reply(DIR_ANSWERED, DIR_SUCCESS, DIR_STAGE_SEARCH);
	expect("open1 plainbind1(cn=svc) search1");
	bind_user();
	expect_reply(DIR_ANSWERED, DIR_SUCCESS, DIR_STAGE_USER_BIND);
	expect("open2 bind2(uid=joe)");
	use();
	search(DIR_AS_SERVICE);
	bind_user();
	bind_user();	/* the same user, the same password */
	expect("search1 bind2(uid=joe) bind2(uid=joe)");
}

static void
test_stale_ones_are_reopened(void **state)
{
	(void)state;
	start();
	use();
	search(DIR_AS_SERVICE);
	bind_user();
	fake_link_drop_all();
	(void)fake_link_trace();
	use();
	search(DIR_AS_SERVICE);
	bind_user();
	expect("close1 open3 plainbind3(cn=svc) search3 "
	    "close2 open4 bind4(uid=joe)");
}

/* A kept one that breaks under the question: once more on a fresh one. */
static void
test_lost_while_asking(void **state)
{
	(void)state;
	start();
	use();
	search(DIR_AS_SERVICE);
	bind_user();
	(void)fake_link_trace();
	fake_link_fail(FAKE_SEARCH, DIR_LOST);
	search(DIR_AS_SERVICE);
	expect_reply(DIR_ANSWERED, DIR_SUCCESS, DIR_STAGE_SEARCH);
	expect("search1 close1 open3 plainbind3(cn=svc) search3");
	fake_link_fail(FAKE_BIND, DIR_LOST);
	bind_user();
	expect_reply(DIR_ANSWERED, DIR_SUCCESS, DIR_STAGE_USER_BIND);
	expect("bind2(uid=joe) close2 open4 bind4(uid=joe)");
}

/* ... and never a third time, nor a second on a fresh one. */
static void
test_lost_twice(void **state)
{
	(void)state;
	start();
	use();
	fake_link_fail(FAKE_SEARCH, DIR_LOST);
	search(DIR_AS_SERVICE);
	expect_reply(DIR_LOST, DIR_CODE_NONE, DIR_STAGE_SEARCH);
	expect("open1 plainbind1(cn=svc) search1 close1");
	search(DIR_AS_SERVICE);
	(void)fake_link_trace();
	fake_link_fail(FAKE_SEARCH, DIR_LOST);
	fake_link_fail(FAKE_SEARCH, DIR_LOST);
	search(DIR_AS_SERVICE);
	expect_reply(DIR_LOST, DIR_CODE_NONE, DIR_STAGE_SEARCH);
	expect("search2 close2 open3 plainbind3(cn=svc) search3 close3");
}

/* Waiting is not done twice, and a late answer is nobody's. */
static void
test_no_second_try_after_silence(void **state)
{
	const enum dir_trouble troubles[] = { DIR_TIMED_OUT, DIR_GARBAGE };
	size_t i;

	(void)state;
	start();
	for (i = 0; i < COUNT_OF(troubles); i++) {
		use();
		search(DIR_AS_SERVICE);
		bind_user();
		fake_link_fail(FAKE_SEARCH, troubles[i]);
		fake_link_fail(FAKE_BIND, troubles[i]);
		search(DIR_AS_SERVICE);
		expect_reply(troubles[i], DIR_CODE_NONE, DIR_STAGE_SEARCH);
		assert_int_equal(fake_link_open_count(), 1);
		bind_user();
		expect_reply(troubles[i], DIR_CODE_NONE, DIR_STAGE_USER_BIND);
		assert_int_equal(fake_link_open_count(), 0);
	}
}

/* The server has forgotten who we are, or is going away. */
static void
test_identity_lost(void **state)
{
	const int codes[] = { DIR_OPERATIONS_ERROR, DIR_INSUFFICIENT_ACCESS,
	    DIR_BUSY, DIR_UNAVAILABLE };
	size_t i;

	(void)state;
	start();
	for (i = 0; i < COUNT_OF(codes); i++) {
		use();
		search(DIR_AS_SERVICE);
		fake_link_code(FAKE_SEARCH, codes[i]);
		search(DIR_AS_SERVICE);
		expect_reply(DIR_ANSWERED, DIR_SUCCESS, DIR_STAGE_SEARCH);
		/* On a fresh one it is the answer. */
		fake_link_code(FAKE_SEARCH, codes[i]);
		fake_link_code(FAKE_SEARCH, codes[i]);
		search(DIR_AS_SERVICE);
		expect_reply(DIR_ANSWERED, codes[i], DIR_STAGE_SEARCH);
	}
	(void)fake_link_trace();
	fake_link_code(FAKE_SEARCH, DIR_NO_SUCH_OBJECT);
	search(DIR_AS_SERVICE);
	expect_reply(DIR_ANSWERED, DIR_NO_SUCH_OBJECT, DIR_STAGE_SEARCH);
	assert_null(strchr(fake_link_trace(), ' '));	/* the search only */
}

/* A user's refusal is never asked for again: it may count as a try. */
static void
test_user_codes_are_final(void **state)
{
	const int codes[] = { DIR_INVALID_CREDENTIALS, DIR_UNAVAILABLE,
	    DIR_INSUFFICIENT_ACCESS, DIR_BUSY, DIR_OPERATIONS_ERROR };
	size_t i;

	(void)state;
	start();
	use();
	bind_user();
	(void)fake_link_trace();
	for (i = 0; i < COUNT_OF(codes); i++) {
		fake_link_code(FAKE_BIND, codes[i]);
		bind_user();
		expect_reply(DIR_ANSWERED, codes[i], DIR_STAGE_USER_BIND);
		expect("bind1(uid=joe)");
	}
}

static void
test_where_it_failed(void **state)
{
	(void)state;
	start();
	use();
	fake_link_fail(FAKE_OPEN, DIR_UNREACHABLE);
	search(DIR_AS_SERVICE);
	expect_reply(DIR_UNREACHABLE, DIR_CODE_NONE, DIR_STAGE_CONNECT);
	fake_link_code(FAKE_BIND, DIR_INVALID_CREDENTIALS);
	search(DIR_AS_SERVICE);
	expect_reply(DIR_ANSWERED, DIR_INVALID_CREDENTIALS,
	    DIR_STAGE_SERVICE_BIND);
	expect("open1 open2 plainbind2(cn=svc) close2");
	fake_link_fail(FAKE_OPEN, DIR_TLS_FAILED);
	bind_user();
	expect_reply(DIR_TLS_FAILED, DIR_CODE_NONE, DIR_STAGE_CONNECT);
}

/* The reopening fails, too: its own reply, not the one before. */
static void
test_reopening_fails(void **state)
{
	(void)state;
	start();
	use();
	search(DIR_AS_SERVICE);
	(void)fake_link_trace();
	fake_link_fail(FAKE_SEARCH, DIR_LOST);
	fake_link_fail(FAKE_OPEN, DIR_UNREACHABLE);
	search(DIR_AS_SERVICE);
	expect_reply(DIR_UNREACHABLE, DIR_CODE_NONE, DIR_STAGE_CONNECT);
	expect("search1 close1 open2");
}

/* Only what this request has bound may be asked as the user. */
static void
test_as_user(void **state)
{
	char *authzid;

	(void)state;
	start();
	use();
	search(DIR_AS_USER);
	expect_reply(DIR_LOST, DIR_CODE_NONE, DIR_STAGE_SEARCH);
	bind_user();
	search(DIR_AS_USER);
	dir_session_compare(session, DIR_AS_USER, "cn=g", "member", "uid=joe",
	    &reply, &stage);
	expect_reply(DIR_ANSWERED, DIR_COMPARE_TRUE, DIR_STAGE_GROUP);
	dir_session_whoami(session, &authzid, &reply, &stage);
	expect_reply(DIR_ANSWERED, DIR_SUCCESS, DIR_STAGE_WHOAMI);
	assert_string_equal(authzid, "dn:uid=joe");
	free(authzid);
	expect("open1 bind1(uid=joe) search1 compare1(cn=g) whoami1");
	use();	/* the next request has bound nobody */
	dir_session_whoami(session, &authzid, &reply, &stage);
	expect_reply(DIR_LOST, DIR_CODE_NONE, DIR_STAGE_WHOAMI);
	assert_null(authzid);
	fake_link_code(FAKE_BIND, DIR_INVALID_CREDENTIALS);
	bind_user();
	search(DIR_AS_USER);
	expect_reply(DIR_LOST, DIR_CODE_NONE, DIR_STAGE_SEARCH);
	expect("bind1(uid=joe)");
}

/* It is never reopened behind the bind's back. */
static void
test_as_user_after_a_loss(void **state)
{
	(void)state;
	start();
	use();
	bind_user();
	fake_link_fail(FAKE_SEARCH, DIR_LOST);
	search(DIR_AS_USER);
	expect_reply(DIR_LOST, DIR_CODE_NONE, DIR_STAGE_SEARCH);
	search(DIR_AS_USER);
	expect_reply(DIR_LOST, DIR_CODE_NONE, DIR_STAGE_SEARCH);
	expect("open1 bind1(uid=joe) search1 close1");
	bind_user();
	fake_link_drop_all();
	search(DIR_AS_USER);
	expect_reply(DIR_LOST, DIR_CODE_NONE, DIR_STAGE_SEARCH);
	expect("open2 bind2(uid=joe) close2");
}

static void
test_version_2(void **state)
{
	(void)state;
	settings.version = 2;
	start();
	use();
	bind_user();
	bind_user();
	expect("open1 plainbind1(uid=joe) close1 open2 plainbind2(uid=joe)");
}

static void
test_another_server(void **state)
{
	(void)state;
	start();
	use();
	search(DIR_AS_SERVICE);
	bind_user();
	assert_string_equal(fake_link_uri(), ONE);
	(void)fake_link_trace();
	servers_down(servers, server.slot, "test");
	use();
	expect("close1 close2");
	search(DIR_AS_SERVICE);
	assert_string_equal(fake_link_uri(), TWO);
}

/* An operation ends with ldap_timeout, or earlier with the attempt. */
static void
test_deadlines(void **state)
{
	const struct deadline attempt = { 5000000 + DIR_ATTEMPT_MSEC };

	(void)state;
	start();
	use();
	bind_user();
	assert_int_equal(fake_link_deadline().at_msec, now_msec + 5000);
	dir_session_use(session, &server, &attempt);
	bind_user();
	assert_int_equal(fake_link_deadline().at_msec, attempt.at_msec);
	settings.timeout_sec = 0;
	use();
	bind_user();
	assert_int_equal(fake_link_deadline().at_msec,
	    now_msec + REQUEST_MSEC);
}

static void
test_sasl(void **state)
{
	struct dir_sasl_login login;

	(void)state;
	settings.use_sasl = true;
	start();
	use();
	fake_link_values("EXTERNAL DIGEST-MD5");
	bind_sasl(&login);
	expect_reply(DIR_ANSWERED, DIR_SUCCESS, DIR_STAGE_USER_BIND);
	bind_sasl(&login);
	expect("open1 search1(supportedSASLMechanisms) sasl1(DIGEST-MD5) "
	    "sasl1(DIGEST-MD5)");
	fake_link_fail(FAKE_SASL, DIR_LOST);
	bind_sasl(&login);
	expect_reply(DIR_ANSWERED, DIR_SUCCESS, DIR_STAGE_USER_BIND);
	expect("sasl1(DIGEST-MD5) close1 open2 "
	    "search2(supportedSASLMechanisms) sasl2(DIGEST-MD5)");
}

/* A success that proves nothing about the password is none. */
static void
test_sasl_without_password(void **state)
{
	struct dir_sasl_login login;
	char *authzid;

	(void)state;
	settings.use_sasl = true;
	start();
	use();
	fake_link_values("DIGEST-MD5");
	bind_sasl(&login);
	fake_link_password_used(false);
	bind_sasl(&login);
	expect_reply(DIR_BAD_QUESTION, DIR_CODE_NONE, DIR_STAGE_USER_BIND);
	assert_string_equal(reply.text,
	    "SASL mechanism DIGEST-MD5 did not use the password");
	dir_session_whoami(session, &authzid, &reply, &stage);
	expect_reply(DIR_LOST, DIR_CODE_NONE, DIR_STAGE_WHOAMI);
	assert_int_equal(fake_link_open_count(), 0);
}

static void
test_sasl_nothing_offered(void **state)
{
	struct dir_sasl_login login;

	(void)state;
	settings.use_sasl = true;
	start();
	use();
	fake_link_values("EXTERNAL GSSAPI");
	bind_sasl(&login);
	expect_reply(DIR_BAD_QUESTION, DIR_CODE_NONE, DIR_STAGE_USER_BIND);
	expect("open1 search1(supportedSASLMechanisms) close1");
	fake_link_fail(FAKE_SEARCH, DIR_TIMED_OUT);
	bind_sasl(&login);
	expect_reply(DIR_TIMED_OUT, DIR_CODE_NONE, DIR_STAGE_USER_BIND);
}

static void
test_ready(void **state)
{
	struct errmsg e = ERRMSG_INIT;
	struct dir_sasl_login login;

	(void)state;
	settings.use_sasl = true;	/* which makes it fastbind */
	start();
	errmsg_set(&e, "old");
	assert_int_equal(dir_session_ready(session, &e), 0);
	assert_string_equal(e.text, "");
	expect("open1");
	use();
	fake_link_values("DIGEST-MD5");
	/* It was dropped before anybody asked it for its mechanisms. */
	fake_link_fail(FAKE_SEARCH, DIR_LOST);
	bind_sasl(&login);
	expect_reply(DIR_ANSWERED, DIR_SUCCESS, DIR_STAGE_USER_BIND);
	expect("search1(supportedSASLMechanisms) close1 open2 "
	    "search2(supportedSASLMechanisms) sasl2(DIGEST-MD5)");
}

static void
test_ready_in_trouble(void **state)
{
	struct errmsg e = ERRMSG_INIT;

	(void)state;
	start();
	fake_link_fail(FAKE_OPEN, DIR_UNREACHABLE);
	assert_int_equal(dir_session_ready(session, &e), 0);
	assert_string_equal(e.text, ONE ": connect: as planned");
	assert_int_equal(fake_link_deadline().at_msec,
	    now_msec + DIR_ATTEMPT_MSEC);
	/* One server a call; the next worker tries the next one. */
	fake_link_code(FAKE_BIND, DIR_INVALID_CREDENTIALS);
	assert_int_equal(dir_session_ready(session, &e), 0);
	assert_non_null(strstr(e.text, TWO ": bind as service account"));
	fake_link_fail(FAKE_OPEN, DIR_TLS_FAILED);
	assert_int_equal(dir_session_ready(session, &e), 0);
	(void)fake_link_trace();
	assert_int_equal(dir_session_ready(session, &e), 0);
	assert_string_equal(e.text, "all servers are down");
	expect("");
}

static void
test_idle_closes_the_user_link(void **state)
{
	(void)state;
	start();
	use();
	search(DIR_AS_SERVICE);
	assert_int_equal(dir_session_idle(session), -1);
	bind_user();
	(void)fake_link_trace();
	now_msec += 1000;
	assert_int_equal(dir_session_idle(session),
	    DIR_USER_IDLE_MSEC - 1000);
	bind_user();
	now_msec += DIR_USER_IDLE_MSEC - 1;
	assert_int_equal(dir_session_idle(session), 1);
	expect("bind2(uid=joe)");
	now_msec++;
	assert_int_equal(dir_session_idle(session), -1);
	expect("close2");
	assert_int_equal(fake_link_open_count(), 1);
}

/* Down, probed in vain, probed again and back: then it is the one in use. */
static void
test_idle_probes(void **state)
{
	(void)state;
	start();
	use();
	servers_down(servers, server.slot, "test");
	use();
	search(DIR_AS_SERVICE);
	assert_string_equal(fake_link_uri(), TWO);
	(void)fake_link_trace();
	assert_int_equal(dir_session_idle(session), SERVER_BACKOFF_FIRST_MSEC);
	expect("");
	now_msec += SERVER_BACKOFF_FIRST_MSEC;
	fake_link_fail(FAKE_OPEN, DIR_UNREACHABLE);
	assert_int_equal(dir_session_idle(session),
	    2 * SERVER_BACKOFF_FIRST_MSEC);
	assert_string_equal(fake_link_uri(), ONE);
	assert_int_equal(fake_link_deadline().at_msec,
	    now_msec + MECH_IDLE_MSEC);
	expect("open2");
	now_msec += 2 * SERVER_BACKOFF_FIRST_MSEC;
	fake_link_fail(FAKE_SEARCH, DIR_TIMED_OUT);
	assert_int_equal(dir_session_idle(session),
	    4 * SERVER_BACKOFF_FIRST_MSEC);
	expect("open3 search3 close3");
	now_msec += 4 * SERVER_BACKOFF_FIRST_MSEC;
	/* Whatever it answers, it does answer; TWO is left for it. */
	fake_link_code(FAKE_SEARCH, DIR_INSUFFICIENT_ACCESS);
	assert_int_equal(dir_session_idle(session), -1);
	expect("open4 search4 close4 close1");
	use();
	assert_string_equal(server.name, ONE);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_both_are_kept),
		TEST(test_stale_ones_are_reopened),
		TEST(test_lost_while_asking),
		TEST(test_lost_twice),
		TEST(test_no_second_try_after_silence),
		TEST(test_identity_lost),
		TEST(test_user_codes_are_final),
		TEST(test_where_it_failed),
		TEST(test_reopening_fails),
		TEST(test_as_user),
		TEST(test_as_user_after_a_loss),
		TEST(test_version_2),
		TEST(test_another_server),
		TEST(test_deadlines),
		TEST(test_sasl),
		TEST(test_sasl_without_password),
		TEST(test_sasl_nothing_offered),
		TEST(test_ready),
		TEST(test_ready_in_trouble),
		TEST(test_idle_closes_the_user_link),
		TEST(test_idle_probes)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
