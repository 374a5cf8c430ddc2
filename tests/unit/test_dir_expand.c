/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of dir_expand.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mechanisms/dir_expand.h"
#include "tests/unit/unit.h"

#define FILTER DIR_CONTEXT_FILTER
#define DN DIR_CONTEXT_DN
#define NAME DIR_CONTEXT_NAME

static const struct dir_values joe = {
	.login = "joe@b.c.d", .service = "smtp", .realm = "r1.r2",
	.default_realm = "home", .user_dn = ""
};

static struct dir_values
login(const char *name)
{
	struct dir_values v = joe;

	v.login = name;
	return v;
}

static void
becomes(const char *template, enum dir_context context,
    const struct dir_values *v, const char *wanted)
{
	struct errmsg e = ERRMSG_INIT;
	char *got;

	assert_row(template, dir_expand(template, context, v, &got, &e) ==
	    DIR_EXPANDED);
	assert_string_equal(got, wanted);
	assert_string_equal(e.text, "");
	free(got);
}

static void
is_refused(const char *template, enum dir_context context,
    const struct dir_values *v, const char *words)
{
	struct errmsg e = ERRMSG_INIT;
	char *got = NULL;

	assert_row(template, dir_expand(template, context, v, &got, &e) ==
	    DIR_EXPANDED_REFUSED);
	assert_null(got);
	assert_row(e.text, strstr(e.text, words) != NULL);
}

static void
test_tokens(void **state)
{
	static const struct row {
		const char *template, *login, *realm, *default_realm, *wanted;
	} rows[] = {
		{ "%u|%U|%d|%1|%2|%3|%4", "a@b.c.d", "", "",
		    "a@b.c.d|a|b.c.d|d|c|b|" },
		{ "%r|%R|%s|%%|%9", "a@b.c.d", "", "", "||smtp|%|" },
		{ "%u|%U|%d|%1|%2|%3", "a", "r1.r2", "",
		    "a|a|r1.r2|r2|r1|" },
		{ "%r|%R", "a", "r1.r2", "h", "r1.r2|@r1.r2" },
		{ "%U|%d|%1|%2|%3", "a@b@c.d", "r", "", "a|b@c.d|d|b@c|" },
		{ "%U|%d|%1", "@b", "r", "", "|b|b" },
		{ "%U|%d|%1", "a@", "r", "h", "a|r|r" },
		{ "%d|%1|%r|%R", "a", "", "h.i", "h.i|i|h.i|@h.i" },
		{ "%d|%1|%2", "a@b..c.", "", "", "b..c.||c" },
		{ "%d|%1|%r|%R.", "a", "", "", "|||." },
		/* Dropped with its letter; cut off at the end. */
		{ "x%xy%", "a", "", "", "xy" },
		{ "%%u%%%u%", "a", "", "", "%u%a" }
	};
	struct dir_values v = joe;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		v.login = rows[i].login;
		v.realm = rows[i].realm;
		v.default_realm = rows[i].default_realm;
		becomes(rows[i].template, NAME, &v, rows[i].wanted);
	}
}

static void
test_one_token(void **state)
{
	static const char *const rows[][2] = {
		{ "u", "joe@b.c.d" }, { "U", "joe" }, { "d", "b.c.d" },
		{ "1", "d" }, { "3", "b" }, { "4", "" }, { "s", "smtp" },
		{ "r", "r1.r2" }, { "R", "@r1.r2" }, { "D", "" }, { "%", "%" },
		{ "x", "" }, { "0", "" }
	};
	size_t i;
	char *got;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		got = dir_expand_token(rows[i][0][0], &joe);
		assert_non_null(got);
		assert_string_equal(got, rows[i][1]);
		free(got);
	}
}

/* RFC 4515, section 4 has the first two of them. */
static void
test_filter_escapes(void **state)
{
	struct dir_values v;

	(void)state;
	v = login("Parens R Us (for all your parenthetical needs)");
	becomes("(o=%u)", FILTER, &v, "(o=Parens R Us \\28for all your "
	    "parenthetical needs\\29)");
	v = login("C:\\MyFile");
	becomes("(filename=%u)", FILTER, &v, "(filename=C:\\5cMyFile)");
	v = login("*)(uid=*))(|(uid=*");
	becomes("(&(uid=%u)(x=y))", FILTER, &v,
	    "(&(uid=\\2a\\29\\28uid=\\2a\\29\\29\\28|\\28uid=\\2a)(x=y))");
	v = login("Lu\xc4\x8di\xc4\x87=,+\"<>;# ");
	becomes("uid=%u", FILTER, &v, "uid=Lu\xc4\x8di\xc4\x87=,+\"<>;# ");
	/* The template's own escapes and wildcards stay. */
	v = login("a");
	becomes("(cn=\\2a*%u*)", FILTER, &v, "(cn=\\2a*a*)");
}

