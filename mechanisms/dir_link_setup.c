/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libldap keeps for the whole process: its part of dir_link.h that is
 * done once, in the pool.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ldap.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "mechanisms/dir_link.h"

#define SAME(ours, theirs) \
	_Static_assert((int)(ours) == (theirs), #ours " is " #theirs)
SAME(DIR_SUCCESS, LDAP_SUCCESS);
SAME(DIR_OPERATIONS_ERROR, LDAP_OPERATIONS_ERROR);
SAME(DIR_PROTOCOL_ERROR, LDAP_PROTOCOL_ERROR);
SAME(DIR_TIME_LIMIT_EXCEEDED, LDAP_TIMELIMIT_EXCEEDED);
SAME(DIR_SIZE_LIMIT_EXCEEDED, LDAP_SIZELIMIT_EXCEEDED);
SAME(DIR_COMPARE_FALSE, LDAP_COMPARE_FALSE);
SAME(DIR_COMPARE_TRUE, LDAP_COMPARE_TRUE);
SAME(DIR_AUTH_METHOD_NOT_SUPPORTED, LDAP_AUTH_METHOD_NOT_SUPPORTED);
SAME(DIR_STRONGER_AUTH_REQUIRED, LDAP_STRONG_AUTH_REQUIRED);
SAME(DIR_REFERRAL, LDAP_REFERRAL);
SAME(DIR_ADMIN_LIMIT_EXCEEDED, LDAP_ADMINLIMIT_EXCEEDED);
SAME(DIR_CRITICAL_EXTENSION, LDAP_UNAVAILABLE_CRITICAL_EXTENSION);
SAME(DIR_CONFIDENTIALITY_REQUIRED, LDAP_CONFIDENTIALITY_REQUIRED);
SAME(DIR_SASL_BIND_IN_PROGRESS, LDAP_SASL_BIND_IN_PROGRESS);
SAME(DIR_NO_SUCH_ATTRIBUTE, LDAP_NO_SUCH_ATTRIBUTE);
SAME(DIR_UNDEFINED_ATTRIBUTE_TYPE, LDAP_UNDEFINED_TYPE);
SAME(DIR_INAPPROPRIATE_MATCHING, LDAP_INAPPROPRIATE_MATCHING);
SAME(DIR_CONSTRAINT_VIOLATION, LDAP_CONSTRAINT_VIOLATION);
SAME(DIR_INVALID_SYNTAX, LDAP_INVALID_SYNTAX);
SAME(DIR_NO_SUCH_OBJECT, LDAP_NO_SUCH_OBJECT);
SAME(DIR_ALIAS_PROBLEM, LDAP_ALIAS_PROBLEM);
SAME(DIR_INVALID_DN_SYNTAX, LDAP_INVALID_DN_SYNTAX);
SAME(DIR_ALIAS_DEREFERENCING_PROBLEM, LDAP_ALIAS_DEREF_PROBLEM);
SAME(DIR_INAPPROPRIATE_AUTH, LDAP_INAPPROPRIATE_AUTH);
SAME(DIR_INVALID_CREDENTIALS, LDAP_INVALID_CREDENTIALS);
SAME(DIR_INSUFFICIENT_ACCESS, LDAP_INSUFFICIENT_ACCESS);
SAME(DIR_BUSY, LDAP_BUSY);
SAME(DIR_UNAVAILABLE, LDAP_UNAVAILABLE);
SAME(DIR_UNWILLING, LDAP_UNWILLING_TO_PERFORM);
SAME(DIR_LOOP_DETECT, LDAP_LOOP_DETECT);
SAME(DIR_OTHER, LDAP_OTHER);

static const struct {
	int option;
	size_t offset;		/* of the char * in struct dir_settings */
} tls_names[] = {
	{ LDAP_OPT_X_TLS_CACERTFILE,
	    offsetof(struct dir_settings, cacert_file) },
	{ LDAP_OPT_X_TLS_CACERTDIR,
	    offsetof(struct dir_settings, cacert_dir) },
	{ LDAP_OPT_X_TLS_CERTFILE, offsetof(struct dir_settings, cert) },
	{ LDAP_OPT_X_TLS_KEYFILE, offsetof(struct dir_settings, key) },
	{ LDAP_OPT_X_TLS_CIPHER_SUITE,
	    offsetof(struct dir_settings, ciphers) },
};

#define TLS_NAMES (sizeof(tls_names) / sizeof(tls_names[0]))

static const int tls_versions[] = {
	[DIR_TLS_MIN_1_0] = LDAP_OPT_X_TLS_PROTOCOL_TLS1_0,
	[DIR_TLS_MIN_1_1] = LDAP_OPT_X_TLS_PROTOCOL_TLS1_1,
	[DIR_TLS_MIN_1_2] = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2,
	[DIR_TLS_MIN_1_3] = LDAP_OPT_X_TLS_PROTOCOL_TLS1_3,
};

/* libldap with GnuTLS takes a least version for nothing (ldap.conf(5)); there
 * it is part of the ciphers, which are a priority string. */
static const char *const gnutls_versions[] = {
	[DIR_TLS_MIN_1_0] = ":-VERS-SSL3.0",
	[DIR_TLS_MIN_1_1] = ":-VERS-SSL3.0:-VERS-TLS1.0",
	[DIR_TLS_MIN_1_2] = ":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1",
	[DIR_TLS_MIN_1_3] =
	    ":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-TLS1.2",
};

static bool
is_gnutls(void)
{
	char *name = NULL;
	bool result;

	ldap_get_option(NULL, LDAP_OPT_X_TLS_PACKAGE, &name);
	result = name != NULL && strcmp(name, "GnuTLS") == 0;
	ldap_memfree(name);
	return result;
}

static int
set_gnutls_version(const char *suffix)
{
	char *now = NULL, *text;
	const char *base;
	int rc = LDAP_OPT_SUCCESS;

	ldap_get_option(NULL, LDAP_OPT_X_TLS_CIPHER_SUITE, &now);
	base = now != NULL ? now : "NORMAL";
	if (strstr(base, suffix) == NULL) {	/* not from the last time */
		text = str_dup_format("%s%s", base, suffix);
		rc = text != NULL ? ldap_set_option(NULL,
		    LDAP_OPT_X_TLS_CIPHER_SUITE, text) : LDAP_OPT_ERROR;
		free(text);
	}
	ldap_memfree(now);
	return rc;
}

static int
set_least_version(int version)
{
	if (is_gnutls())
		return set_gnutls_version(gnutls_versions[version]);
	return ldap_set_option(NULL, LDAP_OPT_X_TLS_PROTOCOL_MIN,
	    &tls_versions[version]);
}

/* What is not set leaves libldap's own configuration in force. */
static int
set_tls_defaults(const struct dir_settings *s)
{
	const int check = s->check_peer == DIR_PEER_NO ?
	    LDAP_OPT_X_TLS_NEVER : LDAP_OPT_X_TLS_HARD;
	const char *name;
	size_t i;

	for (i = 0; i < TLS_NAMES; i++) {
		name = *(char *const *)((const char *)s + tls_names[i].offset);
		if (name[0] != '\0' && ldap_set_option(NULL,
		    tls_names[i].option, name) != LDAP_OPT_SUCCESS)
			return -1;
	}
	if (s->tls_min != DIR_TLS_MIN_UNSET &&
	    set_least_version(s->tls_min) != LDAP_OPT_SUCCESS)
		return -1;
	if (s->check_peer != DIR_PEER_UNSET && ldap_set_option(NULL,
	    LDAP_OPT_X_TLS_REQUIRE_CERT, &check) != LDAP_OPT_SUCCESS)
		return -1;
	return 0;
}

static void
copy_tls_defaults(LDAP *ld)
{
	char *name;
	int version;
	size_t i;

	for (i = 0; i < TLS_NAMES; i++) {
		name = NULL;
		ldap_get_option(NULL, tls_names[i].option, &name);
		ldap_set_option(ld, tls_names[i].option, name);
		ldap_memfree(name);
	}
	ldap_get_option(NULL, LDAP_OPT_X_TLS_PROTOCOL_MIN, &version);
	ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &version);
}

