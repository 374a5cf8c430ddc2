/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_format - see user_format.h. The formats themselves are in
 * user_format_colon.c, user_format_csv.c and user_format_dump.c.
 */
#include "config.h"

#include "tools/user_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

static const struct user_format *const formats[] = {
	&user_format_cyrus,
	&user_format_htpasswd,
	&user_format_passwd_file,
	&user_format_csv,
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct user_format *
user_format_find(const char *name)
{
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

enum user_format_found
user_format_parse(const struct user_format *f, struct user_format_state *st,
    char *text, size_t len, struct user_record *record_r, struct errmsg *e)
{
	record_r->user = record_r->realm = NULL;
	user_db_entry_fini(&record_r->entry);
	if (strlen(text) != len) {
		errmsg_set(e, "has a NUL byte in it");
		return USER_FORMAT_BAD;
	}
	return f->parse(st, text, record_r, e);
}

int
user_format_end(const struct user_format *f,
    const struct user_format_state *st, struct errmsg *e)
{
	return f->end == NULL ? 0 : f->end(st, e);
}

int
user_format_put(const struct user_format *f, struct buf *to,
    const struct user_db_row *row, struct errmsg *e)
{
	size_t before = buf_len(to);

	if (row->entry->is_plain && f->hashes_only)
		return errmsg_set(e, "is kept in clear, and %s takes hashes "
		    "only: --hash makes one", f->name);
	if (f->put(to, row, e) == 0)
		return 0;
	to->end = to->start + before;
	return -1;
}

int
user_format_set_hash(struct user_db_entry *entry, const char *hash,
    struct errmsg *e)
{
	if (passhash_method(hash) == NULL ||
	    str_copy(entry->hash, sizeof(entry->hash), hash) == -1)
		return errmsg_set(e, "has a hash of no method that crypt(5) "
		    "knows");
	entry->is_plain = false;
	return 0;
}

int
user_format_set_plain(struct user_db_entry *entry, const void *bytes,
    size_t len, struct errmsg *e)
{
	if (len == 0)
		return errmsg_set(e, "has an empty password");
	if (len > USER_DB_PLAIN_MAX)
		return errmsg_set(e, "has a password of more than %d bytes",
		    USER_DB_PLAIN_MAX);
	if (secret_set(&entry->plain, bytes, len) == -1)
		return errmsg_errno(e, ENOMEM, "password");
	entry->hash[0] = '\0';
	entry->is_plain = true;
	return 0;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = str_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
user_format_hex_get(const char *two)
{
	int high = nibble(two[0]);
	int low = high == -1 ? -1 : nibble(two[1]);

	return low == -1 ? -1 : high << 4 | low;
}

int
user_format_hex_put(struct buf *to, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = bytes;
	char two[2];
	size_t i;

	for (i = 0; i < n; i++) {
		two[0] = digits[p[i] >> 4];
		two[1] = digits[p[i] & 0xf];
		if (buf_put(to, two, sizeof(two)) == -1)
			return -1;
	}
	return 0;
}

int
user_format_text_put(struct buf *to, const char *text)
{
	return buf_put(to, text, strlen(text));
}

void
user_format_state_fini(struct user_format_state *st)
{
	free(st->key);
	st->key = NULL;
}
