/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of dir_settings: keys, switches, what cannot be, remarks.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "mechanisms/dir_settings.h"
#include "tests/unit/unit.h"

#define TEXTS_SIZE 8192

static struct dir_settings s;
static char texts[TEXTS_SIZE];		/* what was reported, in lines */
static struct conf_entries es;

static void
note(void *ctx, const char *text)
{
	size_t len = strlen(texts);

	assert_ptr_equal(ctx, &s);
	assert_int_equal(str_format(texts + len, sizeof(texts) - len, "%s\n",
	    text), 0);
}

/* Settings of these lines; the number of those that were refused. */
static unsigned
take(const char *lines)
{
	conf_fini(&dir_settings_table, &s);
	conf_entries_fini(&es);
	texts[0] = '\0';
	conf_defaults(&dir_settings_table, &s);
	assert_int_equal(conf_read_text(&es, "f", lines, strlen(lines), NULL),
	    0);
	return conf_apply(&dir_settings_table, &es, &s, note, &s);
}

static int
tear_down(void **state)
{
	(void)state;
	conf_fini(&dir_settings_table, &s);
	conf_entries_fini(&es);
	return 0;
}

/* ---- keys ------------------------------------------------------------- */

static void
test_defaults(void **state)
{
	(void)state;
	assert_int_equal(take(""), 0);
	assert_string_equal(s.servers, "ldap://localhost/");
	assert_string_equal(s.bind_dn, "");
	assert_int_equal(s.password.len, 0);
	assert_int_equal(s.version, 3);
	assert_string_equal(s.search_base, "");
	assert_string_equal(s.filter, "(uid=%u)");
	assert_int_equal(s.scope, DIR_SCOPE_SUB);
	assert_string_equal(s.password_attr, "userPassword");
	assert_int_equal(s.method, DIR_METHOD_BIND);
	assert_int_equal(s.timeout_sec, 5);
	assert_int_equal(s.connect_timeout_sec, 2);
	assert_int_equal(s.time_limit_sec, 5);
	assert_int_equal(s.size_limit, 1);
	assert_int_equal(s.deref, DIR_DEREF_NEVER);
	assert_false(s.referrals);
	assert_true(s.restart);
	assert_int_equal(s.debug, 0);
	assert_false(s.use_sasl || s.start_tls || s.group_nested);
	assert_int_equal(s.check_peer, DIR_PEER_UNSET);
	assert_int_equal(s.tls_min, DIR_TLS_MIN_UNSET);
	assert_string_equal(s.group_attr, "uniqueMember");
	assert_int_equal(s.group_match, DIR_MATCH_ATTR);
	assert_int_equal(s.group_scope, DIR_SCOPE_SUB);
	assert_int_equal(s.group_as, DIR_GROUP_AS_METHOD);
	assert_int_equal(dir_settings_verify(&s, NULL), 0);
}

#define MEMBER(name) offsetof(struct dir_settings, name)

