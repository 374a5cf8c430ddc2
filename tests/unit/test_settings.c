/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of settings.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "saslauthd/settings.h"
#include "tests/unit/unit.h"

static struct settings settings;
static unsigned complaints;

static void
complain(void *ctx, const char *text)
{
	(void)ctx;
	assert_true(str_starts(text, "here: "));
	complaints++;
}

static int
set_up(void **state)
{
	(void)state;
	complaints = 0;
	conf_defaults(&settings_table, &settings);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	conf_fini(&settings_table, &settings);
	return 0;
}

/* Is the value taken? */
static bool
takes(const char *key, const char *value)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	unsigned bad;

	assert_int_equal(conf_add(&es, key, value, "here", NULL), 0);
	complaints = 0;
	bad = conf_apply(&settings_table, &es, &settings, complain, NULL);
	assert_true(es.list[0].used);
	assert_int_equal(bad, complaints);
	conf_entries_fini(&es);
	return bad == 0;
}

static bool
takes_number(const struct conf_key *k, long value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%ld", value);
	return takes(k->name, text);
}

static void
test_defaults(void **state)
{
	(void)state;
	assert_string_equal(settings.mechanism, "");
	assert_string_equal(settings.run_dir, RUNDIR);
	assert_string_equal(settings.user, "");
	assert_string_equal(settings.worker_user, "");
	assert_false(settings.strict || settings.verbose ||
	    settings.append_realm || settings.cache);
	assert_int_equal(settings.workers, 5);
	assert_int_equal(settings.workers_max, 0);
	assert_int_equal(settings.worker_requests, 0);
	assert_int_equal(settings.worker_idle_sec, 60);
	assert_int_equal(settings.request_timeout_sec, 30);
	assert_int_equal(settings.backend_timeout_sec, 10);
	assert_int_equal(settings.client_timeout_sec, 10);
	assert_int_equal(settings.clients_max, 16384);
	assert_int_equal(settings.queue_max, 1000);
	assert_int_equal(settings.name_max, 1024);
	assert_int_equal(settings.password_max, 8192);
	assert_int_equal(settings.tempfail_reply, TEMPFAIL_EMPTY);
	assert_int_equal(settings.log_format, LOG_CLASSIC);
	assert_int_equal(settings.log_success, SUCCESS_NO);
	assert_int_equal(settings.cache_ttl_sec, 3600);
	assert_int_equal(settings.cache_size_kb, 32768);
	assert_int_equal(settings.cache_negative_ttl_sec, 0);
	assert_int_equal(settings.cache_grace_sec, 0);
	assert_true(settings.join);
	assert_int_equal(settings.limits, LIMITS_OBSERVE);
	assert_int_equal(settings.limit_identity, 20);
	assert_int_equal(settings.limit_address, 50);
	assert_int_equal(settings.limit_window_sec, 600);
	assert_int_equal(settings.limit_compare, 60);
	assert_int_equal(settings.limit_peer, 0);
}

/* Every number up to its limits and not beyond. */
static void
test_ranges(void **state)
{
	const struct conf_key *k;
	size_t i;

	(void)state;
	for (i = 0; i < settings_table.count; i++) {
		k = &settings_table.keys[i];
		if (k->type != CONF_INT && k->type != CONF_SECONDS)
			continue;
		assert_row(k->name, k->min < k->max && k->max < LONG_MAX);
		assert_row(k->name, takes_number(k, k->min));
		assert_row(k->name, takes_number(k, k->max));
		assert_row(k->name, !takes_number(k, k->min - 1));
		assert_row(k->name, !takes_number(k, k->max + 1));
		assert_row(k->name, !takes(k->name, "many"));
		assert_row(k->name, !takes(k->name, ""));
	}
}

static void
test_words(void **state)
{
	(void)state;
	assert_true(takes("tempfail_reply", "NO"));
	assert_int_equal(settings.tempfail_reply, TEMPFAIL_NO);
	assert_true(takes("tempfail_reply", "empty"));
	assert_int_equal(settings.tempfail_reply, TEMPFAIL_EMPTY);
	assert_true(takes("log_format", "json"));
	assert_int_equal(settings.log_format, LOG_JSON);
	assert_true(takes("log_format", "extended"));
	assert_int_equal(settings.log_format, LOG_EXTENDED);
	assert_true(takes("log_success", "uncached"));
	assert_int_equal(settings.log_success, SUCCESS_UNCACHED);
	assert_true(takes("log_success", "all"));
	assert_int_equal(settings.log_success, SUCCESS_ALL);
	assert_false(takes("log_success", "yes"));
	assert_false(takes("log_format", ""));
	assert_false(takes("strict", "perhaps"));
	assert_int_equal(settings.log_success, SUCCESS_ALL);
	assert_false(takes("run_dir", "run/saslauthd"));
	assert_string_equal(settings.run_dir, RUNDIR);
	assert_true(takes("cache_ttl", "2h"));
	assert_int_equal(settings.cache_ttl_sec, 7200);
}

static void
test_template(void **state)
{
	(void)state;
	assert_true(takes("login_template", "%u@%r"));
	assert_true(takes("login_template", "%d\\%U%%"));
	assert_false(takes("login_template", "%u@%R"));
	assert_false(takes("login_template", "%u@%"));
	assert_false(takes("login_template", "% u"));
	assert_string_equal(settings.login_template, "%d\\%U%%");
	assert_true(takes("login_template", ""));
}

