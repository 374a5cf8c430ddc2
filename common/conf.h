/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf - `key: value` settings: one reader, one typed table per owner.
 *
 * Reading and meaning are apart. A file, a `--set key=value` or a flag each
 * add entries to a list; an owner's table (the daemon's, a mechanism's) then
 * turns the entries it knows into members of its settings struct. So every
 * source takes the same way, and a later entry wins over an earlier one.
 * conf.c has the entries, conf_table.c the tables.
 *
 * Line syntax (the union of what Cyrus' two readers take): blanks in front
 * are skipped; empty lines and lines whose first non-blank is '#' are
 * comments; a key of letters, digits, '-' and '_', case folded, is followed
 * directly by ':'; blanks after the colon are skipped; the value runs to the
 * end of the line (LF or CR LF); trailing blanks are removed when a table
 * takes it, but kept for CONF_SECRET. New is the named part: a line
 * `KIND NAME {`, its entries, and a line `}`. Parts do not nest.
 */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"

struct buf;

#define CONF_FILE_MAX (1024 * 1024)	/* bytes; nobody's settings are more */
#define CONF_LINE_MAX 16384	/* bytes; a longer line is an error */

struct conf_entry {
	size_t part;		/* 0: in none; n: in parts[n - 1] */
	char *key;		/* lower case */
	char *value;		/* as written, blanks in front removed */
	char *origin;		/* "FILE:LINE", "--set", "-O", "-n" */
	char *remark;		/* by the key's read(), or NULL; see there */
	bool used;		/* some table has taken it */
	bool refused;		/* and its value was bad */
};

#define CONF_PART_UNUSED SIZE_MAX	/* of an entry no table is to see */

struct conf_part {
	char *kind;		/* "backend", lower case */
	char *name;		/* as written: letters, digits, '.', '-', '_' */
	char *origin;		/* "FILE:LINE" */
};

struct conf_entries {
	struct conf_entry *list;
	size_t count;
	struct conf_part *parts;
	size_t part_count;
	bool has_parts;		/* a text had some, even one that was refused */
};

#define CONF_ENTRIES_INIT { NULL, 0, NULL, 0, false }
#define CONF_NAME_MAX 64	/* bytes of a part's name */

void conf_entries_fini(struct conf_entries *es);	/* wipes values */

/* Add one; strings are copied. */
int conf_add(struct conf_entries *es, const char *key, const char *value,
    const char *origin, struct errmsg *e);
/* "key=value" or "key: value" from the command line. */
int conf_add_set(struct conf_entries *es, const char *text,
    struct errmsg *e);
/* Begin a part; *part_r is its number, for conf_add_to(). -1 also when one
 * of this kind and name is there. */
int conf_add_part(struct conf_entries *es, const char *kind,
    const char *name, const char *origin, size_t *part_r, struct errmsg *e);
int conf_add_to(struct conf_entries *es, size_t part, const char *key,
    const char *value, const char *origin, struct errmsg *e);
/* Add a file's entries. -1 with "FILE:LINE: reason" on the first bad line
 * (nothing is added then), or with errno in *errnum_r when it cannot be
 * read (0 otherwise; may be NULL). */
int conf_read_file(struct conf_entries *es, const char *path, int *errnum_r,
    struct errmsg *e);
/* The same of a file that is open; name stands for FILE. */
int conf_read_fd(struct conf_entries *es, const char *name, int fd,
    struct errmsg *e);
/* The same as conf_read_file(), in front of all that are there and into
 * `part`: it has no parts of its own. */
int conf_read_file_into(struct conf_entries *es, size_t part,
    const char *path, int *errnum_r, struct errmsg *e);
/* The same from memory; name stands for FILE. */
int conf_read_text(struct conf_entries *es, const char *name,
    const char *text, size_t len, struct errmsg *e);

/* Move entries through a frame. */
int conf_entries_put(struct buf *b, const struct conf_entries *es);
int conf_entries_get(struct buf *b, struct conf_entries *es);

enum conf_type {
	CONF_BOOL,	/* bool: yes/no, true/false, on/off, 1/0, any case */
	CONF_INT,	/* long, in [min, max], a plain decimal number */
	CONF_SECONDS,	/* long, in [min, max]; "10", "10s", "5m", "2h", "1d" */
	CONF_STRING,	/* char *, never NULL once defaults are set */
	CONF_PATH,	/* char *, absolute path, or empty */
	CONF_CHOICE,	/* int, index into choices[] */
	CONF_NETWORKS,	/* char *, text that networks_parse() takes */
	CONF_LINES,	/* char *, never NULL: each time the key stands there
			 * adds a line, the first without a LF before it */
	CONF_SECRET	/* struct secret; value is never shown */
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;		/* offsetof(struct settings, member) */
	long min, max;		/* CONF_INT, CONF_SECONDS; lengths of the
				 * string types, where max 0 is no limit */
	const char *def;	/* in the file's own syntax; NULL: empty */
	const char *const *choices;	/* CONF_CHOICE: NULL-terminated */
	const char *help;	/* one line for manual page and --keys */
	unsigned scope;		/* the owner's: where else the key may stand */
	/* CONF_STRING: what else it has to be; -1 with "wants ...". NULL:
	 * nothing. */
	int (*check)(const char *text, struct errmsg *e);
	const char *alias_of;	/* this is another name of that key, with the
				 * same member, type and default */
	/*
	 * Instead of the type's own reading, for a key that means more than
	 * its type says. 0: taken. 1: taken, and e is a remark for who wrote
	 * it. -1: no such value, and e has "wants ..."; the member may have
	 * become what a file that is read forgivingly makes of it.
	 */
	int (*read)(const struct conf_key *k, void *member, const char *text,
	    struct errmsg *e);
};

struct conf_table {
	const char *owner;	/* "saslauthd" or a mechanism's name */
	const struct conf_key *keys;
	size_t count;
};

/* Set every member to its default; settings must be zeroed before the first
 * call. A default that does not parse is our bug (assert). */
void conf_defaults(const struct conf_table *t, void *settings);
/* Free strings and wipe secrets; the struct may be used again. */
void conf_fini(const struct conf_table *t, void *settings);

/*
 * Take every entry the table knows, in order, and mark it used. A bad value
 * is reported through `bad` ("ORIGIN: KEY: reason"), marked refused and
 * skipped, so the member keeps what it had. Returns the number of bad values.
 */
typedef void conf_report(void *ctx, const char *text);
unsigned conf_apply(const struct conf_table *t, struct conf_entries *es,
    void *settings, conf_report *bad, void *ctx);
/* The same with the entries of one part; 0 is what stands in none, which
 * conf_apply() takes. */
unsigned conf_apply_part(const struct conf_table *t, struct conf_entries *es,
    size_t part, void *settings, conf_report *bad, void *ctx);

/* The entry that decides (the last one) for a key in no part, or NULL. */
const struct conf_entry *conf_find(const struct conf_entries *es,
    const char *key);
/* The same in a part; 0 is none. */
const struct conf_entry *conf_find_in(const struct conf_entries *es,
    size_t part, const char *key);
/* The number of a part, or 0. */
size_t conf_find_part(const struct conf_entries *es, const char *kind,
    const char *name);

/* A misspelt word, and the nearest of the names that are offered for it. */
struct conf_near {
	const char *word;
	const char *name;	/* NULL: none is near */
	unsigned edits;
};

void conf_near_init(struct conf_near *n, const char *word);
void conf_near_offer(struct conf_near *n, const char *name);
/* Put " (did you mean NAME?)" behind a text, if there is one. */
void conf_near_hint(const struct conf_near *n, struct errmsg *e);
/* The table's key nearest to a misspelt one, or NULL if none is near; never
 * an alias. */
const char *conf_nearest(const struct conf_table *t, const char *key);
const struct conf_key *conf_key_find(const struct conf_table *t,
    const char *name);
const char *conf_type_name(enum conf_type type);

#endif
