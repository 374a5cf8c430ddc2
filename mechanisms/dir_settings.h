/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_settings - the keys of mechanism ldap, as Cyrus' daemon had them and
 * what is new. Pure: linked into the pool itself, so that a key is known
 * where the module is not loaded.
 *
 * A switch is read as it always was, by how it begins (0 n of f: no; 1 y on t:
 * yes; anything else: no), but in any case. Where that changes what Cyrus
 * 2.1.28 made of the text, or the text is none of these, there is a remark.
 */
#ifndef MECHANISMS_DIR_SETTINGS_H
#define MECHANISMS_DIR_SETTINGS_H

#include <stdbool.h>

#include "common/conf.h"
#include "common/errmsg.h"
#include "common/secret.h"

enum dir_method { DIR_METHOD_BIND = 0, DIR_METHOD_CUSTOM, DIR_METHOD_FASTBIND };
enum dir_scope { DIR_SCOPE_SUB = 0, DIR_SCOPE_ONE, DIR_SCOPE_BASE };
enum dir_deref { DIR_DEREF_NEVER = 0, DIR_DEREF_SEARCH, DIR_DEREF_FIND,
    DIR_DEREF_ALWAYS };
/* UNSET leaves libldap's own configuration in force. */
enum dir_peer { DIR_PEER_UNSET = 0, DIR_PEER_NO, DIR_PEER_YES };
enum dir_match { DIR_MATCH_ATTR = 0, DIR_MATCH_FILTER };
enum dir_group_as { DIR_GROUP_AS_METHOD = 0, DIR_GROUP_AS_SERVICE,
    DIR_GROUP_AS_USER };
enum dir_tls_min { DIR_TLS_MIN_UNSET = 0, DIR_TLS_MIN_1_0, DIR_TLS_MIN_1_1,
    DIR_TLS_MIN_1_2, DIR_TLS_MIN_1_3 };

#define DIR_URI_MAX 1024	/* bytes of one URI with NUL; checked */
#define DIR_SERVERS_MAX 64	/* of ldap_servers, or of one SRV answer */

/* Strings are never NULL; "" is "not set". */
struct dir_settings {
	char *servers;
	char *bind_dn;
	struct secret password;		/* ldap_password, ldap_bind_pw */
	char *password_file;		/* new; read by open, wins */
	long version;			/* 2 or 3 */
	char *search_base;
	char *filter;			/* fastbind: DN template */
	int scope;			/* enum dir_scope */
	char *password_attr;
	int method;			/* enum dir_method, as written */
	char *default_realm;
	long timeout_sec;		/* of an operation */
	long connect_timeout_sec;	/* new: of connect and TLS; 2 */
	long time_limit_sec, size_limit;	/* told to the server */
	int deref;			/* enum dir_deref */
	bool referrals, restart;
	long debug;

	bool use_sasl;
	char *id, *authz_id, *realm, *mech, *secprops;
	char *service_mech;		/* new: SASL for the service account
					 * of method bind; "": simple */

	bool start_tls;
	int check_peer;			/* enum dir_peer */
	char *cacert_file, *cacert_dir, *ciphers, *cert, *key;
	int tls_min;			/* new; enum dir_tls_min */

	char *group_dn, *group_attr, *group_filter, *group_search_base;
	int group_match;		/* enum dir_match, as written */
	int group_scope;		/* enum dir_scope */
	bool group_nested;		/* new: 1.2.840.113556.1.4.1941 */
	int group_as;			/* new; enum dir_group_as */
};

extern const struct conf_table dir_settings_table;

enum dir_scheme { DIR_SCHEME_OTHER, DIR_SCHEME_LDAP, DIR_SCHEME_LDAPS,
    DIR_SCHEME_LDAPI };

/* *rest_r is behind the "//" (of another scheme, the URI itself). */
enum dir_scheme dir_settings_scheme(const char *uri, const char **rest_r);
bool dir_settings_has_scheme(const struct dir_settings *s,
    enum dir_scheme scheme);
/* The next URI of ldap_servers, which are separated by blanks, or by commas as
 * libldap takes them; NULL at the end. *list is moved behind it. It may be too
 * long for DIR_URI_MAX: verify sees to that. */
const char *dir_settings_next_uri(const char **list, size_t *len_r);

/* The method in force: with ldap_use_sasl, bind is fastbind. */
enum dir_method dir_settings_method(const struct dir_settings *s);
/* Is there a group check, and of which kind? A filter without a DN is matched
 * by filter, and a DN without a filter, or nested, by attribute, whatever
 * ldap_group_match_method says. */
bool dir_settings_has_group(const struct dir_settings *s);
enum dir_match dir_settings_group_match(const struct dir_settings *s);
bool dir_settings_group_as_user(const struct dir_settings *s);
/* Does the service account bind through SASL, and do users? */
bool dir_settings_service_sasl(const struct dir_settings *s);
bool dir_settings_users_sasl(const struct dir_settings *s);
/* Is there anything for the service account to do? */
bool dir_settings_needs_service(const struct dir_settings *s);
/* Does any server URI need (or could start) TLS? */
bool dir_settings_uses_tls(const struct dir_settings *s);

/*
 * struct mech's verify: impossible are an empty list of servers, an unknown
 * URI scheme, a URI or list over its limits, StartTLS where all servers are
 * ldaps, a template that does not compile, an empty template of the method,
 * a group check that leaves nothing to check, and a SASL mechanism that takes
 * no password (EXTERNAL, GSSAPI, GSS-SPNEGO, ANONYMOUS, OAUTHBEARER) for
 * users' binds: it would let everybody in.
 */
int dir_settings_verify(const void *settings, struct errmsg *e);
/* struct mech's needs_identity: EXTERNAL with an ldapi URI, GSSAPI or
 * GSS-SPNEGO, of the service account. */
bool dir_settings_needs_identity(const void *settings, struct errmsg *why_r);
/* The part of struct mech's remarks that does not ask libldap: clear text to
 * other hosts, `%d` that now falls back, dropped tokens, tokens at an
 * attribute's place, check_peer off, half a client certificate, group settings
 * that refused everybody, a timeout beyond the daemon's, a password file that
 * others may read. */
void dir_settings_remarks(const struct dir_settings *s, conf_report *say,
    void *arg);
/* struct mech's lacks: file of the password, and those of TLS. */
void dir_settings_lacks(const void *settings, conf_report *say, void *arg);

#endif
