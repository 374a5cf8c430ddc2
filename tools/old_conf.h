/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * old_conf - what a mechanism of the old daemon took from -O, or from the
 * saslauthd.conf that three of them read.
 */
#ifndef TOOLS_OLD_CONF_H
#define TOOLS_OLD_CONF_H

#include "tools/draft.h"
#include "tools/old_flags.h"

/* Put the mechanism's keys into the draft, which is in its backend. Secrets
 * are left out, and that is said. */
void old_conf_put(struct draft *d, const struct old_flags *flags);

#endif
