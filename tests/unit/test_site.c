/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of site: what a configuration comes to.
 */
#include "config.h"

#include <string.h>

#include "common/str.h"
#include "saslauthd/site.h"
#include "tests/unit/unit.h"

static struct site site;
static struct conf_entries entries;
static char told[4096];

static int
set_up(void **state)
{
	(void)state;
	told[0] = '\0';
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	site_fini(&site);
	conf_entries_fini(&entries);
	return 0;
}

static void
note(void *ctx, const char *text)
{
	size_t len = strlen(told);

	(void)ctx;
	assert_int_equal(str_format(told + len, sizeof(told) - len, "%s\n",
	    text), 0);
}

/* A file, then flags: "-a" and the like. */
static int
build(const char *file, const char *mechanism)
{
	assert_int_equal(conf_read_text(&entries, "f", file, strlen(file),
	    NULL), 0);
	if (mechanism != NULL)
		assert_int_equal(conf_add(&entries, "mechanism", mechanism,
		    "-a", NULL), 0);
	return site_build(&site, &entries, note, NULL);
}

static void
check_step(const struct site_route *r, size_t i, const char *backend,
    const char *flags)
{
	const struct site_step *s = &r->steps[i];

	assert_true(i < r->step_count);
	assert_string_equal(site.backends[s->backend].name, backend);
	assert_int_equal(s->next_if_denied, flags[0] == 'd');
	assert_int_equal(s->next_if_no_such_user, flags[1] == 'n');
	assert_int_equal(s->next_if_temporary, flags[2] == 't');
}

/* The old command line. */
static void
test_flags(void **state)
{
	(void)state;
	assert_int_equal(build("workers: 7\nldap_servers: x\n", "ldap"), 0);
	assert_string_equal(told, "");
	assert_false(site.named);
	assert_int_equal(site.backend_count, 1);
	assert_string_equal(site.backends[0].name, "ldap");
	assert_string_equal(site.backends[0].settings.mechanism, "ldap");
	assert_int_equal(site.backends[0].settings.workers, 7);
	assert_int_equal(site.listener_count, 1);
	assert_string_equal(site.listeners[0].name, "default");
	assert_string_equal(site.listeners[0].settings.path, "");
	assert_int_equal(site.listeners[0].mode, 0777);
	assert_int_equal(site.route_count, 1);
	assert_string_equal(site.routes[0].chain, "ldap");
	check_step(&site.routes[0], 0, "ldap", "-n-");
}

static void
test_chain_in_short(void **state)
{
	(void)state;
	assert_int_equal(build("", "ldap,sasldb"), 0);
	assert_int_equal(site.backend_count, 2);
	assert_string_equal(site.backends[1].settings.mechanism, "sasldb");
	assert_string_equal(site.routes[0].chain, "ldap,sasldb");
	check_step(&site.routes[0], 0, "ldap", "-n-");
	check_step(&site.routes[0], 1, "sasldb", "-n-");
}

/* However it is written, a mechanism is one backend. */
static void
test_spelling(void **state)
{
	(void)state;
	assert_int_equal(build("", "PAM,pam,Shadow"), 0);
	assert_int_equal(site.backend_count, 2);
	assert_string_equal(site.backends[0].name, "pam");
	assert_string_equal(site.routes[0].chain, "pam,pam,shadow");
}

/* A blank makes no chain: it never was one. */
static void
test_no_chain(void **state)
{
	(void)state;
	assert_int_equal(build("", "pam shadow"), 0);
	assert_int_equal(site.backend_count, 1);
	assert_string_equal(site.backends[0].name, "pam shadow");
	site_fini(&site);
	conf_entries_fini(&entries);
	assert_int_equal(build("", " ldap , sasldb "), 0);
	assert_int_equal(site.backend_count, 2);
	assert_string_equal(site.routes[0].chain, "ldap,sasldb");
}

static void
test_parts(void **state)
{
	static const char file[] =
	    "workers: 3\n"
	    "backend_timeout: 4\n"
	    "backend corp {\n"
	    "mechanism: ldap\n"
	    "ldap_servers: ldap://x\n"
	    "workers: 10\n"
	    "cache: no\n"
	    "}\n"
	    "backend local {\n"
	    "mechanism: sasldb\n"
	    "}\n"
	    "listener postfix {\n"
	    "path: /var/spool/postfix/var/run/saslauthd/mux\n"
	    "mode: 0660\n"
	    "services: smtp, submission\n"
	    "}\n"
	    "route office {\n"
	    "listener: postfix\n"
	    "realm: example.org .example.org\n"
	    "client: 192.0.2.0/24\n"
	    "step: corp denied=next temporary=next no_such_user=stop\n"
	    "step: local\n"
	    "}\n"
	    "route rest {\n"
	    "step: local\n"
	    "}\n";

	(void)state;
	assert_int_equal(build(file, NULL), 0);
	assert_string_equal(told, "");
	assert_true(site.named);
	assert_int_equal(site.backends[0].settings.workers, 10);
	assert_false(site.backends[0].settings.cache);
	assert_int_equal(site.backends[0].settings.backend_timeout_sec, 4);
	assert_int_equal(site.backends[1].settings.workers, 3);
	assert_int_equal(site.settings.workers, 3);
	assert_int_equal(site.listener_count, 2);
	assert_int_equal(site_find_listener(&site, "postfix"), 1);
	assert_int_equal(site.listeners[1].mode, 0660);
	assert_true(site_list_has(site.listeners[1].settings.services,
	    "submission"));
	assert_int_equal(site.route_count, 2);
	assert_string_equal(site.routes[0].chain, "corp denied=next "
	    "no_such_user=stop temporary=next,local");
	assert_int_equal(site.routes[0].clients.count, 1);
	check_step(&site.routes[0], 0, "corp", "d-t");
	check_step(&site.routes[0], 1, "local", "-n-");
	check_step(&site.routes[1], 0, "local", "-n-");
	assert_int_equal(site_find_backend(&site, "corp"), 0);
	assert_int_equal(site_find_backend(&site, "ldap"), 2);
}

