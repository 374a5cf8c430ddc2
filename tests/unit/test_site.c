/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of site: what a configuration comes to.
 */
#include "config.h"

#include <stdio.h>
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

/* Every message there is, and no second one: one mistake is told once, with
 * the line of the key. */
static void
test_bad(void **state)
{
#define CORP "backend corp {\nmechanism: ldap\n}\n"
#define NEXT "wants denied=, no_such_user= or temporary= with next or stop, "
	static const struct { const char *file, *error; } rows[] = {
		{ "backend c {\n}\n",
		    "f:1: backend c: mechanism is missing" },
		{ "backend c {\nmechanism: \n}\n",
		    "f:2: mechanism: must not be empty" },
		{ "backend c {\nmechanism: ldap\nrun_dir: /x\n}\n",
		    "f:3: run_dir: is for the whole daemon: write it above "
		    "the parts" },
		{ "backend c {\nmechanism: ldap\nworkers: many\n}\n",
		    "f:3: workers: wants a number from 0 to 4096, not "
		    "'many'" },
		{ CORP "listener l {\n}\n",
		    "f:4: listener l: path is missing" },
		{ CORP "listener l {\npath: \n}\n",
		    "f:5: path: must not be empty" },
		{ CORP "listener l {\npath: x\n}\n",
		    "f:5: path: wants an absolute path, not 'x'" },
		{ CORP "listener l {\npaht: /y\n}\n",
		    "f:5: paht: no key of a listener (did you mean path?)" },
		{ CORP "listener l {\npath: /x\nmode: 999\n}\n",
		    "f:6: mode: wants an octal number from 0 to 0777, not "
		    "'999'" },
		{ CORP "listener l {\npath: /x\nmode: 0x1\n}\n",
		    "f:6: mode: wants an octal number from 0 to 0777, not "
		    "'0x1'" },
		{ CORP "listener l {\npath: /x\nmode: 04777\n}\n",
		    "f:6: mode: wants an octal number from 0 to 0777, not "
		    "'04777'" },
		{ CORP "listener l {\npath: /x\nmode:\n}\n",
		    "f:6: mode: wants an octal number from 0 to 0777, not "
		    "''" },
		{ CORP "listener l {\npath: /x\nworkers: 3\n}\n",
		    "f:6: workers: no key of a listener: it is one of the "
		    "daemon" },
		{ CORP "route r {\n}\n", "f:4: route r: step is missing" },
		{ CORP "route r {\nstpe: corp\n}\n",
		    "f:5: stpe: no key of a route (did you mean step?)" },
		{ CORP "route r {\nstep: corp\nmode: 0600\n}\n",
		    "f:6: mode: no key of a route: it is one of a "
		    "listener" },
		{ CORP "route r {\nstep: corp\nsomething: x\n}\n",
		    "f:6: something: no key of a route" },
		{ CORP "route r {\nrealm: x\nstep:\n}\n",
		    "f:6: step: wants the name of a backend" },
		{ CORP "route r {\nrealm: x\nstep: copr denied=next\n}\n",
		    "f:6: step: no backend is called \"copr\" (did you mean "
		    "corp?)" },
		{ CORP "route r {\nstep: other\n}\n",
		    "f:5: step: no backend is called \"other\"" },
		{ CORP "route r {\nstep: \033[2J\n}\n",
		    "f:5: step: no backend is called \"\\x1b\\x5b2J\"" },
		{ CORP "route r {\nstep: corp\nstep: pam\n}\n",
		    "f:6: step: no backend is called \"pam\": that is a "
		    "mechanism; a part \"backend pam {\" with it makes "
		    "one" },
		{ CORP "route r {\nstep: corp deneid=next\n}\n",
		    "f:5: step: no condition is called \"deneid=next\" (did "
		    "you mean denied=next?)" },
		{ CORP "route r {\nstep: corp denied=Stop\n}\n",
		    "f:5: step: no condition is called \"denied=Stop\" (did "
		    "you mean denied=stop?)" },
		{ CORP "route r {\nstep: corp denied=maybe\n}\n",
		    "f:5: step: " NEXT "not \"denied=maybe\"" },
		{ CORP "route r {\nstep: corp denied = next\n}\n",
		    "f:5: step: " NEXT "not \"denied\"" },
		{ CORP "route r {\nstep: corp, corp\n}\n",
		    "f:5: step: asks one backend: \"corp\" wants a step of "
		    "its own" },
		{ CORP "listener inner {\npath: /x\n}\n"
		    "route r {\nstep: corp\nlistener: default inenr\n}\n",
		    "f:9: listener: no listener is called \"inenr\" (did you "
		    "mean inner?)" },
		{ CORP "route r {\nstep: corp\nlistener: l\n}\n",
		    "f:6: listener: no listener is called \"l\"" },
		{ CORP "route r {\nstep: corp\nclient: 1.2.3\n}\n",
		    "f:6: client: '1.2.3' is no address or network" },
		{ CORP "frontend f {\n}\n",
		    "f:4: no part is called frontend: there are backend, "
		    "listener and route" },
		{ "backed corp {\nmechanism: ldap\n}\n"
		    "route r {\nstep: corp\n}\n",
		    "f:1: no part is called backed: there are backend, "
		    "listener and route (did you mean backend?)" },
		{ CORP "listner l {\n}\n"
		    "route r {\nstep: corp\nlistener: l\n}\n",
		    "f:4: no part is called listner: there are backend, "
		    "listener and route (did you mean listener?)" },
		{ CORP "backend other {\nmechanism: pam\n}\n"
		    "rout r {\nspet: x\n}\n",
		    "f:7: no part is called rout: there are backend, "
		    "listener and route (did you mean route?)" },
		{ CORP "backend d {\nmechanism: pam\n}\n",
		    "f:4: backend d: no route says which of the 2 backends "
		    "are asked: add a part \"route NAME {\" with a step for "
		    "each" },
	};
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		told[0] = '\0';
		assert_row(rows[i].file, build(rows[i].file, NULL) == -1);
		len = strlen(told);
		assert_row(rows[i].file, len > 0);
		told[len - 1] = '\0';
		assert_string_equal(told, rows[i].error);
		site_fini(&site);
		conf_entries_fini(&entries);
	}
}

