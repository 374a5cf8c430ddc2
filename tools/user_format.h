/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_format - the texts that users and passwords come and go in.
 *
 * cyrus	what db_dump(1) and mdb_dump(1) make of a sasldb2
 * htpasswd	user:hash
 * passwd-file	user@realm:{SCHEME}value:... of Dovecot
 * csv		RFC 4180, the first record names the columns
 */
#ifndef TOOLS_USER_FORMAT_H
#define TOOLS_USER_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/errmsg.h"
#include "mechanisms/user_db.h"

struct user_db_names;

/* One user as a text has it; the names are in the text, or in the state. */
struct user_record {
	const char *user;
	const char *realm;	/* NULL: none was named */
	struct user_db_entry entry;	/* changed_sec 0: not known */
};

#define USER_RECORD_INIT { NULL, NULL, USER_DB_ENTRY_INIT }

enum user_format_column {
	COLUMN_USER,
	COLUMN_REALM,
	COLUMN_HASH,
	COLUMN_PASSWORD,
	COLUMN_CHANGED,
	COLUMN_COUNT
};

/* What is known between the records of one stream; all zero at first. */
struct user_format_state {
	bool begun;			/* the header has been read */
	size_t fields;			/* csv: of the header */
	size_t at[COLUMN_COUNT];	/* csv: the field + 1; 0: none */
	bool hex;			/* cyrus: format=bytevalue */
	bool headed;			/* cyrus: its header has begun */
	bool in_value;			/* cyrus: of the key that was read */
	struct user_db_names *key;
	size_t others;			/* cyrus: rows of other properties */
};

enum user_format_found {
	USER_FORMAT_BAD = -1,		/* the message says why */
	USER_FORMAT_NOTHING,		/* a comment, a header, half a row */
	USER_FORMAT_ROW
};

/* The functions are called through those below. */
struct user_format {
	const char *name;
	bool quotes;		/* a record may have several lines */
	bool hashes_only;
	const char *head, *foot;	/* of a stream that we write */
	enum user_format_found (*parse)(struct user_format_state *st,
	    char *text, struct user_record *record_r, struct errmsg *e);
	int (*end)(const struct user_format_state *st, struct errmsg *e);
	int (*put)(struct buf *to, const struct user_db_row *row,
	    struct errmsg *e);
};

/* A record of len bytes and the NUL behind them, which is changed; the entry
 * is one that user_db_entry_fini() wipes. A message has no part of a value in
 * it. */
enum user_format_found user_format_parse(const struct user_format *f,
    struct user_format_state *st, char *text, size_t len,
    struct user_record *record_r, struct errmsg *e);
/* Was that all? -1 when the stream ends where none of its kind does. */
int user_format_end(const struct user_format *f,
    const struct user_format_state *st, struct errmsg *e);
/* Append a row with an entry; -1, and nothing is appended, when the format
 * cannot hold it. */
int user_format_put(const struct user_format *f, struct buf *to,
    const struct user_db_row *row, struct errmsg *e);

/* NULL: no such name. */
const struct user_format *user_format_find(const char *name);

void user_format_state_fini(struct user_format_state *st);

/* For the formats. */
int user_format_set_hash(struct user_db_entry *entry, const char *hash,
    struct errmsg *e);
int user_format_set_plain(struct user_db_entry *entry, const void *bytes,
    size_t len, struct errmsg *e);
/* A byte of two hexadecimal digits, or -1. */
int user_format_hex_get(const char *two);
int user_format_hex_put(struct buf *to, const void *bytes, size_t n);
int user_format_text_put(struct buf *to, const char *text);

#define USER_FORMAT_DUMP_MAGIC "VERSION="	/* what a dump begins with */

extern const struct user_format user_format_csv;	/* user_format_csv.c */
extern const struct user_format user_format_cyrus;	/* .._dump.c */
extern const struct user_format user_format_htpasswd;	/* .._colon.c */
extern const struct user_format user_format_passwd_file;

#endif
