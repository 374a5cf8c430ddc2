/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * labels - the values one label of a metric may have, bounded.
 *
 * Value 0 is "other": what came too late, is empty or too long. Finding one
 * costs a hash and, almost always, one comparison; nothing is allocated.
 */
#ifndef FRONT_LABELS_H
#define FRONT_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

#define LABELS_MAX 32		/* beside "other" */
#define LABELS_OTHER 0
#define LABELS_NAME_MAX 32	/* bytes of a name with a value of its own */
/* A byte becomes \xHH at most, and its backslash is doubled. */
#define LABELS_TEXT_SIZE (LABELS_NAME_MAX * 5 + 1)

struct labels {
	unsigned count;		/* "other" included */
	unsigned max;		/* the same */
	uint32_t hash[1 + LABELS_MAX];
	char name[1 + LABELS_MAX][LABELS_NAME_MAX + 1];
	char text[1 + LABELS_MAX][LABELS_TEXT_SIZE];
};

/* max: at most so many beside "other"; up to LABELS_MAX. */
void labels_init(struct labels *l, unsigned max);

/* Which value has this name? labels_add() gives it one if there is room. */
unsigned labels_find(const struct labels *l, const char *name);
unsigned labels_add(struct labels *l, const char *name);

/* As it stands between the quotes of an exposition: escaped like a value in
 * the log, and that once more. */
const char *labels_text(const struct labels *l, unsigned value);

/* The same of any name, cut where the log would cut it. `to` has room for
 * LABELS_ESCAPED_SIZE bytes, or for 5 times len and 1 if that is less. */
#define LABELS_ESCAPED_SIZE (2 * STR_ESCAPED_SIZE)
void labels_escape(char *to, const char *name, size_t len);

#endif
