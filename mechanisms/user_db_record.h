/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_record - keys and values of our own layout, as bytes.
 *
 * Key: user, NUL, realm. Value: a version byte, the time of the last change
 * as 64 bits big-endian, the hash without NUL.
 */
#ifndef MECHANISMS_USER_DB_RECORD_H
#define MECHANISMS_USER_DB_RECORD_H

#include <stddef.h>

#include "mechanisms/user_db.h"

#define USER_DB_KEY_MAX 511	/* mdb_env_get_maxkeysize(), as compiled */
#define USER_DB_RECORD_HEAD 9	/* version, time */
#define USER_DB_RECORD_MAX (USER_DB_RECORD_HEAD + PASSHASH_MAX)

/* Length of the key, or 0 when these names cannot be one: empty or, together
 * with the NUL, too long. */
size_t user_db_record_key(const char *user, const char *realm,
    unsigned char bytes_r[USER_DB_KEY_MAX]);

/* The names in a key, both within names_r; -1 when it is none. */
int user_db_record_names(const void *key, size_t len,
    char names_r[USER_DB_KEY_MAX + 1], const char **realm_r);

/* Length of the value. */
size_t user_db_record_format(const struct user_db_entry *entry,
    unsigned char bytes_r[USER_DB_RECORD_MAX]);

/* 0, or -1 when it is damaged or of a newer version. */
int user_db_record_parse(const void *value, size_t len,
    struct user_db_entry *entry_r);

#endif
