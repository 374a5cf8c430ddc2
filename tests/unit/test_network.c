/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of network.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/network.h"
#include "tests/unit/unit.h"

#define LONG_LIST 2000

static void
test_addresses(void **state)
{
	static const struct { const char *text, *formatted; bool ipv4; }
	rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1;25", "192.0.2.1", true },
		{ "192.0.2.1;0", "192.0.2.1", true },
		{ "192.0.2.1;65535", "192.0.2.1", true },
		{ "0.0.0.0", "0.0.0.0", true },
		{ "255.255.255.255", "255.255.255.255", true },
		{ "::ffff:192.0.2.1", "192.0.2.1", true },
		{ "::FFFF:c000:201;4711", "192.0.2.1", true },
		{ "2001:db8::1", "2001:db8::1", false },
		{ "2001:DB8:0:0::1;993", "2001:db8::1", false },
		{ "::1", "::1", false },
		{ "::", "::", false },
		{ "::192.0.2.1", "::192.0.2.1", false },
		{ "fe80::1%eth0", "fe80::1", false },
		{ "fe80::1%eth0;25", "fe80::1", false },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false }
	};
	struct network_address a;
	char text[NETWORK_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].text,
		    network_address_parse(&a, rows[i].text) == 0);
		network_address_format(&a, text);
		assert_string_equal(text, rows[i].formatted);
		assert_row(rows[i].text,
		    network_address_is_ipv4(&a) == rows[i].ipv4);
	}
}

static void
test_no_addresses(void **state)
{
	static const char *const rows[] = {
		"", ";", ";25", "192.0.2", "192.0.2.256", "192.0.2.1.1",
		" 192.0.2.1", "192.0.2.1 ", "192.0.2.1:25", "192.0.2.1;",
		"192.0.2.1;x", "192.0.2.1;-1", "192.0.2.1;+1", "192.0.2.1; 1",
		"192.0.2.1;65536", "192.0.2.1;4294967297", "192.0.2.1;25;25",
		"192.0.2.1/24", "192.0.2.1%eth0", "fe80::1%", "fe80::1%;25",
		"%eth0", "fe80::1;25%eth0", "[::1]", ":::", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9", "::g", "localhost", "0x7f.1",
		"0000:0000:0000:0000:0000:0000:255.255.255.2555"
	};
	struct network_address a;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++)
		assert_row(rows[i], network_address_parse(&a, rows[i]) == -1);
}

static void
test_contain(void **state)
{
	static const struct { const char *list, *address; bool in; } rows[] =
	{
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255;25", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/24", "192.0.1.255", false },
		{ "192.0.2.0/24", "::ffff:192.0.2.7", true },
		{ "192.0.2.0/24", "::192.0.2.7", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.6/31", "192.0.2.7", true },
		{ "192.0.2.6/31", "192.0.2.5", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.0", false },
		{ "192.0.2.1/32", "192.0.2.1", true },
		{ "192.0.2.1/32", "192.0.2.3", false },
		{ "127.0.0.0/8,::1", "127.255.255.255", true },
		{ "127.0.0.0/8,::1", "::1", true },
		{ "127.0.0.0/8,::1", "::2", false },
		{ "127.0.0.0/8,::1", "128.0.0.0", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.9", false },
		{ "::ffff:0:0/96", "203.0.113.9", true },
		{ "::ffff:192.0.2.0/120", "192.0.2.9", true },
		{ "::ffff:192.0.2.0/120", "192.0.3.9", false },
		{ "2001:db8::/32", "2001:db8:ffff::1;25", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "2001:db8::/33", "2001:db8:7fff::", true },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "2001:db8::1/128", "2001:db8::1", true },
		{ "2001:db8::1", "2001:db8::", false },
		{ "fe80::/10", "fe80::1%eth0", true },
		{ "", "192.0.2.1", false },
		{ "", "::", false }
	};
	struct network_address a;
	struct networks ns;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].list,
		    networks_parse(&ns, rows[i].list, NULL) == 0);
		assert_row(rows[i].address,
		    network_address_parse(&a, rows[i].address) == 0);
		assert_row(rows[i].address,
		    networks_contain(&ns, &a) == rows[i].in);
		networks_fini(&ns);
	}
}

