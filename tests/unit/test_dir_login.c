/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of dir_login and dir_group, between servers and a session that
 * answer as they are told.
 */
#include "config.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "mechanisms/dir_login.h"
#include "tests/unit/unit.h"

#define JOE "uid=joe,o=x"

/* ---- two servers, of which the first is preferred --------------------- */

static size_t server_count, offered, downs, ups, entered;
static bool last_resort;

bool
servers_next(struct servers *sv, struct servers_round *round,
    const struct deadline *d, struct servers_offer *server_r, struct errmsg *e)
{
	(void)sv;
	(void)round;
	assert_false(deadline_passed(d));
	if (offered == server_count) {
		errmsg_set(e, "nothing in DNS");
		return false;
	}
	*server_r = (struct servers_offer){ .name = "ldap://x/",
	    .slot = offered,
	    .last_resort = last_resort, .others = offered + 1 < server_count };
	offered++;
	return true;
}

void
servers_enter(struct servers *sv, size_t slot)
{
	(void)sv;
	assert_int_equal(slot, offered - 1);
	assert_int_equal(entered++, 0);
}

void
servers_leave(struct servers *sv, size_t slot)
{
	(void)sv;
	assert_int_equal(slot, offered - 1);
	assert_int_equal(entered--, 1);
}

void
servers_up(struct servers *sv, size_t slot)
{
	(void)sv;
	(void)slot;
	ups++;
}

void
servers_down(struct servers *sv, size_t slot, const char *why)
{
	(void)sv;
	(void)slot;
	assert_true(str_starts(why, "search: ") || str_starts(why, "bind: "));
	downs++;
}

/* ---- a session -------------------------------------------------------- */

struct told {
	enum dir_trouble trouble;
	int code;
};

/* What each server says. */
static struct told search[2], bind_user[2], compare, whoami;
static const char *found_dn, *authzid;
static size_t entries;
static int policy_error;
static bool slow;	/* searches take all the time there is */
/* What was asked. */
static char asked[256], last_dn[64], last_value[64], last_id[64];
static int32_t left_msec[2];

static void
tell(const char *what, const struct told *t, struct dir_reply *r_r)
{
	const size_t len = strlen(asked);

	assert_int_equal(str_format(asked + len, sizeof(asked) - len, "%s%s",
	    len > 0 ? " " : "", what), 0);
	*r_r = (struct dir_reply)DIR_REPLY_INIT;
	r_r->trouble = t->trouble;
	r_r->code = t->trouble == DIR_ANSWERED ? t->code : DIR_CODE_NONE;
	r_r->policy.there = policy_error != DIR_POLICY_NONE;
	r_r->policy.error = policy_error;
}

void
dir_session_use(struct dir_session *ss, const struct servers_offer *server,
    const struct deadline *d)
{
	(void)ss;
	assert_int_equal(entered, 1);
	left_msec[server->slot] = deadline_left_msec(d);
}

void
dir_session_search(struct dir_session *ss, enum dir_who who,
    const struct dir_search *q, enum dir_stage stage, struct dir_found *f_r,
    struct dir_reply *r_r, enum dir_stage *stage_r)
{
	(void)ss;
	*stage_r = stage;
	if (stage == DIR_STAGE_GROUP) {
		assert_int_equal(str_copy(last_dn, sizeof(last_dn), q->base),
		    0);
		assert_int_equal(str_copy(last_value, sizeof(last_value),
		    q->filter), 0);
		tell("groups", &compare, r_r);
		f_r->entries = entries;
		return;
	}
	assert_int_equal(who, DIR_AS_SERVICE);
	if (slow)
		(void)poll(NULL, 0, left_msec[offered - 1] + 1);
	tell("search", &search[offered - 1], r_r);
	f_r->entries = entries;
	f_r->dn = found_dn != NULL ? strdup(found_dn) : NULL;
}

void
dir_session_compare(struct dir_session *ss, enum dir_who who, const char *dn,
    const char *attr, const char *value, struct dir_reply *r_r,
    enum dir_stage *stage_r)
{
	(void)ss;
	(void)attr;
	*stage_r = DIR_STAGE_GROUP;
	assert_int_equal(str_copy(last_dn, sizeof(last_dn), dn), 0);
	assert_int_equal(str_copy(last_value, sizeof(last_value), value), 0);
	tell(who == DIR_AS_USER ? "compare-as-user" : "compare", &compare,
	    r_r);
}

void
dir_session_bind_user(struct dir_session *ss, const char *dn,
    const struct secret *pw, struct dir_reply *r_r, enum dir_stage *stage_r)
{
	(void)ss;
	assert_true(dn[0] != '\0' && pw->len > 0);
	*stage_r = DIR_STAGE_USER_BIND;
	assert_int_equal(str_copy(last_dn, sizeof(last_dn), dn), 0);
	tell("bind", &bind_user[offered - 1], r_r);
}

