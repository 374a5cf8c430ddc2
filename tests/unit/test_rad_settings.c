/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of rad_settings, and of what is made of them: rad_servers,
 * rad_form and rad_dictionary.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mechanisms/rad_dictionary.h"
#include "mechanisms/rad_servers.h"
#include "mechanisms/rad_settings.h"
#include "tests/unit/unit.h"

static struct rad_settings settings;
static struct rad_servers servers;
static struct errmsg e;
static char bad[ERRMSG_MAX];

static int
set_up(void **state)
{
	(void)state;
	memset(&settings, 0, sizeof(settings));
	conf_defaults(&rad_settings_table, &settings);
	e.text[0] = bad[0] = '\0';
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	rad_servers_fini(&servers);
	conf_fini(&rad_settings_table, &settings);
	return 0;
}

static void
note(void *ctx, const char *text)
{
	(void)ctx;
	(void)errmsg_set(&e, "%s%s", bad, text);
	memcpy(bad, e.text, sizeof(bad));
}

/* As in a file; false: refused, and why is in `bad`. */
static bool
set(const char *text)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	unsigned wrong;

	assert_int_equal(conf_read_text(&es, "F", text, strlen(text), &e), 0);
	wrong = conf_apply(&rad_settings_table, &es, &settings, note, NULL);
	conf_entries_fini(&es);
	return wrong == 0;
}

static const struct rad_server *
parse_one(const char *name)
{
	char text[300];

	(void)snprintf(text, sizeof(text), "radius_servers: %s\n"
	    "radius_secret: s\n", name);
	rad_servers_fini(&servers);
	assert_true(set(text));
	return rad_servers_parse(&settings, &servers, &e) == 0 ?
	    &servers.list[0] : NULL;
}

static void
test_defaults(void **state)
{
	const struct rad_server *s;

	(void)state;
	assert_int_equal(rad_settings_verify(&settings, &e), -1);
	assert_string_equal(e.text, "radius_servers: there is none");
	s = parse_one("r.example.org");
	assert_non_null(s);
	assert_int_equal(rad_settings_verify(&settings, &e), 0);
	assert_int_equal(s->timeout_msec, 2000);
	assert_int_equal(s->tries, 3);
	assert_true(s->require_signature);
	assert_false(settings.status_server);
	assert_int_equal(s->secret.len, 1);
}

static void
test_servers(void **state)
{
	static const struct {
		const char *name, *host, *port;
		bool tls;
	} rows[] = {
		{ "a", "a", "1812", false },
		{ "a.example.org:1645", "a.example.org", "1645", false },
		{ "192.0.2.1", "192.0.2.1", "1812", false },
		{ "192.0.2.1:65535", "192.0.2.1", "65535", false },
		{ "[2001:db8::1]:1", "2001:db8::1", "1", false },
		{ "[2001:db8::1]", "2001:db8::1", "1812", false },
		{ "2001:db8::1", "2001:db8::1", "1812", false },
		{ "tls://a", "a", "2083", true },
		{ "tls://[::1]:7", "::1", "7", true },
		{ "a:0", NULL, NULL, false },
		{ "a:65536", NULL, NULL, false },
		{ "a:", NULL, NULL, false },
		{ "a:b", NULL, NULL, false },
		{ ":1", NULL, NULL, false },
		{ "[::1", NULL, NULL, false },
		{ "[::1]1", NULL, NULL, false },
		{ "[]", NULL, NULL, false },
		{ "a:1812:hush", NULL, NULL, false },
		{ "tls://", NULL, NULL, false },
	};
	const struct rad_server *s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		s = parse_one(rows[i].name);
		assert_row(rows[i].name, (s != NULL) ==
		    (rows[i].host != NULL));
		if (s == NULL) {
			assert_row(rows[i].name, strncmp(e.text,
			    "radius_servers: ", 16) == 0);
			assert_null(strstr(e.text, "hush"));
			continue;
		}
		assert_string_equal(s->host, rows[i].host);
		assert_string_equal(s->port, rows[i].port);
		assert_row(rows[i].name, s->tls == rows[i].tls);
	}
}

