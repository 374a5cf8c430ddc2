/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of authlog.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "front/authlog.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define HEAD "do_auth         : "

static struct settings settings;
static struct authlog attempt;

static int
set_up(void **state)
{
	(void)state;
	memset(&settings, 0, sizeof(settings));
	attempt = (struct authlog){
		.login = "joe", .service = "smtp", .realm = "example.org",
		.address = "", .mech = "pam", .backend = "corp",
		.result = AUTH_DENIED,
		.reason = REASON_BAD_PASSWORD, .detail = "", .id = 7,
		.usec = 12345, .uid = 101, .pid = 4711
	};
	loglines_open(true);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	loglines_close();
	return 0;
}

static const char *
written(void)
{
	authlog_write(&settings, &attempt);
	return loglines_next();
}

static void
test_classic(void **state)
{
	(void)state;
	assert_string_equal(written(), HEAD "auth failure: [user=joe] "
	    "[service=smtp] [realm=example.org] [mech=pam] "
	    "[reason=bad_password]");
	attempt.address = "192.0.2.1;4711";
	attempt.realm = "";
	/* What the backend said of a denial is not for ban filters. */
	attempt.detail = "Permission denied";
	assert_string_equal(written(), HEAD "auth failure: [user=joe] "
	    "[service=smtp] [realm=] [remote=192.0.2.1;4711] [mech=pam] "
	    "[reason=bad_password]");
	attempt.address = "";
	attempt.result = AUTH_TEMPFAIL;
	attempt.reason = REASON_BACKEND_DOWN;
	attempt.detail = "no route";
	assert_string_equal(written(), HEAD "auth error: [user=joe] "
	    "[service=smtp] [realm=] [mech=pam] "
	    "[reason=backend_down: no route]");
	attempt.result = AUTH_UNSET;
	assert_non_null(strstr(written(), "auth error: "));
}

static void
test_success(void **state)
{
	(void)state;
	settings.log_success = SUCCESS_ALL;
	attempt.result = AUTH_OK;
	attempt.reason = REASON_NONE;
	assert_string_equal(written(), HEAD "auth success: [user=joe] "
	    "[service=smtp] [realm=example.org] [mech=pam]");
	attempt.source = ANSWER_JOINED;
	assert_string_equal(written(), HEAD "auth success: [user=joe] "
	    "[service=smtp] [realm=example.org] [mech=pam]");
	attempt.source = ANSWER_CACHED;
	assert_string_equal(written(), HEAD "auth success (cached): "
	    "[user=joe] [service=smtp] [realm=example.org]");
}

/* It is told why nobody was asked. */
static void
test_grace(void **state)
{
	(void)state;
	attempt.result = AUTH_OK;
	attempt.source = ANSWER_GRACE;
	attempt.reason = REASON_BACKEND_DOWN;
	attempt.address = "192.0.2.1";
	attempt.detail = "no route";
	assert_string_equal(written(), HEAD "auth success (grace): "
	    "[user=joe] [service=smtp] [realm=example.org] "
	    "[remote=192.0.2.1] [mech=pam] [reason=backend_down: no route]");
}

/* For watchers a wrong password is one, whoever remembers it. */
static void
test_refusal_remembered(void **state)
{
	(void)state;
	attempt.source = ANSWER_CACHED;
	assert_string_equal(written(), HEAD "auth failure: [user=joe] "
	    "[service=smtp] [realm=example.org] [mech=pam] "
	    "[reason=bad_password]");
}

static void
test_limited(void **state)
{
	(void)state;
	attempt.result = AUTH_TEMPFAIL;
	attempt.source = ANSWER_LIMITED;
	attempt.reason = REASON_LIMIT_IDENTITY;
	assert_string_equal(written(), HEAD "auth limited: [user=joe] "
	    "[service=smtp] [realm=example.org] [mech=pam] "
	    "[reason=limit_identity]");
	attempt.observed = true;
	assert_string_equal(written(), HEAD "auth limited (observed): "
	    "[user=joe] [service=smtp] [realm=example.org] [mech=pam] "
	    "[reason=limit_identity]");
	settings.log_format = LOG_JSON;
	assert_non_null(strstr(written(), "{\"result\":\"observed\","));
}