void
dir_session_bind_user_sasl(struct dir_session *ss,
    struct dir_sasl_login *login, struct dir_reply *r_r,
    enum dir_stage *stage_r)
{
	(void)ss;
	assert_true(login->password->len > 0);
	assert_string_equal(login->authz_id, "");
	*stage_r = DIR_STAGE_USER_BIND;
	assert_int_equal(str_copy(last_id, sizeof(last_id), login->id), 0);
	tell("sasl", &bind_user[offered - 1], r_r);
}

void
dir_session_whoami(struct dir_session *ss, char **authzid_r,
    struct dir_reply *r_r, enum dir_stage *stage_r)
{
	(void)ss;
	*stage_r = DIR_STAGE_WHOAMI;
	tell("whoami", &whoami, r_r);
	*authzid_r = authzid != NULL ? strdup(authzid) : NULL;
}

void
dir_found_fini(struct dir_found *f)
{
	free(f->dn);
	f->dn = NULL;
}

/* ---- asking ----------------------------------------------------------- */

static unsigned sasl_logins;

static const struct told good = { DIR_ANSWERED, DIR_SUCCESS };
static const struct told lost = { DIR_LOST, 0 };

/* A world in which joe may log in. */
static int
set_up(void **state)
{
	(void)state;
	server_count = 1;
	last_resort = slow = false;
	search[0] = search[1] = bind_user[0] = bind_user[1] = whoami = good;
	compare = (struct told){ DIR_ANSWERED, DIR_COMPARE_TRUE };
	found_dn = JOE;
	authzid = "dn:" JOE;
	entries = 1;
	policy_error = DIR_POLICY_NONE;
	return 0;
}

static void
report(void *ctx, const char *text)
{
	(void)ctx;
	fail_msg("%s", text);
}

/* With these settings, separated by NULL; how long there is, -1: long. */
static struct mech_answer
ask_in(int64_t msec, const char *login, const char *password,
    const char *const *settings)
{
	struct conf_entries entries_of = CONF_ENTRIES_INIT;
	struct dir_settings s = { 0 };
	struct dir_login l = { .settings = &s, .sasl_logins = sasl_logins };
	struct secret pw = SECRET_INIT;
	struct mech_request req = { .login = login, .service = "smtp",
	    .realm = "realm", .address = "", .password = &pw };
	struct mech_answer a = { 0 };

	conf_defaults(&dir_settings_table, &s);
	for (; *settings != NULL; settings++)
		assert_int_equal(conf_add_set(&entries_of, *settings, NULL),
		    0);
	conf_apply(&dir_settings_table, &entries_of, &s, report, NULL);
	assert_int_equal(secret_set(&pw, password, strlen(password)), 0);
	req.deadline = deadline_in_msec(msec);
	offered = downs = ups = entered = 0;
	asked[0] = last_dn[0] = last_value[0] = last_id[0] = '\0';
	dir_login_check(&l, &req, &a);
	assert_int_equal(entered, 0);
	sasl_logins = l.sasl_logins;
	secret_wipe(&pw);
	conf_entries_fini(&entries_of);
	conf_fini(&dir_settings_table, &s);
	return a;
}

#define ask(...) \
	ask_in(10000, "joe", "secret", (const char *const[]){ __VA_ARGS__ })

static void
is(const struct mech_answer *a, enum auth_result result,
    enum auth_reason reason, const char *wanted)
{
	assert_string_equal(asked, wanted);
	assert_string_equal(auth_reason_name(a->reason),
	    auth_reason_name(reason));
	assert_int_equal(a->result, result);
}

#define BIND "ldap_auth_method=bind", "ldap_search_base=o=x"
#define FASTBIND "ldap_auth_method=fastbind", "ldap_filter=uid=%u,o=x"
#define GROUP "ldap_group_dn=cn=g"

static void
test_bind(void **state)
{
	struct mech_answer a = ask(BIND, NULL);

	(void)state;
	is(&a, AUTH_OK, REASON_NONE, "search bind");
	assert_string_equal(last_dn, JOE);
	assert_int_equal(ups, 1);
	bind_user[0].code = DIR_INVALID_CREDENTIALS;
	a = ask(BIND, NULL);
	is(&a, AUTH_DENIED, REASON_BAD_PASSWORD, "search bind");
	assert_int_equal(ups, 1);
	entries = 0;
	a = ask(BIND, NULL);
	is(&a, AUTH_DENIED, REASON_NO_SUCH_USER, "search");
}

/* A success that the server did not say is none, and neither is one with a
 * condition. */