/* Keys of texts and paths, with the member each belongs to. */
static void
test_texts(void **state)
{
	static const struct { const char *key; size_t offset; } rows[] = {
		{ "ldap_servers", MEMBER(servers) },
		{ "ldap_bind_dn", MEMBER(bind_dn) },
		{ "ldap_password_file", MEMBER(password_file) },
		{ "ldap_search_base", MEMBER(search_base) },
		{ "ldap_filter", MEMBER(filter) },
		{ "ldap_password_attr", MEMBER(password_attr) },
		{ "ldap_default_realm", MEMBER(default_realm) },
		{ "ldap_default_domain", MEMBER(default_realm) },
		{ "ldap_id", MEMBER(id) },
		{ "ldap_sasl_authc_id", MEMBER(id) },
		{ "ldap_authz_id", MEMBER(authz_id) },
		{ "ldap_sasl_authz_id", MEMBER(authz_id) },
		{ "ldap_realm", MEMBER(realm) },
		{ "ldap_sasl_realm", MEMBER(realm) },
		{ "ldap_mech", MEMBER(mech) },
		{ "ldap_sasl_mech", MEMBER(mech) },
		{ "ldap_sasl_secprops", MEMBER(secprops) },
		{ "ldap_service_mech", MEMBER(service_mech) },
		{ "ldap_tls_cacert_file", MEMBER(cacert_file) },
		{ "ldap_tls_cacert_dir", MEMBER(cacert_dir) },
		{ "ldap_tls_ciphers", MEMBER(ciphers) },
		{ "ldap_tls_cert", MEMBER(cert) },
		{ "ldap_tls_key", MEMBER(key) },
		{ "ldap_group_dn", MEMBER(group_dn) },
		{ "ldap_group_attr", MEMBER(group_attr) },
		{ "ldap_group_filter", MEMBER(group_filter) },
		{ "ldap_group_search_base", MEMBER(group_search_base) },
	};
	const char *value = "/a, b=c (d) \"e\" #f";
	char line[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		(void)str_format(line, sizeof(line), "%s: %s \t\r\n",
		    rows[i].key, value);
		assert_row(rows[i].key, take(line) == 0);
		assert_row(rows[i].key, strcmp(*(char **)(void *)
		    ((char *)&s + rows[i].offset), value) == 0);
	}
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *key;
		size_t offset;
		long min, max;
	} rows[] = {
		{ "ldap_version", MEMBER(version), 2, 3 },
		{ "ldap_timeout", MEMBER(timeout_sec), 0, INT_MAX },
		{ "ldap_connect_timeout", MEMBER(connect_timeout_sec), 1,
		    60 },
		{ "ldap_time_limit", MEMBER(time_limit_sec), 0, INT_MAX },
		{ "ldap_size_limit", MEMBER(size_limit), 0, INT_MAX },
		{ "ldap_debug", MEMBER(debug), -1, INT_MAX },
	};
	long *member, before;
	char lines[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		member = (long *)(void *)((char *)&s + rows[i].offset);
		(void)str_format(lines, sizeof(lines), "%s: %ld\n",
		    rows[i].key, rows[i].max);
		assert_row(rows[i].key, take(lines) == 0);
		assert_row(rows[i].key, *member == rows[i].max);
		(void)str_format(lines, sizeof(lines), "%s: %ld\n",
		    rows[i].key, rows[i].min);
		assert_row(rows[i].key, take(lines) == 0);
		assert_row(rows[i].key, *member == rows[i].min);
		(void)take("");
		before = *member;
		(void)str_format(lines, sizeof(lines), "%s: %ld\n%s: %ld\n"
		    "%s: many\n", rows[i].key, rows[i].min - 1, rows[i].key,
		    rows[i].max + 1, rows[i].key);
		assert_row(rows[i].key, take(lines) == 3);
		assert_row(rows[i].key, *member == before);
	}
}

static void
test_words(void **state)
{
	static const struct {
		const char *line;
		size_t offset;
		int value;
	} rows[] = {
		{ "ldap_scope: sub", MEMBER(scope), DIR_SCOPE_SUB },
		{ "ldap_scope: one", MEMBER(scope), DIR_SCOPE_ONE },
		{ "ldap_scope: BASE ", MEMBER(scope), DIR_SCOPE_BASE },
		{ "ldap_auth_method: bind", MEMBER(method),
		    DIR_METHOD_BIND },
		{ "ldap_auth_method: custom", MEMBER(method),
		    DIR_METHOD_CUSTOM },
		{ "ldap_auth_method: fastbind", MEMBER(method),
		    DIR_METHOD_FASTBIND },
		{ "ldap_deref: never", MEMBER(deref), DIR_DEREF_NEVER },
		{ "ldap_deref: search", MEMBER(deref), DIR_DEREF_SEARCH },
		{ "ldap_deref: find", MEMBER(deref), DIR_DEREF_FIND },
		{ "ldap_deref: always", MEMBER(deref), DIR_DEREF_ALWAYS },
		{ "ldap_group_match_method: attr", MEMBER(group_match),
		    DIR_MATCH_ATTR },
		{ "ldap_group_match_method: filter", MEMBER(group_match),
		    DIR_MATCH_FILTER },
		{ "ldap_group_scope: base", MEMBER(group_scope),
		    DIR_SCOPE_BASE },
		{ "ldap_group_as: service", MEMBER(group_as),
		    DIR_GROUP_AS_SERVICE },
		{ "ldap_group_as: user", MEMBER(group_as),
		    DIR_GROUP_AS_USER },
		{ "ldap_tls_min: 1.0", MEMBER(tls_min), DIR_TLS_MIN_1_0 },
		{ "ldap_tls_min: 1.1", MEMBER(tls_min), DIR_TLS_MIN_1_1 },
		{ "ldap_tls_min: 1.2", MEMBER(tls_min), DIR_TLS_MIN_1_2 },
		{ "ldap_tls_min: 1.3", MEMBER(tls_min), DIR_TLS_MIN_1_3 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].line, take(rows[i].line) == 0);
		assert_row(rows[i].line, *(int *)(void *)((char *)&s +
		    rows[i].offset) == rows[i].value);
	}
	assert_int_equal(take("ldap_scope: tree\nldap_deref: on\n"), 2);
	assert_int_equal(s.scope, DIR_SCOPE_SUB);
	assert_int_equal(s.deref, DIR_DEREF_NEVER);
}

