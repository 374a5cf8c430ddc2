/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pass_schemes and pass_argon2: values that slappasswd(8), argon2(1),
 * openssl(1) and Python's hashlib made of one password, and values that are
 * none.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "common/str.h"
#include "mechanisms/pass_argon2.h"
#include "mechanisms/pass_schemes.h"
#include "tests/unit/unit.h"

#define PASSWORD "s3cret"

static struct errmsg said;

static enum pass_verdict
verify_bytes(const void *stored, size_t stored_len, const void *password,
    size_t len)
{
	struct secret s = SECRET_INIT, pw = SECRET_INIT;
	enum pass_verdict verdict;

	said.text[0] = '\0';
	assert_int_equal(secret_set(&s, stored, stored_len), 0);
	assert_int_equal(secret_set(&pw, password, len), 0);
	verdict = pass_schemes_verify(&s, &pw, &said);
	secret_wipe(&s);
	secret_wipe(&pw);
	return verdict;
}

static enum pass_verdict
verify(const char *stored, const char *password)
{
	return verify_bytes(stored, strlen(stored), password,
	    strlen(password));
}

/* All of PASSWORD. */
static const char *const good[] = {
	"{CLEARTEXT}s3cret",
	"{cleartext}s3cret",
	"s3cret",
	"{SSHA}tOSg9N8/WBNMOnaxYHkKvkj3ydKgSOlF",
	"{SMD5}ne8WJY18yqvnGg8OKUWJQeiNmio=",
	"{MD5}M+GyMqTm+gAopmcHU3SaFw==",
	"{md5}M+GyMqTm+gAopmcHU3SaFw",
	"{SHA}/vNB+F2HQ559kaLUZbmHHvZrXpg=",
	"{SHA256}HsHCa1DV08WNlYMYGvgHZlX+AHVr9yhZQLo2cPmfy6A=",
	"{SHA-256}HsHCa1DV08WNlYMYGvgHZlX+AHVr9yhZQLo2cPmfy6A=",
	"{SSHA256}BbuGX5Chjfj5+UG2nlqooVvyyjw6sbKz9Wy5ObXc7EC8mpmDQ/j"
	    "xoQ==",
	"{Ssha-256}BbuGX5Chjfj5+UG2nlqooVvyyjw6sbKz9Wy5ObXc7EC8mpmDQ/"
	    "jxoQ==",
	"{SHA384}JgnjVC/I9LsHQQ4h7rPm3IfvUHQZdsDEVjvVO7PDbPDIz2/v5pjn"
	    "VqHJi5UKb7OS",
	"{SSHA384}tCMtxjHhwu4YB/exLMGr/WnvbSZCivKHJUYBa3HkLWqYu6U3BKn"
	    "bNpN6/HONakE9FOmRC7j4VII=",
	"{SHA512}lcia3d5QY1fsXv0O5BrCQe/W+xAJp2gMFQHqgXA0K4y/Dy2Ti1Yp"
	    "VJDxnx/F+ijQmxWE6qCcmmsvd3YjKZzVIQ==",
	"{SSHA512}IgGWBGnbA1W4eZQHqPguhc69edLdeS8sazA+fumnuzzTz4GzQjM"
	    "X36d8i8ILUBA6eBhqszlEPrnJwIoQgRsnvN/0kq6cYE5Z",
	"{PBKDF2}10000$haDJAxVyOOxaY1wCArXSyw$x9IEYyiu13VOo94JvvTAZOD"
	    "hJxQ",
	"{PBKDF2-SHA1}10000$OryzkSDyuxwjGgcGJmzt/g$58CJ3HjAH0TWW20OiD"
	    "PAjWK.OH8",
	"{PBKDF2-SHA256}10000$Lqblla3ambeQQPatgSIwWQ$4m7.Theaux70wbvS"
	    "u5GQgwSSMe5X/tuYNs2.KBrfTuA",
	"{PBKDF2-SHA512}10000$GKNyrFiuHyIvFQ8.RMwxUg$Mr7GwVnxsubmXyEh"
	    "0ARTEiAMGAXvBlGKR0pYCGqnYVvsoOGIKcn/GhH5gclIXNs46m.nYIlYrbmF"
	    "W3p7zCQgIQ",
	"{PBKDF2_SHA256}AAAD6AABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscH"
	    "R4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8v5h8EJI8dN3Lo7"
	    "d6IEAh0k0Tm/IVdhG1nJN83Z/UKfgLl3UqSvFXV6QGxQgPWgQd360CTBG+r3"
	    "tEgNB6Rfc+KC8RY2OGly+haa6Ekr9oNv67SBogMw6BZ7vRYiyI8t2K3swRZJ"
	    "5Nk02QzjJK+TEZ3z1MepsnirpToPk2mCoARfuUBXrTJgqapeHyiLH304qV92"
	    "TdVXCNtosd6JIInfI0e1rw1yXPBKVIrTD/1V07OJMWKrS7N3gZDbhaly4vqA"
	    "paWLkmfkKiFV6MLo+Rj/eBGmXeAicub2ShSb3VVmK++dgRVzRUProVN+cmey"
	    "Ea636XNOVuhLV/PN3fRyNxqmF9d",
	"{CRYPT}$6$abcdefgh$Z7KfoKnKTSZrzo5VZ0YubGLQOj9ov6sHo9TmE3zIU"
	    "/LHKhpE30zCnZ0mcIXYf9r9rQ4DYaXoxAFSPFlcWdxjB.",
	"{unix}$1$abcdefgh$7.vq19w/w3Vm.hk1FOA7Q/",
	"{CRYPT}abhWCwoTZY2c6",
	"{crypt}$y$j75$abcdefgh$Gesqn6hLdlHp16KfJtHEwGhEPX04Si3cQOo8x"
	    "FmQ5d2"
};

