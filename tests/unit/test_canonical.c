/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of canonical: one form for the spellings of a name.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "front/canonical.h"
#include "tests/unit/unit.h"

static struct settings settings;
static struct site_listener listener;

static int
set_up(void **state)
{
	(void)state;
	conf_defaults(&settings_table, &settings);
	conf_defaults(&listener_table, &listener.settings);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	conf_fini(&settings_table, &settings);
	conf_fini(&listener_table, &listener.settings);
	return 0;
}

static void
set(char **member, const char *text)
{
	free(*member);
	*member = strdup(text);
	assert_non_null(*member);
}

static void
expect(const char *login, const char *realm, const char *login_then,
    const char *realm_then)
{
	struct canonical c;

	assert_int_equal(canonical_form(&settings, &listener, login, realm,
	    &c), CANONICAL_DONE);
	assert_string_equal(c.login, login_then);
	assert_string_equal(c.realm, realm_then);
	canonical_fini(&c);
	assert_null(c.login);
}

static void
expect_outcome(const char *login, const char *realm,
    enum canonical_outcome outcome)
{
	struct canonical c;

	assert_int_equal(canonical_form(&settings, &listener, login, realm,
	    &c), outcome);
	assert_null(c.login);
	assert_null(c.realm);
}

static void
test_off(void **state)
{
	(void)state;
	expect(" Joe\t", " Example.Org ", " Joe\t", " Example.Org ");
	expect("Joe@Example.Org", "", "Joe@Example.Org", "");
	expect("J\xc3\x96" "E", "", "J\xc3\x96" "E", "");
	expect_outcome("", "example.org", CANONICAL_EMPTY);
}

static void
test_fold(void **state)
{
	(void)state;
	settings.fold_case = true;
	expect("Joe", "Example.Org", "joe", "example.org");
	expect("JOE@EXAMPLE.ORG", "", "joe@example.org", "");
	/* ASCII alone, whatever the locale: no byte of UTF-8 changes. */
	expect("\xc3\x96Z[@", "\xc9", "\xc3\x96z[@", "\xc9");
}

static void
test_trim(void **state)
{
	(void)state;
	settings.trim_blanks = true;
	expect(" \tjoe doe \t ", " r ", "joe doe", " r ");
	expect("joe", "", "joe", "");
	expect_outcome(" \t ", "", CANONICAL_EMPTY);
	/* It is the login's end, and a realm comes behind it. */
	settings.append_realm = true;
	expect("joe ", "r", "joe@r", "r");
	expect_outcome("  ", "r", CANONICAL_EMPTY);
}

static void
test_default_realm(void **state)
{
	(void)state;
	set(&settings.default_realm, "Daemon.example");
	expect("joe", "", "joe", "Daemon.example");
	expect("joe@", "", "joe@", "");
	expect("joe", "r", "joe", "r");
	expect("joe@d", "", "joe@d", "");
	set(&listener.settings.default_realm, "listener.example");
	expect("joe", "", "joe", "listener.example");
	expect("joe", "r", "joe", "r");
	set(&settings.default_realm, "");
	expect("joe", "", "joe", "listener.example");
	set(&listener.settings.default_realm, "");
	expect("joe", "", "joe", "");
}

static void
test_append_realm(void **state)
{
	(void)state;
	settings.append_realm = true;
	expect("joe", "r", "joe@r", "r");
	expect("joe", "", "joe", "");
	expect("joe@r", "r", "joe@r", "r");
	expect("joe@R", "r", "joe@R", "r");
	expect("joe@other", "r", "joe@other@r", "r");
	expect("r", "r", "r@r", "r");
	expect("joer", "r", "joer@r", "r");
	/* The template says more precisely what is wanted. */
	set(&settings.login_template, "%r/%u");
	expect("joe", "r", "r/joe", "r");
}

static void
test_template(void **state)
{
	static const struct {
		const char *template, *login, *realm, *login_then;
	} rows[] = {
		{ "%u@%r", "joe", "example.org", "joe@example.org" },
		{ "%u@%r", "joe@example.org", "example.org",
		    "joe@example.org" },
		{ "%u@%r", "joe@EXAMPLE.org", "example.org",
		    "joe@EXAMPLE.org" },
		{ "%u@%r", "joe@sub.example.org", "example.org",
		    "joe@sub.example.org@example.org" },
		{ "%u@%r", "joe", "", "joe" },
		{ "%u@%r+", "joe@r", "r", "joe@r+" },
		{ "%U@%r@%r", "joe", "r", "joe@r" },
		{ "%U@%r", "joe@d", "r", "joe@r" },
		{ "%U", "joe@d", "", "joe" },
		{ "%U", "joe", "", "joe" },
		{ "%U", "joe@c@d", "", "joe@c" },
		{ "%U", "joe@", "", "joe" },
		{ "%d\\%U", "joe@d", "", "d\\joe" },
		{ "%d\\%U", "joe", "r", "joe" },
		{ "%d\\%U", "joe@", "r", "joe@" },
		{ "%r!%d!%u", "joe@d", "r", "r!d!joe@d" },
		{ "%%%u%%", "joe", "", "%joe%" },
		{ "@%r", "joe", "r", "@r" },
		{ "mail", "joe", "r", "mail" },
		/* What a value has in it is no token. */
		{ "%u@%r", "%r", "%u", "%r@%u" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		set(&settings.login_template, rows[i].template);
		expect(rows[i].login, rows[i].realm, rows[i].login_then,
		    rows[i].realm);
	}
	expect_outcome("", "r", CANONICAL_EMPTY);
	set(&settings.login_template, "%U");
	expect_outcome("@example.org", "", CANONICAL_EMPTY);
}

/* Trimmed, then completed, then folded, then put into the template, whose
 * own letters stay. */
static void
test_order(void **state)
{
	(void)state;
	settings.fold_case = settings.trim_blanks = true;
	set(&settings.default_realm, "Example.ORG");
	set(&settings.login_template, "CORP/%u@%r");
	expect(" Joe ", "", "CORP/joe@example.org", "example.org");
	expect("Joe@d", "", "joe@d", "");
	expect("Joe@d ", "R", "CORP/joe@d@r", "r");
}

static void
test_length(void **state)
{
	char login[WIRE_NAME_MAX_LIMIT + 1], realm[WIRE_NAME_MAX_LIMIT + 1];
	char both[CANONICAL_LOGIN_MAX + 1];

	(void)state;
	memset(login, 'l', sizeof(login) - 1);
	login[sizeof(login) - 1] = '\0';
	memset(realm, 'r', sizeof(realm) - 1);
	realm[sizeof(realm) - 1] = '\0';
	assert_int_equal(str_format(both, sizeof(both), "%s@%s", login,
	    realm), 0);
	settings.append_realm = true;
	expect(login, realm, both, realm);
	set(&settings.login_template, "%u@%r.");
	expect_outcome(login, realm, CANONICAL_TOO_LONG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_off),
		TEST(test_fold),
		TEST(test_trim),
		TEST(test_default_realm),
		TEST(test_append_realm),
		TEST(test_template),
		TEST(test_order),
		TEST(test_length)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
