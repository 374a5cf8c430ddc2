/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_show - the settings that are in force, as text, and where each comes
 * from.
 *
 * Values are in the file's own syntax, so that a file with them comes to the
 * same settings; only secrets are not told. A list is made where entries and
 * settings are, and can be sent through a frame.
 */
#ifndef COMMON_CONF_SHOW_H
#define COMMON_CONF_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/conf.h"

#define CONF_SHOW_DEFAULT "default"	/* an origin: no entry decided */

enum conf_shown_how {
	CONF_SHOWN_WHOLE,
	CONF_SHOWN_HIDDEN,	/* a secret that is set */
	CONF_SHOWN_CUT		/* too long to be sent; ends in "..." */
};

struct conf_shown {
	char *key, *value;
	char *origin;		/* of the entry that decided, or "default" */
	enum conf_shown_how how;
};

struct conf_show {
	struct conf_shown *list;
	size_t count;
};

#define CONF_SHOW_INIT { NULL, 0 }

void conf_show_fini(struct conf_show *s);

/* Whose settings, and what decided about them. */
struct conf_show_owner {
	const struct conf_table *table;
	const void *settings;
	unsigned scope;		/* only keys that have this; 0: all */
	/* As conf_apply() has marked them; NULL: there were none. */
	const struct conf_entries *entries;
	size_t part;		/* of the entries; 0: those in none */
	bool inherits;		/* those in none count, too, after the part */
};

/* Add the owner's keys in the table's order; of CONF_LINES each line. -1 when
 * out of memory. */
int conf_show_add(struct conf_show *s, const struct conf_show_owner *o);

/* Append the list to what the buffer has room for: as it is if it fits, else
 * with long values cut, and long origins without their beginning. -1 when not
 * even that fits or memory is short. */
int conf_show_put(struct buf *b, const struct conf_show *s);
/* Add what such a buffer holds, up to its end; -1 also when it is bad. */
int conf_show_get(struct buf *b, struct conf_show *s);

/*
 * Are these the same settings, wherever they come from? A secret is the same
 * as another one: what the daemon shows a server of itself has no part in the
 * verdict on a user. A value that was cut is equal to none, and so is an
 * empty list, which is one that is not known.
 */
bool conf_show_equal(const struct conf_show *a, const struct conf_show *b);

#endif
