/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of commands, report and explain.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/io.h"
#include "common/str.h"
#include "front/cache.h"
#include "front/commands.h"
#include "front/limits.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/operator.h"
#include "tests/unit/unit.h"

static void
make_limits(void)
{
	static const struct networks none = NETWORKS_INIT;
	const struct limits_config config = {
		.bytes = 65536, .identity = 3, .address = 5, .compare = 0,
		.window_msec = 600000, .exempt = &none
	};
	struct errmsg e = ERRMSG_INIT;

	fake_front.now->site.settings.limit_identity = config.identity;
	fake_front.now->site.settings.limit_address = config.address;
	fake_front.now->site.settings.limit_compare = config.compare;
	fake_front.limits = limits_new(&config, -1, &e);
	assert_non_null(fake_front.limits);
}

static void
guess(const char *identity, unsigned times)
{
	const struct limits_who who = { identity, "" };
	struct secret pw = SECRET_INIT;
	char text[16];

	while (times-- > 0) {
		(void)snprintf(text, sizeof(text), "guess%u", times);
		assert_int_equal(secret_set(&pw, text, strlen(text)), 0);
		limits_wrong(fake_front.limits, &who, &pw,
		    operator_now_msec);
		secret_wipe(&pw);
	}
}

/* ---- the commands ----------------------------------------------------- */

static void
test_status(void **state)
{
	static const char *const parts[] = {
		"{\"kind\":\"daemon\",\"version\":\"" PACKAGE_VERSION "\","
		    "\"pid\":100,\"uptime_sec\":5,\"state\":\"serving\"",
		"{\"kind\":\"role\",\"name\":\"keeper\",\"pid\":100,",
		"\"name\":\"front\",\"pid\":101,\"uptime_sec\":4,"
		    "\"restarts\":3}",
		"\"name\":\"pool\",\"pid\":102,",
		"{\"kind\":\"backend\",\"name\":\"pam\",\"mech\":\"pam\","
		    "\"up\":true,",
		"\"workers_idle\":1,", "\"workers_max\":2,",
		"{\"kind\":\"clients\",\"connected\":0,\"max\":1000}",
		"{\"kind\":\"queue\",\"queued\":0,\"max\":1000}",
		"{\"kind\":\"cache\",\"enabled\":false,",
		"{\"kind\":\"limits\",\"mode\":\"observe\",",
		"{\"kind\":\"log\",\"lost\":0}"
	};
	int worker = fake_ready_worker(1);
	const char *text = ASK("status");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(parts); i++)
		operator_has(text, parts[i]);
	operator_is_whole(text);
	fake_front.stopping = true;
	operator_has(ASK("status"), "\"state\":\"stopping\"");
	io_close(&worker);
}

/* However many there are, and whatever they are called. */
static void
test_parts(void **state)
{
	static struct frame_part parts[FRAME_PARTS_MAX];
	const char *text, *p;
	size_t i;

	(void)state;
	operator_has(ASK("status"), "{\"kind\":\"log\"");
	assert_null(strstr(ASK("status"), "\"part\""));
	for (i = 0; i < FRAME_PARTS_MAX; i++) {
		memset(parts[i].name, 1, sizeof(parts[i].name) - 1);
		memset(parts[i].why, 1, sizeof(parts[i].why) - 1);
	}
	(void)str_copy(parts[0].name, sizeof(parts[0].name), "ldap://one/");
	(void)str_copy(parts[0].why, sizeof(parts[0].why), "a \"word\"");
	parts[0].since_msec = deadline_now_msec() - 7000;
	parts[1].up = true;
	fake_tell_parts(parts, FRAME_PARTS_MAX);
	text = ASK("status");
	operator_is_whole(text);
	operator_has(text, "{\"kind\":\"part\",\"backend\":\"pam\","
	    "\"name\":\"ldap://one/\",\"up\":false,\"since_sec\":7,"
	    "\"why\":\"a \\\"word\\\"\"}\n");
	for (i = 0, p = text; (p = strstr(p, "\"part\"")) != NULL; p++)
		i++;
	assert_int_equal(i, FRAME_PARTS_MAX);
}

