/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options - the command line, turned into settings entries.
 */
#ifndef SASLAUTHD_OPTIONS_H
#define SASLAUTHD_OPTIONS_H

#include <stdbool.h>

#include "common/conf.h"

enum options_action {
	OPTIONS_RUN,
	OPTIONS_CHECK,		/* --check: judge the configuration, exit */
	OPTIONS_TRY,		/* --check --try: and open each backend */
	OPTIONS_EXIT		/* said what was asked; *status_r is the end */
};

struct options {
	struct conf_entries entries;	/* of flags and --set, in order */
	const char *config;		/* --config, or NULL */
	const char *mech_option;	/* -O, or NULL */
	const char *stray;		/* first operand, or NULL */
	bool foreground;		/* -f, -d */
};

/* Reads the command line. Wrong use is explained on stderr and ends in
 * OPTIONS_EXIT with EX_USAGE. Strings point into argv. */
enum options_action options_parse(int argc, char **argv, struct options *o,
    int *status_r);
void options_fini(struct options *o);

#endif
