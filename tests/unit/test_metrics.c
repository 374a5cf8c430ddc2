/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of metrics, with labels, histogram and exposition in it.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/frame.h"
#include "front/cache.h"
#include "front/dispatch.h"
#include "front/labels.h"
#include "front/metrics.h"
#include "saslauthd/roles.h"
#include "tests/unit/unit.h"

static struct metrics *metrics;
static struct buf text;
static const struct roles roles = {
	.keeper_pid = 10, .front_pid = 11, .front_restarts = 1,
	.keeper_began_msec = 1000, .front_began_msec = 2000,
	.pools = { { "pam", 12, 2, 3500 } }, .pool_count = 1
};
static const struct frame_part parts[2] = {
	{ "ldap://one/", true, 0, "" },
	{ "ldap://\"two\n\\", false, 0, "" }
};
static const struct dispatch_status backend = {
	.name = "pam", .mech = "pam", .trouble = "", .up = true,
	.workers_starting = 1, .workers_idle = 2,
	.workers_busy = 3, .workers_ready = 5, .workers_max = 20,
	.queued = 7, .workers_lost = 4,
	.parts = parts, .part_count = 2
};

static int
set_up(void **state)
{
	(void)state;
	buf_init(&text, METRICS_TEXT_MAX);
	metrics = metrics_new();
	return metrics == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	metrics_free(metrics);
	buf_fini(&text);
	return 0;
}

/* The exposition as a string. */
static const char *
written(void)
{
	const struct metrics_now now = {
		.backends = &backend, .backend_count = 1, .roles = &roles,
		.old_generations = 2,
		.clients = 6, .log_lost = 9, .now_msec = 11234
	};

	buf_reset(&text);
	assert_int_equal(metrics_write(metrics, &now, &text), 0);
	assert_int_equal(buf_put(&text, "", 1), 0);
	return (const char *)buf_data(&text);
}

static bool
has_line(const char *line)
{
	char with_ends[512];

	(void)snprintf(with_ends, sizeof(with_ends), "\n%s\n", line);
	return strstr(written(), with_ends) != NULL;
}

static unsigned
lines_with(const char *part)
{
	const char *p = written(), *end = p + strlen(p);
	unsigned n = 0;

	/* A checked strstr(3) measures all of the text each time. */
	for (; (p = memmem(p, (size_t)(end - p), part, strlen(part))) != NULL;
	    p++)
		n++;
	return n;
}

static void
request(const char *service, enum auth_result result,
    enum auth_reason reason, enum answer_source source, int64_t usec)
{
	metrics_count_request(metrics, &(struct metrics_request){
		.mech = "pam", .service = service, .result = result,
		.reason = reason, .source = source, .usec = usec });
}

static void
ok(const char *service)
{
	request(service, AUTH_OK, REASON_NONE, ANSWER_BACKEND, 1000);
}

static void
denied(const char *service)
{
	request(service, AUTH_DENIED, REASON_BAD_PASSWORD, ANSWER_BACKEND,
	    1000);
}