static void
test_stats(void **state)
{
	const char *text;

	(void)state;
	operator_make_cache(1024 * 1024);
	operator_remember("joe", "", 0);
	text = ASK("stats");
	operator_has(text, "{\"kind\":\"totals\",\"requests\":");
	operator_has(text, "\"entries\":1,");
	operator_has(text, "{\"kind\":\"backend\",");
	operator_has(text, "{\"kind\":\"queue\",");
	assert_null(strstr(text, "\"spread\""));
	operator_is_whole(text);
	text = ASK("stats", "spread");
	operator_has(text, "{\"kind\":\"spread\",\"slots\":");
	operator_has(text, "\"used\":1,\"shortest\":0,\"longest\":1,");
	operator_is_error(ASK("stats", "bread"), "use: stats [spread]");
}

/* It takes its time, and is answered to all who wait for one. */
static void
test_reload(void **state)
{
	static const char *const reload[] = { "reload", NULL };
	int first = operator_ask(reload), second, gone;
	const char *text;

	(void)state;
	fake_settle();
	assert_int_equal(operator_reloads, 1);
	second = operator_ask(reload);
	gone = operator_ask(reload);
	fake_settle();
	assert_int_equal(operator_reloads, 3);
	assert_false(operator_hear(first) || operator_hear(second));
	io_close(&gone);
	fake_settle();
	/* Others are answered meanwhile. */
	operator_is_whole(ASK("status"));

	/* This one began before anybody asked. */
	commands_reloaded(&fake_front, 0, true, "");
	assert_false(operator_hear(first) || operator_hear(second));
	commands_reloaded(&fake_front, 1, false, "x.conf:1: bad \"key\"");
	text = operator_reply(first);
	operator_has(text, "{\"kind\":\"reloaded\",\"ok\":false,"
	    "\"generation\":1,\"text\":\"x.conf:1: bad \\\"key\\\"\"}");
	operator_is_whole(text);
	assert_false(operator_hear(second));
	commands_reloaded(&fake_front, 3, true, "");
	operator_has(operator_reply(second), "\"ok\":true");

	first = operator_ask(reload);
	fake_settle();
	commands_reloaded(&fake_front, 4, true, "");
	operator_has(operator_reply(first), "\"ok\":true,");
	/* Nobody waits for it: a signal asked. */
	commands_reloaded(&fake_front, 4, true, "");
	operator_is_error(ASK("reload", "now"), "use: reload");
}

static void
test_metrics(void **state)
{
	const char *text = ASK("metrics");

	(void)state;
	assert_memory_equal(text, "{\"kind\":\"text\",\"text\":\"# ", 25);
	operator_has(text, "# EOF\\n\"}\n{\"kind\":\"end\"}\n");
	operator_is_whole(text);
}

/* What no route finds any more is not listed. */
static void
test_list_after_reload(void **state)
{
	const char *text;
	int old_pool;

	(void)state;
	operator_make_cache(1024 * 1024);
	operator_remember("joe", "", 0);
	old_pool = fake_reload(FAKE_CONFIG);
	io_close(&old_pool);
	text = ASK("cache-list");
	operator_has(text, "\"backend\":\"pam\"");
	operator_has(ASK("explain", "joe", "", "smtp"), "\"state\":\"valid\"");
	fake_server[0] = 'O';
	old_pool = fake_reload(FAKE_CONFIG);
	io_close(&old_pool);
	assert_string_equal(ASK("cache-list"), "{\"kind\":\"end\"}\n");
	operator_has(ASK("explain", "joe", "", "smtp"), "\"state\":\"none\"");
	/* It is flushed all the same. */
	operator_has(ASK("flush", "joe"), "\"entries\":1,");
	fake_server[0] = 'o';
}