static void
test_success_that_is_none(void **state)
{
	struct mech_answer a;

	(void)state;
	bind_user[0] = (struct told){ DIR_TROUBLE_UNSET, DIR_SUCCESS };
	a = ask(BIND, NULL);
	is(&a, AUTH_TEMPFAIL, REASON_INTERNAL, "search bind");
	a = ask(FASTBIND, NULL);
	is(&a, AUTH_TEMPFAIL, REASON_INTERNAL, "bind");
	bind_user[0] = (struct told){ DIR_BAD_QUESTION, DIR_SUCCESS };
	a = ask("ldap_use_sasl=yes", NULL);
	is(&a, AUTH_MISCONFIG, REASON_CONFIG, "sasl");
	bind_user[0] = good;
	policy_error = DIR_POLICY_CHANGE_AFTER_RESET;
	a = ask(BIND, GROUP, NULL);
	is(&a, AUTH_DENIED, REASON_MUST_CHANGE, "search bind");
}

/* Anonymous is everybody. */
static void
test_never_without_password_or_name(void **state)
{
	struct mech_answer a = ask_in(10000, "joe", "",
	    (const char *const[]){ FASTBIND, NULL });

	(void)state;
	is(&a, AUTH_DENIED, REASON_EMPTY_PASSWORD, "");
	found_dn = "";
	a = ask(BIND, NULL);
	is(&a, AUTH_MISCONFIG, REASON_CONFIG, "search");
	found_dn = NULL;
	a = ask(BIND, NULL);
	is(&a, AUTH_MISCONFIG, REASON_CONFIG, "search");
	a = ask("ldap_auth_method=fastbind", "ldap_filter=%D", NULL);
	is(&a, AUTH_DENIED, REASON_NO_SUCH_USER, "");
	assert_int_equal(offered, 0);
	a = ask(BIND, "ldap_filter=(%u=x)", "ldap_search_base=%D", NULL);
	is(&a, AUTH_DENIED, REASON_NO_SUCH_USER, "");
}

static void
test_the_next_server(void **state)
{
	struct mech_answer a;

	(void)state;
	server_count = 2;
	search[0] = lost;
	a = ask(BIND, NULL);
	is(&a, AUTH_OK, REASON_NONE, "search search bind");
	assert_int_equal(downs, 1);
	assert_int_equal(ups, 1);
	/* All is done again: the bind of another server proves nothing here. */
	search[0] = good;
	bind_user[0] = lost;
	a = ask(BIND, NULL);
	is(&a, AUTH_OK, REASON_NONE, "search bind search bind");
	bind_user[1].code = DIR_INVALID_CREDENTIALS;
	a = ask(BIND, NULL);
	is(&a, AUTH_DENIED, REASON_BAD_PASSWORD, "search bind search bind");
	bind_user[1] = lost;
	a = ask(BIND, NULL);
	is(&a, AUTH_TEMPFAIL, REASON_BACKEND_DOWN, "search bind search bind");
	assert_int_equal(downs, 2);
	/* Busy is not down. */
	search[0].code = DIR_BUSY;
	bind_user[1] = good;
	a = ask(BIND, NULL);
	is(&a, AUTH_OK, REASON_NONE, "search search bind");
	assert_int_equal(downs, 0);
	assert_int_equal(ups, 2);
}

static void
test_no_server(void **state)
{
	struct mech_answer a;

	(void)state;
	server_count = 0;
	a = ask(BIND, NULL);
	is(&a, AUTH_TEMPFAIL, REASON_BACKEND_DOWN, "");
	assert_string_equal(a.detail, "nothing in DNS");
}

static void
test_time(void **state)
{
	const char *const bind[] = { BIND, NULL };
	struct mech_answer a;

	(void)state;
	server_count = 2;
	search[0] = lost;
	a = ask(BIND, NULL);
	assert_in_range(left_msec[0], 2000, DIR_ATTEMPT_MSEC);
	assert_in_range(left_msec[1], 9000, 9800);
	last_resort = true;
	a = ask(BIND, NULL);
	assert_in_range(left_msec[0], 9000, 9800);
	/* The end is before the request's own. */
	a = ask_in(150, "joe", "secret", bind);
	is(&a, AUTH_TEMPFAIL, REASON_DEADLINE, "");
	last_resort = false;
	a = ask_in(300, "joe", "secret", bind);
	is(&a, AUTH_OK, REASON_NONE, "search search bind");
	assert_int_equal(downs, 1);
	/* To have had no time proves nothing against a server. */
	slow = true;
	a = ask_in(300, "joe", "secret", bind);
	is(&a, AUTH_TEMPFAIL, REASON_DEADLINE, "search");
	assert_int_equal(downs, 0);
}