/* RFC 4514, section 4. */
static void
test_dn_escapes(void **state)
{
	struct dir_values v;

	(void)state;
	v = login("James \"Jim\" Smith, III");
	becomes("CN=%u,DC=example,DC=net", DN, &v,
	    "CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net");
	v = login("Lu\xc4\x8di\xc4\x87");
	becomes("CN=%u", DN, &v, "CN=Lu\xc4\x8di\xc4\x87");
	v = login("joe,ou=admins+x=y;<>\\");
	becomes("uid=%u,o=x", DN, &v,
	    "uid=joe\\,ou\\=admins\\+x\\=y\\;\\<\\>\\\\,o=x");
	v = login(" # a #  ");
	becomes("uid=%u", DN, &v, "uid=\\20# a # \\20");
	v = login("#04024869");
	becomes("uid=%u", DN, &v, "uid=\\2304024869");
	v = login(" ");
	becomes("uid=%u", DN, &v, "uid=\\20");
	v = login("*()");
	becomes("uid=%u", DN, &v, "uid=*()");
	/* Inside quotes escapes are escapes, too (RFC 2253). */
	v = login("a\",b");
	becomes("cn=\"x, %u\",o=%s", DN, &v, "cn=\"x, a\\\"\\,b\",o=smtp");
}

static void
test_names(void **state)
{
	struct dir_values v = login("o'neil+x, #1\\");

	(void)state;
	becomes("%u@example.org", NAME, &v, "o'neil+x, #1\\@example.org");
	becomes("CORP\\%u", NAME, &v, "CORP\\o'neil+x, #1\\");
	v = login("cn=joe,o=x");
	becomes("%u", NAME, &v, "cn=joe,o=x");
	is_refused("%u@example.org", NAME, &v, "equals sign");
	is_refused("%u%R", NAME, &v, "equals sign");
}

static void
test_at_an_attribute(void **state)
{
	static const char *const bad[] = { "", "objectClass=*)(x", "a b", "1a",
	    "a.b", "1..2", "1.", ".1", "a,b", "-a", "a_b", "\xc3\xa9", "a;x" };
	struct dir_values v = login("mail");
	size_t i;

	(void)state;
	becomes("(%u=x)", FILTER, &v, "(mail=x)");
	becomes("%u=x,o=y", DN, &v, "mail=x,o=y");
	v = login("0.9.2342.19200300.100.1.1");
	becomes("(|(a=b)(%u=x))", FILTER, &v,
	    "(|(a=b)(0.9.2342.19200300.100.1.1=x))");
	becomes("(%u:caseExactMatch:=x)", FILTER, &v,
	    "(0.9.2342.19200300.100.1.1:caseExactMatch:=x)");
	for (i = 0; i < COUNT_OF(bad); i++) {
		v = login(bad[i]);
		is_refused("(%u=x)", FILTER, &v, "attribute's place");
		is_refused("(&(a=b)(!(%u=x)))", FILTER, &v, "attribute's");
		is_refused("a=b,%u=x", DN, &v, "attribute's place");
		is_refused("a=b+%u=x", DN, &v, "attribute's place");
		is_refused("(a=b)%u", FILTER, &v, "attribute's place");
	}
	/* What looks like structure in a value is none. */
	v = login("a,b");
	becomes("cn=x\\,%u", DN, &v, "cn=x\\,a\\,b");
	becomes("(cn=x=%u)", FILTER, &v, "(cn=x=a,b)");
}

static void
test_user_dn(void **state)
{
	struct dir_values v = joe;

	(void)state;
	becomes("(member=%D)", FILTER, &v, "(member=)");
	v.user_dn = "cn=a\\, (b),o=x";
	becomes("(member=%D)", FILTER, &v, "(member=cn=a\\5c, \\28b\\29,o=x)");
	becomes("cn=mail,%D", DN, &v, "cn=mail,cn=a\\, (b),o=x");
	becomes("%D", DN, &v, v.user_dn);
	becomes("cn=%D,o=y", DN, &v, "cn=cn\\=a\\\\\\, (b)\\,o\\=x,o=y");
	is_refused("(%D=x)", FILTER, &v, "attribute's place");
}

static void
test_bytes(void **state)
{
	static const char *const bad[] = { "\xff\xfe", "a\xc3", "\xc0\xaf",
	    "\xed\xa0\x80" };
	struct dir_values v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(bad); i++) {
		v = login(bad[i]);
		is_refused("(uid=%u)", FILTER, &v, "%u is not UTF-8");
		is_refused("uid=%U", DN, &v, "%U is not UTF-8");
		is_refused("%u", NAME, &v, "%u is not UTF-8");
		becomes("(uid=%s)", FILTER, &v, "(uid=smtp)");
	}
	/* The first character would be taken for the escaped one. */
	is_refused("uid=\\%u", DN, &joe, "behind a backslash");
	is_refused("(uid=\\%u)", FILTER, &joe, "behind a backslash");
}

static void
test_empty(void **state)
{
	struct dir_values v = login("@");
	static const char *const empty[] = { "%U", "%d%1", "%x", "%", "%U%D" };
	struct errmsg e = ERRMSG_INIT;
	char *got = NULL;
	size_t i;

	(void)state;
	v.realm = v.default_realm = "";
	for (i = 0; i < COUNT_OF(empty); i++) {
		assert_int_equal(dir_expand(empty[i], NAME, &v, &got, &e),
		    DIR_EXPANDED_EMPTY);
		assert_null(got);
	}
	becomes("", NAME, &v, "");
	becomes("", DN, &v, "");
	becomes("", FILTER, &v, "");
	becomes("uid=%U", DN, &v, "uid=");
}