/* As long as a line, blanks at its end and all. */
static void
test_password(void **state)
{
	char line[9000];

	(void)state;
	assert_int_equal(take("ldap_bind_pw: old\nldap_password: a b  \n"),
	    0);
	assert_string_equal(secret_cstr(&s.password), "a b  ");
	assert_int_equal(take("ldap_password: old\nldap_bind_pw: new\n"), 0);
	assert_string_equal(secret_cstr(&s.password), "new");
	(void)str_format(line, sizeof(line), "ldap_password: %08192d\n", 0);
	assert_int_equal(take(line), 0);
	assert_int_equal(s.password.len, 8192);
}

/* No row of the table without a test above or below, and no alias that is
 * another key than it says. */
static void
test_table(void **state)
{
	const struct conf_table *t = &dir_settings_table;
	const struct conf_key *k, *of;
	size_t aliases = 0, i;
	char help[64];

	(void)state;
	assert_string_equal(t->owner, "ldap");
	for (i = 0; i < t->count; i++) {
		k = &t->keys[i];
		assert_row(k->name, str_starts(k->name, "ldap_"));
		assert_row(k->name, conf_key_find(t, k->name) == k);
		if (k->alias_of == NULL)
			continue;
		aliases++;
		of = conf_key_find(t, k->alias_of);
		assert_row(k->name, of != NULL && of->alias_of == NULL);
		assert_row(k->name, of->offset == k->offset &&
		    of->type == k->type && of->def == NULL &&
		    k->def == NULL);
		(void)str_format(help, sizeof(help), "the same as %s",
		    of->name);
		assert_string_equal(k->help, help);
	}
	assert_int_equal(aliases, 6);
	assert_int_equal(t->count, 48);
}

/* ---- switches --------------------------------------------------------- */

#define AS_YES "counts as yes; Cyrus saslauthd 2.1.28 read it as no"

/* What the old reader made of a word, and what we do. */
static const struct word {
	const char *text;
	bool before, now, refused;
} words[] = {
	{ "yes", true, true, false }, { "y", true, true, false },
	{ "on", true, true, false }, { "true", true, true, false },
	{ "t", true, true, false }, { "1", true, true, false },
	{ "yup", true, true, false }, { "10", true, true, false },
	{ "Yes", false, true, false }, { "YES", false, true, false },
	{ "TRUE", false, true, false }, { "True", false, true, false },
	{ "On", false, true, false }, { "ON", false, true, false },
	{ "oN", false, true, false },
	{ "no", false, false, false }, { "n", false, false, false },
	{ "off", false, false, false }, { "false", false, false, false },
	{ "0", false, false, false }, { "No", false, false, false },
	{ "FALSE", false, false, false }, { "Off", false, false, false },
	{ "maybe", false, false, true }, { "o", false, false, true },
	{ "enable", false, false, true }, { "2", false, false, true },
	{ "-1", false, false, true }, { "", false, false, true },
	{ "\"yes\"", false, false, true },
};

static void
test_switches(void **state)
{
	static const struct { const char *key; size_t offset; } keys[] = {
		{ "ldap_referrals", MEMBER(referrals) },
		{ "ldap_restart", MEMBER(restart) },
		{ "ldap_use_sasl", MEMBER(use_sasl) },
		{ "ldap_start_tls", MEMBER(start_tls) },
		{ "ldap_group_nested", MEMBER(group_nested) },
	};
	const struct word *w;
	char line[64];
	size_t i, k;

	(void)state;
	for (k = 0; k < COUNT_OF(keys); k++)
		for (i = 0; i < COUNT_OF(words); i++) {
			w = &words[i];
			(void)str_format(line, sizeof(line), "%s: %s\n",
			    keys[k].key, w->text);
			assert_row(line, take(line) == w->refused);
			assert_row(line, *((bool *)&s + keys[k].offset) ==
			    w->now);
			assert_row(line, (es.list[0].remark != NULL) ==
			    (w->before != w->now));
			if (w->before != w->now)
				assert_row(line, strstr(es.list[0].remark,
				    AS_YES) != NULL);
			if (w->refused)
				assert_row(line, strstr(texts,
				    "wants yes or no (any other word is no, "
				    "as it always was)") != NULL);
		}
}

