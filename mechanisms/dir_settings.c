/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_settings - the keys of mechanism ldap, and what follows from them.
 */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "common/str.h"
#include "mechanisms/dir_settings.h"

/* ---- switches --------------------------------------------------------- */

enum word { WORD_OTHER, WORD_NO, WORD_YES };

/* By how it begins, in lower case: all that Cyrus' reader looked at. */
static enum word
word_of(char first, char second)
{
	if (first == '0' || first == 'n' || first == 'f' ||
	    (first == 'o' && second == 'f'))
		return WORD_NO;
	if (first == '1' || first == 'y' || first == 't' ||
	    (first == 'o' && second == 'n'))
		return WORD_YES;
	return WORD_OTHER;
}

static enum word
read_word(const char *text, int *remark_r, struct errmsg *e)
{
	const enum word before = word_of(text[0], text[0] ? text[1] : '\0');
	const enum word now = word_of(str_lower(text[0]),
	    text[0] ? str_lower(text[1]) : '\0');

	*remark_r = now == WORD_YES && before != WORD_YES;
	if (*remark_r)
		(void)errmsg_set(e, "counts as yes; Cyrus saslauthd 2.1.28 "
		    "read it as no");
	return now;
}

static int
read_switch(const struct conf_key *k, void *member, const char *text,
    struct errmsg *e)
{
	bool *on = member;
	int remark;
	enum word word = read_word(text, &remark, e);

	(void)k;
	*on = word == WORD_YES;
	if (word == WORD_OTHER)
		return errmsg_set(e, "wants yes or no (any other word is no, "
		    "as it always was)");
	return remark;
}

static const char *const peers[] = { "libldap", "no", "yes", NULL };

/* What is not set leaves libldap's configuration in force, and nobody's typo
 * switches verification off. */
static int
read_peer(const struct conf_key *k, void *member, const char *text,
    struct errmsg *e)
{
	int *peer = member;
	int remark = 0;

	(void)k;
	if (text[0] == '\0' || str_casecmp(text, peers[DIR_PEER_UNSET]) ==
	    0) {
		*peer = DIR_PEER_UNSET;
		return 0;
	}
	switch (read_word(text, &remark, e)) {
	case WORD_OTHER:
		return errmsg_set(e, "wants yes or no (libldap's own "
		    "configuration decides)");
	case WORD_NO:
		*peer = DIR_PEER_NO;
		break;
	case WORD_YES:
		*peer = DIR_PEER_YES;
		break;
	}
	return remark;
}

/* ---- keys ------------------------------------------------------------- */

static const char *const methods[] = { "bind", "custom", "fastbind", NULL };
static const char *const scopes[] = { "sub", "one", "base", NULL };
static const char *const derefs[] = { "never", "search", "find", "always",
    NULL };
static const char *const matches[] = { "attr", "filter", NULL };
static const char *const identities[] = { "method", "service", "user", NULL };
static const char *const tls_versions[] = { "libldap", "1.0", "1.1", "1.2",
    "1.3", NULL };

#define AT(member) .offset = offsetof(struct dir_settings, member)
#define TEXT(member) .type = CONF_STRING, AT(member)
#define FILE_PATH(member) .type = CONF_PATH, AT(member), .max = PATH_MAX - 1
#define SWITCH(member) .type = CONF_BOOL, AT(member), .read = read_switch
#define CHOICE(member, words) .type = CONF_CHOICE, AT(member), \
    .choices = words
#define ALSO(key) .alias_of = key, .help = "the same as " key

