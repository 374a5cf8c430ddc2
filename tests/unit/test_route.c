/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of route: the first one all of whose conditions hold.
 */
#include "config.h"

#include <string.h>

#include "front/route.h"
#include "tests/unit/unit.h"

#define NONE "(none)"

static const char site_text[] =
    "backend b {\nmechanism: pam\n}\n"
    "listener postfix {\npath: /x/mux\n}\n"
    "listener office {\npath: /y/mux\n}\n"
    "route listener {\nlistener: office\nstep: b\n}\n"
    "route service {\nservice: sieve, managesieve\nstep: b\n}\n"
    "route both {\nrealm: both.example\nservice: imap\n"
    "client: 2001:db8::/32\nlistener: postfix default\nstep: b\n}\n"
    "route exact {\nrealm: example.org, Example.NET\nstep: b\n}\n"
    "route below {\nrealm: .example.org\nstep: b\n}\n"
    "route client {\nclient: 192.0.2.0/24, 2001:db8::/32\nstep: b\n}\n"
    "route realmless {\nrealm: -\nstep: b\n}\n";

static struct site site;

static void
build(const char *text)
{
	struct conf_entries es = CONF_ENTRIES_INIT;

	assert_int_equal(conf_read_text(&es, "f", text, strlen(text), NULL),
	    0);
	assert_int_equal(site_build(&site, &es, NULL, NULL), 0);
	conf_entries_fini(&es);
}

static int
tear_down(void **state)
{
	(void)state;
	site_fini(&site);
	return 0;
}

struct row {
	const char *listener, *login, *service, *realm, *address;
	const char *route;
};

static struct route_question
question(const struct row *row)
{
	return (struct route_question){
		.listener = &site.listeners[site_find_listener(&site,
		    row->listener)],
		.login = row->login, .service = row->service,
		.realm = row->realm, .address = row->address
	};
}

static const char *
found(const struct row *row)
{
	const struct route_question q = question(row);
	const struct site_route *r = route_find(&site, &q);

	return r != NULL ? r->name : NONE;
}

static void
check(const struct row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(found(&rows[i]), rows[i].route) != 0)
			fail_msg("row %zu: %s, not %s", i, found(&rows[i]),
			    rows[i].route);
}

static void
test_conditions(void **state)
{
	static const struct row rows[] = {
		/* Whatever else it is: this one stands first. */
		{ "office", "joe", "sieve", "example.org", "192.0.2.1",
		    "listener" },
		{ "postfix", "joe", "sieve", "example.org", "", "service" },
		{ "default", "joe", "managesieve", "nobody.example", "",
		    "service" },
		/* A service is a name as it stands there. */
		{ "default", "joe", "Sieve", "nobody.example", "", NONE },
		{ "default", "joe", "siev", "nobody.example", "", NONE },
		{ "default", "joe", "sieve, managesieve", "nobody.example",
		    "", NONE },
		{ "default", "joe", "", "nobody.example", "", NONE },
		/* All conditions, or not at all. */
		{ "postfix", "joe", "imap", "both.example", "2001:db8::7",
		    "both" },
		{ "default", "joe", "imap", "both.example", "2001:db8::7;25",
		    "both" },
		{ "postfix", "joe", "pop", "both.example", "2001:db8::7",
		    "client" },
		{ "postfix", "joe", "imap", "both.example", "192.0.2.7",
		    "client" },
		{ "postfix", "joe", "imap", "both.example", "192.0.3.7",
		    NONE },
		/* Networks. */
		{ "default", "joe", "smtp", "x.example", "192.0.2.255;4711",
		    "client" },
		{ "default", "joe", "smtp", "x.example", "::ffff:192.0.2.1",
		    "client" },
		{ "default", "joe", "smtp", "x.example", "2001:db9::1",
		    NONE },
		{ "default", "joe", "smtp", "x.example", "", NONE },
	};

	(void)state;
	build(site_text);
	check(rows, COUNT_OF(rows));
}