static const char nothing_counted[] =
    "# TYPE saslauthd_requests counter\n"
    "# HELP saslauthd_requests Requests answered, by what the answer was.\n"
    "# TYPE saslauthd_invalid_requests counter\n"
    "# HELP saslauthd_invalid_requests Requests with a string too long, empty "
    "or with a NUL byte.\n"
    "saslauthd_invalid_requests_total 0\n"
    "# TYPE saslauthd_answers counter\n"
    "# HELP saslauthd_answers Requests answered, by where the answer came "
    "from.\n"
    "# TYPE saslauthd_request_duration_seconds histogram\n"
    "# UNIT saslauthd_request_duration_seconds seconds\n"
    "# HELP saslauthd_request_duration_seconds From a complete request to its "
    "answer.\n"
    "# TYPE saslauthd_backend_duration_seconds histogram\n"
    "# UNIT saslauthd_backend_duration_seconds seconds\n"
    "# HELP saslauthd_backend_duration_seconds From a question to a worker to "
    "its verdict.\n"
    "# TYPE saslauthd_reloads counter\n"
    "# HELP saslauthd_reloads How often settings were read again.\n"
    "saslauthd_reloads_total{result=\"ok\"} 0\n"
    "saslauthd_reloads_total{result=\"refused\"} 0\n"
    "# TYPE saslauthd_build_info gauge\n"
    "# HELP saslauthd_build_info Always 1; the version is in the label.\n"
    "saslauthd_build_info{version=\"" PACKAGE_VERSION "\"} 1\n"
    "# TYPE saslauthd_uptime_seconds gauge\n"
    "# UNIT saslauthd_uptime_seconds seconds\n"
    "# HELP saslauthd_uptime_seconds For how long a process has run.\n"
    "saslauthd_uptime_seconds{role=\"keeper\"} 10.234\n"
    "saslauthd_uptime_seconds{role=\"front\"} 9.234\n"
    "saslauthd_uptime_seconds{role=\"pool\",mech=\"pam\"} 7.734\n"
    "# TYPE saslauthd_restarts counter\n"
    "# HELP saslauthd_restarts Processes that ended and were started again.\n"
    "saslauthd_restarts_total{role=\"front\"} 1\n"
    "saslauthd_restarts_total{role=\"pool\",mech=\"pam\"} 2\n"
    "# TYPE saslauthd_old_generations gauge\n"
    "# HELP saslauthd_old_generations Older settings under which something "
    "still runs.\n"
    "saslauthd_old_generations 2\n"
    "# TYPE saslauthd_clients gauge\n"
    "# HELP saslauthd_clients Connections that are open.\n"
    "saslauthd_clients 6\n"
    "# TYPE saslauthd_log_lines_lost counter\n"
    "# HELP saslauthd_log_lines_lost Log lines that the log server did not "
    "take.\n"
    "saslauthd_log_lines_lost_total 9\n"
    "# TYPE saslauthd_backend_up gauge\n"
    "# HELP saslauthd_backend_up Whether the backend answers: 1, or 0 in an "
    "outage.\n"
    "saslauthd_backend_up{mech=\"pam\"} 1\n"
    "# TYPE saslauthd_backend_part_up gauge\n"
    "# HELP saslauthd_backend_part_up Whether a server of the backend "
    "answers.\n"
    "saslauthd_backend_part_up{backend=\"pam\",part=\"ldap://one/\"} 1\n"
    "saslauthd_backend_part_up{backend=\"pam\","
    "part=\"ldap://\\\"two\\\\x0a\\\\x5c\"} 0\n"
    "# TYPE saslauthd_queue_length gauge\n"
    "# HELP saslauthd_queue_length Questions that wait for a worker.\n"
    "saslauthd_queue_length{mech=\"pam\"} 7\n"
    "# TYPE saslauthd_workers gauge\n"
    "# HELP saslauthd_workers Workers, by what they do.\n"
    "saslauthd_workers{mech=\"pam\",state=\"starting\"} 1\n"
    "saslauthd_workers{mech=\"pam\",state=\"idle\"} 2\n"
    "saslauthd_workers{mech=\"pam\",state=\"busy\"} 3\n"
    "# TYPE saslauthd_workers_ready gauge\n"
    "# HELP saslauthd_workers_ready Workers that are kept.\n"
    "saslauthd_workers_ready{mech=\"pam\"} 5\n"
    "# TYPE saslauthd_workers_max gauge\n"
    "# HELP saslauthd_workers_max Workers that there may be.\n"
    "saslauthd_workers_max{mech=\"pam\"} 20\n"
    "# TYPE saslauthd_workers_lost counter\n"
    "# HELP saslauthd_workers_lost Workers that ended unasked or had to be "
    "killed.\n"
    "saslauthd_workers_lost_total{mech=\"pam\"} 4\n"
    "# EOF\n";

static void
test_nothing_counted(void **state)
{
	(void)state;
	assert_string_equal(written(), nothing_counted);
}

/* Rates begin at zero, and not with the first request. */
static void
test_known_mech(void **state)
{
	(void)state;
	metrics_know_mech(metrics, "pam");
	assert_true(has_line("saslauthd_answers_total{mech=\"pam\","
	    "source=\"backend\",result=\"tempfail\"} 0"));
	assert_int_equal(lines_with("saslauthd_answers_total{"), 12);
	assert_int_equal(lines_with("mech=\"other\""), 0);
}

