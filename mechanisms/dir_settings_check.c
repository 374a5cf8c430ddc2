/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_settings_check - the half of dir_settings.h that judges: what cannot
 * be, and what the owner of a configuration should know.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/network.h"
#include "common/speaker.h"
#include "common/str.h"
#include "mechanisms/dir_expand.h"
#include "mechanisms/dir_settings.h"

/* The daemon's default of backend_timeout; beyond that no answer is waited
 * for, whatever ldap_timeout says. */
#define BACKEND_TIMEOUT_SEC 10
/* Of a description with its options: RFC 4512, section 2.5. */
#define ATTRIBUTE_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
    "0123456789-.;"
#define TEMPLATES_MAX 4		/* user's filter and base, group's */

/* ---- servers ---------------------------------------------------------- */

/* The host of a URI, "" when it has none; "[" and "]" are not of it. */
static void
copy_host(const char *rest, const char *end, char *to, size_t size)
{
	const char *ends = ":/?";
	size_t len = 0;

	if (rest < end && *rest == '[') {
		rest++;
		ends = "]";
	}
	while (rest + len < end && strchr(ends, rest[len]) == NULL)
		len++;
	(void)str_copy_n(to, size, rest, len);
}

/* Does what is sent there stay on this host? Without a host it does, but for
 * a DN that stands for the servers of a domain. */
static bool
is_local(const char *uri, size_t len)
{
	const char *end = uri + len, *rest;
	struct network_address a;
	struct networks loopback = NETWORKS_INIT;
	char host[DIR_URI_MAX];
	bool local;

	if (dir_settings_scheme(uri, &rest) == DIR_SCHEME_LDAPI)
		return true;
	copy_host(rest, end, host, sizeof(host));
	if (host[0] == '\0')
		return memchr(rest, '=', (size_t)(end - rest)) == NULL;
	if (str_casecmp(host, "localhost") == 0)
		return true;
	if (network_address_parse(&a, host) == -1 ||
	    networks_parse(&loopback, "127.0.0.0/8 ::1", NULL) == -1)
		return false;
	local = networks_contain(&loopback, &a);
	networks_fini(&loopback);
	return local;
}

static int
verify_servers(const struct dir_settings *s, struct errmsg *e)
{
	const char *list = s->servers, *uri, *rest;
	size_t count = 0, len;

	while ((uri = dir_settings_next_uri(&list, &len)) != NULL) {
		if (len >= DIR_URI_MAX)
			return errmsg_set(e, "ldap_servers: a URI is longer "
			    "than %d bytes", DIR_URI_MAX - 1);
		if (dir_settings_scheme(uri, &rest) == DIR_SCHEME_OTHER)
			return errmsg_set(e, "ldap_servers: %.*s: a URI "
			    "begins with ldap://, ldaps:// or ldapi://",
			    (int)len, uri);
		count++;
	}
	if (count == 0)
		return errmsg_set(e, "ldap_servers: there is none");
	if (count > DIR_SERVERS_MAX)
		return errmsg_set(e, "ldap_servers: more than %d",
		    DIR_SERVERS_MAX);
	if (s->start_tls && !dir_settings_has_scheme(s, DIR_SCHEME_LDAP) &&
	    !dir_settings_has_scheme(s, DIR_SCHEME_LDAPI))
		return errmsg_set(e, "ldap_start_tls: ldaps:// is TLS from "
		    "the start; use one of the two");
	return 0;
}

/* ---- templates -------------------------------------------------------- */

struct template {
	const char *key, *text;
	enum dir_context context;
};