static void
test_groups(void **state)
{
	struct mech_answer a = ask(BIND, GROUP, NULL);

	(void)state;
	is(&a, AUTH_OK, REASON_NONE, "search bind compare");
	assert_string_equal(last_dn, "cn=g");
	assert_string_equal(last_value, JOE);
	a = ask(FASTBIND, GROUP, NULL);
	is(&a, AUTH_OK, REASON_NONE, "bind compare-as-user");
	assert_string_equal(last_value, JOE);
	compare.code = DIR_COMPARE_FALSE;
	a = ask(BIND, GROUP, NULL);
	is(&a, AUTH_DENIED, REASON_NOT_IN_GROUP, "search bind compare");
	bind_user[0].code = DIR_INVALID_CREDENTIALS;
	a = ask(BIND, GROUP, NULL);
	is(&a, AUTH_DENIED, REASON_BAD_PASSWORD, "search bind");
}

static void
test_nested_groups(void **state)
{
	struct mech_answer a;

	(void)state;
	compare.code = DIR_SUCCESS;
	found_dn = "cn=a*,o=x";
	a = ask(BIND, GROUP, "ldap_group_nested=yes", NULL);
	is(&a, AUTH_OK, REASON_NONE, "search bind groups");
	assert_string_equal(last_dn, "cn=g");
	assert_string_equal(last_value,
	    "(member:1.2.840.113556.1.4.1941:=cn=a\\2a,o=x)");
	a = ask(BIND, GROUP, "ldap_group_nested=yes", "ldap_group_attr=m",
	    NULL);
	assert_string_equal(last_value,
	    "(m:1.2.840.113556.1.4.1941:=cn=a\\2a,o=x)");
}

/* Whom a name or a SASL id stands for the server has to tell. */
static void
test_group_by_name(void **state)
{
	static const char *const not_told[] = { "u:CORP\\joe", "dn:", "",
	    NULL };
	struct mech_answer a;
	size_t i;

	(void)state;
	a = ask("ldap_auth_method=fastbind", "ldap_filter=%u@x", NULL);
	is(&a, AUTH_OK, REASON_NONE, "bind");
	assert_string_equal(last_dn, "joe@x");
	a = ask("ldap_auth_method=fastbind", "ldap_filter=%u@x", GROUP, NULL);
	is(&a, AUTH_OK, REASON_NONE, "bind whoami compare-as-user");
	assert_string_equal(last_value, JOE);
	a = ask("ldap_use_sasl=yes", GROUP, NULL);
	is(&a, AUTH_OK, REASON_NONE, "sasl whoami compare-as-user");
	for (i = 0; i < COUNT_OF(not_told); i++) {
		authzid = not_told[i];
		a = ask("ldap_use_sasl=yes", GROUP, NULL);
		is(&a, AUTH_MISCONFIG, REASON_CONFIG, "sasl whoami");
		assert_non_null(strstr(a.detail, "ldap_auth_method bind"));
	}
}

static void
test_sasl_ids(void **state)
{
	const char *const sasl[] = { "ldap_use_sasl=yes", NULL };
	struct mech_answer a = ask("ldap_use_sasl=yes", NULL);

	(void)state;
	is(&a, AUTH_OK, REASON_NONE, "sasl");
	assert_string_equal(last_id, "joe@realm");
	ask_in(10000, "joe@dom", "secret", sasl);
	assert_string_equal(last_id, "joe@dom");
}

/* Of a library that loses memory with each. */
static void
test_many_sasl_logins(void **state)
{
	struct mech_answer a;
	unsigned i;

	(void)state;
	sasl_logins = 0;
	for (i = 1; i < 1000; i++) {
		a = ask("ldap_use_sasl=yes", NULL);
		assert_false(a.retire);
	}
	a = ask(FASTBIND, NULL);
	assert_false(a.retire);
	bind_user[0].code = DIR_INVALID_CREDENTIALS;
	a = ask("ldap_use_sasl=yes", NULL);
	is(&a, AUTH_DENIED, REASON_BAD_PASSWORD, "sasl");
	assert_true(a.retire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bind, set_up),
		cmocka_unit_test_setup(test_success_that_is_none, set_up),
		cmocka_unit_test_setup(test_never_without_password_or_name,
		    set_up),
		cmocka_unit_test_setup(test_the_next_server, set_up),
		cmocka_unit_test_setup(test_no_server, set_up),
		cmocka_unit_test_setup(test_time, set_up),
		cmocka_unit_test_setup(test_groups, set_up),
		cmocka_unit_test_setup(test_nested_groups, set_up),
		cmocka_unit_test_setup(test_group_by_name, set_up),
		cmocka_unit_test_setup(test_sasl_ids, set_up),
		cmocka_unit_test_setup(test_many_sasl_logins, set_up)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
