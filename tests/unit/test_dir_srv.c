/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of dir_srv: names of domains, and answers of DNS made by hand.
 */
#include "config.h"

#include <string.h>

#include "common/str.h"
#include "mechanisms/dir_srv.h"
#include "tests/unit/unit.h"

#define TYPE_SRV 33		/* RFC 2782 */
#define TYPE_A 1
#define CLASS_IN 1

static unsigned char answer[4096];
static size_t len;
static struct dir_srv_list list;
static struct errmsg e;

static void
test_domain(void **state)
{
	static const struct {
		const char *dn, *domain;	/* NULL: none */
	} rows[] = {
		{ "dc=example,dc=org", "example.org" },
		{ "DC=Example, dc = org ", "Example.org" },
		{ "dc=a-b_c", "a-b_c" },
		{ "", NULL }, { "dc=", NULL }, { "dc", NULL },
		{ "dc=a,", NULL }, { "dc=a,,dc=b", NULL },
		{ "dc=a,ou=b", NULL }, { "ou=a,dc=b", NULL },
		{ "dc=a.b", NULL }, { "dc=a+dc=b", NULL },
		{ "dc=a\\2cb", NULL }, { "dc=a b", NULL },
		{ "dca=b", NULL }, { "dc=a;dc=b", NULL }
	};
	char domain[32];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		const int r = dir_srv_domain(rows[i].dn, domain,
		    sizeof(domain));

		assert_row(rows[i].dn, (r == 0) == (rows[i].domain != NULL));
		assert_row(rows[i].dn, r == -1 ||
		    strcmp(domain, rows[i].domain) == 0);
	}
	assert_int_equal(dir_srv_domain("dc=abc", domain, 4), 0);
	assert_int_equal(dir_srv_domain("dc=abcd", domain, 4), -1);
	assert_int_equal(dir_srv_domain("dc=abc,dc=d", domain, 4), -1);
	assert_int_equal(dir_srv_domain("dc=abc,dc=d", domain, 5), -1);
	assert_int_equal(dir_srv_domain("dc=abc,dc=d", domain, 6), 0);
}

#ifdef HAVE_RES_NQUERY

static void
put(const void *bytes, size_t n)
{
	assert_true(n <= sizeof(answer) - len);
	memcpy(answer + len, bytes, n);
	len += n;
}

static void
put16(unsigned v)
{
	const unsigned char bytes[] = { (unsigned char)(v >> 8),
	    (unsigned char)v };

	put(bytes, sizeof(bytes));
}

static void
put_name(const char *name)
{
	for (;;) {
		const size_t n = strcspn(name, ".");
		const unsigned char size = (unsigned char)n;

		put(&size, 1);
		put(name, n);
		if (n == 0)
			return;
		name += n + (name[n] == '.');
	}
}

/* RFC 1035, section 4.1: a header and no question. */
static void
begin(unsigned records)
{
	len = 0;
	put16(1);
	put16(0x8180);	/* an answer, recursion was wanted and is there */
	put16(0);
	put16(records);
	put16(0);
	put16(0);
}

static void
record(unsigned type, unsigned ttl_sec, unsigned priority, unsigned weight,
    unsigned port, const char *host)
{
	size_t size_at, began;

	put_name("_ldap._tcp.example.org");
	put16(type);
	put16(CLASS_IN);
	put16(0);
	put16(ttl_sec);
	size_at = len;
	put16(0);
	began = len;
	put16(priority);
	put16(weight);
	put16(port);
	put_name(host);
	answer[size_at + 1] = (unsigned char)(len - began);
}

static int
read_it(void)
{
	return dir_srv_read("ldap", answer, len, &list, &e);
}

static void
test_by_priority(void **state)
{
	(void)state;
	begin(3);
	record(TYPE_SRV, 600, 20, 0, 389, "last.example.org");
	record(TYPE_SRV, 300, 10, 5, 1389, "middle.example.org");
	record(TYPE_SRV, 900, 0, 0, 389, "first.example.org");
	assert_int_equal(read_it(), 0);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.uris[0], "ldap://first.example.org:389/");
	assert_string_equal(list.uris[1], "ldap://middle.example.org:1389/");
	assert_string_equal(list.uris[2], "ldap://last.example.org:389/");
	assert_int_equal(list.ttl_sec, 300);
	dir_srv_fini(&list);
	dir_srv_fini(&list);
	assert_int_equal(dir_srv_read("ldaps", answer, len, &list, &e), 0);
	assert_string_equal(list.uris[0], "ldaps://first.example.org:389/");
	dir_srv_fini(&list);
}