/* A typo does not switch verification off; it is off by a clear word only. */
static void
test_check_peer(void **state)
{
	const struct word *w;
	char line[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(words); i++) {
		w = &words[i];
		(void)str_format(line, sizeof(line),
		    "ldap_tls_check_peer: %s\n", w->text);
		assert_row(line, take(line) ==
		    (w->refused && w->text[0] != '\0'));
		assert_row(line, s.check_peer == (w->refused ?
		    DIR_PEER_UNSET : w->now ? DIR_PEER_YES : DIR_PEER_NO));
		assert_row(line, (es.list[0].remark != NULL) ==
		    (w->before != w->now));
	}
	assert_int_equal(take("ldap_tls_check_peer: yes\n"
	    "ldap_tls_check_peer: nope\nldap_tls_check_peer: ja\n"), 1);
	assert_int_equal(s.check_peer, DIR_PEER_NO);
}

/* ---- what follows ----------------------------------------------------- */

static void
test_uris(void **state)
{
	static const struct {
		const char *list;
		size_t count;
		const char *last;
	} rows[] = {
		{ "ldap://a/ ldaps://b:1/", 2, "ldaps://b:1/" },
		{ "\tldap://a/  \t ldapi://%2frun%2fldapi ", 2,
		    "ldapi://%2frun%2fldapi" },
		{ "ldap://a/,ldap://b/", 2, "ldap://b/" },
		{ "ldap://a/, LDAPS://b/,", 2, "LDAPS://b/" },
		{ "ldap:///dc=a,dc=b", 1, "ldap:///dc=a,dc=b" },
		{ "ldap:///dc=a,dc=b,ldap://c", 2, "ldap://c" },
		{ "", 0, NULL }, { "  , ", 0, NULL },
	};
	const char *list, *uri, *last;
	size_t count, len, last_len, i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		list = rows[i].list;
		last = NULL;
		last_len = count = 0;
		while ((uri = dir_settings_next_uri(&list, &len)) != NULL) {
			last = uri;
			last_len = len;
			count++;
		}
		assert_row(rows[i].list, count == rows[i].count);
		assert_row(rows[i].list, last == NULL ? rows[i].last == NULL :
		    last_len == strlen(rows[i].last) &&
		    memcmp(last, rows[i].last, last_len) == 0);
	}
}

static void
test_what_follows(void **state)
{
	(void)state;
	(void)take("");
	assert_int_equal(dir_settings_method(&s), DIR_METHOD_BIND);
	assert_false(dir_settings_has_group(&s));
	assert_false(dir_settings_uses_tls(&s));
	assert_false(dir_settings_users_sasl(&s));
	assert_false(dir_settings_service_sasl(&s));
	assert_true(dir_settings_needs_service(&s));
	assert_false(dir_settings_group_as_user(&s));

	(void)take("ldap_use_sasl: yes\nldap_servers: ldap://a LDAPS://b\n");
	assert_int_equal(dir_settings_method(&s), DIR_METHOD_FASTBIND);
	assert_true(dir_settings_users_sasl(&s));
	assert_false(dir_settings_service_sasl(&s));
	assert_false(dir_settings_needs_service(&s));
	assert_true(dir_settings_uses_tls(&s));
	assert_true(dir_settings_group_as_user(&s));

	(void)take("ldap_use_sasl: yes\nldap_auth_method: custom\n");
	assert_int_equal(dir_settings_method(&s), DIR_METHOD_CUSTOM);
	assert_false(dir_settings_users_sasl(&s));
	assert_true(dir_settings_service_sasl(&s));
	assert_true(dir_settings_needs_service(&s));

	(void)take("ldap_service_mech: EXTERNAL\nldap_start_tls: yes\n");
	assert_int_equal(dir_settings_method(&s), DIR_METHOD_BIND);
	assert_true(dir_settings_service_sasl(&s));
	assert_false(dir_settings_users_sasl(&s));
	assert_true(dir_settings_uses_tls(&s));
}

