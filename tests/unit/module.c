/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modules for test_mech_module, one for each name it is compiled under: good
 * ones, and such as are not what they should be.
 */
#include "config.h"

#include <stddef.h>

#include "common/frame.h"
#include "mechanisms/mech.h"
#include "mechanisms/mech_module.h"

#ifdef IS_mech_torn
int nobody_has_this_function(void);
#endif

/* It takes errmsg_set from the program that loads it. */
static int
module_verify(const void *settings, struct errmsg *e)
{
	(void)settings;
#ifdef IS_mech_torn
	(void)nobody_has_this_function();
#endif
	return errmsg_set(e, "the module speaks");
}

static const struct mech mech = {
#if defined(IS_mech_beside)
	.name = "beside",
#elif defined(IS_mech_foreign)
	.name = "foreign",
#elif defined(IS_mech_small)
	.name = "small",
#else
	.name = "good",
#endif
	.verify = module_verify
};

#ifdef IS_mech_bare
extern const struct mech_module some_symbol;
const struct mech_module some_symbol = {
#else
extern const struct mech_module mech_module;
const struct mech_module mech_module = {
#endif
#ifdef IS_mech_foreign
	.build_id = "another",
#else
	.build_id = FRAME_BUILD_ID,
#endif
#ifdef IS_mech_small
	.mech_size = sizeof(struct mech) - 1,
#else
	.mech_size = sizeof(struct mech),
#endif
	.mech = &mech
};