/* Half of it is told when the table is divided anew, so that where the other
 * half stood is nowhere any more. */
static void
test_list_over_reload(void **state)
{
	static const char *const list[] = { "cache-list", NULL };
	char login[16];
	int fd, i, old_pool;
	const char *text;

	(void)state;
	old_pool = fake_reload(FAKE_CONFIG);
	io_close(&old_pool);
	for (i = 0; i < 8000; i++) {
		(void)snprintf(login, sizeof(login), "user%d", i);
		operator_remember(login, "", 0);
	}
	/* The others move up, and not by the length of one of them. */
	operator_has(ASK("flush", "user0"), "\"entries\":1,");
	fd = operator_ask(list);
	buf_reset(&operator_heard);
	while (buf_len(&operator_heard) == 0) {
		fake_run(0);
		assert_false(operator_hear(fd));
	}
	old_pool = fake_reload(FAKE_CONFIG "cache_negative_ttl: 60\n");
	io_close(&old_pool);
	text = operator_reply(fd);
	operator_is_whole(text);
	operator_has(text, "\"user\":\"user1\",");
	operator_has(text, "\"user\":\"user7999\",");
}

static void
test_cache_list(void **state)
{
	const char *text = ASK("cache-list");

	(void)state;
	assert_string_equal(text, "{\"kind\":\"end\"}\n");
	operator_make_cache(1024 * 1024);
	assert_string_equal(ASK("cache-list"), "{\"kind\":\"end\"}\n");
	operator_remember("j\"oe", "example.org", 10);
	operator_remember("ann", "", 0);
	text = ASK("cache-list");
	assert_memory_equal(text, "{\"kind\":\"entry\",\"user\":\"j\\\"oe\","
	    "\"realm\":\"example.org\",\"service\":\"smtp\",\"remote\":\"\","
	    "\"backend\":\"pam\",\"age_sec\":10,\"created\":", 112);
	operator_has(text, "\"user\":\"ann\",\"realm\":\"\",");
	assert_null(strstr(text, "s3cret"));
	operator_is_whole(text);
}

static void
test_flush(void **state)
{
	(void)state;
	operator_has(ASK("flush"), "{\"kind\":\"flushed\",\"entries\":0,"
	    "\"refusals\":0,\"tries\":0}\n");
	operator_make_cache(1024 * 1024);
	make_limits();
	operator_remember("joe", "example.org", 0);
	operator_remember("joe", "example.net", 0);
	operator_remember("ann", "example.org", 0);
	guess("joe@example.org", 4);
	loglines_open(false);
	operator_has(ASK("flush", "joe", "example.org"),
	    "\"entries\":1,\"refusals\":0,\"tries\":4}");
	operator_has(loglines_next(), ": flush joe example.org");
	operator_has(ASK("explain", "joe", "example.org", "smtp"),
	    "\"identity\":0,");
	/* Without a realm: whatever the realm. */
	operator_has(ASK("flush", "joe"), "\"entries\":1,");
	operator_has(ASK("flush"), "\"entries\":1,");
	operator_has(ASK("stats"), "\"entries\":0,");
}

static void
test_config(void **state)
{
	const char *text = ASK("config");

	(void)state;
	operator_is_whole(text);
	operator_has(text, "{\"kind\":\"setting\",\"part\":\"daemon\","
	    "\"name\":\"\",\"key\":\"mechanism\",\"value\":\"pam\","
	    "\"shown\":\"whole\",\"origin\":\"conf:1\"}\n");
	operator_has(text, "\"key\":\"log_format\",\"value\":\"classic\","
	    "\"shown\":\"whole\",\"origin\":\"default\"}\n");
	/* These tests have changed it after the settings were read. */
	operator_has(text, "\"key\":\"clients_max\",\"value\":\"1000\","
	    "\"shown\":\"whole\",\"origin\":\"running, not default\"}\n");
	/* As its pool has said. */
	operator_has(text, "\"part\":\"backend\",\"name\":\"pam\","
	    "\"key\":\"server\",");
	operator_has(text, "\"part\":\"listener\",\"name\":\"default\","
	    "\"key\":\"mode\",\"value\":\"0777\",");
	/* The route that -a makes. */
	operator_has(text, "\"part\":\"route\",\"name\":\"default\","
	    "\"key\":\"step\",\"value\":\"pam\",");
	operator_is_error(ASK("config", "mode"), "use: config");
}

