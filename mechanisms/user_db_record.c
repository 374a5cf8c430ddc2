/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_record - see user_db_record.h.
 */
#include "config.h"

#include "mechanisms/user_db_record.h"

#include <string.h>

#define RECORD_VERSION 1

size_t
user_db_record_key(const char *user, const char *realm,
    unsigned char bytes_r[USER_DB_KEY_MAX])
{
	size_t ulen = strlen(user), rlen = strlen(realm);

	if (ulen == 0 || rlen == 0 || ulen > USER_DB_KEY_MAX ||
	    rlen > USER_DB_KEY_MAX || ulen + 1 + rlen > USER_DB_KEY_MAX)
		return 0;
	memcpy(bytes_r, user, ulen + 1);
	memcpy(bytes_r + ulen + 1, realm, rlen);
	return ulen + 1 + rlen;
}

int
user_db_record_names(const void *key, size_t len,
    char names_r[USER_DB_KEY_MAX + 1], const char **realm_r)
{
	size_t ulen;

	if (len > USER_DB_KEY_MAX)
		return -1;
	memcpy(names_r, key, len);
	names_r[len] = '\0';
	ulen = strlen(names_r);
	if (ulen == len || ulen + 1 + strlen(names_r + ulen + 1) != len)
		return -1;
	*realm_r = names_r + ulen + 1;
	return 0;
}

size_t
user_db_record_format(const struct user_db_entry *entry,
    unsigned char bytes_r[USER_DB_RECORD_MAX])
{
	uint64_t sec = (uint64_t)entry->changed_sec;
	size_t i, len = strlen(entry->hash);

	bytes_r[0] = RECORD_VERSION;
	for (i = USER_DB_RECORD_HEAD - 1; i > 0; i--) {
		bytes_r[i] = (unsigned char)(sec & 0xff);
		sec >>= 8;
	}
	memcpy(bytes_r + USER_DB_RECORD_HEAD, entry->hash, len);
	return USER_DB_RECORD_HEAD + len;
}

int
user_db_record_parse(const void *value, size_t len,
    struct user_db_entry *entry_r)
{
	const unsigned char *bytes = value;
	uint64_t sec = 0;
	size_t i;

	if (len < USER_DB_RECORD_HEAD || bytes[0] != RECORD_VERSION)
		return -1;
	for (i = 1; i < USER_DB_RECORD_HEAD; i++)
		sec = sec << 8 | bytes[i];
	bytes += USER_DB_RECORD_HEAD;
	len -= USER_DB_RECORD_HEAD;
	if (len >= sizeof(entry_r->hash) || memchr(bytes, '\0', len) != NULL)
		return -1;
	memcpy(entry_r->hash, bytes, len);
	entry_r->hash[len] = '\0';
	entry_r->changed_sec = (int64_t)sec;
	return 0;
}