static void
test_groups(void **state)
{
	(void)state;
	(void)take("ldap_group_dn: cn=g\nldap_group_match_method: filter\n");
	assert_true(dir_settings_has_group(&s));
	assert_int_equal(dir_settings_group_match(&s), DIR_MATCH_ATTR);

	(void)take("ldap_group_filter: (member=%D)\n");
	assert_true(dir_settings_has_group(&s));
	assert_int_equal(dir_settings_group_match(&s), DIR_MATCH_FILTER);

	(void)take("ldap_group_filter: (member=%D)\nldap_group_dn: cn=g\n");
	assert_int_equal(dir_settings_group_match(&s), DIR_MATCH_ATTR);

	(void)take("ldap_group_filter: (member=%D)\nldap_group_dn: cn=g\n"
	    "ldap_group_match_method: filter\n");
	assert_int_equal(dir_settings_group_match(&s), DIR_MATCH_FILTER);
	s.group_nested = true;
	assert_int_equal(dir_settings_group_match(&s), DIR_MATCH_ATTR);

	(void)take("ldap_group_dn: cn=g\nldap_group_as: user\n");
	assert_true(dir_settings_group_as_user(&s));
	assert_true(dir_settings_needs_service(&s));
	(void)take("ldap_group_dn: cn=g\nldap_group_as: service\n"
	    "ldap_auth_method: fastbind\n");
	assert_false(dir_settings_group_as_user(&s));
	assert_true(dir_settings_needs_service(&s));
}

static void
test_needs_identity(void **state)
{
	static const struct { const char *lines, *why; } rows[] = {
		{ "", NULL },
		{ "ldap_service_mech: external\nldap_servers: ldapi:///\n",
		    "EXTERNAL over ldapi" },
		{ "ldap_use_sasl: yes\nldap_auth_method: custom\n"
		    "ldap_mech: EXTERNAL\nldap_servers: ldap://a ldapi:///\n",
		    "EXTERNAL over ldapi" },
		/* A client certificate is read before rights are dropped. */
		{ "ldap_service_mech: EXTERNAL\nldap_servers: ldaps://a\n",
		    NULL },
		{ "ldap_service_mech: gssapi\n", "gssapi uses the tickets" },
		{ "ldap_service_mech: GSS-SPNEGO\n", "GSS-SPNEGO uses" },
		{ "ldap_service_mech: SCRAM-SHA-256\n", NULL },
		{ "ldap_mech: GSSAPI\n", NULL },
		/* Nobody asks for the service account. */
		{ "ldap_service_mech: GSSAPI\nldap_auth_method: fastbind\n",
		    NULL },
		{ "ldap_service_mech: GSSAPI\nldap_auth_method: fastbind\n"
		    "ldap_group_dn: cn=g\nldap_group_as: service\n",
		    "GSSAPI uses" },
	};
	struct errmsg e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		(void)take(rows[i].lines);
		e.text[0] = '\0';
		assert_row(rows[i].lines, dir_settings_needs_identity(&s,
		    &e) == (rows[i].why != NULL));
		assert_row(rows[i].lines, rows[i].why == NULL ?
		    e.text[0] == '\0' : str_starts(e.text, rows[i].why));
	}
}

/* ---- verify ----------------------------------------------------------- */