/* -a names backends of the file, too; the default listener can be moved. */
static void
test_parts_and_flags(void **state)
{
	static const char file[] =
	    "backend corp {\nmechanism: ldap\n}\n"
	    "listener default {\npath: /x/mux\ngroup: sasl\n}\n";

	(void)state;
	assert_int_equal(build(file, "corp,shadow"), 0);
	assert_int_equal(site.backend_count, 2);
	assert_string_equal(site.routes[0].chain, "corp,shadow");
	assert_int_equal(site.listener_count, 1);
	assert_string_equal(site.listeners[0].settings.path, "/x/mux");
}

static void
test_only_backend(void **state)
{
	(void)state;
	assert_int_equal(build("backend corp {\nmechanism: ldap\n}\n", NULL),
	    0);
	assert_string_equal(site.routes[0].chain, "corp");
}

static void
test_bad(void **state)
{
#define CORP "backend c {\nmechanism: ldap\n}\n"
	static const struct { const char *file, *error; } rows[] = {
		{ "backend c {\n}\n",
		    "f:1: backend c: mechanism is missing" },
		{ "backend c {\nmechanism: ldap\nrun_dir: /x\n}\n",
		    "f:3: run_dir: is for the whole daemon" },
		{ "backend c {\nmechanism: ldap\nworkers: many\n}\n",
		    "f:3: workers: wants a number" },
		{ CORP "listener l {\n}\n", "f:4: listener l: path" },
		{ CORP "listener l {\npath: /x\nmode: 999\n}\n",
		    "f:4: listener l: mode: wants an octal number" },
		{ CORP "listener l {\npath: x\n}\n",
		    "f:5: path: wants an absolute path" },
		{ CORP "listener l {\npath: /x\npaht: /y\n}\n",
		    "f:6: paht: no key of a listener (did you mean path?)" },
		{ CORP "route r {\n}\n", "f:4: route r: step is missing" },
		{ CORP "route r {\nstep: d\n}\n",
		    "f:4: route r: no backend is called d" },
		{ CORP "route r {\nstep: c denied=maybe\n}\n",
		    "f:4: route r: step: wants denied=" },
		{ CORP "route r {\nstep: c\nlistener: l\n}\n",
		    "f:4: route r: listener: none is called l" },
		{ CORP "route r {\nstep: c\nclient: 1.2.3\n}\n",
		    "f:6: client: " },
		{ CORP "frontend f {\n}\n", "f:4: no part is called frontend" },
		{ CORP "backend d {\nmechanism: pam\n}\n",
		    "no route says which of the backends are asked" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		told[0] = '\0';
		assert_row(rows[i].file, build(rows[i].file, NULL) == -1);
		assert_row(told, str_starts(told, rows[i].error));
		assert_int_equal(site.backend_count, 0);
		conf_entries_fini(&entries);
	}
}

/* A flat file is judged as it always was: the default is used. */
static void
test_forgiving(void **state)
{
	(void)state;
	assert_int_equal(build("workers: many\n", "pam"), 0);
	assert_true(str_starts(told, "f:1: workers: wants"));
	assert_int_equal(site.backends[0].settings.workers, 5);
}

static void
test_lists(void **state)
{
	(void)state;
	assert_true(site_list_has("", "smtp"));
	assert_true(site_list_has(" , ", "smtp"));
	assert_true(site_list_has("imap, smtp", "smtp"));
	assert_false(site_list_has("imap, smtps", "smtp"));
	assert_false(site_list_has("smtp", ""));
	assert_false(site_list_has("SMTP", "smtp"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_flags),
		TEST(test_chain_in_short),
		TEST(test_no_chain),
		TEST(test_spelling),
		TEST(test_parts),
		TEST(test_parts_and_flags),
		TEST(test_only_backend),
		TEST(test_bad),
		TEST(test_forgiving),
		TEST(test_lists)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