/* What has nothing to do with each other is told all at once. */
static void
test_several_mistakes(void **state)
{
	static const char file[] =
	    "backend one {\n"
	    "mechanism: ldap\n"
	    "workers: many\n"
	    "}\n"
	    "listener inner {\n"
	    "path: x\n"
	    "mode: rw\n"
	    "}\n"
	    "route r {\n"
	    "listener: inner outre\n"
	    "step: oen denied=next\n"
	    "step: one deneid=next temprary=stop\n"
	    "}\n"
	    "route s {\n"
	    "}\n";
	static const char expected[] =
	    "f:3: workers: wants a number from 0 to 4096, not 'many'\n"
	    "f:6: path: wants an absolute path, not 'x'\n"
	    "f:7: mode: wants an octal number from 0 to 0777, not 'rw'\n"
	    "f:10: listener: no listener is called \"outre\"\n"
	    "f:11: step: no backend is called \"oen\" (did you mean one?)\n"
	    "f:12: step: no condition is called \"deneid=next\" (did you "
	    "mean denied=next?)\n"
	    "f:12: step: no condition is called \"temprary=stop\" (did you "
	    "mean temporary=stop?)\n"
	    "f:14: route s: step is missing\n";

	(void)state;
	assert_int_equal(build(file, NULL), -1);
	assert_string_equal(told, expected);
}

/* More than there is room for; who names one of them is not to blame. */
static void
test_too_many(void **state)
{
	static const struct { const char *kind, *key, *error; } rows[] = {
		{ "backend", "mechanism: ldap",
		    "f:193: more than 64 backends\n" },
		/* The default one is one of them. */
		{ "listener", "path: /x",
		    "f:190: more than 64 listeners\n" },
	};
	char file[8192];
	size_t i, k, len;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		told[0] = '\0';
		for (k = len = 0; k < 65; k++)
			len += (size_t)snprintf(file + len,
			    sizeof(file) - len, "%s n%zu {\n%s\n}\n",
			    rows[i].kind, k, rows[i].key);
		(void)snprintf(file + len, sizeof(file) - len,
		    "route r {\nstep: n64\nlistener: n64\n}\n");
		assert_int_equal(build(file, NULL), -1);
		assert_string_equal(told, rows[i].error);
		site_fini(&site);
		conf_entries_fini(&entries);
	}
}

/* What shows only when a socket is made. */
static void
test_blame(void **state)
{
	struct errmsg e;

	(void)state;
	assert_int_equal(build(CORP
	    "listener l {\nowner: joe\npath: /x\n}\n", NULL), 0);
	(void)errmsg_set(&e, "owner: no user is called joe");
	assert_int_equal(site_blame(&site.listeners[1], &e), -1);
	assert_string_equal(e.text,
	    "f:5: listener l: owner: no user is called joe");
	(void)errmsg_set(&e, "pathetic");
	assert_int_equal(site_blame(&site.listeners[1], &e), -1);
	assert_string_equal(e.text, "listener l: pathetic");
	(void)errmsg_set(&e, "path: is taken");
	assert_int_equal(site_blame(&site.listeners[0], &e), -1);
	assert_string_equal(e.text, "listener default: path: is taken");
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
		TEST(test_several_mistakes),
		TEST(test_too_many),
		TEST(test_blame),
		TEST(test_forgiving),
		TEST(test_lists)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