/* GnuTLS says nothing of why: name a file that cannot be read. */
static int
tell_no_context(LDAP *ld, struct errmsg *e)
{
	char *name, *why = NULL;
	int fd = 0;
	size_t i;

	for (i = 0; i < TLS_NAMES && fd != -1; i++) {
		name = NULL;
		if (tls_names[i].option == LDAP_OPT_X_TLS_CIPHER_SUITE)
			continue;
		ldap_get_option(ld, tls_names[i].option, &name);
		if (name == NULL)
			continue;
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			errmsg_errno(e, errno, "TLS: %s", name);
		else
			close(fd);
		ldap_memfree(name);
	}
	if (fd == -1)
		return -1;
	ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &why);
	errmsg_set(e, "TLS does not take the certificates, key or ciphers it "
	    "is given%s%s", why != NULL ? ": " : "", why != NULL ? why : "");
	ldap_memfree(why);
	return -1;
}

/* Could a context be made? The process' own gives no reason when it cannot,
 * and is gone then; so this is tried with a handle's, which does not inherit
 * what it is made of. */
static int
try_context(struct errmsg *e)
{
	const int client = 0;
	LDAP *ld;
	int result = 0;

	if (ldap_initialize(&ld, NULL) != LDAP_SUCCESS)
		return errmsg_set(e, "libldap: out of memory");
	copy_tls_defaults(ld);
	if (ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client) !=
	    LDAP_OPT_SUCCESS)
		result = tell_no_context(ld, e);
	ldap_unbind_ext(ld, NULL, NULL);
	return result;
}

