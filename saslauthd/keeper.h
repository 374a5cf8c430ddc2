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
#include "saslauthd/settings.h"

struct keeper_plan {
	const struct settings *settings;
	const struct conf_entries *own;	/* the daemon's keys: for the front */
	const struct conf_entries *flags;	/* of the command line: pool */
	const char *config;		/* file the pool reads, or NULL */
	const char *self, *pool;		/* the two programs */
	bool foreground;	/* and its log on stderr, too */
};

/* Serve until told to stop. Returns the exit status. */
int keeper_run(const struct keeper_plan *plan);

#endif