#ifdef WITH_ARGON2
/* "id" in two lanes, "d" and "i". */
static const char *const argon2_good[] = {
	"{ARGON2}$argon2id$v=19$m=64,t=1,p=2$c29tZXNhbHQxNmJ5dGVz$"
	    "A3vnHH55LqveuvnGjsmcUGpQce8KBBm5Cji+xeQyulU",
	"{argon2id}$argon2id$v=19$m=64,t=1,p=2$c29tZXNhbHQxNmJ5dGVz$"
	    "A3vnHH55LqveuvnGjsmcUGpQce8KBBm5Cji+xeQyulU",
	"{ARGON2}$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQxNmJ5dGVz$"
	    "XL2q099eUDNwFK4XZlyMlXSnpbyzIdK4DGJ6z9JrCfg",
	"{ARGON2I}$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQxNmJ5dGVz$"
	    "nWQBSX7jDZTXDZGkCsP9fF/7PYGSLIWXCZlAHoVyof8"
};
#endif

static void
check_good(const char *stored)
{
	assert_row(stored, verify(stored, PASSWORD) == PASS_MATCH);
	assert_row(stored, verify(stored, "S3cret") == PASS_MISMATCH);
	assert_row(stored, verify(stored, "s3cre") == PASS_MISMATCH);
	assert_row(stored, verify(stored, "s3cret ") == PASS_MISMATCH);
	assert_row(stored, verify(stored, "") == PASS_MISMATCH);
	assert_row(stored, verify_bytes(stored, strlen(stored),
	    PASSWORD "\0x", sizeof(PASSWORD "\0x") - 1) == PASS_MISMATCH);
	/* Who knows what is stored does not get in with it. */
	if (strcmp(stored, PASSWORD) != 0)
		assert_row(stored, verify(stored, stored) == PASS_MISMATCH);
}

static void
test_good(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(good); i++)
		check_good(good[i]);
}

