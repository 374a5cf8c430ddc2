/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_format_csv - comma-separated values (RFC 4180) whose first record
 * names the columns: user, realm, hash, password and changed, in any order,
 * among others that are passed over.
 */
#include "config.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/str.h"
#include "tools/user_format.h"

#define FIELDS_MAX 64
#define TIME_FORMAT "%Y-%m-%dT%H:%M:%SZ"	/* RFC 3339, in UTC */
#define TIME_SIZE 32
/* Some programs begin a text of UTF-8 with it. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static const char *const columns[COLUMN_COUNT] = {
	[COLUMN_USER] = "user",
	[COLUMN_REALM] = "realm",
	[COLUMN_HASH] = "hash",
	[COLUMN_PASSWORD] = "password",
	[COLUMN_CHANGED] = "changed",
};

/* The text between the quotes, made plain in its place; *at is behind the
 * last of them. */
static int
unquote(char **at)
{
	char *from = *at + 1, *to = *at;

	while (*from != '\0') {
		if (*from == '"' && *++from != '"') {
			*at = from;
			*to = '\0';
			return 0;
		}
		*to++ = *from++;
	}
	return -1;
}

/* One field; *at then is the next, or NULL. */
static int
take_field(char **at, char **field_r, struct errmsg *e)
{
	char *end = *at, next;

	*field_r = *at;
	if (*end != '"')
		end += strcspn(end, ",");
	else if (unquote(&end) == -1)
		return errmsg_set(e, "a double quote is never closed");
	next = *end;
	if (next != ',' && next != '\0')
		return errmsg_set(e, "there is text behind a closing quote");
	*end = '\0';
	*at = next == ',' ? end + 1 : NULL;
	return 0;
}

static int
split(char *text, char *fields[FIELDS_MAX], size_t *count_r,
    struct errmsg *e)
{
	*count_r = 0;
	while (text != NULL) {
		if (*count_r == FIELDS_MAX)
			return errmsg_set(e, "has more than %d fields",
			    FIELDS_MAX);
		if (take_field(&text, &fields[(*count_r)++], e) == -1)
			return -1;
	}
	return 0;
}

static int
read_header(struct user_format_state *st, char *const *fields, size_t count,
    struct errmsg *e)
{
	size_t at[COLUMN_COUNT] = { 0 }, c, i;

	for (c = 0; c < COLUMN_COUNT; c++)
		for (i = 0; i < count; i++) {
			if (strcasecmp(fields[i], columns[c]) != 0)
				continue;
			if (at[c] != 0)
				return errmsg_set(e, "names column %s twice",
				    columns[c]);
			at[c] = i + 1;
		}
	if (at[COLUMN_USER] == 0 || (at[COLUMN_HASH] == 0 &&
	    at[COLUMN_PASSWORD] == 0))
		return errmsg_set(e, "names no columns: user, and hash or "
		    "password, are needed");
	memcpy(st->at, at, sizeof(at));
	st->fields = count;
	st->begun = true;
	return 0;
}

/* "" is no value. */
static const char *
field_of(const struct user_format_state *st, char *const *fields,
    enum user_format_column column)
{
	const char *field;

	if (st->at[column] == 0)
		return NULL;
	field = fields[st->at[column] - 1];
	return field[0] == '\0' ? NULL : field;
}

static int
read_time(const char *text, int64_t *sec_r, struct errmsg *e)
{
	struct tm tm;
	const char *end;

	memset(&tm, 0, sizeof(tm));
	end = strptime(text, TIME_FORMAT, &tm);
	if (end == NULL || *end != '\0')
		return errmsg_set(e, "changed is no time like "
		    "2026-01-31T23:59:59Z");
	*sec_r = (int64_t)timegm(&tm);
	return 0;
}

/* The user of a mail system is an address, as in the other formats. */
static int
take_names(const struct user_format_state *st, char *const *fields,
    struct user_record *record_r)
{
	char *user, *at;

