/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_record - see user_db_record.h.
 */
#include "config.h"

#include "mechanisms/user_db_record.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define RECORD_VERSION 1
#define HEAD_LEN 9		/* version, time */

#define LMDB_KEY_MAX 511	/* mdb_env_get_maxkeysize(), as compiled */

#define CRYPT_PREFIX "{CRYPT}"
#define CRYPT_PREFIX_LEN (sizeof(CRYPT_PREFIX) - 1)

/* ---- keys ------------------------------------------------------------- */

static size_t
key_max(enum user_db_layout layout)
{
	switch (layout) {
	case USER_DB_HASHED:
	case USER_DB_LMDB:
		return LMDB_KEY_MAX;
	case USER_DB_BERKELEY:
	case USER_DB_GDBM:
		break;
	}
	return USER_DB_KEY_MAX;
}

size_t
user_db_record_names_max(enum user_db_layout layout)
{
	/* The NULs are part of the key. */
	return layout == USER_DB_HASHED ? key_max(layout) - 1 :
	    key_max(layout) - 2 - strlen(USER_DB_PASSWORD);
}

/* Append a name, parted by NUL from what is there; false: no room. */
static bool
append(struct user_db_key *key, const char *name, size_t max)
{
	size_t len = strlen(name);
	size_t nul = key->len > 0 ? 1 : 0;

	if (len > max || key->len + nul + len > max)
		return false;
	if (nul == 1)
		key->bytes[key->len++] = '\0';
	memcpy(key->bytes + key->len, name, len);
	key->len += len;
	return true;
}

void
user_db_record_key(enum user_db_layout layout, const char *user,
    const char *realm, const char *property, struct user_db_key *key_r)
{
	size_t max = key_max(layout);

	key_r->len = 0;
	if (user[0] == '\0' || realm[0] == '\0' ||
	    !append(key_r, user, max) || !append(key_r, realm, max) ||
	    (layout != USER_DB_HASHED && !append(key_r, property, max)))
		key_r->len = 0;
}

/* The name that begins at text[*at], before a NUL that is in the key or, for
 * the last one, behind it. */
static const char *
next_name(const struct user_db_names *names, size_t len, size_t *at)
{
	const char *name = names->text + *at;

	if (*at > len)
		return NULL;
	*at += strlen(name) + 1;
	return name;
}

int
user_db_record_names(enum user_db_layout layout,
    const struct user_db_bytes *key, struct user_db_names *names_r)
{
	size_t at = 0, len = key->len;

	if (len > USER_DB_KEY_MAX)
		return -1;
	memcpy(names_r->text, key->data, len);
	names_r->text[len] = '\0';
	names_r->user = next_name(names_r, len, &at);
	names_r->realm = next_name(names_r, len, &at);
	names_r->property = layout == USER_DB_HASHED ? USER_DB_PASSWORD :
	    next_name(names_r, len, &at);
	/* All are there, and the last one ends with the key. */
	return names_r->realm != NULL && names_r->property != NULL &&
	    at == len + 1 ? 0 : -1;
}

bool
user_db_record_is_cyrus(const void *key, size_t len)
{
	const unsigned char *bytes = key;
	size_t i, nuls = 0;

	for (i = 0; i < len; i++)
		nuls += bytes[i] == '\0';
	return nuls == 2;
}

/* ---- values ----------------------------------------------------------- */

static int
format_hashed(const struct user_db_entry *entry, struct secret *value_r,
    struct errmsg *e)
{
	uint64_t sec = (uint64_t)entry->changed_sec;
	size_t i, len = strlen(entry->hash);

	if (entry->is_plain)
		return errmsg_set(e, "a password in clear is not stored in a "
		    "hashed database");
	if (secret_reserve(value_r, HEAD_LEN + len) == -1)
		return errmsg_errno(e, ENOMEM, "record");
	value_r->bytes[0] = RECORD_VERSION;
	for (i = HEAD_LEN - 1; i > 0; i--) {
		value_r->bytes[i] = (unsigned char)(sec & 0xff);
		sec >>= 8;
	}
	memcpy(value_r->bytes + HEAD_LEN, entry->hash, len);
	secret_end(value_r, HEAD_LEN + len);
	return 0;
}