static void
test_requests(void **state)
{
	(void)state;
	ok("smtp");
	ok("smtp");
	denied("smtp");
	request("smtp", AUTH_OK, REASON_NONE, ANSWER_CACHED, 20);
	request("smtp", AUTH_TEMPFAIL, REASON_LIMIT_PAIR, ANSWER_LIMITED, 20);
	assert_true(has_line("saslauthd_requests_total{mech=\"pam\","
	    "service=\"smtp\",result=\"ok\",reason=\"none\"} 3"));
	assert_true(has_line("saslauthd_requests_total{mech=\"pam\","
	    "service=\"smtp\",result=\"denied\",reason=\"bad_password\"} 1"));
	assert_true(has_line("saslauthd_requests_total{mech=\"pam\","
	    "service=\"smtp\",result=\"tempfail\",reason=\"limit_pair\"} 1"));
	assert_int_equal(lines_with("saslauthd_requests_total{"), 3);
	assert_true(has_line("saslauthd_answers_total{mech=\"pam\","
	    "source=\"backend\",result=\"ok\"} 2"));
	assert_true(has_line("saslauthd_answers_total{mech=\"pam\","
	    "source=\"backend\",result=\"denied\"} 1"));
	assert_true(has_line("saslauthd_answers_total{mech=\"pam\","
	    "source=\"cached\",result=\"ok\"} 1"));
	assert_true(has_line("saslauthd_answers_total{mech=\"pam\","
	    "source=\"limited\",result=\"tempfail\"} 1"));
	/* Those that are still zero, too. */
	assert_true(has_line("saslauthd_answers_total{mech=\"pam\","
	    "source=\"backend\",result=\"tempfail\"} 0"));
	assert_int_equal(lines_with("saslauthd_answers_total{"), 12);
	/* Three sources, so three histograms. */
	assert_int_equal(
	    lines_with("saslauthd_request_duration_seconds_count"), 3);
}

static void
test_invalid(void **state)
{
	(void)state;
	metrics_count_invalid(metrics);
	metrics_count_invalid(metrics);
	assert_true(has_line("saslauthd_invalid_requests_total 2"));
	assert_int_equal(lines_with("saslauthd_requests_total{"), 0);
}

/* ---- services --------------------------------------------------------- */

/* Without a password nobody makes a label. */
static void
test_services_of_success_only(void **state)
{
	(void)state;
	denied("made-up-1");
	denied("imap");
	assert_int_equal(lines_with("made-up"), 0);
	assert_true(has_line("saslauthd_requests_total{mech=\"pam\","
	    "service=\"other\",result=\"denied\",reason=\"bad_password\"} 2"));
	ok("imap");
	denied("imap");
	assert_true(has_line("saslauthd_requests_total{mech=\"pam\","
	    "service=\"imap\",result=\"denied\",reason=\"bad_password\"} 1"));
}

static void
test_services_are_bounded(void **state)
{
	char name[32];
	unsigned i;

	(void)state;
	for (i = 0; i < METRICS_SERVICES + 8; i++) {
		(void)snprintf(name, sizeof(name), "s%u", i);
		ok(name);
		ok(name);
	}
	assert_int_equal(lines_with("saslauthd_requests_total{"),
	    METRICS_SERVICES + 1);
	assert_true(has_line("saslauthd_requests_total{mech=\"pam\","
	    "service=\"s31\",result=\"ok\",reason=\"none\"} 2"));
	assert_true(has_line("saslauthd_requests_total{mech=\"pam\","
	    "service=\"other\",result=\"ok\",reason=\"none\"} 16"));
}

/* A name that is "other", none or long makes no second "other". */
static void
test_service_other(void **state)
{
	char name[LABELS_NAME_MAX + 2];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[LABELS_NAME_MAX + 1] = '\0';
	ok("other");
	ok("");
	ok(name);
	assert_true(has_line("saslauthd_requests_total{mech=\"pam\","
	    "service=\"other\",result=\"ok\",reason=\"none\"} 3"));
	name[LABELS_NAME_MAX] = '\0';
	ok(name);
	assert_int_equal(lines_with("saslauthd_requests_total{"), 2);
}