/* What nobody can judge is never compared with what was typed. */
static const char *const unknown[] = {
	"{SASL}joe@example.org", "{KERBEROS}joe", "{SSHA1024}AAAA",
	"{PBKDF2-SHA384}1$AAAA$AAAA", "{hunter2}", "{}", "{}x", "{a b}x",
	/* cut off, no base64, nothing */
	"{SHA}/vNB+F2HQ559kaLUZbmHHvZrXp", "{SHA}/vNB+F2HQ559kaLUZbmHHvZr",
	"{SSHA}tOSg9N8/WBNMOnaxYHkKvkj3ydI=", "{SSHA}tOSg", "{SSHA}",
	"{SSHA256}HsHCa1DV08WNlYMYGvgHZlX+AHVr9yhZQLo2cPmfy6A=",
	"{MD5}33e1b232a4e6fa0028a6670753749a17", "{MD5}", "{SMD5}!",
	/* salt where there is none */
	"{SHA}tOSg9N8/WBNMOnaxYHkKvkj3ydKgSOlF",
	"{MD5}ne8WJY18yqvnGg8OKUWJQeiNmio=",
	"{PBKDF2}", "{PBKDF2}10000", "{PBKDF2}10000$haDJAxVyOOxaY1wCArXSyw",
	"{PBKDF2}10000$haDJAxVyOOxaY1wCArXSyw$",
	"{PBKDF2}10000$haDJAxVyOOxaY1wCArXSyw$x9IEYyiu13VOo94JvvTAZODhJw",
	"{PBKDF2}10000$$x9IEYyiu13VOo94JvvTAZODhJxQ",
	"{PBKDF2}0$haDJAxVyOOxaY1wCArXSyw$x9IEYyiu13VOo94JvvTAZODhJxQ",
	"{PBKDF2}-1$haDJAxVyOOxaY1wCArXSyw$x9IEYyiu13VOo94JvvTAZODhJxQ",
	"{PBKDF2}1e4$haDJAxVyOOxaY1wCArXSyw$x9IEYyiu13VOo94JvvTAZODhJxQ",
	"{PBKDF2}99999999$haDJAxVyOOxaY1wCArXSyw$x9IEYyiu13VOo94JvvTAZODhJxQ",
	"{PBKDF2}10000$haDJAxVyOOxaY1wCArXSyw$x9IEYyiu13VOo94JvvTAZODhJxQ$",
	"{PBKDF2-SHA256}10000$haDJAxVyOOxaY1wCArXSyw$"
	    "x9IEYyiu13VOo94JvvTAZODhJxQ",
	"{PBKDF2_SHA256}", "{PBKDF2_SHA256}AAAD6AABAgMEBQYHCAkKCwwN",
	"{CRYPT}", "{CRYPT}s3cret",
	"{CRYPT}$6$abcdefgh", "{UNIX}x",
	"{ARGON2}", "{ARGON2}$argon2id$", "{ARGON2}$argon2x$v=19$m=64,t=1,p=1"
	    "$c29tZXNhbHQxNmJ5dGVz$nWQBSX7jDZTXDZGkCsP9fF",
	"{ARGON2}$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQxNmJ5dGVz$"
	    "A3vnHH55LqveuvnGjsmcUGpQce8KBBm5Cji+xeQyulU",
	"{ARGON2}$argon2id$v=19$m=64,t=1000,p=1$c29tZXNhbHQxNmJ5dGVz$"
	    "A3vnHH55LqveuvnGjsmcUGpQce8KBBm5Cji+xeQyulU",
	"{ARGON2}$argon2id$v=19$m=8192,t=1,p=1000$c29tZXNhbHQxNmJ5dGVz$"
	    "A3vnHH55LqveuvnGjsmcUGpQce8KBBm5Cji+xeQyulU",
	"{ARGON2}$argon2id$v=19$m=18446744073709551680,t=1,p=1$"
	    "c29tZXNhbHQxNmJ5dGVz$A3vnHH55LqveuvnGjsmcUGpQce8KBBm5",
	/* hashes without a prefix */
	"$6$abcdefgh$Z7KfoKnKTSZrzo5VZ0YubGLQOj9ov6sHo9TmE3zIU/LHKhpE30zCnZ0m"
	    "cIXYf9r9rQ4DYaXoxAFSPFlcWdxjB.",
	"$1$abcdefgh$7.vq19w/w3Vm.hk1FOA7Q/", "$md5,rounds=904$salt$$hash",
	"$argon2id$v=19$m=64,t=1,p=2$c29tZXNhbHQxNmJ5dGVz$"
	    "A3vnHH55LqveuvnGjsmcUGpQce8KBBm5Cji+xeQyulU",
	"$pbkdf2-sha256$1$AA$AA", "_J9..CCCCtEcogEK7xAw"
};