	record_r->user = field_of(st, fields, COLUMN_USER);
	record_r->realm = field_of(st, fields, COLUMN_REALM);
	if (record_r->user == NULL || record_r->realm != NULL)
		return record_r->user == NULL ? -1 : 0;
	user = fields[st->at[COLUMN_USER] - 1];
	at = strchr(user, '@');
	if (at != NULL) {
		*at = '\0';
		record_r->realm = at + 1;
	}
	return user[0] == '\0' ? -1 : 0;
}

static int
read_row(const struct user_format_state *st, char *const *fields,
    struct user_record *record_r, struct errmsg *e)
{
	const char *hash = field_of(st, fields, COLUMN_HASH);
	const char *password = field_of(st, fields, COLUMN_PASSWORD);
	const char *changed = field_of(st, fields, COLUMN_CHANGED);

	if (take_names(st, fields, record_r) == -1)
		return errmsg_set(e, "names no user");
	if ((hash == NULL) == (password == NULL))
		return errmsg_set(e, "must have either a hash or a password");
	if (changed != NULL &&
	    read_time(changed, &record_r->entry.changed_sec, e) == -1)
		return -1;
	return hash != NULL ?
	    user_format_set_hash(&record_r->entry, hash, e) :
	    user_format_set_plain(&record_r->entry, password,
	    strlen(password), e);
}

static enum user_format_found
csv_parse(struct user_format_state *st, char *text,
    struct user_record *record_r, struct errmsg *e)
{
	char *fields[FIELDS_MAX];
	size_t count;

	if (!st->begun && str_starts(text, BYTE_ORDER_MARK))
		text += sizeof(BYTE_ORDER_MARK) - 1;
	if (*text == '\0')
		return USER_FORMAT_NOTHING;
	if (split(text, fields, &count, e) == -1)
		return USER_FORMAT_BAD;
	if (!st->begun)
		return read_header(st, fields, count, e) == -1 ?
		    USER_FORMAT_BAD : USER_FORMAT_NOTHING;
	if (count != st->fields) {
		errmsg_set(e, "has %zu fields where the first record has %zu",
		    count, st->fields);
		return USER_FORMAT_BAD;
	}
	return read_row(st, fields, record_r, e) == -1 ?
	    USER_FORMAT_BAD : USER_FORMAT_ROW;
}

static int
put_quoted(struct buf *to, const void *bytes, size_t n)
{
	const char *p = bytes;
	size_t i;

	if (buf_put(to, "\"", 1) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if ((p[i] == '"' && buf_put(to, "\"", 1) == -1) ||
		    buf_put(to, &p[i], 1) == -1)
			return -1;
	return buf_put(to, "\"", 1);
}

static int
put_changed(struct buf *to, int64_t sec)
{
	time_t t = (time_t)sec;
	char text[TIME_SIZE];
	struct tm tm;

	if (sec == 0 || gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), TIME_FORMAT, &tm) == 0)
		return 0;
	return user_format_text_put(to, text);
}

/* One of the two columns stays empty. */
static int
put_value(struct buf *to, const struct user_db_entry *entry)
{
	if (entry->is_plain)
		return buf_put(to, ",", 1) == -1 ? -1 :
		    put_quoted(to, entry->plain.bytes, entry->plain.len);
	return put_quoted(to, entry->hash, strlen(entry->hash)) == -1 ? -1 :
	    buf_put(to, ",", 1);
}

static int
csv_put(struct buf *to, const struct user_db_row *row, struct errmsg *e)
{
	if (row->entry->is_plain && secret_has_nul(&row->entry->plain))
		return errmsg_set(e, "has a NUL byte in the password");
	if (put_quoted(to, row->user, strlen(row->user)) == -1 ||
	    buf_put(to, ",", 1) == -1 ||
	    put_quoted(to, row->realm, strlen(row->realm)) == -1 ||
	    buf_put(to, ",", 1) == -1 || put_value(to, row->entry) == -1 ||
	    buf_put(to, ",", 1) == -1 ||
	    put_changed(to, row->entry->changed_sec) == -1 ||
	    buf_put(to, "\n", 1) == -1)
		return errmsg_set(e, "is too long");
	return 0;
}

const struct user_format user_format_csv = {
	.name = "csv",
	.quotes = true,
	.head = "user,realm,hash,password,changed\n",
	.foot = "",
	.parse = csv_parse,
	.put = csv_put,
};
