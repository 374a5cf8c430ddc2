/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_format_dump - a sasldb2 as text: what db_dump(1) and mdb_dump(1)
 * print, and db_load(1) reads.
 *
 * A header of NAME=VALUE lines, then keys and values in turn, each on a line
 * that begins with a blank, either in hexadecimal (format=bytevalue) or as
 * text with \xx for what is not printable (format=print).
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "mechanisms/user_db_record.h"
#include "tools/user_format.h"

#define HEADER_END "HEADER=END"
#define DATA_END "DATA=END"
/* What db_dump -r prints in the place of a value it could not read. Whoever
 * knows that must not be let in by it. */
#define LOST "UNKNOWN"

static int
from_hex(char *text, size_t *len_r)
{
	size_t len = 0;
	int byte;

	for (; text[2 * len] != '\0'; len++) {
		byte = user_format_hex_get(text + 2 * len);
		if (byte == -1)
			return -1;
		text[len] = (char)byte;
	}
	*len_r = len;
	return 0;
}

static int
from_print(char *text, size_t *len_r)
{
	const char *from = text;
	char *to = text;
	int byte;

	while (*from != '\0') {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		byte = from[1] == '\\' ? '\\' : user_format_hex_get(from + 1);
		if (byte == -1)
			return -1;
		from += from[1] == '\\' ? 2 : 3;
		*to++ = (char)byte;
	}
	*len_r = (size_t)(to - text);
	return 0;
}

/* The header decides how the data is written; the rest of it is for those
 * who make a database file of it. */
static enum user_format_found
read_header(struct user_format_state *st, const char *text, struct errmsg *e)
{
	if (!st->headed && !str_starts(text, USER_FORMAT_DUMP_MAGIC)) {
		errmsg_set(e, "is not the beginning of a dump, which is "
		    USER_FORMAT_DUMP_MAGIC "3");
		return USER_FORMAT_BAD;
	}
	st->headed = true;
	if (strcmp(text, "format=bytevalue") == 0)
		st->hex = true;
	st->begun = strcmp(text, HEADER_END) == 0;
	if (st->key == NULL)
		st->key = malloc(sizeof(*st->key));
	if (st->key != NULL)
		return USER_FORMAT_NOTHING;
	errmsg_errno(e, ENOMEM, "key");
	return USER_FORMAT_BAD;
}

static int
decode(const struct user_format_state *st, char *text, size_t *len_r,
    struct errmsg *e)
{
	if ((st->hex ? from_hex(text, len_r) : from_print(text, len_r)) == -1)
		return errmsg_set(e, "is not written as the header says");
	return 0;
}

static enum user_format_found
read_key(struct user_format_state *st, char *text, struct errmsg *e)
{
	struct user_db_bytes key = { .data = text };

	if (decode(st, text, &key.len, e) == 0) {
		if (user_db_record_names(USER_DB_BERKELEY, &key,
		    st->key) == 0)
			return USER_FORMAT_NOTHING;
		errmsg_set(e, "is no key of a user");
	}
	st->key->user = NULL;
	return USER_FORMAT_BAD;
}

static enum user_format_found
read_value(struct user_format_state *st, char *text,
    struct user_record *record_r, struct errmsg *e)
{
	struct user_db_bytes value = { .data = text };

	if (st->key->user == NULL)
		return USER_FORMAT_NOTHING;	/* said of the key */
	if (strcmp(st->key->property, USER_DB_PASSWORD) != 0) {
		st->others++;
		return USER_FORMAT_NOTHING;
	}
	if (decode(st, text, &value.len, e) == -1)
		return USER_FORMAT_BAD;
	if (value.len == sizeof(LOST) - 1 &&
	    memcmp(text, LOST, sizeof(LOST) - 1) == 0) {
		errmsg_set(e, "is " LOST ", which stands for a password that "
		    "is lost; set it anew");
		return USER_FORMAT_BAD;
	}
	if (user_db_record_parse(USER_DB_BERKELEY, &value,
	    &record_r->entry) == -1) {
		errmsg_set(e, "is no password");
		return USER_FORMAT_BAD;
	}
	record_r->user = st->key->user;
	record_r->realm = st->key->realm;
	return USER_FORMAT_ROW;
}

/* Another dump may follow. */
static enum user_format_found
end_data(struct user_format_state *st, struct errmsg *e)
{
	bool half = st->in_value;

	st->begun = st->headed = st->hex = st->in_value = false;
	if (!half)
		return USER_FORMAT_NOTHING;
	errmsg_set(e, "cut short: the last key has no value");
	return USER_FORMAT_BAD;
}

static enum user_format_found
dump_parse(struct user_format_state *st, char *text,
    struct user_record *record_r, struct errmsg *e)
{
	if (!st->begun)
		return read_header(st, text, e);
	if (strcmp(text, DATA_END) == 0)
		return end_data(st, e);
	if (text[0] != ' ') {
		errmsg_set(e, "is no line of a dump");
		return USER_FORMAT_BAD;
	}
	st->in_value = !st->in_value;
	return st->in_value ? read_key(st, text + 1, e) :
	    read_value(st, text + 1, record_r, e);
}

static int
dump_end(const struct user_format_state *st, struct errmsg *e)
{
	if (st->headed)
		return errmsg_set(e, "cut short: " DATA_END " is missing");
	return 0;
}

static int
put_line(struct buf *to, const void *bytes, size_t n)
{
	return user_format_text_put(to, " ") == -1 ||
	    user_format_hex_put(to, bytes, n) == -1 ?
	    -1 : user_format_text_put(to, "\n");
}

static int
dump_put(struct buf *to, const struct user_db_row *row, struct errmsg *e)
{
	struct secret value = SECRET_INIT;
	struct user_db_key key;
	int rc = -1;

	user_db_record_key(USER_DB_BERKELEY, row->user, row->realm,
	    USER_DB_PASSWORD, &key);
	if (key.len == 0)
		return errmsg_set(e, "has a name that sasldb2 cannot hold");
	if (user_db_record_format(USER_DB_BERKELEY, row->entry, &value,
	    e) == -1)
		goto out;
	rc = put_line(to, key.bytes, key.len) == -1 ? -1 :
	    put_line(to, value.bytes, value.len);
	if (rc == -1)
		errmsg_set(e, "is too long");
out:
	secret_wipe(&value);
	return rc;
}

const struct user_format user_format_cyrus = {
	.name = "cyrus",
	.head = USER_FORMAT_DUMP_MAGIC "3\nformat=bytevalue\ntype=hash\n"
	    HEADER_END "\n",
	.foot = DATA_END "\n",
	.parse = dump_parse,
	.end = dump_end,
	.put = dump_put,
};