static void
test_hostile_services(void **state)
{
	static const struct {
		const char *service, *label;
	} rows[] = {
		{ "a\"b", "a\\\"b" },
		{ "a\\b", "a\\\\x5cb" },
		{ "a\nb", "a\\\\x0ab" },
		{ "x\"} 1\n# EOF\n", "x\\\"} 1\\\\x0a# EOF\\\\x0a" },
		{ "\x1b[2J", "\\\\x1b\\\\x5b2J" },
		{ "\xff", "\\\\xff" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" }
	};
	char line[256];
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		ok(rows[i].service);
		(void)snprintf(line, sizeof(line), "saslauthd_requests_total{"
		    "mech=\"pam\",service=\"%s\",result=\"ok\","
		    "reason=\"none\"} 1", rows[i].label);
		assert_row(rows[i].label, has_line(line));
	}
	assert_int_equal(lines_with("\n# EOF\n"), 1);
}

/* ---- times ------------------------------------------------------------ */

#define BACKEND "saslauthd_backend_duration_seconds"

/* A bound belongs to its bucket; buckets count all that is below. */
static void
test_histogram(void **state)
{
	static const char *const lines[] = {
		BACKEND "_bucket{mech=\"pam\",le=\"0.0001\"} 3",
		BACKEND "_bucket{mech=\"pam\",le=\"0.00025\"} 4",
		BACKEND "_bucket{mech=\"pam\",le=\"0.0005\"} 4",
		BACKEND "_bucket{mech=\"pam\",le=\"1.0\"} 5",
		BACKEND "_bucket{mech=\"pam\",le=\"10.0\"} 5",
		BACKEND "_bucket{mech=\"pam\",le=\"30.0\"} 6",
		BACKEND "_bucket{mech=\"pam\",le=\"+Inf\"} 7",
		BACKEND "_sum{mech=\"pam\"} 61.000202",
		BACKEND "_count{mech=\"pam\"} 7"
	};
	static const int64_t usec[] = {
		-5, 0, 100, 101, 1000000, 30000000, 30000001
	};
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT_OF(usec); i++)
		metrics_count_backend(metrics, "pam", usec[i]);
	for (i = 0; i < COUNT_OF(lines); i++)
		assert_row(lines[i], has_line(lines[i]));
	assert_int_equal(lines_with(BACKEND "_bucket{"), 18);
	assert_int_equal(lines_with(BACKEND "_"), 20);
}

/* ---- totals ----------------------------------------------------------- */

static void
test_totals(void **state)
{
	struct metrics_totals t;

	(void)state;
	metrics_count_invalid(metrics);
	ok("smtp");
	denied("smtp");
	request("smtp", AUTH_OK, REASON_NONE, ANSWER_CACHED, 1);
	request("smtp", AUTH_OK, REASON_BACKEND_DOWN, ANSWER_GRACE, 2);
	request("smtp", AUTH_DENIED, REASON_BAD_PASSWORD, ANSWER_JOINED, 3);
	request("smtp", AUTH_TEMPFAIL, REASON_BACKEND_DOWN, ANSWER_BACKEND,
	    4);
	request("smtp", AUTH_MISCONFIG, REASON_CONFIG, ANSWER_BACKEND, 5);
	request("smtp", AUTH_TEMPFAIL, REASON_LIMIT_ADDRESS, ANSWER_LIMITED,
	    6);
	metrics_totals(metrics, &t);
	assert_int_equal(t.requests, 8);
	assert_int_equal(t.ok, 3);
	assert_int_equal(t.denied, 2);
	assert_int_equal(t.failed, 2);
	assert_int_equal(t.limited, 1);
	assert_int_equal(t.cached, 2);
	assert_int_equal(t.joined, 1);
	assert_int_equal(t.invalid, 1);
	assert_int_equal(t.usec, 2021);
}

/* ---- cache and limits ------------------------------------------------- */