/* Those that will be expanded. */
static size_t
list_templates(const struct dir_settings *s, struct template *to)
{
	const bool fastbind = dir_settings_method(s) == DIR_METHOD_FASTBIND;
	size_t n = 0;

	if (!fastbind) {
		to[n++] = (struct template){ "ldap_filter", s->filter,
		    DIR_CONTEXT_FILTER };
		to[n++] = (struct template){ "ldap_search_base",
		    s->search_base, DIR_CONTEXT_DN };
	} else if (!dir_settings_users_sasl(s)) {
		to[n++] = (struct template){ "ldap_filter", s->filter,
		    dir_expand_context(s->filter) };
	}
	if (!dir_settings_has_group(s))
		return n;
	if (dir_settings_group_match(s) == DIR_MATCH_ATTR) {
		to[n++] = (struct template){ "ldap_group_dn", s->group_dn,
		    DIR_CONTEXT_DN };
		return n;
	}
	to[n++] = (struct template){ "ldap_group_filter", s->group_filter,
	    DIR_CONTEXT_FILTER };
	if (s->group_search_base[0] != '\0')
		to[n++] = (struct template){ "ldap_group_search_base",
		    s->group_search_base, DIR_CONTEXT_DN };
	else if (fastbind)
		to[n++] = (struct template){ "ldap_search_base",
		    s->search_base, DIR_CONTEXT_DN };
	return n;
}

static int
verify_user_template(const struct dir_settings *s, struct errmsg *e)
{
	if (dir_settings_users_sasl(s))
		return 0;
	if (s->filter[0] == '\0')
		return errmsg_set(e, "ldap_filter: is empty");
	if (dir_settings_method(s) == DIR_METHOD_FASTBIND &&
	    s->filter[0] == '(')
		return errmsg_set(e, "ldap_filter: is a user's DN with "
		    "ldap_auth_method: fastbind, not a filter");
	return 0;
}

static int
verify_templates(const struct dir_settings *s, struct errmsg *e)
{
	struct template list[TEMPLATES_MAX];
	const size_t count = list_templates(s, list);
	size_t i;

	for (i = 0; i < count; i++) {
		if (list[i].text[0] != '\0' && dir_expand_check(list[i].text,
		    list[i].context, e) == -1)
			return errmsg_prefix(e, "%s", list[i].key);
	}
	return 0;
}

/* ---- verify ----------------------------------------------------------- */

/* ldap_mech may be several words, of which libsasl2 chooses. Is one of them
 * among the names? */
static bool
names_any(const char *mechs, const char *const *names)
{
	char word[DIR_URI_MAX];
	size_t len, i;

	for (;; mechs += len) {
		mechs += strspn(mechs, " \t,");
		len = strcspn(mechs, " \t,");
		if (len == 0)
			return false;
		if (str_copy_n(word, sizeof(word), mechs, len) == -1)
			continue;
		for (i = 0; names[i] != NULL; i++)
			if (str_casecmp(word, names[i]) == 0)
				return true;
	}
}

static bool
names_passwordless(const char *mechs)
{
	static const char *const names[] = { "EXTERNAL", "GSSAPI",
	    "GSS-SPNEGO", "ANONYMOUS", "OAUTHBEARER", NULL };

	return names_any(mechs, names);
}

static int
verify_sasl(const struct dir_settings *s, struct errmsg *e)
{
#ifndef WITH_LDAP_SASL
	if (s->use_sasl || s->service_mech[0] != '\0')
		return errmsg_set(e, "%s: SASL is not in this build",
		    s->use_sasl ? "ldap_use_sasl" : "ldap_service_mech");
#endif
	if (dir_settings_users_sasl(s) && names_passwordless(s->mech))
		return errmsg_set(e, "ldap_mech: %s asks for no password: "
		    "every user would be let in (for the service account "
		    "there is ldap_service_mech)", s->mech);
	return 0;
}

/* RFC 4511, section 4.5.1.8: "*", "+" and "1.1" are no attribute's name, and
 * whatever the server sent first would be compared with the password. */
static int
verify_password_attr(const struct dir_settings *s, struct errmsg *e)
{
	const char *a = s->password_attr;

	if (dir_settings_method(s) != DIR_METHOD_CUSTOM ||
	    (strspn(a, ATTRIBUTE_CHARS) == strlen(a) && a[0] != '-' &&
	    a[0] != ';' && strcmp(a, "1.1") != 0))
		return 0;
	return errmsg_set(e, "ldap_password_attr: %s: is not the name of an "
	    "attribute", a);
}

