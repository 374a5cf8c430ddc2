/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of options.
 */
#include "config.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/io.h"
#include "common/log.h"
#include "saslauthd/options.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define ARGS_MAX 16

static struct options options;
static int status;
static char said[8192];		/* what went to stderr */

static int
set_up(void **state)
{
	(void)state;
	loglines_open(false);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	options_fini(&options);
	loglines_close();
	return 0;
}

/* Parse these arguments, up to NULL. Each string is copied: getopt(3) may
 * reorder argv, and nobody may write to a literal. */
static enum options_action
parse(const char *const *args)
{
	static char copies[ARGS_MAX][64];
	char *argv[ARGS_MAX + 1] = { copies[0] };
	int argc = 1, kept = dup(STDERR_FILENO);
	int text = memfd_create("stderr", MFD_CLOEXEC);
	enum options_action action;
	ssize_t n;

	(void)snprintf(copies[0], sizeof(copies[0]), "saslauthd");
	for (; *args != NULL && argc < ARGS_MAX; args++, argc++) {
		(void)snprintf(copies[argc], sizeof(copies[0]), "%s", *args);
		argv[argc] = copies[argc];
	}
	options_fini(&options);
	optind = 0;	/* glibc and musl: begin anew */
	status = -1;
	assert_true(kept >= 0 && text >= 0);
	(void)dup2(text, STDERR_FILENO);
	action = options_parse(argc, argv, &options, &status);
	(void)dup2(kept, STDERR_FILENO);
	n = pread(text, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	io_close(&kept);
	io_close(&text);
	return action;
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

static void
expect_entry(size_t i, const char *key, const char *value,
    const char *origin)
{
	assert_true(i < options.entries.count);
	assert_string_equal(options.entries.list[i].key, key);
	assert_string_equal(options.entries.list[i].value, value);
	assert_string_equal(options.entries.list[i].origin, origin);
}

static void
expect_refused(const char *why)
{
	assert_int_equal(status, EX_USAGE);
	assert_non_null(strstr(loglines_next(), why));
	assert_int_equal(loglines_priority(), LOG_ERR);
	assert_non_null(strstr(said, "usage: saslauthd [options]\n"));
}

static void
test_no_options(void **state)
{
	(void)state;
	assert_int_equal(parse((const char *const[]){ NULL }), OPTIONS_RUN);
	assert_int_equal(options.entries.count, 0);
	assert_null(options.config);
	assert_null(options.mech_option);
	assert_null(options.stray);
	assert_false(options.foreground);
	assert_string_equal(said, "");
}

static void
test_each_flag(void **state)
{
	static const struct {
		const char *flag, *argument, *key, *value;
	} rows[] = {
		{ "-a", "pam", "mechanism", "pam" },
		{ "-c", NULL, "cache", "yes" },
		{ "-m", "/run/x", "run_dir", "/run/x" },
		{ "-n", "0", "workers", "0" },
		{ "-r", NULL, "append_realm", "yes" },
		{ "-s", "64", "cache_size", "64" },
		{ "-t", "60", "cache_ttl", "60" },
		{ "-V", NULL, "verbose", "yes" },
		{ "-d", NULL, "verbose", "yes" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].flag, PARSE(rows[i].flag,
		    rows[i].argument) == OPTIONS_RUN);
		assert_int_equal(options.entries.count, 1);
		expect_entry(0, rows[i].key, rows[i].value, rows[i].flag);
	}
	assert_int_equal(PARSE("-l"), OPTIONS_RUN);
	assert_int_equal(options.entries.count, 0);
	assert_int_equal(PARSE("-f"), OPTIONS_RUN);
	assert_true(options.foreground);
	assert_int_equal(PARSE("-d"), OPTIONS_RUN);
	assert_true(options.foreground);
	assert_int_equal(PARSE("-O", "a", "-O", "/b"), OPTIONS_RUN);
	assert_string_equal(options.mech_option, "/b");
	assert_int_equal(options.entries.count, 0);
}

/* As the init scripts of Debian and Red Hat put them. */
static void
test_combined(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-a", "pam", "-c", "-m",
	    "/var/run/saslauthd", "-n", "5"), OPTIONS_RUN);
	assert_int_equal(options.entries.count, 4);
	expect_entry(2, "run_dir", "/var/run/saslauthd", "-m");
	expect_entry(3, "workers", "5", "-n");

	assert_int_equal(PARSE("-crVn3", "-apam"), OPTIONS_RUN);
	assert_int_equal(options.entries.count, 5);
	expect_entry(0, "cache", "yes", "-c");
	expect_entry(1, "append_realm", "yes", "-r");
	expect_entry(2, "verbose", "yes", "-V");
	expect_entry(3, "workers", "3", "-n");
	expect_entry(4, "mechanism", "pam", "-a");
}