static void
test_a_list(void **state)
{
	(void)state;
	assert_true(set("radius_servers: , a b:1,  tls://c\n"
	    "radius_secret: s\n"));
	assert_int_equal(rad_servers_parse(&settings, &servers, &e), 0);
	assert_int_equal(servers.count, 3);
	assert_string_equal(servers.list[0].name, "a");
	assert_string_equal(servers.list[2].name, "tls://c");
	assert_ptr_equal(rad_servers_find(&servers, "b:1"),
	    &servers.list[1]);
	assert_null(rad_servers_find(&servers, "b"));
}

static void
test_too_many(void **state)
{
	char text[32 + 4 * 65] = "radius_servers:";
	size_t i, used;

	(void)state;
	for (i = 0; i <= RAD_SERVERS_MAX; i++) {
		used = strlen(text);
		(void)snprintf(text + used, sizeof(text) - used, " s%zu", i);
	}
	assert_true(set(text));
	assert_true(set("radius_secret: s"));
	assert_int_equal(rad_servers_parse(&settings, &servers, &e), -1);
	assert_string_equal(e.text, "radius_servers: more than 64");
}

static void
test_where_one_differs(void **state)
{
	const struct rad_server *a, *b;

	(void)state;
	assert_true(set("radius_servers: a b tls://c\nradius_secret: all\n"
	    "radius_timeout: 3\nradius_retries: 0\n"
	    "radius_server: b timeout=1  retries=4\n"
	    "radius_server: b require_message_authenticator=No\n"
	    "radius_server_secret: b   its own \n"));
	assert_int_equal(rad_servers_parse(&settings, &servers, &e), 0);
	a = &servers.list[0];
	b = &servers.list[1];
	assert_int_equal(a->timeout_msec, 3000);
	assert_int_equal(a->tries, 1);
	assert_true(a->require_signature);
	assert_string_equal(secret_cstr(&a->secret), "all");
	assert_int_equal(b->timeout_msec, 1000);
	assert_int_equal(b->tries, 5);
	assert_false(b->require_signature);
	/* A secret may end in a blank. */
	assert_string_equal(secret_cstr(&b->secret), "its own ");
	/* RFC 6614, section 2.3. */
	assert_string_equal(secret_cstr(&servers.list[2].secret), "radsec");
}

static void
test_secrets_of_several(void **state)
{
	(void)state;
	assert_true(set("radius_servers: a b tls://c\n"
	    "radius_server_secret: a one\nradius_server_secret: tls://c two\n"
	    "radius_server_secret: b three\n"));
	assert_int_equal(rad_servers_parse(&settings, &servers, &e), 0);
	assert_string_equal(secret_cstr(&servers.list[0].secret), "one");
	assert_string_equal(secret_cstr(&servers.list[1].secret), "three");
	assert_string_equal(secret_cstr(&servers.list[2].secret), "two");
}

