/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check - have the settings judged by the program that knows the
 * mechanisms.
 */
#ifndef SASLAUTHD_CHECK_H
#define SASLAUTHD_CHECK_H

#include <stdbool.h>

#include "saslauthd/notify.h"
#include "saslauthd/plan.h"

/* Runs `saslauthd-pool --check` over the settings of each backend; what it
 * says is logged, one line each, as plan_complain() does. Returns EX_OK, or
 * the status to exit with (EX_CONFIG, EX_OSERR); with `warnings_count` a
 * warning is EX_CONFIG too. Between two backends a sign of life is given to
 * `beat`, unless NULL. */
int check_backends(struct plan *plan, bool warnings_count,
    struct notify *beat);

/* Do the users and groups exist that listeners name, and can sockets be at
 * their paths? Logs all that is wrong; -1 if anything is. */
int check_listeners(struct plan *plan);

/* Runs `saslauthd-pool --try` for each backend, of settings that were found
 * good, and prints a line about each. EX_OK: all are ready; EX_TEMPFAIL: one
 * is not, for now; EX_CONFIG: one cannot be opened; EX_OSERR. Blocks. */
int check_try(const struct plan *plan);

#endif