static void
test_ttl(void **state)
{
	const unsigned given[] = { 0, 59, 61, 3599, 60000 };
	const int64_t taken[] = { 60, 60, 61, 3599, 3600 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(given); i++) {
		begin(1);
		record(TYPE_SRV, given[i], 0, 0, 389, "a.example.org");
		assert_int_equal(read_it(), 0);
		assert_int_equal(list.ttl_sec, taken[i]);
		dir_srv_fini(&list);
	}
}

/* Three of four by weight; the bounds are 10 standard deviations off. */
static void
test_by_weight(void **state)
{
	enum { TRIES = 2000, LEAST = 1300, MOST = 1700 };
	int heavy = 0, i;

	(void)state;
	begin(2);
	record(TYPE_SRV, 60, 0, 25, 389, "light");
	record(TYPE_SRV, 60, 0, 75, 389, "heavy");
	for (i = 0; i < TRIES; i++) {
		assert_int_equal(read_it(), 0);
		assert_int_equal(list.count, 2);
		assert_string_not_equal(list.uris[0], list.uris[1]);
		heavy += str_starts(list.uris[0], "ldap://heavy");
		dir_srv_fini(&list);
	}
	assert_in_range(heavy, LEAST, MOST);
}

/* "There is no such service", other types, and what is no host name. */
static void
test_useless_records(void **state)
{
	(void)state;
	begin(6);
	record(TYPE_SRV, 60, 0, 0, 389, "");
	record(TYPE_A, 60, 0, 0, 389, "a.example.org");
	record(TYPE_SRV, 60, 0, 0, 0, "port.example.org");
	record(TYPE_SRV, 60, 0, 0, 389, "x/?y.example.org");
	record(TYPE_SRV, 60, 0, 0, 389, "a b.example.org");
	record(TYPE_SRV, 60, 9, 0, 389, "good.example.org");
	assert_int_equal(read_it(), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.uris[0], "ldap://good.example.org:389/");
	dir_srv_fini(&list);
	begin(1);
	record(TYPE_SRV, 60, 0, 0, 389, "");
	assert_int_equal(read_it(), -1);
	assert_string_equal(e.text, "DNS has no server");
	assert_null(list.uris);
}

static void
test_more_than_fit(void **state)
{
	char host[16];
	int i;

	(void)state;
	begin(70);
	for (i = 0; i < 70; i++) {
		assert_int_equal(str_format(host, sizeof(host), "h%d", i), 0);
		record(TYPE_SRV, 60, 0, 1, 389, host);
	}
	assert_int_equal(read_it(), 0);
	assert_int_equal(list.count, 64);
	dir_srv_fini(&list);
}

/* Cut anywhere, or with any byte turned: an error or a list, never more. */
static void
test_broken(void **state)
{
	size_t whole, i, bit;

	(void)state;
	begin(2);
	record(TYPE_SRV, 60, 0, 1, 389, "one.example.org");
	record(TYPE_SRV, 60, 0, 1, 389, "two.example.org");
	whole = len;
	for (len = 0; len < whole; len++)
		assert_int_equal(read_it(), -1);
	for (i = 0; i < whole; i++)
		for (bit = 0; bit < 8; bit++) {
			answer[i] ^= (unsigned char)(1U << bit);
			if (read_it() == 0)
				dir_srv_fini(&list);
			answer[i] ^= (unsigned char)(1U << bit);
		}
}

/* Whoever has no time left asks nobody. */
static void
test_no_time(void **state)
{
	const struct deadline d = deadline_in_msec(500);

	(void)state;
	assert_int_equal(dir_srv_query("ldap", "example.org", &d, &list, &e),
	    -1);
	assert_string_equal(e.text,
	    "_ldap._tcp.example.org: no time is left to ask DNS");
	assert_null(list.uris);
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef HAVE_RES_NQUERY
		cmocka_unit_test(test_by_priority),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_by_weight),
		cmocka_unit_test(test_useless_records),
		cmocka_unit_test(test_more_than_fit),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_no_time),
#endif
		cmocka_unit_test(test_domain)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