/* What is refused, and that no secret is told. */
static void
test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "a has no secret: radius_secret or "
		    "radius_secret_file" },
		{ "radius_server: b timeout=1",
		    "radius_server: b is not in radius_servers" },
		{ "radius_server: a timeout=0", "radius_server: a: timeout: "
		    "wants 1 to 60 seconds" },
		{ "radius_server: a hush-hush", "radius_server: a: wants "
		    "option=value" },
		{ "radius_server: secret=hush a", "radius_server: begins with "
		    "a server of radius_servers" },
		{ "radius_server: a retries=11", "radius_server: a: retries: "
		    "wants a number from 0 to 10" },
		{ "radius_server: a secret_file=b", "radius_server: a: "
		    "secret_file: wants an absolute path" },
		{ "radius_server: a require_message_authenticator=maybe",
		    "radius_server: a: require_message_authenticator: wants "
		    "yes or no" },
		{ "radius_server: a colour=red", "radius_server: a: colour: "
		    "is none of " },
		{ "radius_server_secret: hush a", "radius_server_secret: "
		    "begins with a server that is not in radius_servers" },
		{ "radius_servers: a tls://b\nradius_secret: s",
		    "tls://b: radius_tls_cacert_file is missing" },
		{ "radius_secret: s\nradius_tls_cert: /c",
		    "radius_tls_cert and radius_tls_key: one of them" },
		{ "radius_secret: s\nradius_nas_ip_address: ::1",
		    "radius_nas_ip_address: ::1: no IPv4 address" },
		{ "radius_secret: s\nradius_nas_ipv6_address: 1.2.3.4",
		    "radius_nas_ipv6_address: 1.2.3.4: no IPv6 address" },
		{ "radius_secret: s\nradius_service_type: nonsense",
		    "radius_service_type: nonsense: no number" },
		{ "radius_secret: s\nradius_nas_port_type: -1",
		    "radius_nas_port_type: -1: no number" },
		{ "radius_secret: s\nradius_user_name: %x",
		    "radius_user_name: tokens are " },
		{ "radius_secret: s\nradius_calling_station_id: 5%",
		    "radius_calling_station_id: tokens are " },
		{ "radius_secret: s\nradius_attribute: NAS-Port",
		    "radius_attribute: wants NAME=VALUE" },
		{ "radius_secret: s\nradius_attribute: NAS-Port=",
		    "radius_attribute: NAS-Port: has no value" },
		{ "radius_secret: s\nradius_attribute: NAS-Prot=1",
		    "radius_attribute: NAS-Prot: NAS-Prot is not in the "
		    "dictionary: a number, or 26.VENDOR.TYPE, will do (did "
		    "you mean NAS-Port?)" },
		{ "radius_secret: s\nradius_attribute: 32=x",
		    "radius_attribute: 32: has a key of its own, "
		    "radius_nas_identifier" },
		{ "radius_secret: s\nradius_attribute: user-password=x",
		    "radius_attribute: user-password: is not for requests of "
		    "this kind" },
		{ "radius_secret: s\nradius_attribute: 80=x",
		    "radius_attribute: 80: is not for requests" },
		{ "radius_secret: s\nradius_attribute: 26=x",
		    "radius_attribute: 26: a vendor's attribute is "
		    "26.VENDOR.TYPE" },
		{ "radius_secret: s\nradius_attribute: 25=0x123",
		    "radius_attribute: 25: behind 0x stand pairs" },
		{ "radius_secret: s\nradius_attribute: 256=1",
		    "radius_attribute: 256: 256 is not in the dictionary" },
		{ "radius_secret: s\nradius_attribute: 26.0.1=1",
		    "radius_attribute: 26.0.1: 26.0.1 is not in the" },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		tear_down(state);
		set_up(state);
		assert_true(set("radius_servers: a"));
		assert_row(rows[i].text, set(rows[i].text));
		assert_row(rows[i].text, rad_settings_verify(&settings,
		    &e) == -1);
		if (strncmp(e.text, rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("%s: %s", rows[i].text, e.text);
		assert_null(strstr(e.text, "hush"));
	}
}

/* Each login would be refused. */
static void
test_attributes_that_never_fit(void **state)
{
	char line[600] = "radius_attribute: 26.9.1=";
	size_t used = strlen(line), i;

	(void)state;
	assert_true(set("radius_servers: a\nradius_secret: s"));
	memset(line + used, 'x', 247);
	assert_true(set(line));
	assert_int_equal(rad_settings_verify(&settings, &e), 0);
	for (i = 0; i < 16; i++)
		assert_true(set(line));
	assert_int_equal(rad_settings_verify(&settings, &e), -1);
	assert_non_null(strstr(e.text, "for a packet"));
	tear_down(state);
	set_up(state);
	assert_true(set("radius_servers: a\nradius_secret: s"));
	line[used + 247] = 'x';
	assert_true(set(line));
	assert_int_equal(rad_settings_verify(&settings, &e), -1);
	assert_string_equal(e.text, "radius_attribute: 1 is too long, or all "
	    "of them for a packet");
}

static void
test_a_secret_is_not_shown(void **state)
{
	(void)state;
	assert_false(set("radius_server_secret: hush"));
	assert_string_equal(bad, "F:1: radius_server_secret: wants a server "
	    "of radius_servers, a blank, and its secret");
}