static int
verify_group(const struct dir_settings *s, struct errmsg *e)
{
	if (s->group_nested && s->group_dn[0] == '\0')
		return errmsg_set(e, "ldap_group_nested: wants "
		    "ldap_group_dn");
	if (s->group_as == DIR_GROUP_AS_USER &&
	    dir_settings_method(s) == DIR_METHOD_CUSTOM)
		return errmsg_set(e, "ldap_group_as: user: nobody is bound "
		    "as the user with ldap_auth_method: custom");
	return 0;
}

int
dir_settings_verify(const void *settings, struct errmsg *e)
{
	const struct dir_settings *s = settings;

	if (verify_servers(s, e) == -1 || verify_sasl(s, e) == -1 ||
	    verify_password_attr(s, e) == -1 ||
	    verify_group(s, e) == -1 || verify_user_template(s, e) == -1)
		return -1;
	return verify_templates(s, e);
}

/* ---- remarks ---------------------------------------------------------- */

/* Can a password be read on the way to this kind of server? DIGEST-MD5, SCRAM
 * and their like do not show it; but custom has what is stored sent. */
static bool
shows_password(const struct dir_settings *s)
{
	static const char *const names[] = { "PLAIN", "LOGIN", NULL };

	return !s->use_sasl || s->mech[0] == '\0' ||
	    dir_settings_method(s) == DIR_METHOD_CUSTOM ||
	    names_any(s->mech, names);
}

static void
remark_servers(const struct dir_settings *s, const struct speaker *to)
{
	const char *list = s->servers, *uri, *rest;
	enum dir_scheme scheme;
	size_t len;

	while ((uri = dir_settings_next_uri(&list, &len)) != NULL) {
		scheme = dir_settings_scheme(uri, &rest);
		if (scheme == DIR_SCHEME_LDAPS && s->start_tls)
			speaker_tell(to,
			    "ldap_start_tls: %.*s: is TLS from the "
			    "start and not asked for it", (int)len, uri);
		if (scheme == DIR_SCHEME_LDAP && !s->start_tls &&
		    shows_password(s) && !is_local(uri, len))
			speaker_tell(to,
			    "ldap_servers: %.*s: passwords go there in "
			    "clear text; ldaps:// or ldap_start_tls: yes "
			    "hides them", (int)len, uri);
	}
}

static void
remark_tls(const struct dir_settings *s, const struct speaker *to)
{
	if (dir_settings_uses_tls(s) && s->check_peer == DIR_PEER_NO)
		speaker_tell(to,
		    "ldap_tls_check_peer: no: whoever answers in a "
		    "server's place gets the passwords");
	if ((s->cert[0] == '\0') != (s->key[0] == '\0'))
		speaker_tell(to,
		    "%s: without %s no client certificate is shown",
		    s->cert[0] != '\0' ? "ldap_tls_cert" : "ldap_tls_key",
		    s->cert[0] != '\0' ? "ldap_tls_key" : "ldap_tls_cert");
}

static void
remark_template(const struct template *t, const struct speaker *to)
{
	const char unknown = dir_expand_unknown(t->text);

	if (dir_expand_has(t->text, 'd'))
		speaker_tell(to,
		    "%s: %%d is the realm where the login has no domain; "
		    "Cyrus saslauthd left it empty", t->key);
	if (unknown == '%')
		speaker_tell(to, "%s: the %% at its end is dropped", t->key);
	else if (unknown != '\0')
		speaker_tell(to,
		    "%s: %%%c means nothing and is dropped", t->key,
		    unknown);
	if (dir_expand_has_at_attribute(t->text, t->context))
		speaker_tell(to,
		    "%s: a token stands where an attribute is named: "
		    "only names of attributes are let in there", t->key);
}

