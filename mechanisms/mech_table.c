/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_table - the mechanisms of this build, one row each.
 */
#include "config.h"

#include "common/str.h"
#include "mechanisms/dir_settings.h"
#include "mechanisms/mech.h"
#include "mechanisms/mech_module.h"
#include "mechanisms/rad_settings.h"
#include "mechanisms/sasldb_settings.h"

extern const struct mech mech_getpwent;
#ifdef WITH_PAM
extern const struct mech mech_pam;
#endif
#ifdef WITH_SHADOW
extern const struct mech mech_shadow;
#endif

struct row {
	const char *name;
	const struct mech *linked;	/* NULL: it is a module, */
	const struct conf_table *keys;	/* whose keys are here */
};

static const struct row table[] = {
#ifdef WITH_LMDB
	{ "sasldb", NULL, &sasldb_settings_table },
#endif
	{ "getpwent", &mech_getpwent, NULL },
#ifdef WITH_PAM
	{ "pam", &mech_pam, NULL },
#endif
#ifdef WITH_SHADOW
	{ "shadow", &mech_shadow, NULL },
#endif
#ifdef WITH_LDAP
	{ "ldap", NULL, &dir_settings_table },
#endif
#ifdef WITH_RADIUS
	{ "radius", NULL, &rad_settings_table },
#endif
};

static const struct row *
row_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (str_casecmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const struct mech *
mech_find(const char *name)
{
	const struct row *r = row_of(name);

	return r != NULL ? r->linked : NULL;
}

const struct mech *
mech_load(const char *name, struct errmsg *e)
{
	const struct row *r = row_of(name);
	const struct mech *m;

	if (r == NULL) {
		(void)errmsg_set(e, "mechanism %s is not built in", name);
		return NULL;
	}
	if (r->linked != NULL)
		return r->linked;
	m = mech_module_load(r->name, e);
	if (m == NULL)
		(void)errmsg_prefix(e, "mechanism %s", r->name);
	return m;
}

const struct conf_table *
mech_keys(const char *name)
{
	const struct row *r = row_of(name);

	if (r == NULL)
		return NULL;
	return r->linked != NULL ? r->linked->keys : r->keys;
}
