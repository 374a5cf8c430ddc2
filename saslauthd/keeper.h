/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper - binds, starts, restarts and stops; never reads a client's byte.
 *
 * It keeps the starting rights and therefore does nothing but hold the run
 * directory, hand descriptors over and watch its children: one front, one
 * pool per backend.
 */
#ifndef SASLAUTHD_KEEPER_H
#define SASLAUTHD_KEEPER_H

#include <stdbool.h>

#include "common/conf.h"
#include "saslauthd/activation.h"
#include "saslauthd/notify.h"
#include "saslauthd/site.h"

struct keeper_plan {
	const struct site *site;
	const struct conf_entries *own;	/* without a mechanism's: front */
	const struct conf_entries *flags;	/* of the command line: pools */
	const char *config;		/* file the pools read, or NULL */
	const char *self, *pool;		/* the two programs */
	const struct activation *given;	/* sockets not to be made */
	struct notify notify;	/* who wants to know */
	bool foreground;	/* and its log on stderr, too */
};

/* Serve until told to stop. Returns the exit status. */
int keeper_run(const struct keeper_plan *plan);

#endif