static void
test_unknown(void **state)
{
	const char *value, *behind;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(unknown); i++) {
		value = unknown[i];
		assert_row(value, verify(value, PASSWORD) == PASS_UNKNOWN);
		assert_row(value, said.text[0] != '\0');
		/* The value is not shown, nor any end of it. */
		behind = strchr(value, '}');
		behind = behind != NULL ? behind + 1 : value;
		assert_row(value, strlen(behind) < 4 ||
		    strstr(said.text, behind) == NULL);
		/* It is not the password, nor is what stands behind. */
		assert_row(value, verify(value, value) == PASS_UNKNOWN);
		assert_row(value, verify(value, behind) != PASS_MATCH);
	}
}

static void
test_names_the_scheme(void **state)
{
	(void)state;
	assert_int_equal(verify("{CRYPT}!", "!"), PASS_LOCKED);
	assert_int_equal(verify("{crypt}*LK*", PASSWORD), PASS_LOCKED);
	assert_int_equal(verify("{SASL}joe", PASSWORD), PASS_UNKNOWN);
	assert_non_null(strstr(said.text, "{SASL}"));
	assert_null(strstr(said.text, "joe"));
	/* May be a password that was stored as it is. */
	assert_int_equal(verify("{hunter2}", "{hunter2}"), PASS_UNKNOWN);
	assert_null(strstr(said.text, "hunter2"));
	assert_int_equal(verify("{my s3cret}", "x"), PASS_UNKNOWN);
	assert_null(strstr(said.text, "s3cret"));
}

/* The end of a C string is no end of a value or a password. */
static void
test_nul(void **state)
{
	static const char hash[] = "{CRYPT}$1$abcdefgh$7.vq19w/w3Vm.hk1FOA7Q/"
	    "\0and more";

	(void)state;
	assert_int_equal(verify_bytes("s3cret\0more", 11, "s3cret", 6),
	    PASS_MISMATCH);
	assert_int_equal(verify_bytes("s3cret\0more", 11, "s3cret\0more", 11),
	    PASS_MATCH);
	assert_int_equal(verify_bytes("s3cret\0more", 11, "s3cret\0mord", 11),
	    PASS_MISMATCH);
	assert_int_equal(verify_bytes(hash, sizeof(hash) - 1, "s3cret", 6),
	    PASS_UNKNOWN);
	assert_int_equal(verify_bytes("{SHA}\0", 6, "s3cret", 6),
	    PASS_UNKNOWN);
}

/* Letters that could be DES are a password, as OpenLDAP's slapd has it; so
 * are a sign or a brace that begin nothing. */
static void
test_plain_words(void **state)
{
	static const char *const words[] = {
		"correcthorse1", "abhWCwoTZY2c6", "$ecret", "$$", "$", "_x",
		"_underscored_passwords", "{open", "}", "x{SSHA}y"
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(words); i++) {
		assert_row(words[i], verify(words[i], words[i]) ==
		    PASS_MATCH);
		assert_row(words[i], verify(words[i], "x") == PASS_MISMATCH);
	}
	assert_int_equal(verify("", ""), PASS_MISMATCH);
	assert_int_equal(verify("", "x"), PASS_MISMATCH);
	assert_int_equal(verify("{CLEARTEXT}", ""), PASS_MISMATCH);
	/* A prefix is one only in front. */
	assert_int_equal(verify("{CLEARTEXT}{SSHA}x", "{SSHA}x"), PASS_MATCH);
}

