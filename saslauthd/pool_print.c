/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>

#include "common/conf.h"
#include "mechanisms/mech.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/pool_print.h"

void
pool_print_mechanisms(void)
{
	const struct mech *m;
	struct errmsg e;
	size_t i;

	for (i = 0; i < mech_names_count; i++) {
		if (!mech_names[i].built)
			continue;
		m = mech_load(mech_names[i].name, &e);
		fprintf(stderr, "  %-10s %s\n", mech_names[i].name,
		    m != NULL ? m->summary : e.text);
	}
}

int
pool_print_keys(const char *name)
{
	const struct mech_name *m = mech_name_find(name);
	const struct conf_table *t = mech_keys(name);
	const struct conf_key *k;
	size_t i;

	if (m == NULL || !m->built) {
		fprintf(stderr, "saslauthd-pool: no mechanism \"%s\" in this "
		    "build\n", name);
		return EX_USAGE;
	}
	for (i = 0; t != NULL && i < t->count; i++) {
		k = &t->keys[i];
		printf("%s\t%s\t%ld..%ld\t%s\t%s\n", k->name,
		    conf_type_name(k->type), k->min, k->max,
		    k->def != NULL ? k->def : "", k->help);
	}
	return EX_OK;
}