static void
test_operands(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-a", "pam", "shadow", "-n", "2", "third"),
	    OPTIONS_RUN);
	assert_string_equal(options.stray, "shadow");
	expect_entry(1, "workers", "2", "-n");
	assert_int_equal(PARSE("-c", "--", "-n"), OPTIONS_RUN);
	assert_string_equal(options.stray, "-n");
	assert_int_equal(options.entries.count, 1);
}

static void
test_long(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--config", "/etc/x", "--check", "-c"),
	    OPTIONS_CHECK);
	assert_string_equal(options.config, "/etc/x");
	assert_int_equal(options.entries.count, 1);
	assert_int_equal(PARSE("--try", "-c", "--check"), OPTIONS_TRY);
	assert_int_equal(options.entries.count, 1);
	assert_int_equal(PARSE("--set", "Workers=3", "--set",
	    "log_format: json", "--set=user="), OPTIONS_RUN);
	assert_int_equal(options.entries.count, 3);
	expect_entry(0, "workers", "3", "--set");
	expect_entry(1, "log_format", "json", "--set");
	expect_entry(2, "user", "", "--set");
}

static void
test_wrong_use(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-a", "pam", "-a", "shadow"), OPTIONS_EXIT);
	expect_refused("-a may be given only once");
	assert_int_equal(PARSE("-x"), OPTIONS_EXIT);
	expect_refused("unknown option");
	assert_int_equal(PARSE("-H", "host"), OPTIONS_EXIT);
	expect_refused("unknown option");
	assert_int_equal(PARSE("-cn"), OPTIONS_EXIT);
	expect_refused("missing argument");
	assert_int_equal(PARSE("--set"), OPTIONS_EXIT);
	expect_refused("missing argument");
	assert_int_equal(PARSE("--no-such"), OPTIONS_EXIT);
	expect_refused("unknown option");
	assert_int_equal(PARSE("--set", "workers"), OPTIONS_EXIT);
	expect_refused("key=value");
	assert_int_equal(PARSE("--set", "=3"), OPTIONS_EXIT);
	expect_refused("key=value");
	assert_int_equal(PARSE("-c", "--try"), OPTIONS_EXIT);
	expect_refused("--try goes with --check");
	/* The first mistake is told, and told once. */
	assert_int_equal(PARSE("-x", "-y", "-v"), OPTIONS_EXIT);
	expect_refused("unknown option");
	assert_string_equal(loglines_next(), "");
}

static void
test_information(void **state)
{
	const char *second, *third;

	(void)state;
	assert_int_equal(PARSE("-v"), OPTIONS_EXIT);
	assert_int_equal(status, EX_OK);
	assert_true(strncmp(said, "saslauthd " PACKAGE_VERSION "\n",
	    strlen("saslauthd " PACKAGE_VERSION "\n")) == 0);
	second = strchr(said, '\n') + 1;
	third = strchr(second, '\n') + 1;
	assert_true(strncmp(second, "authentication mechanisms: ", 27) == 0);
	assert_non_null(strstr(second, " getpwent"));
	/* Not in this build, so not in the list. */
	assert_null(strstr(second, "kerberos5"));
	assert_non_null(strstr(third, "not Cyrus saslauthd\n\n"));

	assert_int_equal(PARSE("-h"), OPTIONS_EXIT);
	assert_int_equal(status, EX_OK);
	assert_true(strncmp(said, "usage: saslauthd [options]\n", 27) == 0);
	assert_non_null(strstr(said, "\nauthentication mechanisms: "));
	assert_int_equal(PARSE("--version"), OPTIONS_EXIT);
	assert_int_equal(PARSE("--try", "-v"), OPTIONS_EXIT);
	assert_int_equal(status, EX_OK);
	assert_int_equal(PARSE("--help"), OPTIONS_EXIT);
	assert_int_equal(status, EX_OK);
	assert_string_equal(loglines_next(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_options, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_each_flag, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_combined, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_operands, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_long, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_use, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_information, set_up,
		    tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