static void
test_log_level(void **state)
{
	(void)state;
	operator_has(ASK("log-level", "debug"),
	    "{\"kind\":\"done\",\"verbose\":true}\n");
	assert_true(fake_front.now->site.settings.verbose);
	operator_has(ASK("log-level", "info"), "\"verbose\":false}\n");
	assert_false(fake_front.now->site.settings.verbose);
	operator_is_error(ASK("log-level", "loud"),
	    "use: log-level debug|info");
	operator_is_error(ASK("log-level"), "use: log-level debug|info");
}

static void
test_drain(void **state)
{
	(void)state;
	loglines_open(false);
	assert_string_equal(ASK("drain"),
	    "{\"kind\":\"done\"}\n{\"kind\":\"end\"}\n");
	assert_int_equal(operator_drains, 1);
	operator_has(loglines_next(), ": drain");
	operator_is_error(ASK("drain", "now"), "use: drain");
	assert_int_equal(operator_drains, 1);
}

/* ---- explain ---------------------------------------------------------- */

static void
test_explain_names(void **state)
{
	char longer[300];
	const char *text;

	(void)state;
	fake_front.now->site.settings.append_realm = true;
	text = ASK("explain", "Joe", "Example.org", "imap", "192.0.2.1;25");
	operator_has(text, "{\"kind\":\"canonical\","
	    "\"login\":\"Joe@Example.org\","
	    "\"realm\":\"Example.org\",\"service\":\"imap\","
	    "\"address\":\"192.0.2.1;25\","
	    "\"identity\":\"joe@example.org\"}\n");
	operator_has(text,
	    "{\"kind\":\"backend\",\"step\":1,\"name\":\"pam\",");
	operator_is_whole(text);
	/* A realm may be empty. */
	operator_has(ASK("explain", "joe", "", "imap"), "\"login\":\"joe\",");
	operator_is_error(ASK("explain", "", "", "imap"), "empty login");
	operator_is_error(ASK("explain", "joe", "", "imap", "mail.example.org"),
	    "no client's address");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	operator_is_error(ASK("explain", longer, "", "imap"),
	    "name_max, 256 bytes");
	operator_is_error(ASK("explain", "joe", ""),
	    "use: explain USER REALM SERVICE [ADDRESS [LISTENER]]");
}

static void
refuse_remembered(const char *login, int64_t age_sec)
{
	const struct cache_key k = {
		.chain = fake_front.now->editions.chains[0], .login = login,
		.realm = "",
		.service = "smtp", .address = ""
	};
	struct secret pw = SECRET_INIT;

	fake_backend->cache_negative_ttl_sec = 60;
	assert_int_equal(secret_set(&pw, "stale", 5), 0);
	cache_refuse(fake_front.cache, &k, &pw,
	    &(struct cache_found){ .reason = REASON_BAD_PASSWORD }, 0,
	    operator_now_msec / 1000 - age_sec);
	secret_wipe(&pw);
}

