/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_names - the list of names; links nothing of the mechanisms.
 */
#include "config.h"

#include "common/str.h"
#include "mechanisms/mech_names.h"

#ifdef WITH_LDAP
#define BUILT_LDAP true
#else
#define BUILT_LDAP false
#endif
#ifdef WITH_LMDB
#define BUILT_SASLDB true
#else
#define BUILT_SASLDB false
#endif
#ifdef WITH_PAM
#define BUILT_PAM true
#else
#define BUILT_PAM false
#endif
#ifdef WITH_RADIUS
#define BUILT_RADIUS true
#else
#define BUILT_RADIUS false
#endif
#ifdef WITH_SHADOW
#define BUILT_SHADOW true
#else
#define BUILT_SHADOW false
#endif

/*
 * A name stays in the list when its mechanism is not in the build, so that
 * the error says so instead of "unknown".
 */
const struct mech_name mech_names[] = {
	{ .name = "sasldb", .built = BUILT_SASLDB },
	{ .name = "getpwent", .built = true },
	{ .name = "kerberos5", .later = true, .reads_conf = true },
	{ .name = "pam", .built = BUILT_PAM },
	{ .name = "rimap", .later = true },
	{ .name = "shadow", .built = BUILT_SHADOW },
	{ .name = "ldap", .built = BUILT_LDAP, .reads_conf = true },
	{ .name = "httpform", .later = true, .reads_conf = true },
	{ .name = "radius", .built = BUILT_RADIUS },
};
const size_t mech_names_count = sizeof(mech_names) / sizeof(mech_names[0]);

const struct mech_name *
mech_name_find(const char *name)
{
	size_t i;

	for (i = 0; i < mech_names_count; i++)
		if (str_casecmp(mech_names[i].name, name) == 0)
			return &mech_names[i];
	return NULL;
}