static enum pass_verdict
verify_any(const char *first, const char *second, const char *third)
{
	const char *const texts[] = { first, second, third };
	struct secret values[COUNT_OF(texts)], pw = SECRET_INIT;
	enum pass_verdict verdict;
	size_t i;

	memset(values, 0, sizeof(values));
	for (i = 0; i < COUNT_OF(texts); i++)
		assert_int_equal(secret_set(&values[i], texts[i],
		    strlen(texts[i])), 0);
	assert_int_equal(secret_set(&pw, PASSWORD, strlen(PASSWORD)), 0);
	(void)errmsg_set(&said, "left over");
	verdict = pass_schemes_verify_any(values, COUNT_OF(texts), &pw,
	    &said);
	for (i = 0; i < COUNT_OF(texts); i++)
		secret_wipe(&values[i]);
	secret_wipe(&pw);
	return verdict;
}

static void
test_any(void **state)
{
	const char *right = "{SHA}/vNB+F2HQ559kaLUZbmHHvZrXpg=";
	const char *wrong = "{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	const char *strange = "{SASL}joe";
	struct secret pw = SECRET_INIT;

	(void)state;
	assert_int_equal(verify_any(right, wrong, strange), PASS_MATCH);
	assert_string_equal(said.text, "");
	assert_int_equal(verify_any(strange, right, wrong), PASS_MATCH);
	assert_int_equal(verify_any(wrong, strange, right), PASS_MATCH);
	assert_int_equal(verify_any(strange, wrong, strange), PASS_MISMATCH);
	assert_string_equal(said.text, "");
	assert_int_equal(verify_any(wrong, wrong, wrong), PASS_MISMATCH);
	assert_int_equal(verify_any(strange, strange, strange),
	    PASS_UNKNOWN);
	assert_non_null(strstr(said.text, "{SASL}"));
	assert_int_equal(pass_schemes_verify_any(NULL, 0, &pw, NULL),
	    PASS_UNSET);
}

#ifdef WITH_ARGON2
static void
test_argon2(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(argon2_good); i++)
		check_good(argon2_good[i]);
	/* The library's own words. */
	assert_int_equal(verify("{ARGON2}$argon2i$v=19$m=64,t=1,p=1$c29tZX$"
	    "nWQBSX7jDZTXDZGkCsP9fF/7PYGSLIWXCZlAHoVyof8", PASSWORD),
	    PASS_UNKNOWN);
	assert_true(str_starts(said.text, "argon2: "));
}
#else
static void
test_argon2(void **state)
{
	struct secret pw = SECRET_INIT;

	(void)state;
	assert_int_equal(pass_argon2_verify("$argon2id$v=19$m=64,t=1,p=2$x$y",
	    &pw, &said), PASS_UNKNOWN);
	assert_non_null(strstr(said.text, "no libargon2"));
}
#endif

static double
dummy_sec(void)
{
	struct secret pw = SECRET_INIT;
	clock_t began;

	assert_int_equal(secret_set(&pw, PASSWORD, strlen(PASSWORD)), 0);
	began = clock();
	pass_schemes_dummy(&pw);
	began = clock() - began;
	secret_wipe(&pw);
	return (double)began / CLOCKS_PER_SEC;
}

/* Comes first: nothing has been verified yet in this process. */
static void
test_dummy(void **state)
{
	clock_t began;
	double took;

	(void)state;
	assert_true(dummy_sec() < 0.01);
	/* Some wrong key. CPU time varies on a busy machine, but not so. */
	began = clock();
	assert_int_equal(verify("{PBKDF2-SHA512}300000$AAAAAAAAAAA$Mr7GwVnxsu"
	    "bmXyEh0ARTEiAMGAXvBlGKR0pYCGqnYVvsoOGIKcn/GhH5gclIXNs46m.nYIlYr"
	    "bmFW3p7zCQgIQ", PASSWORD), PASS_MISMATCH);
	took = (double)(clock() - began) / CLOCKS_PER_SEC;
	assert_true(dummy_sec() > took / 10);
	/* A cheaper one does not take its place. */
	assert_int_equal(verify(good[0], PASSWORD), PASS_MATCH);
	assert_int_equal(verify("{SHA}/vNB+F2HQ559kaLUZbmHHvZrXpg=",
	    PASSWORD), PASS_MATCH);
	assert_true(dummy_sec() > took / 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dummy),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_names_the_scheme),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_plain_words),
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_argon2)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