static const struct conf_key keys[] = {
	{ .name = "ldap_servers", TEXT(servers), .def = "ldap://localhost/",
	  .help = "URIs of the servers, by preference" },
	{ .name = "ldap_bind_dn", TEXT(bind_dn),
	  .help = "DN of the service account; empty: anonymous" },
	{ .name = "ldap_password", .type = CONF_SECRET, AT(password),
	  .help = "password of the service account" },
	{ .name = "ldap_bind_pw", .type = CONF_SECRET, AT(password),
	  ALSO("ldap_password") },
	{ .name = "ldap_password_file", FILE_PATH(password_file),
	  .help = "file whose first line is that password" },
	{ .name = "ldap_version", .type = CONF_INT, AT(version), .min = 2,
	  .max = 3, .def = "3",
	  .help = "version of the protocol; 3 with SASL and StartTLS" },
	{ .name = "ldap_search_base", TEXT(search_base),
	  .help = "DN below which users are, with tokens" },
	{ .name = "ldap_filter", TEXT(filter), .def = "(uid=%u)",
	  .help = "filter that finds a user, with tokens; fastbind: the DN" },
	{ .name = "ldap_scope", CHOICE(scope, scopes), .def = "sub",
	  .help = "how deep users are below the base" },
	{ .name = "ldap_password_attr", TEXT(password_attr), .min = 1,
	  .def = "userPassword",
	  .help = "attribute with the password's hash (method custom)" },
	{ .name = "ldap_auth_method", CHOICE(method, methods), .def = "bind",
	  .help = "how a password is checked" },
	{ .name = "ldap_default_realm", TEXT(default_realm),
	  .help = "realm of a request that has none" },
	{ .name = "ldap_default_domain", TEXT(default_realm),
	  ALSO("ldap_default_realm") },
	{ .name = "ldap_timeout", .type = CONF_SECONDS, AT(timeout_sec),
	  .max = INT_MAX, .def = "5",
	  .help = "how long a server may take for one operation; 0: no limit "
	      "but the request's" },
	{ .name = "ldap_connect_timeout", .type = CONF_SECONDS,
	  AT(connect_timeout_sec), .min = 1, .max = 60, .def = "2",
	  .help = "how long it may take to connect, with TLS" },
	{ .name = "ldap_time_limit", .type = CONF_SECONDS,
	  AT(time_limit_sec), .max = INT_MAX, .def = "5",
	  .help = "time limit that is told to the server; 0: none" },
	{ .name = "ldap_size_limit", .type = CONF_INT, AT(size_limit),
	  .max = INT_MAX, .def = "1",
	  .help = "number of entries that is told to the server; 0: none" },
	{ .name = "ldap_deref", CHOICE(deref, derefs), .def = "never",
	  .help = "when aliases are dereferenced" },
	{ .name = "ldap_referrals", SWITCH(referrals), .def = "no",
	  .help = "follow referrals of searches" },
	{ .name = "ldap_restart", SWITCH(restart), .def = "yes",
	  .help = "restart interrupted system calls of libldap" },
	{ .name = "ldap_debug", .type = CONF_INT, AT(debug), .min = -1,
	  .max = INT_MAX, .def = "0",
	  .help = "debug level of libldap, to standard error" },

	{ .name = "ldap_use_sasl", SWITCH(use_sasl), .def = "no",
	  .help = "bind through SASL" },
	{ .name = "ldap_id", TEXT(id),
	  .help = "SASL authentication id of the service account" },
	{ .name = "ldap_sasl_authc_id", TEXT(id), ALSO("ldap_id") },
	{ .name = "ldap_authz_id", TEXT(authz_id),
	  .help = "SASL authorization id" },
	{ .name = "ldap_sasl_authz_id", TEXT(authz_id),
	  ALSO("ldap_authz_id") },
	{ .name = "ldap_realm", TEXT(realm),
	  .help = "SASL realm; empty: of ldap.conf" },
	{ .name = "ldap_sasl_realm", TEXT(realm), ALSO("ldap_realm") },
	{ .name = "ldap_mech", TEXT(mech),
	  .help = "SASL mechanism, or several to choose from; empty: of "
	      "ldap.conf, or the strongest" },
	{ .name = "ldap_sasl_mech", TEXT(mech), ALSO("ldap_mech") },
	{ .name = "ldap_sasl_secprops", TEXT(secprops),
	  .help = "security properties, as SASL_SECPROPS of ldap.conf" },
	{ .name = "ldap_service_mech", TEXT(service_mech),
	  .help = "SASL mechanism of the service account; empty: simple "
	      "bind" },

	{ .name = "ldap_start_tls", SWITCH(start_tls), .def = "no",
	  .help = "StartTLS on ldap:// connections" },
	{ .name = "ldap_tls_check_peer", CHOICE(check_peer, peers),
	  .def = "libldap", .read = read_peer,
	  .help = "verify servers; libldap: as ldap.conf says" },
	{ .name = "ldap_tls_cacert_file", FILE_PATH(cacert_file),
	  .help = "file of trusted certificates" },
	{ .name = "ldap_tls_cacert_dir", FILE_PATH(cacert_dir),
	  .help = "directory of trusted certificates" },
	{ .name = "ldap_tls_ciphers", TEXT(ciphers),
	  .help = "ciphers, as the TLS library of libldap writes them" },
	{ .name = "ldap_tls_cert", FILE_PATH(cert),
	  .help = "file of the client certificate" },
	{ .name = "ldap_tls_key", FILE_PATH(key),
	  .help = "file of its key" },
	{ .name = "ldap_tls_min", CHOICE(tls_min, tls_versions),
	  .def = "libldap", .help = "lowest version of TLS" },

	{ .name = "ldap_group_dn", TEXT(group_dn),
	  .help = "DN of the group users must be in, with tokens" },
	{ .name = "ldap_group_attr", TEXT(group_attr), .min = 1,
	  .def = "uniqueMember",
	  .help = "attribute of the group that names members" },
	{ .name = "ldap_group_match_method", CHOICE(group_match, matches),
	  .def = "attr", .help = "how membership is seen" },
	{ .name = "ldap_group_filter", TEXT(group_filter),
	  .help = "filter that finds the groups of a user, with tokens" },
	{ .name = "ldap_group_search_base", TEXT(group_search_base),
	  .help = "DN below which groups are, with tokens; empty: "
	      "ldap_search_base" },
	{ .name = "ldap_group_scope", CHOICE(group_scope, scopes),
	  .def = "sub", .help = "how deep groups are below the base" },
	{ .name = "ldap_group_nested", SWITCH(group_nested), .def = "no",
	  .help = "also groups within the group, by Active Directory's rule" },
	{ .name = "ldap_group_as", CHOICE(group_as, identities),
	  .def = "method", .help = "who asks about groups" },
};

