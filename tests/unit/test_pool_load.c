/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of pool_load: settings, the file of -O, remarks, frames.
 */
#include "config.h"

#include "tests/unit/pool_case.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/io.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/pool_print.h"

static void
test_good(void **state)
{
	(void)state;
	write_config("mechanism: pam\nword_times: 3\nworkers: 4\n"
	    "word_secret: hush hush\n");
	flag("workers", "2", "-n");
	assert_int_equal(run(1), 0);
	assert_int_equal(nreports, 0);
	assert_true(load.log_stderr);
	assert_ptr_equal(load.mech, &mechs[0]);
	assert_string_equal(load.name, "pam");
	assert_false(load.several);
	assert_int_equal(load.settings.workers, 2);
	assert_int_equal(word()->times, 3);
	assert_string_equal(word()->word, "none");
	assert_string_equal(secret_cstr(&word()->secret), "hush hush");
	assert_string_equal(shown("workers"), "2 [-n]");
	assert_string_equal(shown("cache"), "no [default]");
	/* Not a backend's: it is told by the front. */
	assert_string_equal(shown("clients_max"), "");
	assert_string_equal(shown("word_text"), "none [default]");
	assert_memory_equal(shown("word_times"), "3 [/tmp/unit-conf-", 18);
	assert_memory_equal(shown("word_secret"), "(hidden) [", 10);
}

static void
test_without_settings(void **state)
{
	(void)state;
	flag("mechanism", "GETPWENT", "-a");
	backend = "getpwent";
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 0);
	assert_false(load.log_stderr);
	assert_null(load.mech_settings);
}

static void
test_option(void **state)
{
	(void)state;
	write_config("word_text: file\n");
	flag("mechanism", "pam", "-a");
	flag("mech_option", "flag", "-O");
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 0);
	assert_string_equal(word()->word, "flag");
}

/* Only -O is -O: its name within the daemon is no key of a file. */
static void
test_option_in_file(void **state)
{
	(void)state;
	write_config("mechanism: pam\nmech_option: file\n");
	assert_int_equal(run(0), 0);
	assert_string_equal(word()->word, "none");
	assert_int_equal(nreports, 1);
	expect_report(0, EX_OK, ":2: mech_option: unknown key");
}

/* As a defaults file may have it for years. */
static void
test_unused_option(void **state)
{
	(void)state;
	flag("mechanism", "shadow", "-a");
	backend = "shadow";
	flag("mech_option", "/etc/x", "-O");
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_OK, "-O /etc/x: mechanism shadow takes no option");
}

/* In a file: said, and forgiven. */
static void
test_file_is_forgiven(void **state)
{
	(void)state;
	write_config("mechanism: pam\nword_tmies: 3\nwrokers: 3\n"
	    "other_text: x\nword_times: many\ncompletely_else: 1\n"
	    "workers: many\n");
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 5);
	expect_report(0, EX_OK, ":5: word_times: wants a number");
	expect_report(1, EX_OK, ":2: word_tmies: unknown key (did you mean "
	    "word_times?)");
	expect_report(2, EX_OK, ":3: wrokers: unknown key (did you mean "
	    "workers?)");
	expect_report(3, EX_OK, ":4: other_text: belongs to mechanism shadow");
	expect_report(4, EX_OK, ":6: completely_else: unknown key, ignored");
	/* The keeper has told of its own keys; the defaults stand. */
	assert_int_equal(load.settings.workers, 5);
	assert_int_equal(word()->times, 1);
}

/* By --set: new with this daemon, so nobody relies on a mistake. */
static void
test_set_is_strict(void **state)
{
	static const struct {
		const char *key, *value, *text;
	} rows[] = {
		{ "wrokers", "3", "--set: wrokers: unknown key (did you mean "
		    "workers?)" },
		{ "word_times", "10", "--set: word_times: wants a number" },
		{ "word_secret_", "x", "did you mean word_secret?" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		nreports = 0;
		flag("mechanism", "pam", "-a");
		flag(rows[i].key, rows[i].value, "--set");
		assert_row(rows[i].key, run(0) == -1);
		assert_int_equal(nreports, 1);
		expect_report(0, EX_CONFIG, rows[i].text);
		pool_load_fini(&load);
		conf_entries_fini(&flags);
	}
	/* Another mechanism's key does no harm. */
	nreports = 0;
	flag("mechanism", "pam", "-a");
	flag("other_text", "x", "--set");
	assert_int_equal(run(0), 0);
	expect_report(0, EX_OK, "--set: other_text: belongs to mechanism "
	    "shadow");
}

static void
test_verify(void **state)
{
	(void)state;
	flag("mechanism", "pam", "-a");
	flag("mech_option", "impossible", "-O");
	assert_int_equal(run(0), -1);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_CONFIG, "word: cannot be");
}

static void
test_no_mechanism(void **state)
{
	(void)state;
	flag("mechanism", "rimap", "-a");
	backend = "rimap";
	assert_int_equal(run(0), -1);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_CONFIG, "mechanism rimap is not built in");
}