static void
test_separators(void **state)
{
	static const struct { const char *text; size_t count; } rows[] = {
		{ "", 0 }, { " ", 0 }, { ",", 0 }, { " ,\t", 0 },
		{ "::1", 1 }, { ",::1,", 1 }, { "::1 ::2", 2 },
		{ "::1,::2", 2 }, { " ::1 , ::2\t10.0.0.0/8", 3 },
		{ "::1,,::1", 2 }
	};
	struct networks ns;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].text,
		    networks_parse(&ns, rows[i].text, NULL) == 0);
		assert_row(rows[i].text, ns.count == rows[i].count);
		networks_fini(&ns);
		assert_null(ns.list);
		networks_fini(&ns);
	}
}

static void
test_long_list(void **state)
{
	char text[LONG_LIST * 20];
	struct network_address a;
	struct networks ns;
	size_t len = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < LONG_LIST; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "10.%u.%u.0/24 ", i / 256, i % 256);
	assert_int_equal(networks_parse(&ns, text, NULL), 0);
	assert_int_equal(ns.count, LONG_LIST);
	assert_int_equal(network_address_parse(&a, "10.7.207.9"), 0);
	assert_true(networks_contain(&ns, &a));
	assert_int_equal(network_address_parse(&a, "10.7.208.9"), 0);
	assert_false(networks_contain(&ns, &a));
	networks_fini(&ns);
}

/* The message names the word, and what was there before stays. */
static void
test_bad_lists(void **state)
{
	static const struct { const char *text, *message; } rows[] = {
		{ "::1 example.org", "'example.org' is no address or "
		    "network" },
		{ "192.0.2", "'192.0.2' is no" },
		{ "/8", "'/8' is no" },
		{ "192.0.2.1;25", "'192.0.2.1;25' is no" },
		{ "fe80::%eth0/64", "'fe80::%eth0/64' is no" },
		{ "192.0.2.0/33", "'192.0.2.0/33' wants a length from 0 to "
		    "32" },
		{ "192.0.2.0/", "'192.0.2.0/' wants a length" },
		{ "192.0.2.0/-1", "'192.0.2.0/-1' wants a length" },
		{ "192.0.2.0/24/24", "'192.0.2.0/24/24' wants a length" },
		{ "192.0.2.0/255.255.255.0",
		    "'192.0.2.0/255.255.255.0' wants a length" },
		{ "192.0.2.0/4294967320", "'192.0.2.0/4294967320' wants" },
		{ "::/129", "'::/129' wants a length from 0 to 128" },
		{ "::1,192.0.2.1/24,::2", "'192.0.2.1/24' has bits set "
		    "behind its length" },
		{ "192.0.2.128/24", "'192.0.2.128/24' has bits set" },
		{ "2001:db8::1/127", "'2001:db8::1/127' has bits set" },
		{ "0.0.0.1/0", "'0.0.0.1/0' has bits set" },
		{ "::ffff:0:0/95", "'::ffff:0:0/95' has bits set" },
		{ "a\033]b", "'a\\x1b\\x5db' is no" }
	};
	struct networks ns;
	struct errmsg e = ERRMSG_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(networks_parse(&ns, "::1 ::2", &e), 0);
		assert_row(rows[i].text,
		    networks_parse(&ns, rows[i].text, &e) == -1);
		if (strncmp(e.text, rows[i].message,
		    strlen(rows[i].message)) != 0)
			fail_msg("%s", e.text);
		assert_int_equal(networks_parse(&ns, rows[i].text, NULL), -1);
		assert_int_equal(ns.count, 2);
		networks_fini(&ns);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_addresses),
		cmocka_unit_test(test_contain),
		cmocka_unit_test(test_separators),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_bad_lists)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
