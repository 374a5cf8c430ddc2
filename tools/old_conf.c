/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * old_conf - the settings of the old daemon's mechanisms.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "common/conf.h"
#include "common/str.h"
#include "tools/old_conf.h"

#define OLD_CONF SYSCONFDIR "/saslauthd.conf"

/* Who read a file, and how. Of a key that stands there twice, the reader of
 * kerberos5 and httpform took the first, that of ldap the last. */
static const struct dialect {
	const char *mech;
	const char *prefix;	/* of its keys; others it passed over */
	bool first_wins;
	bool needs_file;
} dialects[] = {
	{ "ldap", "ldap_", false, true },
	{ "httpform", "httpform_", true, true },
	{ "kerberos5", "krb5_", true, false }
};

#define DIALECTS (sizeof(dialects) / sizeof(dialects[0]))

static const struct {
	const char *name, *key;
} aliases[] = {
	{ "ldap_bind_pw", "ldap_password" },
	{ "ldap_default_domain", "ldap_default_realm" },
	{ "ldap_sasl_authc_id", "ldap_id" },
	{ "ldap_sasl_authz_id", "ldap_authz_id" },
	{ "ldap_sasl_realm", "ldap_realm" },
	{ "ldap_sasl_mech", "ldap_mech" }
};

#define ALIASES (sizeof(aliases) / sizeof(aliases[0]))

static const char *const switches[] = {
	"ldap_referrals", "ldap_restart", "ldap_use_sasl", "ldap_start_tls",
	"ldap_tls_check_peer", "krb5_conv_krb4_instance",
	"krb5_uppercase_realm"
};

#define SWITCHES (sizeof(switches) / sizeof(switches[0]))

static const char *
key_of(const struct conf_entry *en)
{
	size_t i;

	for (i = 0; i < ALIASES; i++)
		if (strcmp(aliases[i].name, en->key) == 0)
			return aliases[i].key;
	return en->key;
}

static bool
is_secret(const char *key)
{
	return strcmp(key, "ldap_password") == 0;
}

static bool
is_switch(const char *key)
{
	size_t i;

	for (i = 0; i < SWITCHES; i++)
		if (strcmp(switches[i], key) == 0)
			return true;
	return false;
}

/* By its first letters, lower case only: "Yes" was no. */
static const char *
old_switch(const char *value)
{
	return value[0] == '1' || value[0] == 'y' || value[0] == 't' ||
	    str_starts(value, "on") ? "yes" : "no";
}

/* Is another line for the same key the one that counted? */
static bool
is_overruled(const struct conf_entries *es, size_t i, const struct dialect *f)
{
	size_t from = f->first_wins ? 0 : i + 1;
	size_t to = f->first_wins ? i : es->count;

	for (; from < to; from++)
		if (strcmp(key_of(&es->list[from]), key_of(&es->list[i])) == 0)
			return true;
	return false;
}

static void
put_entry(struct draft *d, const struct conf_entry *en)
{
	const char *key = key_of(en), *value = en->value, *meant;

	if (*value == '\0') {
		draft_by_hand(d, "%s: %s: has no value: the old daemon did "
		    "not take the file", en->origin, key);
	} else if (is_secret(key)) {
		draft_by_hand(d, "%s: %s: is a secret and not shown: write it "
		    "here yourself", en->origin, key);
	} else if (!is_switch(key)) {
		draft_set(d, key, value, en->origin);
	} else {
		meant = old_switch(value);
		if (str_casecmp(meant, value) != 0)
			draft_note(d, "'%s' meant:", value);
		draft_set(d, key, meant, en->origin);
	}
}

static void
put_file(struct draft *d, const struct conf_entries *es,
    const struct dialect *f)
{
	const struct conf_entry *en;
	size_t i;

	for (i = 0; i < es->count; i++) {
		en = &es->list[i];
		if (!str_starts(en->key, f->prefix))
			draft_note(d, "%s: %s: dropped: no key of %s",
			    en->origin, en->key, f->mech);
		else if (is_overruled(es, i, f))
			draft_note(d, "%s: %s: dropped: another line has it, "
			    "too, and counted", en->origin, en->key);
		else
			put_entry(d, en);
	}
}

static void
read_file(struct draft *d, const struct old_flags *flags,
    const struct dialect *f)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e = ERRMSG_INIT;
	const char *path = flags->value[OLD_OPTION];
	bool must = f->needs_file || path != NULL;
	int errnum;

	if (path == NULL)
		path = OLD_CONF;
	if (conf_read_file(&es, path, &errnum, &e) == -1) {
		if (must || errnum != ENOENT)
			draft_by_hand(d, "the settings of %s are missing: "
			    "%s", f->mech, e.text);
	} else if (es.part_count > 0) {
		draft_by_hand(d, "the settings of %s are missing: %s has "
		    "named parts and is not the old file", f->mech, path);
	} else {
		put_file(d, &es, f);
	}
	conf_entries_fini(&es);
}

void
old_conf_put(struct draft *d, const struct old_flags *flags)
{
	const char *mech = flags->value[OLD_MECH];
	const char *origin = flags->origin[OLD_OPTION];
	size_t i;

	for (i = 0; i < DIALECTS; i++) {
		if (strcmp(dialects[i].mech, mech) == 0) {
			read_file(d, flags, &dialects[i]);
			return;
		}
	}
	if (strcmp(mech, "rimap") == 0)
		draft_by_hand(d, "%s: the server of rimap: there is no key "
		    "for it yet", origin != NULL ? origin : "-O is missing");
	else if (origin != NULL && strcmp(mech, "sasldb") == 0)
		/* As this daemon takes it from the same flag. */
		draft_set(d, "sasldb_path", flags->value[OLD_OPTION], origin);
	else if (strcmp(mech, "sasldb") == 0)
		draft_note(d, "the users of libsasl2's sasldb2, as before: "
		    "sasldb_path names another file");
	else if (origin != NULL)
		draft_note(d, "%s: dropped: %s did not look at it", origin,
		    mech);
}