static void
test_filter(void **state)
{
	struct conf_entries all = CONF_ENTRIES_INIT, own = CONF_ENTRIES_INIT;

	(void)state;
	assert_int_equal(conf_add(&all, "Workers", "3", "-n", NULL), 0);
	assert_int_equal(conf_add(&all, "ldap_bind_pw", "hush", "f:2", NULL),
	    0);
	assert_int_equal(conf_add(&all, "mech_option", "hush", "-O", NULL),
	    0);
	assert_int_equal(conf_add(&all, "cache", "yes", "f:3", NULL), 0);
	assert_int_equal(settings_filter(&all, &own), 0);
	assert_int_equal(own.count, 2);
	assert_string_equal(own.list[0].key, "workers");
	assert_string_equal(own.list[0].value, "3");
	assert_string_equal(own.list[0].origin, "-n");
	assert_string_equal(own.list[1].key, "cache");
	conf_entries_fini(&all);
	conf_entries_fini(&own);
}

static void
check_entry(const struct conf_entries *es, size_t i, size_t part,
    const char *key, const char *value)
{
	assert_true(i < es->count);
	assert_int_equal(es->list[i].part, part);
	assert_string_equal(es->list[i].key, key);
	assert_string_equal(es->list[i].value, value);
}

/* Nothing of a mechanism's, whatever it is called where. */
static void
test_filter_parts(void **state)
{
	static const char file[] =
	    "ldap_bind_pw: hush\n"
	    "workers: 3\n"
	    "backend corp {\n"
	    "mechanism: ldap\n"
	    "ldap_bind_pw: hush\n"
	    "path: hush\n"
	    "}\n"
	    "listener postfix {\n"
	    "path: /x/mux\n"
	    "paht: /y\n"
	    "}\n"
	    "backnd misspelt {\n"
	    "ldap_bind_pw: hush\n"
	    "}\n"
	    "route all {\n"
	    "step: corp\n"
	    "}\n"
	    "user: mail\n";
	static const char more[] = "backend local {\ncache: yes\n}\n";
	struct conf_entries all = CONF_ENTRIES_INIT, own = CONF_ENTRIES_INIT;

	(void)state;
	assert_int_equal(conf_read_text(&all, "f", file, strlen(file), NULL),
	    0);
	assert_int_equal(settings_filter(&all, &own), 0);
	assert_int_equal(own.part_count, 4);
	assert_string_equal(own.parts[2].kind, "backnd");
	assert_string_equal(own.parts[2].name, "misspelt");
	assert_string_equal(own.parts[2].origin, "f:12");
	assert_int_equal(own.count, 6);
	check_entry(&own, 0, 0, "workers", "3");
	check_entry(&own, 1, 1, "mechanism", "ldap");
	check_entry(&own, 2, 2, "path", "/x/mux");
	check_entry(&own, 3, 2, "paht", "/y");
	check_entry(&own, 4, 4, "step", "corp");
	check_entry(&own, 5, 0, "user", "mail");
	/* The same ones are not taken twice. */
	assert_int_equal(settings_filter(&all, &own), -1);

	/* From another source, with numbers of its own. */
	conf_entries_fini(&all);
	assert_int_equal(conf_read_text(&all, "g", more, strlen(more), NULL),
	    0);
	assert_int_equal(settings_filter(&all, &own), 0);
	assert_int_equal(own.part_count, 5);
	check_entry(&own, 6, 5, "cache", "yes");
	conf_entries_fini(&all);
	conf_entries_fini(&own);
}

static void
test_workers(void **state)
{
	unsigned by_cpu = 2 * (unsigned)sysconf(_SC_NPROCESSORS_ONLN);

	(void)state;
	assert_int_equal(settings_workers_ready(&settings), 5);
	assert_int_equal(settings_workers_max(&settings, false), 20);
	assert_int_equal(settings_workers_max(&settings, true),
	    by_cpu < 5 ? 5 : by_cpu < 20 ? by_cpu : 20);
	settings.workers = 1;
	assert_int_equal(settings_workers_max(&settings, false), 4);
	assert_int_equal(settings_workers_max(&settings, true),
	    by_cpu < 4 ? by_cpu : 4);
	settings.workers = 1000;
	assert_int_equal(settings_workers_max(&settings, true), 1000);

	/* One per request, one kept ahead. */
	settings.workers = 0;
	assert_int_equal(settings_workers_ready(&settings), 1);
	assert_int_equal(settings_workers_max(&settings, false), 64);

	/* What the administrator says stands, but not below what is kept. */
	settings.workers = 5;
	settings.workers_max = 7;
	assert_int_equal(settings_workers_max(&settings, false), 7);
	settings.workers_max = 1000;
	assert_int_equal(settings_workers_max(&settings, true), 1000);
	settings.workers_max = 3;
	assert_int_equal(settings_workers_max(&settings, false), 5);
}

static void
test_worker_requests(void **state)
{
	(void)state;
	assert_int_equal(settings_worker_requests(&settings, 0), 10000);
	assert_int_equal(settings_worker_requests(&settings, 100), 100);
	settings.worker_requests = 7;
	assert_int_equal(settings_worker_requests(&settings, 100), 7);
	settings.workers = 0;
	assert_int_equal(settings_worker_requests(&settings, 100), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_ranges, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_words, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_template, set_up,
		    tear_down),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_parts),
		cmocka_unit_test_setup_teardown(test_workers, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_worker_requests, set_up,
		    tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
