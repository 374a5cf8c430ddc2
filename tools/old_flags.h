/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * old_flags - the command line of Cyrus saslauthd 2.1, as that one took it.
 */
#ifndef TOOLS_OLD_FLAGS_H
#define TOOLS_OLD_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/errmsg.h"
#include "tools/draft.h"

enum old_flag {
	OLD_MECH,		/* -a, in lower case */
	OLD_OPTION,		/* -O */
	OLD_RUN_DIR,		/* -m, without '/' at its end */
	OLD_WORKERS,		/* -n, a number */
	OLD_CACHE,		/* -c */
	OLD_CACHE_SIZE,		/* -s, a number */
	OLD_CACHE_TTL,		/* -t, a number */
	OLD_REALM,		/* -r */
	OLD_VERBOSE,		/* -V, -d */
	OLD_FLAGS
};

struct old_flags {
	char *value[OLD_FLAGS];	/* NULL: not given; "yes" */
	char *origin[OLD_FLAGS];	/* "-n 5, FILE:LINE" */
};

struct old_word {
	char *text;
	const char *origin;	/* "FILE:LINE" */
};

/* `flags` is zeroed. What is dropped is told in the draft. -1: not even the
 * old daemon could have understood it. */
int old_flags_parse(struct old_flags *flags, const struct old_word *words,
    size_t count, struct draft *d, struct errmsg *e);
void old_flags_fini(struct old_flags *flags);

/* Both not given, or the same. */
bool old_flags_equal(const struct old_flags *a, const struct old_flags *b,
    enum old_flag flag);

#endif
