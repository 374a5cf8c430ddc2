/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_module - mechanisms that are not linked in: MODULEDIR/mech_NAME.so.
 *
 * A module is a mechanism of the same shape and of the same build. It has one
 * visible symbol, `mech_module`; what it uses of common/ and of the shared
 * helpers it takes from the program that loads it, which exports them. Its
 * key table is linked into the program, so that its keys are known, checked
 * and documented where its library is not installed.
 */
#ifndef MECHANISMS_MECH_MODULE_H
#define MECHANISMS_MECH_MODULE_H

#include <stddef.h>

#include "common/errmsg.h"

struct mech;

#define MECH_MODULE_SYMBOL "mech_module"

/* What the symbol is. build_id is FRAME_BUILD_ID as the module was compiled. */
struct mech_module {
	const char *build_id;
	size_t mech_size;	/* sizeof(struct mech), in case ids lie */
	const struct mech *mech;
};

/*
 * Load the module of this name, an all-lower-case one of mech_names[]. Looked
 * for beside the running program (a build tree), then in MODULEDIR; by that
 * exact path, never through a search path. In MODULEDIR, directory and file
 * must belong to root or to our effective user and be writable by nobody else.
 * NULL with the path and why: not there, not to be trusted, does not load (the
 * loader's own words: a library is missing), another build, another name.
 * A module stays loaded for the life of the process.
 */
const struct mech *mech_module_load(const char *name, struct errmsg *e);

/* For tests whose program lies elsewhere: look in this directory only. The
 * string is kept, not copied. */
void mech_module_set_dir(const char *dir);

#endif
