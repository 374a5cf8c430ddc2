/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check - have the settings judged by the program that knows the
 * mechanisms.
 */
#ifndef SASLAUTHD_CHECK_H
#define SASLAUTHD_CHECK_H

#include <stdbool.h>

#include "saslauthd/keeper.h"

/* Runs `saslauthd-pool --check` over the settings of each backend; what it
 * says is logged, one line each. Returns EX_OK, or the status to exit with
 * (EX_CONFIG, EX_OSERR); with `warnings_count` a warning is EX_CONFIG too. */
int check_backends(const struct keeper_plan *plan, bool warnings_count);

/* Do the users and groups exist that listeners name? Logs those that do not;
 * -1 if there are any. */
int check_listeners(const struct site *site);

/* Runs `saslauthd-pool --try` for each backend, of settings that were found
 * good, and prints a line about each. EX_OK: all are ready; EX_TEMPFAIL: one
 * is not, for now; EX_CONFIG: one cannot be opened; EX_OSERR. Blocks. */
int check_try(const struct keeper_plan *plan);

#endif