static void
remark_group(const struct dir_settings *s, const struct speaker *to)
{
	if (!dir_settings_has_group(s) || s->group_nested ||
	    (enum dir_match)s->group_match == dir_settings_group_match(s))
		return;
	if (s->group_dn[0] == '\0')
		speaker_tell(to,
		    "ldap_group_filter: is matched by filter, as there "
		    "is no ldap_group_dn; Cyrus saslauthd refused everybody");
	else
		speaker_tell(to,
		    "ldap_group_match_method: is attr, as there is no "
		    "ldap_group_filter");
}

/* A name without a password is an anonymous bind, which is not what was
 * meant. */
static bool
misses_password(const struct dir_settings *s)
{
	return s->bind_dn[0] != '\0' && s->password.len == 0 &&
	    s->password_file[0] == '\0' && dir_settings_needs_service(s) &&
	    !dir_settings_service_sasl(s);
}

/* What is not as the words of the keys seem to say. */
static void
remark_binds(const struct dir_settings *s, const struct speaker *to)
{
	if (s->use_sasl && s->method == DIR_METHOD_BIND)
		speaker_tell(to, "ldap_auth_method: with ldap_use_sasl bind is "
		    "fastbind: users are not searched for");
	if (misses_password(s))
		speaker_tell(to,
		    "ldap_bind_dn: without ldap_password no server is "
		    "asked: RFC 4513, section 5.1.2");
	if (s->timeout_sec == 0 || s->timeout_sec > BACKEND_TIMEOUT_SEC)
		speaker_tell(to,
		    "ldap_timeout: nobody waits for an answer longer "
		    "than backend_timeout, %d s unless it is set",
		    BACKEND_TIMEOUT_SEC);
	if (s->referrals)
		speaker_tell(to,
		    "ldap_referrals: only searches follow them; servers "
		    "that are not in ldap_servers are asked anonymously");
	if (s->version == 2 && !s->use_sasl && !s->start_tls)
		speaker_tell(to,
		    "ldap_version: 2 makes a connection for each user's "
		    "bind");
}

static void
remark_password_file(const struct dir_settings *s, const struct speaker *to)
{
	struct stat st;

	if (s->password_file[0] == '\0')
		return;
	if (s->password.len > 0)
		speaker_tell(to, "ldap_password: is not used, as there is "
		    "ldap_password_file");
	if (stat(s->password_file, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		speaker_tell(to,
		    "ldap_password_file: %s: everybody may read it",
		    s->password_file);
}

void
dir_settings_remarks(const struct dir_settings *s, conf_report *say,
    void *arg)
{
	const struct speaker to = { say, arg };
	struct template list[TEMPLATES_MAX];
	const size_t count = list_templates(s, list);
	size_t i;

	remark_servers(s, &to);
	remark_tls(s, &to);
	remark_binds(s, &to);
	remark_password_file(s, &to);
	for (i = 0; i < count; i++)
		remark_template(&list[i], &to);
	remark_group(s, &to);
}

/* Of TLS those that a connection would use. */
void
dir_settings_lacks(const void *settings, conf_report *say, void *arg)
{
	const struct dir_settings *s = settings;
	const struct speaker to = { say, arg };
	const struct { const char *key, *path; } files[] = {
		{ "ldap_password_file", s->password_file },
		{ "ldap_tls_cacert_file", s->cacert_file },
		{ "ldap_tls_cacert_dir", s->cacert_dir },
		{ "ldap_tls_cert", s->cert }, { "ldap_tls_key", s->key }
	};
	const size_t count = dir_settings_uses_tls(s) ?
	    sizeof(files) / sizeof(files[0]) : 1;
	struct stat st;
	size_t i;

	for (i = 0; i < count; i++)
		if (files[i].path[0] != '\0' &&
		    stat(files[i].path, &st) == -1)
			speaker_tell(&to, "%s: %s: %s", files[i].key,
			    files[i].path, strerror(errno));
}
