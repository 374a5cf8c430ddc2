/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_record - keys and values of the layouts, as bytes.
 *
 * Our own (HASHED): the key is user, NUL, realm; the value a version byte, the
 * time of the last change as 64 bits big-endian, the hash without NUL.
 *
 * Cyrus SASL's, in each library the same: the key is user, NUL, realm, NUL,
 * property; the value the property's bytes. Of userPassword that is the
 * password or, as RFC 2307 writes it, {CRYPT} and a hash; libsasl2 does not
 * know the latter and takes it for a password nobody has.
 */
#ifndef MECHANISMS_USER_DB_RECORD_H
#define MECHANISMS_USER_DB_RECORD_H

#include "mechanisms/user_db_table.h"

#define USER_DB_KEY_MAX 32767	/* what libsasl2 writes; LMDB takes 511 */

/* A key; 0 bytes long when these names cannot be one in this layout: empty,
 * or together too long. property is not used by HASHED. */
struct user_db_key {
	unsigned char bytes[USER_DB_KEY_MAX];
	size_t len;
};
void user_db_record_key(enum user_db_layout layout, const char *user,
    const char *realm, const char *property, struct user_db_key *key_r);

/* The most bytes that user and realm of a password may have together. */
size_t user_db_record_names_max(enum user_db_layout layout);

/* The names in a key, within names_r; -1 when it is none. */
struct user_db_names {
	char text[USER_DB_KEY_MAX + 1];
	const char *user, *realm, *property;
};
int user_db_record_names(enum user_db_layout layout,
    const struct user_db_bytes *key, struct user_db_names *names_r);

/* Has it the form of a key of Cyrus'? A file is another program's if none of
 * its first rows has. */
#define USER_DB_JUDGE_ROWS 16
bool user_db_record_is_cyrus(const void *key, size_t len);

/* The value of an entry. -1: this layout cannot hold it, and why. */
int user_db_record_format(enum user_db_layout layout,
    const struct user_db_entry *entry, struct secret *value_r,
    struct errmsg *e);

/* 0, or -1 when it is damaged or of a newer version, and out of memory. */
int user_db_record_parse(enum user_db_layout layout,
    const struct user_db_bytes *value, struct user_db_entry *entry_r);

#endif
