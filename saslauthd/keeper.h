/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper - binds, starts, restarts and stops; never reads a client's byte.
 *
 * It keeps the starting rights and therefore does nothing but hold the run
 * directory, hand descriptors over and watch its children: one front, one
 * pool per backend, and for a while those of settings that were replaced.
 */
#ifndef SASLAUTHD_KEEPER_H
#define SASLAUTHD_KEEPER_H

#include "saslauthd/notify.h"
#include "saslauthd/plan.h"

/* Serve until told to stop. Takes the plan over, which was found good; its
 * launch must live as long. Returns the exit status. */
int keeper_run(struct plan *plan, const struct notify *notify);

#endif