static void
test_verify(void **state)
{
	static const struct { const char *lines, *why; } rows[] = {
		{ "ldap_servers:\n", "ldap_servers: there is none" },
		{ "ldap_servers: ldap.example.org\n",
		    "ldap_servers: ldap.example.org: a URI begins with" },
		{ "ldap_servers: ldap://a http://b\n",
		    "ldap_servers: http://b: a URI begins with" },
		{ "ldap_servers: ldaps://a ldaps://b\nldap_start_tls: yes\n",
		    "ldap_start_tls: ldaps:// is TLS" },
		{ "ldap_servers: ldap://a ldaps://b\nldap_start_tls: yes\n",
		    NULL },
		{ "ldap_servers: ldapi:///\nldap_start_tls: yes\n", NULL },
		{ "ldap_tls_cert: /c\n", NULL },
		{ "ldap_filter:\n", "ldap_filter: is empty" },
		{ "ldap_filter: (uid=%u\n", "ldap_filter: " },
		{ "ldap_filter: uid=%u\n", NULL },
		{ "ldap_search_base: nothing\n", "ldap_search_base: " },
		{ "ldap_auth_method: fastbind\n",
		    "ldap_filter: is a user's DN" },
		{ "ldap_auth_method: fastbind\nldap_filter:\n",
		    "ldap_filter: is empty" },
		{ "ldap_auth_method: fastbind\nldap_filter: uid=%u,dc=x\n",
		    NULL },
		{ "ldap_auth_method: fastbind\nldap_filter: %u@x.org\n",
		    NULL },
		/* What is not used is not looked at. */
		{ "ldap_auth_method: fastbind\nldap_filter: %u@x.org\n"
		    "ldap_search_base: nothing\n", NULL },
		{ "ldap_use_sasl: yes\nldap_filter:\n", NULL },
		{ "ldap_group_dn: nothing\n", "ldap_group_dn: " },
		{ "ldap_group_filter: (member=%D\n", "ldap_group_filter: " },
		{ "ldap_group_dn: cn=g\nldap_group_filter: (member=%D\n",
		    NULL },
		{ "ldap_group_filter: (member=%D)\n"
		    "ldap_group_search_base: nothing\n",
		    "ldap_group_search_base: " },
		{ "ldap_group_nested: yes\n",
		    "ldap_group_nested: wants ldap_group_dn" },
		{ "ldap_group_nested: yes\nldap_group_dn: cn=g\n", NULL },
		{ "ldap_auth_method: custom\nldap_group_as: user\n",
		    "ldap_group_as: user: nobody is bound" },
		{ "ldap_auth_method: custom\nldap_password_attr: *\n",
		    "ldap_password_attr: *: is not the name" },
		{ "ldap_auth_method: custom\nldap_password_attr: 1.1\n",
		    "ldap_password_attr: 1.1: is not the name" },
		{ "ldap_auth_method: custom\nldap_password_attr: a, b\n",
		    "ldap_password_attr: a, b: is not the name" },
		{ "ldap_auth_method: custom\n"
		    "ldap_password_attr: 2.5.4.35;lang-en\n", NULL },
		{ "ldap_password_attr: *\n", NULL },
#ifdef WITH_LDAP_SASL
		{ "ldap_use_sasl: yes\nldap_mech: external\n",
		    "ldap_mech: external asks for no password" },
		{ "ldap_use_sasl: yes\nldap_mech: GSSAPI\n", "ldap_mech: " },
		{ "ldap_use_sasl: yes\nldap_mech: GSS-SPNEGO\n",
		    "ldap_mech: " },
		{ "ldap_use_sasl: yes\nldap_mech: Anonymous\n",
		    "ldap_mech: " },
		{ "ldap_use_sasl: yes\nldap_mech: OAUTHBEARER\n",
		    "ldap_mech: " },
		{ "ldap_use_sasl: yes\nldap_mech: PLAIN GSSAPI\n",
		    "ldap_mech: " },
		{ "ldap_use_sasl: yes\nldap_auth_method: custom\n"
		    "ldap_mech: GSSAPI\n", NULL },
		{ "ldap_use_sasl: yes\nldap_mech: DIGEST-MD5\n", NULL },
		{ "ldap_use_sasl: yes\n", NULL },
		{ "ldap_service_mech: EXTERNAL\n", NULL },
#else
		{ "ldap_use_sasl: yes\n", "ldap_use_sasl: SASL is not in" },
		{ "ldap_service_mech: EXTERNAL\n", "ldap_service_mech: " },
#endif
	};
	struct errmsg e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].lines, take(rows[i].lines) == 0);
		e.text[0] = '\0';
		assert_row(rows[i].lines, dir_settings_verify(&s, &e) ==
		    (rows[i].why != NULL ? -1 : 0));
		assert_row(rows[i].lines, rows[i].why == NULL ||
		    str_starts(e.text, rows[i].why));
	}
}