static void
test_explain_cache(void **state)
{
	const char *text;

	(void)state;
	operator_has(ASK("explain", "joe", "", "smtp"),
	    "{\"kind\":\"cache\",\"enabled\":false,"
	    "\"state\":\"none\"}\n");
	operator_make_cache(1024 * 1024);
	operator_remember("eve", "", 5000);
	operator_remember("ann", "", 3700);
	operator_remember("joe", "", 100);
	operator_has(ASK("explain", "eve", "", "smtp"),
	    "\"state\":\"expired\",\"age_sec\":5000,"
	    "\"expires_sec\":-1400}\n");
	text = ASK("explain", "ann", "", "smtp");
	operator_has(text, "\"state\":\"stale\",\"age_sec\":3700,"
	    "\"expires_sec\":-100}\n");
	operator_has(text, "\"text\":\"pam is asked.\"");
	text = ASK("explain", "joe", "", "smtp");
	operator_has(text, "\"state\":\"valid\",\"age_sec\":100,"
	    "\"expires_sec\":3500}\n");
	operator_has(text, "from the cache for another 3500 s");
	operator_has(ASK("explain", "joe", "", "imap"),
	    "\"enabled\":true,\"state\":\"none\"}\n");
	/* Who is refused from memory is not told that a backend is asked. */
	refuse_remembered("zoe", 10);
	text = ASK("explain", "zoe", "", "smtp");
	operator_has(text, "\"state\":\"none\",\"refusals\":1,"
	    "\"refusals_expire_sec\":50}\n");
	operator_has(text, "refused again without asking, for up to 50 s. ");
	operator_has(ASK("explain", "zoe", "", "imap"),
	    "\"text\":\"pam is asked.\"");
	operator_has(ASK("flush", "zoe"),
	    "\"entries\":0,\"refusals\":1,\"tries\":0}");
}

static void
test_explain_limits(void **state)
{
	const char *text;

	(void)state;
	make_limits();
	guess("joe@example.org", 4);
	text = ASK("explain", "joe", "example.org", "smtp");
	operator_has(text, "{\"kind\":\"limits\",\"mode\":\"observe\","
	    "\"identity\":4,\"identity_max\":3,"
	    "\"address\":0,\"address_max\":5,");
	operator_has(text, "\"verdict\":\"limit_identity\"}\n");
	operator_has(text, "only logged. pam is asked.");
	fake_front.now->site.settings.limits = LIMITS_ENFORCE;
	operator_has(ASK("explain", "joe", "example.org", "smtp"),
	    "it is refused as temporary without a look at the password.");
	fake_front.now->site.settings.limit_compare = 60;
	operator_has(ASK("explain", "joe", "example.org", "smtp"),
	    "60 tries a minute are still compared");
	operator_has(ASK("explain", "ann", "example.org", "smtp"),
	    "\"verdict\":\"pass\"}\n");
}

static void
test_explain_outage(void **state)
{
	int worker = fake_ready_worker(1), client = fake_ask("joe", "pw");
	uint64_t id = fake_take(worker, "joe");

	(void)state;
	fake_verdict(worker, id, AUTH_TEMPFAIL, REASON_BACKEND_DOWN);
	(void)fake_reply(client);
	operator_has(ASK("status"), "\"up\":false,");
	operator_has(ASK("explain", "joe", "", "smtp"),
	    "pam is down: unless it answers again, "
	    "the try is refused as temporary.");
	operator_make_cache(1024 * 1024);
	operator_remember("joe", "", 3700);
	operator_has(ASK("explain", "joe", "", "smtp"),
	    "the password that last succeeded is accepted for another 500 s");
	io_close(&worker);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, operator_set_up, \
	    operator_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_status), TEST(test_parts), TEST(test_stats),
		TEST(test_metrics),
		TEST(test_cache_list), TEST(test_flush),
		TEST(test_config), TEST(test_log_level), TEST(test_reload),
		TEST(test_drain), TEST(test_list_after_reload),
		TEST(test_list_over_reload),
		TEST(test_explain_names), TEST(test_explain_cache),
		TEST(test_explain_limits), TEST(test_explain_outage)
	};

	return cmocka_run_group_tests(tests, operator_open, operator_close);
}