/* More than any server takes ends, and in an error. */
static void
test_endless(void **state)
{
	char *name = calloc(1, 65537), *got = name;
	struct dir_values v = login(name);
	struct errmsg e = ERRMSG_INIT;

	(void)state;
	assert_non_null(name);
	memset(name, '*', 65536);
	assert_int_equal(dir_expand("(a=%u)", FILTER, &v, &got, &e),
	    DIR_EXPANDED);
	assert_int_equal(strlen(got), 3 * 65536 + 4);
	free(got);
	assert_int_equal(dir_expand("(a=%u%u)", FILTER, &v, &got, &e),
	    DIR_EXPANDED_NO_MEMORY);
	assert_null(got);
	assert_non_null(strstr(e.text, "262143"));
	free(name);
}

static void
test_check(void **state)
{
	static const struct row {
		const char *template;
		enum dir_context context;
		const char *words;	/* NULL: it is right */
	} rows[] = {
		{ "(uid=%u)", FILTER, NULL }, { "uid=%u", FILTER, NULL },
		{ "(&(uid=%u)(|(a=*)(b>=2)))", FILTER, NULL },
		{ " ( & (a=%u) (b:dn:=x) ) ", FILTER, NULL },
		{ "(cn=\\28%u\\))", FILTER, NULL }, { "", FILTER, NULL },
		{ "(uid=%u", FILTER, "opening" },
		{ "(uid=%u))", FILTER, "closing" },
		{ "uid=%u)", FILTER, "closing" }, { ")(", FILTER, "closing" },
		{ "(uid=%u)(", FILTER, "opening" },
		{ "(uid)", FILTER, "no \"=\"" }, { "%u", FILTER, "no \"=\"" },
		{ "(uid=\\%u)", FILTER, "in front of a token" },
		{ "(uid=%u\\", FILTER, "in front of nothing" },
		{ "uid=%u,ou=people,dc=x", DN, NULL }, { "", DN, NULL },
		{ "cn=\"a, b\",o=\\,x + y=z; c=", DN, NULL },
		{ "%u=x", DN, NULL }, { "cn=g,%D", DN, NULL },
		{ "%D", DN, NULL }, { "%D,o=x", DN, NULL },
		{ "uid=%u,people", DN, "without" },
		{ "uid=%u,", DN, "without" }, { "%D,%u", DN, "without" },
		{ "%D,=x", DN, "in front of an" },
		{ "uid=%u,%,x", DN, "without" },
		{ "=%u", DN, "in front of an" },
		{ "o=x, =%u", DN, "in front of an" },
		{ "%x=%u", DN, "in front of an" },
		{ "uid=\\%u", DN, "in front of a token" },
		{ "(uid=%u)", DN, "is a filter" },
		{ "uid=%u,cn=(x)", DN, NULL },
		{ "CORP\\%u", NAME, NULL }, { "%u@x", NAME, NULL }
	};
	struct errmsg e;
	size_t i;
	int done;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		e.text[0] = '\0';
		done = dir_expand_check(rows[i].template, rows[i].context, &e);
		assert_row(rows[i].template, done ==
		    (rows[i].words == NULL ? 0 : -1));
		assert_row(rows[i].template, rows[i].words == NULL ?
		    e.text[0] == '\0' :
		    strstr(e.text, rows[i].words) != NULL);
	}
}

static void
test_questions(void **state)
{
	(void)state;
	assert_int_equal(dir_expand_context("uid=%u,o=x"), DN);
	assert_int_equal(dir_expand_context("%u@example.org"), NAME);

	assert_true(dir_expand_has("uid=%u,dc=%d", 'd'));
	assert_false(dir_expand_has("uid=%%d", 'd'));
	assert_false(dir_expand_has("%x", 'x'));
	assert_true(dir_expand_has_any("a%3"));
	assert_false(dir_expand_has_any("a%%u%x%"));

	assert_int_equal(dir_expand_unknown("%u%x%y"), 'x');
	assert_int_equal(dir_expand_unknown("%0"), '0');
	assert_int_equal(dir_expand_unknown("%%%"), '%');
	assert_int_equal(dir_expand_unknown("%u%%"), '\0');

	assert_true(dir_expand_has_at_attribute("(%u=x)", FILTER));
	assert_true(dir_expand_has_at_attribute("a=%u,%d=x", DN));
	assert_false(dir_expand_has_at_attribute("(uid=%u)", FILTER));
	assert_false(dir_expand_has_at_attribute("cn=x,%D", DN));
	assert_false(dir_expand_has_at_attribute("%u", NAME));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_one_token),
		cmocka_unit_test(test_filter_escapes),
		cmocka_unit_test(test_dn_escapes),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_at_an_attribute),
		cmocka_unit_test(test_user_dn),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_questions)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