static void
test_realms(void **state)
{
	static const struct row rows[] = {
		{ "default", "joe", "smtp", "example.org", "", "exact" },
		{ "default", "joe", "smtp", "EXAMPLE.oRG", "", "exact" },
		{ "default", "joe", "smtp", "example.net", "", "exact" },
		{ "default", "joe", "smtp", "example.orgs", "", NONE },
		{ "default", "joe", "smtp", "example.or", "", NONE },
		{ "default", "joe", "smtp", "myexample.org", "", NONE },
		/* Below it, however deep, and not it. */
		{ "default", "joe", "smtp", "mail.example.org", "", "below" },
		{ "default", "joe", "smtp", "a.b.Example.Org", "", "below" },
		{ "default", "joe", "smtp", ".example.org", "", NONE },
		{ "default", "joe", "smtp", "mail.example.net", "", NONE },
		/* Without a realm the login's domain counts. */
		{ "default", "joe@example.org", "smtp", "", "", "exact" },
		{ "default", "joe@x@mail.example.org", "smtp", "", "",
		    "below" },
		{ "default", "joe@example.org@x", "smtp", "", "", NONE },
		/* A realm wins over it. */
		{ "default", "joe@x", "smtp", "example.org", "", "exact" },
		{ "default", "joe@example.org", "smtp", "x", "", NONE },
		/* Neither of them. */
		{ "default", "joe", "smtp", "", "", "realmless" },
		{ "default", "joe@", "smtp", "", "", "realmless" },
		{ "default", "joe", "smtp", "-", "", NONE },
	};

	(void)state;
	build(site_text);
	check(rows, COUNT_OF(rows));
}

/* An empty condition is none: the last route takes what the others left. */
static void
test_without_conditions(void **state)
{
	static const struct row rows[] = {
		{ "default", "joe", "smtp", "example.org", "", "first" },
		{ "default", "joe", "smtp", "", "", "rest" },
		{ "default", "joe", "", "example.net", "192.0.2.1", "rest" },
	};

	(void)state;
	build("backend b {\nmechanism: pam\n}\n"
	    "route first {\nrealm: example.org\nstep: b\n}\n"
	    "route rest {\nrealm: ,\nstep: b\n}\n"
	    "route never {\nstep: b\n}\n");
	check(rows, COUNT_OF(rows));
}

/* A letter for each condition: '-' not asked for, '+' holds, '!' fails. */
static const char *
matched(const struct site_route *r, const struct route_question *q)
{
	static char letters[ROUTE_CONDITIONS + 1];
	enum route_condition c;

	for (c = 0; c < ROUTE_CONDITIONS; c++)
		switch (route_match(r, q, c)) {
		case ROUTE_ANY:
			letters[c] = '-';
			break;
		case ROUTE_HOLDS:
			letters[c] = '+';
			break;
		case ROUTE_FAILS:
			letters[c] = '!';
			break;
		}
	return letters;
}

static void
test_each_condition(void **state)
{
	static const struct {
		struct row row;		/* the route to look at */
		const char *letters;
		enum route_condition miss;
	} rows[] = {
		{ { "postfix", "joe", "imap", "both.example", "2001:db8::7",
		    "both" }, "++++", ROUTE_CONDITIONS },
		{ { "office", "joe", "imap", "both.example", "2001:db8::7",
		    "both" }, "!+++", ROUTE_LISTENER },
		{ { "postfix", "joe", "pop", "x.example", "2001:db8::7",
		    "both" }, "+!!+", ROUTE_SERVICE },
		{ { "postfix", "joe@x", "imap", "", "", "both" }, "++!!",
		    ROUTE_REALM },
		{ { "postfix", "joe@both.example", "imap", "", "192.0.2.1",
		    "both" }, "+++!", ROUTE_CLIENT },
		{ { "postfix", "joe", "pop", "", "", "listener" }, "!---",
		    ROUTE_LISTENER },
		{ { "postfix", "joe", "pop", "", "", "service" }, "-!--",
		    ROUTE_SERVICE },
		{ { "postfix", "joe", "pop", "", "", "exact" }, "--!-",
		    ROUTE_REALM },
		{ { "postfix", "joe", "pop", "", "", "client" }, "---!",
		    ROUTE_CLIENT },
		{ { "postfix", "joe", "pop", "", "", "realmless" }, "--+-",
		    ROUTE_CONDITIONS },
	};
	const struct site_route *r;
	struct route_question q;
	size_t i;

	(void)state;
	build(site_text);
	for (i = 0; i < COUNT_OF(rows); i++) {
		q = question(&rows[i].row);
		r = site.routes;
		while (strcmp(r->name, rows[i].row.route) != 0)
			r++;
		assert_string_equal(matched(r, &q), rows[i].letters);
		assert_int_equal(route_miss(r, &q), rows[i].miss);
	}
}

static void
test_realm_of(void **state)
{
	(void)state;
	assert_string_equal(route_realm("joe", "r"), "r");
	assert_string_equal(route_realm("joe@d", "r"), "r");
	assert_string_equal(route_realm("joe@c@d", ""), "d");
	assert_string_equal(route_realm("joe@", ""), "");
	assert_string_equal(route_realm("joe", ""), "");
	assert_string_equal(route_realm("", ""), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_conditions, tear_down),
		cmocka_unit_test_teardown(test_realms, tear_down),
		cmocka_unit_test_teardown(test_without_conditions, tear_down),
		cmocka_unit_test_teardown(test_each_condition, tear_down),
		cmocka_unit_test(test_realm_of)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
