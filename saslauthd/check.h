/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check - have the settings judged by the program that knows the mechanism.
 */
#ifndef SASLAUTHD_CHECK_H
#define SASLAUTHD_CHECK_H

#include <stdbool.h>

#include "saslauthd/keeper.h"

/* Runs `saslauthd-pool --check` over the settings; what it says is logged,
 * one line each. Returns EX_OK, or the status to exit with (EX_CONFIG,
 * EX_OSERR); with `warnings_count` a warning is EX_CONFIG too. */
int check_backend(const struct keeper_plan *plan, bool warnings_count);

#endif
