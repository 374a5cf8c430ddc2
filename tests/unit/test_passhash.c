/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passhash: every method of crypt(5), and stored values that are no hash.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <string.h>

#include "mechanisms/passhash.h"

/* crypt(3)'s own limit, which a test must not take from the tested file. */
#define LONGEST 511

static struct secret
secret_of(const char *text)
{
	struct secret s = SECRET_INIT;

	assert_int_equal(secret_set(&s, text, strlen(text)), 0);
	return s;
}

static enum passhash_verdict
verify(const char *stored, const char *password)
{
	struct secret pw = secret_of(password);
	enum passhash_verdict verdict;

	verdict = passhash_verify(stored, &pw, NULL);
	secret_wipe(&pw);
	return verdict;
}

/* Cheapest cost of each, so that the tests do not take minutes. */
static const struct {
	const char *method;
	unsigned long cost;
	const char *prefix;
} methods[] = {
	{ "yescrypt", 1, "$y$" },
	{ "gost-yescrypt", 1, "$gy$" },
	{ "scrypt", 6, "$7$" },
	{ "bcrypt", 4, "$2b$" },
	{ "sha512crypt", 1000, "$6$" },
	{ "sha256crypt", 1000, "$5$" },
	{ "sha1crypt", 1000, "$sha1$" },
	{ "sunmd5", 0, "$md5" },
	{ "md5crypt", 0, "$1$" },
	{ "nt", 0, "$3$" },
	{ "bsdicrypt", 1, "_" },
	{ "descrypt", 0, "" },
};

static void
test_methods(void **state)
{
	struct secret pw = secret_of("p\xc3\xa4ss wort");
	char hash[PASSHASH_MAX], again[PASSHASH_MAX];
	struct errmsg e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(methods); i++) {
		if (passhash_make(methods[i].method, methods[i].cost, &pw,
		    hash, sizeof(hash), &e) == -1) {
			print_message("%s: left out of this system's "
			    "crypt(3): %s\n", methods[i].method, e.text);
			assert_int_not_equal(i, 0);
			continue;
		}
		assert_memory_equal(hash, methods[i].prefix,
		    strlen(methods[i].prefix));
		assert_string_equal(passhash_method(hash), methods[i].method);
		assert_int_equal(passhash_verify(hash, &pw, &e),
		    PASSHASH_MATCH);
		assert_int_equal(verify(hash, "p\xc3\xa4ss Wort"),
		    PASSHASH_MISMATCH);
		assert_int_equal(verify(hash, ""), PASSHASH_MISMATCH);
		assert_int_equal(passhash_make(methods[i].method,
		    methods[i].cost, &pw, again, sizeof(again), &e), 0);
		/* Fresh salt each time, but NT hashes have none. */
		if (strcmp(methods[i].method, "nt") != 0)
			assert_string_not_equal(hash, again);
		/* A cut hash is damage, not a wrong password. */
		hash[strlen(hash) - 1] = '\0';
		assert_int_equal(passhash_verify(hash, &pw, &e),
		    PASSHASH_UNKNOWN);
		assert_string_not_equal(e.text, "");
	}
	secret_wipe(&pw);
}

static void
test_known_answers(void **state)
{
	(void)state;
	/* Made by other programs: openssl passwd, Python's crypt. */
	assert_int_equal(verify("$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSM"
	    "HWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
	    "Hello world!"), PASSHASH_MATCH);
	assert_int_equal(verify("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/"
	    "GNooZaBBGWEc5", "Hello world!"), PASSHASH_MATCH);
	assert_int_equal(verify("$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0"
	    "XouQYb4YMJKvyOeW", "U*U"), PASSHASH_MATCH);
	assert_int_equal(verify("$3$$8846f7eaee8fb117ad06bdd830b7586c",
	    "password"), PASSHASH_MATCH);
	/* bigcrypt: longer hashes for longer passwords. */
	assert_int_equal(verify("ab2wHQ4RTFVKI3cyxPgr4a7Q",
	    "0123456789abcdef"), PASSHASH_MATCH);
	assert_int_equal(verify("ab2wHQ4RTFVKI3cyxPgr4a7Q", "short"),
	    PASSHASH_MISMATCH);
}

static void
test_des_reads_eight(void **state)
{
	struct secret pw = secret_of("12345678");
	char hash[PASSHASH_MAX];

	(void)state;
	if (passhash_make("descrypt", 0, &pw, hash, sizeof(hash), NULL) == -1)
		skip();
	assert_int_equal(verify(hash, "123456789"), PASSHASH_MATCH);
	assert_int_equal(verify(hash, "1234567"), PASSHASH_MISMATCH);
	secret_wipe(&pw);
}