/* ---- -O of a file ----------------------------------------------------- */

/* It takes the place of what the daemon's own file has of the mechanism. */
static void
test_option_file(void **state)
{
	(void)state;
	write_config("workers: 4\nfile_base: config\nfile_secret: config\n");
	write_option("file_base: option  \n");
	assert_int_equal(run(0), 0);
	assert_string_equal(of_file()->base, "option");
	assert_string_equal(secret_cstr(&of_file()->secret), "");
	assert_int_equal(load.settings.workers, 4);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_OK, ": what it has of mechanism ldap (2) is not "
	    "used: -O names /tmp/unit-conf-");
}

static void
test_option_file_alone(void **state)
{
	(void)state;
	write_config("word_text: x\n");
	write_option("file_root: option\nfile_secret: hush \n");
	/* What --set says is said later. */
	flag("file_on", "yes", "--set");
	flag("file_base", "set", "--set");
	assert_int_equal(run(0), 0);
	assert_string_equal(of_file()->base, "set");
	assert_true(of_file()->on);
	assert_string_equal(secret_cstr(&of_file()->secret), "hush ");
	assert_int_equal(nreports, 1);
	expect_report(0, EX_OK, ":1: word_text: belongs to mechanism pam");
}

/* -O /etc/saslauthd.conf, as many defaults files have it. */
static void
test_option_names_config(void **state)
{
	(void)state;
	write_config("workers: 4\nfile_base: config\n");
	backend = "ldap";
	flag("mechanism", "ldap", "-a");
	flag("mech_option", config, "-O");
	assert_int_equal(run(0), 0);
	assert_string_equal(of_file()->base, "config");
	assert_int_equal(nreports, 0);
}

/* Cyrus' reader took no notice of what it did not know. */
static void
test_odd_option_file(void **state)
{
	(void)state;
	write_option("workers: 4\nfile_bsae: x\nword_text: y\n"
	    "file_on: maybe\nsomething: else\n");
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 5);
	expect_report(0, EX_OK, ":1: workers: stands in a file that only "
	    "mechanism ldap reads, ignored");
	expect_report(1, EX_OK, ":4: file_on: wants yes or no, not 'maybe'");
	expect_report(2, EX_OK, ":2: file_bsae: unknown key (did you mean "
	    "file_base?)");
	expect_report(3, EX_OK, ":3: word_text: belongs to mechanism pam");
	expect_report(4, EX_OK, ":5: something: unknown key, ignored");
	assert_int_equal(load.settings.workers, 5);
}

static void
test_bad_option_file(void **state)
{
	(void)state;
	write_option("file_base\n");
	assert_int_equal(run(0), -1);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_CONFIG, "-O: /tmp/unit-conf-");
	expect_report(0, EX_CONFIG, ":1: no colon");
	pool_load_fini(&load);

	nreports = 0;
	assert_int_equal(unlink(option), 0);
	assert_int_equal(run(0), -1);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_CONFIG, "No such file");
}

/* For the only backend of a file with parts it is as in a flat one, but
 * strict. */
static void
test_option_file_and_part(void **state)
{
	(void)state;
	write_config("backend one {\nmechanism: ldap\nfile_base: part\n"
	    "file_on: yes\n}\n");
	write_file(option, sizeof(option), "file_base: option\n");
	backend = "one";
	flag("mech_option", option, "-O");
	assert_int_equal(run(0), 0);
	assert_string_equal(of_file()->base, "option");
	assert_false(of_file()->on);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_OK, ": what it has of mechanism ldap (2)");
}

/* ---- remarks ---------------------------------------------------------- */

static void
test_value_remarks(void **state)
{
	(void)state;
	write_config("file_on: Yes\n");
	backend = "ldap";
	flag("mechanism", "ldap", "-a");
	assert_int_equal(run(0), 0);
	assert_true(of_file()->on);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_OK, ":1: file_on: counts as yes");
	pool_load_fini(&load);

	/* By --set it never was anything else. */
	nreports = 0;
	(void)unlink(config);
	write_config("");
	flag("file_on", "Yes", "--set");
	assert_int_equal(run(0), 0);
	assert_true(of_file()->on);
	assert_int_equal(nreports, 0);
}

/* Nor in a file with parts, where a word that is none is refused. */
static void
test_values_of_parts(void **state)
{
	(void)state;
	backend = "one";
	write_config("backend one {\nmechanism: ldap\nfile_on: Yes\n}\n");
	assert_int_equal(run(0), 0);
	assert_true(of_file()->on);
	assert_int_equal(nreports, 0);
	pool_load_fini(&load);

	(void)unlink(config);
	write_config("backend one {\nmechanism: ldap\nfile_on: maybe\n}\n");
	assert_int_equal(run(0), -1);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_CONFIG, ":3: file_on: wants yes or no");
}

/* What is good is told, and stops nobody. */
static void
test_remarks(void **state)
{
	(void)state;
	flag("mechanism", "pam,ldap", "-a");
	flag("file_base", "odd", "--set");
	backend = "ldap";
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 1);
	expect_report(0, FRAME_REMARK, "backend ldap: file_base: is odd");
}

