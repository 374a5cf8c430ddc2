/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of dir_sasl: which mechanisms may prove a user's password, and
 * what libsasl2 is told.
 */
#include "config.h"

#include <string.h>

#ifdef WITH_LDAP_SASL
#include <sasl/sasl.h>
#endif

#include "mechanisms/dir_sasl.h"
#include "tests/unit/unit.h"

#define OFFERED_MAX 16

static struct secret offered[OFFERED_MAX];
static size_t offered_count;
static char chosen[128];

static void
offer(const char *words)
{
	size_t n;

	while (offered_count > 0)
		secret_wipe(&offered[--offered_count]);
	for (; *words != '\0'; words += n) {
		words += strspn(words, " ");
		n = strcspn(words, " ");
		assert_true(offered_count < OFFERED_MAX);
		assert_int_equal(secret_set(&offered[offered_count++], words,
		    n), 0);
	}
}

static int
choose(const char *only)
{
	return dir_sasl_choose(offered, offered_count, only, chosen,
	    sizeof(chosen));
}

static int
tear_down(void **state)
{
	(void)state;
	offer("");
	return 0;
}

static void
test_choice(void **state)
{
	static const struct {
		const char *name, *offered, *only, *want;	/* NULL: -1 */
	} rows[] = {
		{ "strongest first", "PLAIN DIGEST-MD5 SCRAM-SHA-1", "",
		    "SCRAM-SHA-1 DIGEST-MD5 PLAIN" },
		{ "what takes no password", "GSSAPI EXTERNAL ANONYMOUS "
		    "GSS-SPNEGO OAUTHBEARER XOAUTH2 PLAIN", "", "PLAIN" },
		{ "nothing but those", "GSSAPI EXTERNAL ANONYMOUS", "", NULL },
		{ "nothing", "", "", NULL },
		{ "only", "PLAIN DIGEST-MD5", "PLAIN", "PLAIN" },
		{ "case", "plain digest-md5", "Digest-MD5", "DIGEST-MD5" },
		{ "only what is not offered", "PLAIN", "DIGEST-MD5", NULL },
		{ "only, but it takes none", "EXTERNAL PLAIN", "EXTERNAL",
		    NULL },
		{ "channel binding is not had", "SCRAM-SHA-1-PLUS", "", NULL },
		{ "no prefix", "PLAINX XPLAIN PLAI", "", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		offer(rows[i].offered);
		assert_row(rows[i].name, choose(rows[i].only) ==
		    (rows[i].want != NULL ? 0 : -1));
		assert_row(rows[i].name, rows[i].want == NULL ||
		    strcmp(chosen, rows[i].want) == 0);
	}
}

static void
test_choice_needs_room(void **state)
{
	char little[sizeof("SCRAM-SHA-256")];

	(void)state;
	offer("SCRAM-SHA-256 PLAIN");
	assert_int_equal(dir_sasl_choose(offered, offered_count, "", little,
	    sizeof(little)), -1);
	assert_int_equal(dir_sasl_choose(offered, offered_count,
	    "SCRAM-SHA-256", little, sizeof(little)), 0);
	assert_string_equal(little, "SCRAM-SHA-256");
}

static void
test_takes_password(void **state)
{
	(void)state;
	assert_true(dir_sasl_takes_password("scram-sha-512"));
	assert_true(dir_sasl_takes_password("LOGIN"));
	assert_false(dir_sasl_takes_password("EXTERNAL"));
	assert_false(dir_sasl_takes_password("GSSAPI"));
	assert_false(dir_sasl_takes_password(""));
}

#ifdef WITH_LDAP_SASL

static struct secret password;

static struct dir_sasl_login
login_of(const char *id, const char *authz_id, const char *realm)
{
	return (struct dir_sasl_login){ .mechs = "", .secprops = "",
	    .id = id, .authz_id = authz_id, .realm = realm,
	    .password = &password };
}

static void
assert_told(const sasl_interact_t *in, const char *want)
{
	assert_int_equal(in->len, strlen(want));
	assert_memory_equal(in->result, want, in->len);
}

static void
test_all_questions(void **state)
{
	sasl_interact_t in[] = {
		{ .id = SASL_CB_USER }, { .id = SASL_CB_AUTHNAME },
		{ .id = SASL_CB_GETREALM }, { .id = SASL_CB_PASS },
		{ .id = SASL_CB_LIST_END },
	};
	struct dir_sasl_login login = login_of("joe", "u:ann", "example.org");

	(void)state;
	assert_int_equal(secret_set(&password, "sec\0ret", 7), 0);
	assert_int_equal(dir_sasl_fill(in, &login), 0);
	assert_told(&in[0], "u:ann");
	assert_told(&in[1], "joe");
	assert_told(&in[2], "example.org");
	assert_int_equal(in[3].len, 7);	/* with its NUL */
	assert_memory_equal(in[3].result, "sec\0ret", 7);
	assert_true(login.password_asked);
	secret_wipe(&password);
}

static void
test_what_may_be_missing(void **state)
{
	sasl_interact_t in[] = {
		{ .id = SASL_CB_USER },
		{ .id = SASL_CB_GETREALM, .defresult = "mail.example.org" },
		{ .id = SASL_CB_LIST_END },
	};
	struct dir_sasl_login login = login_of("", "", "");

	(void)state;
	assert_int_equal(dir_sasl_fill(in, &login), 0);
	assert_told(&in[0], "");
	assert_told(&in[1], "mail.example.org");
	assert_false(login.password_asked);
}

static void
test_what_may_not(void **state)
{
	static const unsigned long questions[] = {
		SASL_CB_AUTHNAME, SASL_CB_PASS, SASL_CB_ECHOPROMPT,
		SASL_CB_NOECHOPROMPT, SASL_CB_LANGUAGE,
	};
	struct dir_sasl_login login = login_of("", "", "");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(questions); i++) {
		sasl_interact_t in[] = {
			{ .id = questions[i], .defresult = "default" },
			{ .id = SASL_CB_LIST_END },
		};

		login.password = i % 2 == 0 ? &password : NULL;
		assert_int_equal(dir_sasl_fill(in, &login), -1);
		assert_false(login.password_asked);
	}
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_choice, tear_down),
		cmocka_unit_test_teardown(test_choice_needs_room, tear_down),
		cmocka_unit_test(test_takes_password),
#ifdef WITH_LDAP_SASL
		cmocka_unit_test(test_all_questions),
		cmocka_unit_test(test_what_may_be_missing),
		cmocka_unit_test(test_what_may_not),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