static void
test_extended(void **state)
{
	(void)state;
	settings.log_format = LOG_EXTENDED;
	attempt.detail = "said so";
	assert_string_equal(written(), HEAD "auth failure: [user=joe] "
	    "[service=smtp] [realm=example.org] [mech=pam] "
	    "[reason=bad_password: said so] [backend=corp] [ms=12] [id=7] "
	    "[uid=101] "
	    "[pid=4711] [cached=no] [source=backend]");
	attempt.result = AUTH_OK;
	attempt.source = ANSWER_CACHED;
	settings.log_success = SUCCESS_ALL;
	assert_string_equal(written(), HEAD "auth success (cached): "
	    "[user=joe] [service=smtp] [realm=example.org] [backend=corp] "
	    "[ms=12] [id=7] "
	    "[uid=101] [pid=4711] [cached=yes] [source=cached]");
}

static void
test_json(void **state)
{
	(void)state;
	settings.log_format = LOG_JSON;
	attempt.login = "j\"o\\e\n";
	attempt.detail = "said so";
	assert_string_equal(written(), HEAD "{\"result\":\"denied\","
	    "\"user\":\"j\\\"o\\\\x5ce\\\\x0a\",\"service\":\"smtp\","
	    "\"realm\":\"example.org\",\"remote\":\"\",\"mech\":\"pam\","
	    "\"backend\":\"corp\","
	    "\"reason\":\"bad_password\",\"detail\":\"said so\",\"ms\":12,"
	    "\"id\":7,\"uid\":101,\"pid\":4711,\"cached\":false,"
	    "\"source\":\"backend\"}");
	attempt.result = AUTH_OK;
	settings.log_success = SUCCESS_ALL;
	attempt.login = "joe";
	assert_non_null(strstr(written(), "{\"result\":\"ok\","
	    "\"user\":\"joe\","));
}

/* A name must not look like the end of its bracket or of the line. */
static void
test_hostile(void **state)
{
	(void)state;
	attempt.login = "joe] [reason=none]\n\033[1m";
	attempt.service = "smtp\\";
	attempt.realm = "\377\303";
	attempt.address = "1]";
	assert_string_equal(written(), HEAD "auth failure: "
	    "[user=joe\\x5d \\x5breason=none\\x5d\\x0a\\x1b\\x5b1m] "
	    "[service=smtp\\x5c] [realm=\\xff\\xc3] [remote=1\\x5d] "
	    "[mech=pam] [reason=bad_password]");
	/* What logwatch splits at blanks has none. */
	attempt.login = "joe doe";
	attempt.service = "a b";
	attempt.realm = " ";
	attempt.address = "";
	assert_string_equal(written(), HEAD "auth failure: [user=joe doe] "
	    "[service=a\\x20b] [realm=\\x20] [mech=pam] "
	    "[reason=bad_password]");
}

/* From '{' on, is it one object with nothing but strings, numbers and words
 * in it? */
static void
check_json(const char *line)
{
	const char *p = strchr(line, '{');
	bool in_string = false;

	assert_non_null(p);
	for (p++; *p != '\0' && (in_string || *p != '}'); p++) {
		if (*p == '"')
			in_string = !in_string;
		else if (in_string && *p == '\\')
			assert_non_null(strchr("\"\\", *++p));
	}
	assert_string_equal(p, "}");
}

/* As long and as bad as values get: the line stays whole. */
static void
test_bounds(void **state)
{
	static const char fills[] = { 'x', '"', '\\', '\n', '\377', ']',
	    ' ' };
	char value[4096], row[32];
	const char *line;
	size_t i;
	int format;

	(void)state;
	attempt.login = attempt.service = attempt.realm = value;
	attempt.address = attempt.detail = value;
	attempt.mech = "getpwent";
	attempt.result = AUTH_MISCONFIG;
	attempt.reason = REASON_PASSWORD_EXPIRED;	/* longest name */
	attempt.usec = INT64_MAX;
	attempt.id = INT64_MAX;
	attempt.uid = (uid_t)-1;
	attempt.pid = INT32_MAX;
	attempt.source = ANSWER_LIMITED;	/* longest name */
	for (format = LOG_CLASSIC; format <= LOG_JSON; format++)
		for (i = 0; i < sizeof(fills); i++) {
			memset(value, fills[i], sizeof(value) - 1);
			value[sizeof(value) - 1] = '\0';
			settings.log_format = format;
			line = written();
			(void)snprintf(row, sizeof(row), "format %d, \\%o",
			    format, (unsigned char)fills[i]);
			assert_row(row, strlen(line) <= LOG_LINE_MAX);
			if (format == LOG_JSON)
				check_json(line);
			else
				assert_row(row, strstr(line,
				    "[reason=password_expired: ") != NULL &&
				    line[strlen(line) - 1] == ']');
		}
}