static void
test_readable_password(void **state)
{
	(void)state;
	write_config("file_base: x\nfile_secret: hush\n");
	backend = "ldap";
	flag("mechanism", "ldap,pam", "-a");
	assert_int_equal(chmod(config, 0644), 0);
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_OK, ":2: file_secret: everybody may read this "
	    "file");
	assert_null(strstr(reports[0].text, "hush"));
	pool_load_fini(&load);
	/* The others have nothing to do with it. */
	nreports = 0;
	backend = "pam";
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 0);
	pool_load_fini(&load);
	backend = "ldap";
	assert_int_equal(chmod(config, 0640), 0);
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 0);
}

static void
test_readable_option_file(void **state)
{
	(void)state;
	write_config("file_secret: config\n");
	write_option("file_secret: hush\n");
	assert_int_equal(chmod(config, 0644), 0);
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_OK, "is not used: -O names");
	pool_load_fini(&load);

	nreports = 0;
	assert_int_equal(chmod(option, 0644), 0);
	assert_int_equal(run(0), 0);
	assert_int_equal(nreports, 2);
	expect_report(1, EX_OK, ":1: file_secret: everybody may read this "
	    "file");
	expect_report(1, EX_OK, option);
}

/* ---- files and frames ------------------------------------------------- */

static void
test_file_that_cannot_be_read(void **state)
{
	(void)state;
	flag("mechanism", "pam", "-a");
	write_config("no colon\n");
	assert_int_equal(run(0), -1);
	expect_report(0, EX_CONFIG, ":1: no colon");
	pool_load_fini(&load);
	/* A directory, say. */
	nreports = 0;
	assert_int_equal(unlink(config), 0);
	assert_int_equal(mkdir(config, 0700), 0);
	assert_int_equal(run(0), -1);
	expect_report(0, EX_CONFIG, config);
	assert_int_equal(rmdir(config), 0);
}

/* Cut anywhere, a frame is refused and nobody crashes. */
static void
test_garbage(void **state)
{
	struct buf whole, part;
	size_t len;

	(void)state;
	flag("mechanism", "pam", "-a");
	flag("word_text", "x", "--set");
	put_settings(&whole, 0);
	for (len = 0; len < buf_len(&whole); len++) {
		nreports = 0;
		buf_init(&part, FRAME_MAX);
		assert_int_equal(buf_put(&part, buf_data(&whole), len), 0);
		assert_int_equal(pool_load(&load, &part, -1, report, &load),
		    -1);
		assert_int_equal(nreports, 1);
		pool_load_fini(&load);
		/* Nobody needs to listen. */
		buf_reset(&part);
		assert_int_equal(pool_load(&load, &part, -1, NULL, NULL), -1);
		pool_load_fini(&load);
		buf_fini(&part);
	}
	assert_int_equal(pool_load(&load, &whole, -1, report,
	    &load), 0);
	buf_fini(&whole);
}

static void
test_print_keys(void **state)
{
	char text[1024];
	int kept = dup(STDOUT_FILENO), fd = memfd_create("stdout", 0);
	int rc, missing;
	ssize_t n;

	(void)state;
	if (!mech_name_find("pam")->built)
		skip();
	(void)fflush(stdout);
	(void)dup2(fd, STDOUT_FILENO);
	rc = pool_print_keys("pam");
	(void)fflush(stdout);
	n = pread(fd, text, sizeof(text) - 1, 0);
	(void)dup2(kept, STDOUT_FILENO);
	text[n > 0 ? n : 0] = '\0';
	assert_int_equal(rc, EX_OK);
	assert_string_equal(text,
	    "word_text\ttext\t0..0\tnone\ta word\n"
	    "word_times\tnumber\t1..9\t1\thow often\n"
	    "word_secret\tsecret\t0..0\t\tnobody else's business\n");
	io_close(&kept);
	io_close(&fd);

	kept = dup(STDERR_FILENO);
	fd = open("/dev/null", O_WRONLY);
	(void)dup2(fd, STDERR_FILENO);
	missing = pool_print_keys("kerberos5");
	(void)dup2(kept, STDERR_FILENO);
	assert_int_equal(missing, EX_USAGE);
	io_close(&kept);
	io_close(&fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_without_settings),
		TEST(test_option),
		TEST(test_option_in_file),
		TEST(test_unused_option),
		TEST(test_file_is_forgiven),
		TEST(test_set_is_strict),
		TEST(test_verify),
		TEST(test_no_mechanism),
		TEST(test_option_file),
		TEST(test_option_file_alone),
		TEST(test_option_names_config),
		TEST(test_odd_option_file),
		TEST(test_bad_option_file),
		TEST(test_option_file_and_part),
		TEST(test_value_remarks),
		TEST(test_values_of_parts),
		TEST(test_remarks),
		TEST(test_readable_password),
		TEST(test_readable_option_file),
		TEST(test_file_that_cannot_be_read),
		TEST(test_garbage),
		cmocka_unit_test(test_print_keys)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
