/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * draft - a configuration in the making: settings, and comments on them.
 *
 * Nothing of it is seen before it is whole, so that an error leaves no half
 * of a configuration behind.
 */
#ifndef TOOLS_DRAFT_H
#define TOOLS_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct draft {
	FILE *to;		/* memory */
	char *text;
	size_t len;
	bool in_part;		/* lines are indented */
	bool by_hand;		/* something is left to the reader */
};

/* -1 when memory is short; draft_fini() in any case. */
int draft_init(struct draft *d);
void draft_fini(struct draft *d);

/* `KIND NAME {` and `}` */
void draft_begin(struct draft *d, const char *kind, const char *name);
void draft_end(struct draft *d);
/* `key: value`, below a comment that says where it comes from. */
void draft_set(struct draft *d, const char *key, const char *value,
    const char *origin);
/* The same without effect, for the reader to choose. */
void draft_offer(struct draft *d, const char *key, const char *value,
    const char *why);
void draft_empty_line(struct draft *d);
/* A comment; no line of it may look like an offer. */
void draft_note(struct draft *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A comment that wants something done; said on standard error, too. */
void draft_by_hand(struct draft *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Print it; -1 when memory was short anywhere. */
int draft_print(struct draft *d);

#endif