static void
test_secrets_in_files(void **state)
{
	char text[64], path[] = "/tmp/test_rad_settings.XXXXXX";
	const int fd = mkstemp(path);

	(void)state;
	assert_true(fd != -1);
	assert_int_equal(write(fd, "hush\r\nmore\n", 11), 11);
	(void)snprintf(text, sizeof(text), "radius_secret_file: %s", path);
	assert_true(set("radius_servers: a b"));
	assert_true(set(text));
	assert_true(set("radius_server_secret: b own"));
	assert_int_equal(rad_servers_parse(&settings, &servers, &e), 0);
	assert_int_equal(servers.list[0].secret.len, 0);
	assert_int_equal(rad_servers_read_secrets(&servers, &e), 0);
	assert_string_equal(secret_cstr(&servers.list[0].secret), "hush");
	assert_string_equal(secret_cstr(&servers.list[1].secret), "own");
	/* What cannot be read leaves what was. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(rad_servers_read_secrets(&servers, &e), -1);
	assert_non_null(strstr(e.text, "is empty"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rad_servers_read_secrets(&servers, &e), -1);
	assert_non_null(strstr(e.text, path));
	assert_string_equal(secret_cstr(&servers.list[0].secret), "hush");
	close(fd);
}

static void
test_remarks(void **state)
{
	(void)state;
	assert_true(set("radius_servers: a tls://b\nradius_secret: s\n"));
	rad_settings_remarks(&settings, note, NULL);
	assert_string_equal(bad, "");
	assert_true(set("radius_require_message_authenticator: no"));
	rad_settings_remarks(&settings, note, NULL);
	assert_non_null(strstr(bad, "on the way to a can let anybody in"));
	assert_null(strstr(bad, "tls://b"));
	bad[0] = '\0';
	assert_true(set("radius_require_message_authenticator: yes\n"
	    "radius_server: a timeout=4"));
	rad_settings_remarks(&settings, note, NULL);
	assert_non_null(strstr(bad, "3 tries of a take longer"));
	assert_true(set("radius_secret_file: /nowhere/x"));
	rad_settings_lacks(&settings, note, NULL);
	assert_non_null(strstr(bad, "radius_secret_file: /nowhere/x: No "
	    "such file"));
}

static void
test_dictionary(void **state)
{
	static const struct {
		const char *name;
		uint32_t vendor;
		unsigned type;
		enum rad_kind kind;
	} rows[] = {
		{ "nas-PORT", 0, 5, RAD_KIND_NUMBER },
		{ "5", 0, 5, RAD_KIND_NUMBER },
		{ "200", 0, 200, RAD_KIND_TEXT },
		{ "Cisco-AVPair", 9, 1, RAD_KIND_TEXT },
		{ "26.14988.10", 14988, 10, RAD_KIND_IPV4 },
		{ "26.14988.255", 14988, 255, RAD_KIND_TEXT },
		{ "26.2147483647.0", INT32_MAX, 0, RAD_KIND_TEXT },
	};
	struct rad_attribute a;
	unsigned char bytes[RAD_VALUE_MAX];
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].name, rad_dictionary_find(rows[i].name, &a,
		    &e) == 0);
		assert_row(rows[i].name, a.vendor == rows[i].vendor &&
		    a.type == rows[i].type && a.kind == rows[i].kind);
	}
	assert_int_equal(rad_dictionary_find("Service-Type", &a, &e), 0);
	assert_int_equal(rad_dictionary_encode(&a, "call-check", bytes, &len,
	    &e), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(bytes, "\0\0\0\012", 4);
	assert_int_equal(rad_dictionary_encode(&a, "2147483647", bytes, &len,
	    &e), 0);
	assert_memory_equal(bytes, "\177\377\377\377", 4);
	/* A word of another attribute. */
	assert_int_equal(rad_dictionary_encode(&a, "Virtual", bytes, &len,
	    &e), -1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_servers),
		TEST(test_a_list),
		TEST(test_too_many),
		TEST(test_where_one_differs),
		TEST(test_secrets_of_several),
		TEST(test_refused),
		TEST(test_attributes_that_never_fit),
		TEST(test_a_secret_is_not_shown),
		TEST(test_secrets_in_files),
		TEST(test_remarks),
		TEST(test_dictionary)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
