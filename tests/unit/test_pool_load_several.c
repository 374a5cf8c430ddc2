/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of pool_load: one backend of several.
 */
#include "config.h"

#include "tests/unit/pool_case.h"

#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/str.h"

/* ---- several backends ------------------------------------------------- */

/* Whose key it is, is known without a module of another backend. */
static void
test_loads_one(void **state)
{
	(void)state;
	write_config("file_bsae: x\nword_text: y\nother_text: z\n");
	flag("mechanism", "pam,ldap", "-a");
	assert_int_equal(run(0), 0);
	assert_int_equal(loads, 1);
	assert_int_equal(nreports, 2);
	expect_report(0, EX_OK, ":1: file_bsae: unknown key (did you mean "
	    "file_base?)");
	expect_report(1, EX_OK, ":3: other_text: belongs to mechanism "
	    "shadow");
}

/* One of the file's parts, with everybody's keys below its own. */
#define TWO_WORDS \
	"workers: 4\n" \
	"word_times: 2\n" \
	"word_text: all\n" \
	"backend one {\n" \
	"mechanism: pam\n" \
	"word_text: first\n" \
	"word_secret: hush\n" \
	"}\n" \
	"backend two {\n" \
	"mechanism: pam\n" \
	"workers: 9\n" \
	"word_times: 3\n" \
	"}\n"
#define ROUTE "route all {\nstep: one\nstep: two\n}\n"

static void
test_parts(void **state)
{
	(void)state;
	write_config(TWO_WORDS ROUTE);
	backend = "one";
	assert_int_equal(run(0), 0);
	assert_string_equal(load.name, "one");
	assert_true(load.several);
	assert_ptr_equal(load.mech, &mechs[0]);
	assert_int_equal(load.settings.workers, 4);
	assert_int_equal(word()->times, 2);
	assert_string_equal(word()->word, "first");
	assert_string_equal(secret_cstr(&word()->secret), "hush");
	pool_load_fini(&load);

	backend = "two";
	assert_int_equal(run(0), 0);
	assert_int_equal(load.settings.workers, 9);
	assert_int_equal(word()->times, 3);
	assert_string_equal(word()->word, "all");
	assert_string_equal(secret_cstr(&word()->secret), "");
	assert_int_equal(nreports, 0);
}

/* -a with a chain, in a flat file as it always was. */
static void
test_chain(void **state)
{
	(void)state;
	write_config("word_text: x\nother_text: y\nwrokers: 3\n");
	flag("mechanism", "pam,shadow,getpwent", "-a");
	assert_int_equal(run(0), 0);
	assert_string_equal(word()->word, "x");
	/* The first tells of what nobody knows; nothing is another's. */
	assert_int_equal(nreports, 1);
	expect_report(0, EX_OK, ":3: wrokers: unknown key (did you mean "
	    "workers?)");
	pool_load_fini(&load);
	nreports = 0;

	backend = "shadow";
	assert_int_equal(run(0), 0);
	assert_string_equal(*(char **)load.mech_settings, "y");
	pool_load_fini(&load);
	backend = "getpwent";
	assert_int_equal(run(0), 0);
	assert_ptr_equal(load.mech, &mechs[2]);
	assert_int_equal(nreports, 0);
}

/* -O is not less than the part it is for. */
static void
test_option_and_part(void **state)
{
	(void)state;
	write_config("backend one {\nmechanism: pam\nword_text: file\n}\n");
	flag("mech_option", "flag", "-O");
	backend = "one";
	assert_int_equal(run(0), 0);
	assert_string_equal(word()->word, "flag");
	assert_string_equal(shown("word_text"), "flag [-O]");
	assert_int_equal(nreports, 0);
}

/* A file with parts is judged strictly; each mistake is told by one pool. */
static void
test_parts_are_strict(void **state)
{
	static const struct {
		const char *teller, *silent, *file, *text;
	} rows[] = {
		{ "one", "two", "backend one {\nmechanism: pam\n"
		    "word_tmies: 3\n}\nbackend two {\nmechanism: pam\n}\n",
		    ":3: word_tmies: unknown key (did you mean word_times?)" },
		{ "two", "one", "backend one {\nmechanism: pam\n}\n"
		    "backend two {\nmechanism: shadow\nword_text: x\n}\n",
		    ":6: word_text: belongs to mechanism pam and is not used "
		    "by shadow" },
		{ "two", "one", "backend one {\nmechanism: getpwent\n}\n"
		    "backend two {\nmechanism: pam\nword_times: 0\n}\n",
		    ":6: word_times: wants a number" },
		{ "one", "two", "word_tetx: 3\n"
		    "backend one {\nmechanism: getpwent\n}\n"
		    "backend two {\nmechanism: pam\n}\n",
		    ":1: word_tetx: unknown key (did you mean word_text?)" },
		{ "one", "two", "other_text: 3\n"
		    "backend one {\nmechanism: pam\n}\n"
		    "backend two {\nmechanism: pam\n}\n",
		    ":1: other_text: belongs to mechanism shadow and is not "
		    "used by any backend" },
		{ "one", "two", "completely_else: 3\n"
		    "backend one {\nmechanism: pam\n}\n"
		    "backend two {\nmechanism: pam\n}\n",
		    ":1: completely_else: unknown key" },
		{ "one", "two", "word_times: 0\n"
		    "backend one {\nmechanism: pam\n}\n"
		    "backend two {\nmechanism: pam\n}\n",
		    ":1: word_times: wants a number" },
		{ "two", "one", "backend one {\nmechanism: pam\n}\n"
		    "backend two {\nmechanism: pam\n"
		    "word_text: impossible\n}\n",
		    "backend two: word: cannot be" },
	};
	char file[1024];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(str_format(file, sizeof(file), "%s%s",
		    rows[i].file, ROUTE), 0);
		write_config(file);
		nreports = 0;
		backend = rows[i].silent;
		assert_row(rows[i].text, run(0) == 0);
		assert_int_equal(nreports, 0);
		pool_load_fini(&load);
		backend = rows[i].teller;
		assert_row(rows[i].text, run(0) == -1);
		assert_int_equal(nreports, 1);
		expect_report(0, EX_CONFIG, rows[i].text);
		assert_null(strstr(reports[0].text, "ignored"));
		pool_load_fini(&load);
		(void)unlink(config);
	}
}

/* The file may have changed since the keeper read it. */
static void
test_backend_that_is_gone(void **state)
{
	(void)state;
	write_config(TWO_WORDS ROUTE);
	backend = "three";
	assert_int_equal(run(0), -1);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_CONFIG, "no backend is called \"three\"");
	pool_load_fini(&load);

	(void)unlink(config);
	write_config(TWO_WORDS "route all {\nstep: three\n}\n");
	nreports = 0;
	backend = "one";
	assert_int_equal(run(0), -1);
	assert_int_equal(nreports, 1);
	expect_report(0, EX_CONFIG, ":15: step: no backend is called "
	    "\"three\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_loads_one),
		TEST(test_parts),
		TEST(test_chain),
		TEST(test_option_and_part),
		TEST(test_parts_are_strict),
		TEST(test_backend_that_is_gone)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
