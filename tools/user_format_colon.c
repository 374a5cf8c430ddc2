/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_format_colon - lines of fields with colons between them: htpasswd(1)
 * of Apache, and the passwd-file of Dovecot.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/str.h"
#include "tools/user_format.h"

#define COMMENT '#'

/* What ends a field or a line. */
#define ENDS ":\r\n"

static bool
is_nothing(const char *text)
{
	return text[0] == '\0' || text[0] == COMMENT;
}

/* user[@realm]:value[:...], all of it in text. */
static int
split(char *text, struct user_record *record_r, char **value_r,
    struct errmsg *e)
{
	char *colon = strchr(text, ':'), *at;

	if (colon == NULL)
		return errmsg_set(e, "has no colon");
	*colon = '\0';
	*value_r = colon + 1;
	(*value_r)[strcspn(*value_r, ":")] = '\0';
	at = strchr(text, '@');
	if (at != NULL) {
		*at = '\0';
		record_r->realm = at + 1;
	}
	record_r->user = text;
	return 0;
}

static enum user_format_found
htpasswd_parse(struct user_format_state *st, char *text,
    struct user_record *record_r, struct errmsg *e)
{
	char *value;

	(void)st;
	if (is_nothing(text))
		return USER_FORMAT_NOTHING;
	if (split(text, record_r, &value, e) == -1)
		return USER_FORMAT_BAD;
	if (user_format_set_hash(&record_r->entry, value, e) == -1)
		return USER_FORMAT_BAD;
	return USER_FORMAT_ROW;
}

static int
from_hex(char *text, size_t *len_r)
{
	size_t i, len = strlen(text) / 2;
	int byte;

	if (strlen(text) % 2 != 0)
		return -1;
	for (i = 0; i < len; i++) {
		byte = user_format_hex_get(text + 2 * i);
		if (byte == -1)
			return -1;
		text[i] = (char)byte;
	}
	*len_r = len;
	return 0;
}

/* Schemes that are the password itself, or hashes of crypt(5); Dovecot's
 * others cannot be verified here. */
static const struct scheme {
	const char *name;
	bool plain, hex;
} schemes[] = {
	{ "PLAIN", true, false },
	{ "CLEARTEXT", true, false },
	{ "CLEAR", true, false },
	{ "PLAIN.HEX", true, true },
	{ "CLEARTEXT.HEX", true, true },
	{ "CRYPT", false, false },
	{ "BLF-CRYPT", false, false },
	{ "SHA512-CRYPT", false, false },
	{ "SHA256-CRYPT", false, false },
	{ "MD5-CRYPT", false, false },
	{ "DES-CRYPT", false, false },
};
#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static const struct scheme *
scheme_find(const char *name)
{
	size_t i;

	for (i = 0; i < SCHEMES; i++)
		if (strcasecmp(schemes[i].name, name) == 0)
			return &schemes[i];
	return NULL;
}

/* {SCHEME}value; without a scheme Dovecot takes it for {CRYPT}. */
static int
read_value(char *text, struct user_db_entry *entry, struct errmsg *e)
{
	const struct scheme *scheme;
	char *close;
	size_t len;

	if (text[0] != '{')
		return user_format_set_hash(entry, text, e);
	close = strchr(text, '}');
	if (close == NULL)
		return errmsg_set(e, "has a scheme without an end");
	*close = '\0';
	scheme = scheme_find(text + 1);
	text = close + 1;
	if (scheme == NULL)
		return errmsg_set(e, "has a password of a scheme that is not "
		    "kept here");
	if (!scheme->plain)
		return user_format_set_hash(entry, text, e);
	len = strlen(text);
	if (scheme->hex && from_hex(text, &len) == -1)
		return errmsg_set(e, "has a password that is not "
		    "hexadecimal");
	return user_format_set_plain(entry, text, len, e);
}

static enum user_format_found
passwd_file_parse(struct user_format_state *st, char *text,
    struct user_record *record_r, struct errmsg *e)
{
	char *value;

	(void)st;
	if (is_nothing(text))
		return USER_FORMAT_NOTHING;
	if (split(text, record_r, &value, e) == -1 ||
	    read_value(value, &record_r->entry, e) == -1)
		return USER_FORMAT_BAD;
	return USER_FORMAT_ROW;
}

static bool
has_an_end(const char *text)
{
	return text[strcspn(text, ENDS)] != '\0';
}

/* What it writes must read as the same user. */
static int
put_name(struct buf *to, const struct user_db_row *row, struct errmsg *e)
{
	if (row->user[0] == COMMENT || strchr(row->user, '@') != NULL ||
	    has_an_end(row->user) || has_an_end(row->realm) ||
	    has_an_end(row->entry->hash))
		return errmsg_set(e, "has a name or a hash that this format "
		    "cannot hold");
	if (user_format_text_put(to, row->user) == -1 ||
	    user_format_text_put(to, "@") == -1 ||
	    user_format_text_put(to, row->realm) == -1 ||
	    user_format_text_put(to, ":") == -1)
		return errmsg_set(e, "is too long");
	return 0;
}

static int
htpasswd_put(struct buf *to, const struct user_db_row *row, struct errmsg *e)
{
	if (put_name(to, row, e) == -1)
		return -1;
	if (user_format_text_put(to, row->entry->hash) == -1 ||
	    user_format_text_put(to, "\n") == -1)
		return errmsg_set(e, "is too long");
	return 0;
}

/* Would these bytes end the field, or the line, or not be read as they are? */
static bool
must_be_hex(const struct secret *s)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		if (s->bytes[i] <= ' ' || s->bytes[i] >= 0x7f ||
		    s->bytes[i] == ':')
			return true;
	return false;
}

static int
put_plain(struct buf *to, const struct secret *s)
{
	if (must_be_hex(s))
		return user_format_text_put(to, "{PLAIN.HEX}") == -1 ? -1 :
		    user_format_hex_put(to, s->bytes, s->len);
	return user_format_text_put(to, "{PLAIN}") == -1 ? -1 :
	    buf_put(to, s->bytes, s->len);
}

static int
put_hash(struct buf *to, const char *hash)
{
	return user_format_text_put(to, "{CRYPT}") == -1 ? -1 :
	    user_format_text_put(to, hash);
}

static int
passwd_file_put(struct buf *to, const struct user_db_row *row,
    struct errmsg *e)
{
	const struct user_db_entry *entry = row->entry;

	if (put_name(to, row, e) == -1)
		return -1;
	if ((entry->is_plain ? put_plain(to, &entry->plain) :
	    put_hash(to, entry->hash)) == -1 ||
	    user_format_text_put(to, "\n") == -1)
		return errmsg_set(e, "is too long");
	return 0;
}

const struct user_format user_format_htpasswd = {
	.name = "htpasswd",
	.hashes_only = true,
	.head = "",
	.foot = "",
	.parse = htpasswd_parse,
	.put = htpasswd_put,
};

const struct user_format user_format_passwd_file = {
	.name = "passwd-file",
	.head = "",
	.foot = "",
	.parse = passwd_file_parse,
	.put = passwd_file_put,
};
