/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_table - the mechanisms of this build, one row each.
 */
#include "config.h"

#include "common/str.h"
#include "mechanisms/mech.h"

extern const struct mech mech_getpwent;
#ifdef WITH_LMDB
extern const struct mech mech_sasldb;
#endif
#ifdef WITH_PAM
extern const struct mech mech_pam;
#endif
#ifdef WITH_SHADOW
extern const struct mech mech_shadow;
#endif

static const struct mech *const table[] = {
#ifdef WITH_LMDB
	&mech_sasldb,
#endif
	&mech_getpwent,
#ifdef WITH_PAM
	&mech_pam,
#endif
#ifdef WITH_SHADOW
	&mech_shadow,
#endif
};

const struct mech *
mech_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (str_casecmp(table[i]->name, name) == 0)
			return table[i];
	return NULL;
}
