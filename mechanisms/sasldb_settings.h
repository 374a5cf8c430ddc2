/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasldb_settings - the keys of mechanism sasldb. Linked into the pool, so
 * that they are known where the module is not loaded.
 */
#ifndef MECHANISMS_SASLDB_SETTINGS_H
#define MECHANISMS_SASLDB_SETTINGS_H

#include "common/conf.h"

struct sasldb_settings {
	char *path;		/* "": user_db_default_path() */
	char *default_realm;	/* "": the host's name */
};

extern const struct conf_table sasldb_settings_table;

#endif
