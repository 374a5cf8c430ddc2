/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_names - which mechanisms there are, without linking any of them.
 *
 * The keeper judges `-a NAME` with this; only the pool has the code.
 */
#ifndef MECHANISMS_MECH_NAMES_H
#define MECHANISMS_MECH_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct mech_name {
	const char *name;
	bool built;		/* in this build */
	bool later;		/* no build of this version has it */
	bool reads_conf;	/* Cyrus' one read saslauthd.conf */
};

/* In the order `saslauthd -v` has always printed them; then what is new. */
extern const struct mech_name mech_names[];
extern const size_t mech_names_count;

/* Compared without regard to case; NULL if there is none of that name. */
const struct mech_name *mech_name_find(const char *name);

#endif