static void
test_cache_and_limits(void **state)
{
	static const struct cache_stats cache = {
		.bytes = 4096, .bytes_used = 512, .entries = 3, .refusals = 2,
		.hits = 10, .misses = 11, .others = 12, .stales = 13,
		.refused = 14, .stored = 15, .evicted = 16
	};
	static const struct limits_stats limits = {
		.tries = 21, .tries_max = 22, .identities_over = 23,
		.addresses_over = 24, .evicted = 25
	};
	static const char *const lines[] = {
		"saslauthd_cache_lookups_total{outcome=\"hit\"} 10",
		"saslauthd_cache_lookups_total{outcome=\"miss\"} 11",
		"saslauthd_cache_lookups_total{outcome=\"other_password\"} 12",
		"saslauthd_cache_lookups_total{outcome=\"stale\"} 13",
		"saslauthd_cache_lookups_total{outcome=\"refused\"} 14",
		"saslauthd_cache_stored_total 15",
		"saslauthd_cache_evicted_total 16",
		"saslauthd_cache_entries 3",
		"saslauthd_cache_refusals 2",
		"saslauthd_cache_bytes 512",
		"saslauthd_cache_max_bytes 4096",
		"saslauthd_limits_tries 21",
		"saslauthd_limits_tries_max 22",
		"saslauthd_limits_tries_evicted_total 25",
		"saslauthd_limits_over{limit=\"identity\"} 23",
		"saslauthd_limits_over{limit=\"address\"} 24",
		"saslauthd_limited_requests_total{limit=\"identity\","
		    "action=\"refused\"} 0",
		"saslauthd_limited_requests_total{limit=\"address\","
		    "action=\"observed\"} 1",
		"saslauthd_limited_requests_total{limit=\"pair\","
		    "action=\"refused\"} 2"
	};
	const struct metrics_now now = {
		.roles = &roles, .cache = &cache, .limits = &limits
	};
	char line[256];
	unsigned i;

	(void)state;
	metrics_count_limit(metrics, LIMITS_ADDRESS, false);
	metrics_count_limit(metrics, LIMITS_PAIR, true);
	metrics_count_limit(metrics, LIMITS_PAIR, true);
	assert_int_equal(metrics_write(metrics, &now, &text), 0);
	assert_int_equal(buf_put(&text, "", 1), 0);
	for (i = 0; i < COUNT_OF(lines); i++) {
		(void)snprintf(line, sizeof(line), "\n%s\n", lines[i]);
		assert_row(lines[i], strstr((const char *)buf_data(&text),
		    line) != NULL);
	}
}

/* ---- how long it may be ----------------------------------------------- */

/* All there is, under names that are as long as they get. */
static void
count_everything(const char *mech)
{
	struct metrics_request r = { .mech = mech };
	char service[LABELS_NAME_MAX + 1];
	unsigned i, result, reason;

	memset(service, 1, LABELS_NAME_MAX);
	service[LABELS_NAME_MAX] = '\0';
	r.service = service;
	for (i = 0; i <= METRICS_SERVICES; i++) {
		service[0] = (char)(i + 1);
		for (reason = 0; reason < REASON_COUNT; reason++)
			for (result = AUTH_MISCONFIG + 1; result-- > 0; ) {
				r.result = result;
				r.reason = reason;
				r.source = (reason + i) % ANSWER_SOURCES;
				metrics_count_request(metrics, &r);
				/* Known by now, even if not the first time. */
				r.result = AUTH_OK;
				metrics_count_request(metrics, &r);
			}
	}
	metrics_count_backend(metrics, mech, 0);
}

static void
test_longest(void **state)
{
	char mech[LABELS_NAME_MAX + 1];
	unsigned i;

	(void)state;
	memset(mech, 1, LABELS_NAME_MAX);
	mech[LABELS_NAME_MAX] = '\0';
	for (i = 0; i <= METRICS_MECHS; i++) {
		mech[0] = (char)(i + 1);
		count_everything(mech);
		count_everything(mech);
	}
	/* The bound is no larger than it need be. */
	assert_true(strlen(written()) > METRICS_TEXT_MAX / 2);
	assert_int_equal(lines_with("saslauthd_requests_total{"),
	    (METRICS_MECHS + 1) * (METRICS_SERVICES + 1) *
	    (AUTH_MISCONFIG + 1) * REASON_COUNT);
}

static void
test_too_small(void **state)
{
	const struct metrics_now now = { .roles = &roles };
	size_t whole, max;

	(void)state;
	assert_int_equal(metrics_write(metrics, &now, &text), 0);
	whole = buf_len(&text);
	for (max = 0; max <= whole; max++) {
		buf_fini(&text);
		buf_init(&text, max);
		assert_int_equal(metrics_write(metrics, &now, &text),
		    max < whole ? -1 : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_counted, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_known_mech, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_requests, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_invalid, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    test_services_of_success_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_services_are_bounded,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_service_other, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_services,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_histogram, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_totals, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_cache_and_limits,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_longest, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_too_small, set_up,
		    tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