static void
test_long_lists(void **state)
{
	char line[CONF_LINE_MAX];
	struct errmsg e;
	size_t len, i;

	(void)state;
	(void)str_format(line, sizeof(line), "ldap_servers: ldap://%0*d\n",
	    DIR_URI_MAX - 1 - (int)strlen("ldap://"), 0);
	(void)take(line);
	assert_int_equal(dir_settings_verify(&s, &e), 0);
	(void)str_format(line, sizeof(line), "ldap_servers: ldap://%0*d\n",
	    DIR_URI_MAX - (int)strlen("ldap://"), 0);
	(void)take(line);
	assert_int_equal(dir_settings_verify(&s, &e), -1);
	assert_string_equal(e.text, "ldap_servers: a URI is longer than 1023 "
	    "bytes");

	(void)str_format(line, sizeof(line), "ldap_servers:");
	for (i = 0; i < DIR_SERVERS_MAX; i++) {
		len = strlen(line);
		(void)str_format(line + len, sizeof(line) - len,
		    " ldap://s%zu/", i);
	}
	(void)take(line);
	assert_int_equal(dir_settings_verify(&s, &e), 0);
	len = strlen(line);
	(void)str_format(line + len, sizeof(line) - len, " ldap://more/");
	(void)take(line);
	assert_int_equal(dir_settings_verify(&s, &e), -1);
	assert_string_equal(e.text, "ldap_servers: more than 64");
}

/* ---- remarks ---------------------------------------------------------- */

#define FAR "ldap_servers: ldap://ldap.example.org/\n"

/* `text` is part of the only remark; NULL: there is none. */
static void
test_remarks(void **state)
{
	static const struct { const char *lines, *text; } rows[] = {
		{ "", NULL },
		{ FAR, "ldap://ldap.example.org/: passwords go there in clear "
		    "text" },
		{ FAR "ldap_start_tls: yes\n", NULL },
		{ "ldap_servers: ldaps://ldap.example.org/\n", NULL },
		{ "ldap_servers: ldapi:/// ldap:/// ldap:// "
		    "ldap://LOCALHOST:389/ ldap://127.0.0.2 ldap://[::1]:39/"
		    "\n", NULL },
		{ "ldap_servers: ldap://127.0.0.1.example.org/\n", "clear" },
		{ "ldap_servers: ldap://192.0.2.1:389/\n", "clear" },
		{ "ldap_servers: ldap://[2001:db8::1]/\n", "clear" },
		{ "ldap_servers: ldap:///dc=example,dc=org\n", "clear" },
		{ "ldap_servers: ldap://localhost, ldap://b.example.org\n",
		    "ldap_servers: ldap://b.example.org: passwords" },
		{ FAR "ldap_auth_method: fastbind\nldap_use_sasl: yes\n"
		    "ldap_mech: SCRAM-SHA-256\n", NULL },
		{ FAR "ldap_auth_method: fastbind\nldap_use_sasl: yes\n"
		    "ldap_mech: plain\n", "clear" },
		{ FAR "ldap_auth_method: custom\nldap_use_sasl: yes\n"
		    "ldap_mech: SCRAM-SHA-256\n", "clear" },
		{ "ldap_servers: ldap://localhost ldaps://b\n"
		    "ldap_start_tls: yes\n",
		    "ldap_start_tls: ldaps://b: is TLS from the start" },
		{ "ldap_tls_check_peer: no\n", NULL },
		{ "ldap_tls_check_peer: no\nldap_start_tls: yes\n",
		    "ldap_tls_check_peer: no: whoever" },
		{ "ldap_tls_check_peer: yes\nldap_start_tls: yes\n", NULL },
		{ "ldap_tls_cert: /c\n", "ldap_tls_cert: without "
		    "ldap_tls_key" },
		{ "ldap_tls_key: /k\n", "ldap_tls_key: without "
		    "ldap_tls_cert" },
		{ "ldap_tls_key: /k\nldap_tls_cert: /c\n", NULL },
		{ "ldap_filter: (mail=%U@%d)\n", "ldap_filter: %d is the "
		    "realm" },
		{ "ldap_filter: (mail=%U@%r)\n", NULL },
		{ "ldap_search_base: dc=%d\n", "ldap_search_base: %d is" },
		{ "ldap_filter: (&(uid=%u)(x=%q))\n", "ldap_filter: %q means "
		    "nothing" },
		{ "ldap_filter: uid=%u%\n", "ldap_filter: the % at its end" },
		{ "ldap_filter: (%s=%u)\n", "ldap_filter: a token stands "
		    "where an attribute" },
		{ "ldap_auth_method: fastbind\nldap_filter: %u@x.org\n"
		    "ldap_search_base: dc=%d\n", NULL },
		{ "ldap_group_filter: (member=%D)\n", "ldap_group_filter: is "
		    "matched by filter" },
		{ "ldap_group_filter: (member=%D)\n"
		    "ldap_group_match_method: filter\n", NULL },
		{ "ldap_group_dn: cn=g\nldap_group_match_method: filter\n",
		    "ldap_group_match_method: is attr" },
		{ "ldap_group_dn: cn=%d\n", "ldap_group_dn: %d is" },
		{ "ldap_use_sasl: yes\n", "ldap_auth_method: with "
		    "ldap_use_sasl bind is fastbind" },
		{ "ldap_bind_dn: cn=a\n", "ldap_bind_dn: without "
		    "ldap_password" },
		{ "ldap_bind_dn: cn=a\nldap_password: x\n", NULL },
		{ "ldap_bind_dn: cn=a\nldap_password_file: /\n", "ldap_"
		    "password_file: /: everybody may read it" },
		{ "ldap_bind_dn: cn=a\nldap_password_file: /nowhere/x\n",
		    NULL },
		{ "ldap_bind_dn: cn=a\nldap_service_mech: EXTERNAL\n", NULL },
		{ "ldap_bind_dn: cn=a\nldap_auth_method: fastbind\n"
		    "ldap_filter: %u@x.org\n", NULL },
		{ "ldap_password: x\nldap_password_file: /proc/self/mem\n",
		    "ldap_password: is not used" },
		{ "ldap_timeout: 0\n", "ldap_timeout: nobody waits" },
		{ "ldap_timeout: 11\n", "ldap_timeout: nobody waits" },
		{ "ldap_timeout: 10\n", NULL },
		{ "ldap_referrals: yes\n", "ldap_referrals: only searches" },
		{ "ldap_version: 2\n", "ldap_version: 2 makes" },
		{ "ldap_version: 2\nldap_start_tls: yes\n", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].lines, take(rows[i].lines) == 0);
		dir_settings_remarks(&s, note, &s);
		if (rows[i].text == NULL) {
			if (texts[0] != '\0')
				fail_msg("%s: %s", rows[i].lines, texts);
			continue;
		}
		if (strstr(texts, rows[i].text) == NULL)
			fail_msg("%s: %s", rows[i].lines, texts);
		assert_row(rows[i].lines, strchr(texts, '\n') ==
		    texts + strlen(texts) - 1);
	}
}