const struct conf_table dir_settings_table = {
	.owner = "ldap",
	.keys = keys,
	.count = sizeof(keys) / sizeof(keys[0]),
};

/* ---- servers ---------------------------------------------------------- */

static const struct {
	const char *text;
	enum dir_scheme scheme;
} schemes[] = {
	{ "ldap://", DIR_SCHEME_LDAP },
	{ "ldaps://", DIR_SCHEME_LDAPS },
	{ "ldapi://", DIR_SCHEME_LDAPI },
};

static bool
starts_folded(const char *s, const char *prefix)
{
	while (*prefix != '\0' && str_lower(*s) == *prefix) {
		s++;
		prefix++;
	}
	return *prefix == '\0';
}

enum dir_scheme
dir_settings_scheme(const char *uri, const char **rest_r)
{
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (starts_folded(uri, schemes[i].text)) {
			*rest_r = uri + strlen(schemes[i].text);
			return schemes[i].scheme;
		}
	*rest_r = uri;
	return DIR_SCHEME_OTHER;
}

/* A comma is between two URIs only in front of one: "ldap:///dc=a,dc=b" is a
 * single URI. */
static bool
ends_uri(const char *s)
{
	const char *rest;

	if (*s != ',')
		return *s == '\0' || str_is_blank(*s);
	s++;
	while (str_is_blank(*s))
		s++;
	return *s == '\0' || dir_settings_scheme(s, &rest) != DIR_SCHEME_OTHER;
}

const char *
dir_settings_next_uri(const char **list, size_t *len_r)
{
	const char *uri = *list;
	size_t len = 0;

	while (*uri != '\0' && (str_is_blank(*uri) || *uri == ','))
		uri++;
	while (!ends_uri(uri + len))
		len++;
	*list = uri + len;
	*len_r = len;
	return len > 0 ? uri : NULL;
}

bool
dir_settings_has_scheme(const struct dir_settings *s,
    enum dir_scheme scheme)
{
	const char *list = s->servers, *uri, *rest;
	size_t len;

	while ((uri = dir_settings_next_uri(&list, &len)) != NULL)
		if (dir_settings_scheme(uri, &rest) == scheme)
			return true;
	return false;
}

/* ---- what follows from the settings ----------------------------------- */

enum dir_method
dir_settings_method(const struct dir_settings *s)
{
	if (s->use_sasl && s->method == DIR_METHOD_BIND)
		return DIR_METHOD_FASTBIND;
	return (enum dir_method)s->method;
}

bool
dir_settings_has_group(const struct dir_settings *s)
{
	return s->group_dn[0] != '\0' || s->group_filter[0] != '\0';
}

enum dir_match
dir_settings_group_match(const struct dir_settings *s)
{
	if (s->group_dn[0] == '\0')
		return DIR_MATCH_FILTER;
	if (s->group_filter[0] == '\0' || s->group_nested)
		return DIR_MATCH_ATTR;
	return (enum dir_match)s->group_match;
}

bool
dir_settings_group_as_user(const struct dir_settings *s)
{
	if (s->group_as == DIR_GROUP_AS_METHOD)
		return dir_settings_method(s) == DIR_METHOD_FASTBIND;
	return s->group_as == DIR_GROUP_AS_USER;
}

bool
dir_settings_service_sasl(const struct dir_settings *s)
{
	return s->service_mech[0] != '\0' ||
	    (s->use_sasl && s->method == DIR_METHOD_CUSTOM);
}

bool
dir_settings_uses_tls(const struct dir_settings *s)
{
	return s->start_tls || dir_settings_has_scheme(s, DIR_SCHEME_LDAPS);
}

bool
dir_settings_users_sasl(const struct dir_settings *s)
{
	return s->use_sasl && dir_settings_method(s) == DIR_METHOD_FASTBIND;
}

bool
dir_settings_needs_service(const struct dir_settings *s)
{
	return dir_settings_method(s) != DIR_METHOD_FASTBIND ||
	    (dir_settings_has_group(s) && !dir_settings_group_as_user(s));
}

bool
dir_settings_needs_identity(const void *settings, struct errmsg *why_r)
{
	const struct dir_settings *s = settings;
	const char *mech = s->service_mech[0] != '\0' ? s->service_mech :
	    s->mech;

	if (!dir_settings_needs_service(s) || !dir_settings_service_sasl(s))
		return false;
	if (str_casecmp(mech, "EXTERNAL") == 0 &&
	    dir_settings_has_scheme(s, DIR_SCHEME_LDAPI)) {
		(void)errmsg_set(why_r, "EXTERNAL over ldapi shows the "
		    "server which user asks");
		return true;
	}
	if (str_casecmp(mech, "GSSAPI") == 0 ||
	    str_casecmp(mech, "GSS-SPNEGO") == 0) {
		(void)errmsg_set(why_r, "%s uses the tickets or the keytab of "
		    "the user that asks", mech);
		return true;
	}
	return false;
}
