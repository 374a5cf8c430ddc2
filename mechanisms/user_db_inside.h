/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_inside - what user_db.c and user_db_rewrite.c share.
 */
#ifndef MECHANISMS_USER_DB_INSIDE_H
#define MECHANISMS_USER_DB_INSIDE_H

#include "mechanisms/user_db_record.h"
#include "mechanisms/user_db_table.h"

struct user_db {
	const struct user_db_table *table;
	void *store;
	enum user_db_layout layout;
	char *path;
	bool begun;
};

/* A row of Cyrus SASL's that a new password makes worthless? */
bool user_db_is_relic(const char *property);

/* libsasl2 could not read our layout: 0 where it does not look, else -1 and a
 * message. */
int user_db_may_be_hashed(const char *path, struct errmsg *e);

/* Put an entry under its key, between begin and commit. */
int user_db_store(struct user_db *db, const struct user_db_key *key,
    const struct user_db_entry *entry, struct errmsg *e);

#endif