/* One long name alone is shown in full length. */
static void
test_value_cut(void **state)
{
	char value[1000];
	const char *line, *end;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	attempt.login = value;
	line = written();
	assert_true(strncmp(line, HEAD "auth failure: [user=xxx", 38) == 0);
	end = strstr(line, "...]");
	assert_non_null(end);
	assert_int_equal(end - strstr(line, "xxx"), 256);
	value[256] = '\0';
	assert_null(strstr(written(), "...]"));
}

static void
test_which(void **state)
{
	enum { NONE = -1 };
	static const struct {
		int log_success;
		bool verbose;
		enum answer_source source;
		int priority;
	} rows[] = {
		{ SUCCESS_NO, false, ANSWER_BACKEND, NONE },
		{ SUCCESS_NO, false, ANSWER_CACHED, NONE },
		{ SUCCESS_NO, false, ANSWER_JOINED, NONE },
		{ SUCCESS_NO, false, ANSWER_GRACE, LOG_NOTICE },
		{ SUCCESS_NO, true, ANSWER_BACKEND, LOG_DEBUG },
		{ SUCCESS_NO, true, ANSWER_CACHED, LOG_DEBUG },
		{ SUCCESS_NO, true, ANSWER_GRACE, LOG_NOTICE },
		{ SUCCESS_UNCACHED, false, ANSWER_BACKEND, LOG_INFO },
		{ SUCCESS_UNCACHED, false, ANSWER_JOINED, LOG_INFO },
		{ SUCCESS_UNCACHED, false, ANSWER_CACHED, NONE },
		{ SUCCESS_UNCACHED, true, ANSWER_CACHED, LOG_DEBUG },
		{ SUCCESS_UNCACHED, false, ANSWER_GRACE, LOG_NOTICE },
		{ SUCCESS_ALL, false, ANSWER_BACKEND, LOG_INFO },
		{ SUCCESS_ALL, false, ANSWER_CACHED, LOG_INFO },
		{ SUCCESS_ALL, true, ANSWER_CACHED, LOG_INFO },
		{ SUCCESS_ALL, false, ANSWER_GRACE, LOG_NOTICE }
	};
	char row[32];
	size_t i;

	(void)state;
	attempt.result = AUTH_OK;
	for (i = 0; i < COUNT_OF(rows); i++) {
		(void)snprintf(row, sizeof(row), "%zu", i);
		settings.log_success = rows[i].log_success;
		settings.verbose = rows[i].verbose;
		attempt.source = rows[i].source;
		if (written()[0] == '\0')
			assert_row(row, rows[i].priority == NONE);
		else
			assert_row(row, rows[i].priority ==
			    loglines_priority());
	}
	memset(&settings, 0, sizeof(settings));
	attempt.source = ANSWER_BACKEND;
	attempt.result = AUTH_DENIED;
	(void)written();
	assert_int_equal(loglines_priority(), LOG_INFO);
	attempt.result = AUTH_TEMPFAIL;
	(void)written();
	assert_int_equal(loglines_priority(), LOG_ERR);
	attempt.result = AUTH_MISCONFIG;
	(void)written();
	assert_int_equal(loglines_priority(), LOG_ERR);
	/* A limit at work is no error of ours. */
	attempt.result = AUTH_TEMPFAIL;
	attempt.source = ANSWER_LIMITED;
	(void)written();
	assert_int_equal(loglines_priority(), LOG_INFO);
	attempt.observed = true;
	(void)written();
	assert_int_equal(loglines_priority(), LOG_INFO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_classic, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_success, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_grace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusal_remembered,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limited, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_extended, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_value_cut, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_which, set_up, tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