static int
take_hash(const unsigned char *bytes, size_t len, struct user_db_entry *entry_r)
{
	if (len >= sizeof(entry_r->hash) || memchr(bytes, '\0', len) != NULL)
		return -1;
	memcpy(entry_r->hash, bytes, len);
	entry_r->hash[len] = '\0';
	return 0;
}

static int
parse_hashed(const unsigned char *bytes, size_t len,
    struct user_db_entry *entry_r)
{
	uint64_t sec = 0;
	size_t i;

	if (len < HEAD_LEN || bytes[0] != RECORD_VERSION)
		return -1;
	for (i = 1; i < HEAD_LEN; i++)
		sec = sec << 8 | bytes[i];
	entry_r->changed_sec = (int64_t)sec;
	return take_hash(bytes + HEAD_LEN, len - HEAD_LEN, entry_r);
}

/* Into hash, if the value is one: the scheme and what crypt(5) knows. Every
 * two letters could be a salt of DES, so that is not enough. */
static bool
is_crypt(const unsigned char *bytes, size_t len, struct user_db_entry *entry_r)
{
	return len > CRYPT_PREFIX_LEN &&
	    memcmp(bytes, CRYPT_PREFIX, CRYPT_PREFIX_LEN) == 0 &&
	    take_hash(bytes + CRYPT_PREFIX_LEN, len - CRYPT_PREFIX_LEN,
	    entry_r) == 0 && passhash_method(entry_r->hash) != NULL;
}

static int
format_cyrus(const struct user_db_entry *entry, struct secret *value_r,
    struct errmsg *e)
{
	struct user_db_entry other = USER_DB_ENTRY_INIT;
	size_t len = strlen(entry->hash);

	if (!entry->is_plain) {
		if (secret_reserve(value_r, CRYPT_PREFIX_LEN + len) == -1)
			return errmsg_errno(e, ENOMEM, "record");
		memcpy(value_r->bytes, CRYPT_PREFIX, CRYPT_PREFIX_LEN);
		memcpy(value_r->bytes + CRYPT_PREFIX_LEN, entry->hash, len);
		secret_end(value_r, CRYPT_PREFIX_LEN + len);
		return 0;
	}
	if (entry->plain.len == 0 || entry->plain.len > USER_DB_PLAIN_MAX)
		return errmsg_set(e, "a password must have between 1 and %d "
		    "bytes", USER_DB_PLAIN_MAX);
	if (is_crypt(entry->plain.bytes, entry->plain.len, &other))
		return errmsg_set(e, "a password that looks like a hash "
		    "would be taken for one");
	if (secret_set(value_r, entry->plain.bytes, entry->plain.len) == -1)
		return errmsg_errno(e, ENOMEM, "record");
	return 0;
}

static int
parse_cyrus(const unsigned char *bytes, size_t len,
    struct user_db_entry *entry_r)
{
	if (len == 0 || len > USER_DB_PLAIN_MAX)
		return -1;
	entry_r->changed_sec = 0;
	if (is_crypt(bytes, len, entry_r))
		return 0;
	entry_r->hash[0] = '\0';
	entry_r->is_plain = true;
	return secret_set(&entry_r->plain, bytes, len);
}

int
user_db_record_format(enum user_db_layout layout,
    const struct user_db_entry *entry, struct secret *value_r,
    struct errmsg *e)
{
	return layout == USER_DB_HASHED ? format_hashed(entry, value_r, e) :
	    format_cyrus(entry, value_r, e);
}

int
user_db_record_parse(enum user_db_layout layout,
    const struct user_db_bytes *value, struct user_db_entry *entry_r)
{
	user_db_entry_fini(entry_r);
	return layout == USER_DB_HASHED ?
	    parse_hashed(value->data, value->len, entry_r) :
	    parse_cyrus(value->data, value->len, entry_r);
}