static void
test_no_hash(void **state)
{
	static const char *const stored[] = {
		"", "x", "*", "!", "!!", "*0", "*1", "*NP*", "*LK*",
		"!$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
		"secret", "a clear text", "ab", "$", "$6", "$6$", "$6$salt",
		"$6$salt$", "$y$", "$y$j9T$", "$unknown$salt$hash", "_",
		"_J9..",
		"$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
	};
	struct errmsg e;
	struct secret pw = secret_of("secret");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(stored); i++) {
		e.text[0] = '\0';
		if (passhash_verify(stored[i], &pw, &e) != PASSHASH_UNKNOWN)
			fail_msg("\"%s\" was taken for a hash", stored[i]);
		assert_string_not_equal(e.text, "");
		assert_null(strstr(e.text, "secret"));
		/* What is stored, typed as the password, is no way in. */
		assert_int_equal(verify(stored[i], stored[i]),
		    PASSHASH_UNKNOWN);
	}
	secret_wipe(&pw);
}

static void
test_method_names(void **state)
{
	(void)state;
	assert_string_equal(passhash_method("$2a$04$"), "bcrypt");
	assert_string_equal(passhash_method("$md5,rounds=4$x$$"), "sunmd5");
	assert_string_equal(passhash_method("$y$"), "yescrypt");
	assert_string_equal(passhash_method("abJnggxhB/yWI"), "descrypt");
	assert_string_equal(passhash_method("abJnggxhB/yWIaaaaaaaaaaa"),
	    "bigcrypt");
	assert_null(passhash_method(""));
	assert_null(passhash_method("x"));
	assert_null(passhash_method("*"));
	assert_null(passhash_method("!$6$salt$"));
	assert_null(passhash_method("$nosuch$"));
	assert_null(passhash_method("abJnggxhB/yW"));
}

static void
test_odd_passwords(void **state)
{
	char hash[PASSHASH_MAX], longest[LONGEST + 2];
	struct secret pw = SECRET_INIT;
	struct errmsg e;

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(secret_set(&pw, longest, LONGEST), 0);
	assert_int_equal(passhash_make("sha256crypt", 1000, &pw, hash,
	    sizeof(hash), &e), 0);
	assert_int_equal(passhash_verify(hash, &pw, &e), PASSHASH_MATCH);
	assert_int_equal(secret_set(&pw, longest, LONGEST + 1), 0);
	assert_int_equal(passhash_verify(hash, &pw, &e), PASSHASH_MISMATCH);
	assert_int_equal(passhash_make(NULL, 0, &pw, hash, sizeof(hash), &e),
	    -1);
	assert_non_null(strstr(e.text, "511"));

	/* crypt(3) stops at a NUL; half a password must not do. */
	assert_int_equal(secret_set(&pw, "abc", 3), 0);
	assert_int_equal(passhash_make("sha256crypt", 1000, &pw, hash,
	    sizeof(hash), &e), 0);
	assert_int_equal(secret_set(&pw, "abc\0def", 7), 0);
	assert_int_equal(passhash_verify(hash, &pw, &e), PASSHASH_MISMATCH);
	assert_int_equal(passhash_make(NULL, 0, &pw, hash, sizeof(hash), &e),
	    -1);
	assert_non_null(strstr(e.text, "NUL"));
	secret_wipe(&pw);
}

static void
test_make_refuses(void **state)
{
	struct secret pw = secret_of("pw");
	char hash[PASSHASH_MAX];
	struct errmsg e;

	(void)state;
	assert_int_equal(passhash_make("rot13", 0, &pw, hash, sizeof(hash),
	    &e), -1);
	assert_non_null(strstr(e.text, "rot13"));
	assert_int_equal(passhash_make("bcrypt", 99, &pw, hash, sizeof(hash),
	    &e), -1);
	assert_int_equal(passhash_make("md5crypt", 0, &pw, hash, 10, &e), -1);
	assert_int_equal(passhash_make(NULL, 0, &pw, hash, sizeof(hash), &e),
	    0);
	assert_string_equal(passhash_method(hash), "yescrypt");
	secret_wipe(&pw);
}

static void
test_dummy(void **state)
{
	struct secret pw = secret_of("pw");

	(void)state;
	passhash_dummy(NULL, &pw);
	passhash_dummy("", &pw);
	passhash_dummy("*0", &pw);
	passhash_dummy("$6$", &pw);
	passhash_dummy("garbage", &pw);
	passhash_dummy("$2b$99$nonsense", &pw);
	passhash_dummy("$1$saltsalt$MEXsGmGYtD9oTJ6uTnKP60", &pw);
	assert_string_equal(secret_cstr(&pw), "pw");
	secret_wipe(&pw);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_des_reads_eight),
		cmocka_unit_test(test_no_hash),
		cmocka_unit_test(test_method_names),
		cmocka_unit_test(test_odd_passwords),
		cmocka_unit_test(test_make_refuses),
		cmocka_unit_test(test_dummy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