static void
test_readable_password_file(void **state)
{
	char path[] = "/tmp/unit-dir-XXXXXX", line[64];
	const int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)str_format(line, sizeof(line), "ldap_password_file: %s\n",
	    path);
	(void)take(line);
	dir_settings_remarks(&s, note, &s);
	assert_string_equal(texts, "");
	assert_int_equal(fchmod(fd, 0644), 0);
	dir_settings_remarks(&s, note, &s);
	assert_non_null(strstr(texts, ": everybody may read it"));
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
}

static void
test_lacks(void **state)
{
	static const char files[] = "ldap_password_file: /nowhere/p\n"
	    "ldap_tls_cacert_file: /nowhere/f\nldap_tls_cacert_dir: /\n"
	    "ldap_tls_cert: /nowhere/c\nldap_tls_key: /nowhere/k\n";
	char lines[512];

	(void)state;
	(void)take("");
	dir_settings_lacks(&s, note, &s);
	assert_string_equal(texts, "");
	(void)take(files);
	dir_settings_lacks(&s, note, &s);
	assert_string_equal(texts, "ldap_password_file: /nowhere/p: No such "
	    "file or directory\n");
	(void)str_format(lines, sizeof(lines), "%sldap_start_tls: yes\n",
	    files);
	(void)take(lines);
	dir_settings_lacks(&s, note, &s);
	assert_non_null(strstr(texts, "ldap_tls_cacert_file: /nowhere/f: "));
	assert_null(strstr(texts, "_dir"));
	assert_non_null(strstr(texts, "ldap_tls_cert: /nowhere/c: "));
	assert_non_null(strstr(texts, "ldap_tls_key: /nowhere/k: "));
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_texts),
		TEST(test_numbers),
		TEST(test_words),
		TEST(test_password),
		TEST(test_table),
		TEST(test_switches),
		TEST(test_check_peer),
		TEST(test_uris),
		TEST(test_what_follows),
		TEST(test_groups),
		TEST(test_needs_identity),
		TEST(test_verify),
		TEST(test_long_lists),
		TEST(test_remarks),
		TEST(test_readable_password_file),
		TEST(test_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