int
dir_link_setup(const struct dir_settings *s, struct errmsg *e)
{
	const int client = 0, debug = (int)s->debug;
	char **sasl_mechs;

	if (debug != 0)
		ldap_set_option(NULL, LDAP_OPT_DEBUG_LEVEL, &debug);
	/* Asking for them loads libsasl2's plug-ins: once, and not in each
	 * worker. */
	if (s->use_sasl || dir_settings_service_sasl(s))
		ldap_get_option(NULL, LDAP_OPT_X_SASL_MECHLIST, &sasl_mechs);
	if (set_tls_defaults(s) == -1)
		return errmsg_set(e, "libldap refuses an option of TLS");
	if (!dir_settings_uses_tls(s))
		return 0;
	if (try_context(e) == -1)
		return -1;
	if (ldap_set_option(NULL, LDAP_OPT_X_TLS_NEWCTX, &client) !=
	    LDAP_OPT_SUCCESS)
		return errmsg_set(e, "TLS cannot be set up");
	return 0;
}

void
dir_link_remarks(const struct dir_settings *s, conf_report *say, void *arg)
{
	static const char *const names[] = {
		[LDAP_OPT_X_TLS_NEVER] = "never",
		[LDAP_OPT_X_TLS_ALLOW] = "allow",
		[LDAP_OPT_X_TLS_TRY] = "try",
	};
	struct errmsg e = ERRMSG_INIT;
	int check = LDAP_OPT_X_TLS_DEMAND;

	/* What the setting itself does away with is told without us. */
	if (!dir_settings_uses_tls(s) || s->check_peer != DIR_PEER_UNSET)
		return;
	ldap_get_option(NULL, LDAP_OPT_X_TLS_REQUIRE_CERT, &check);
	if (check == LDAP_OPT_X_TLS_DEMAND || check == LDAP_OPT_X_TLS_HARD)
		return;
	errmsg_set(&e, "anybody can pose as the LDAP server: TLS_REQCERT is "
	    "\"%s\" %s; \"ldap_tls_check_peer: yes\" makes it \"demand\"",
	    names[check], getenv("LDAPTLS_REQCERT") != NULL ?
	    "by LDAPTLS_REQCERT in the environment" :
	    "in libldap's own configuration (ldap.conf or ldaprc)");
	say(arg, e.text);
}
