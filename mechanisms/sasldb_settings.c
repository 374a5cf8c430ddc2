/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasldb_settings - see sasldb_settings.h.
 */
#include "config.h"

#include "mechanisms/sasldb_settings.h"

#include <limits.h>
#include <stddef.h>

#define REALM_MAX 1024		/* bytes, as a client's realm may have */

static const struct conf_key keys[] = {
	{
		.name = "sasldb_path",
		.type = CONF_PATH,
		.offset = offsetof(struct sasldb_settings, path),
		.max = PATH_MAX - 1,
		.help = "file of the user database; empty: the system's "
		    "sasldb2 if there is one, else users.lmdb",
	},
	{
		.name = "sasldb_default_realm",
		.type = CONF_STRING,
		.offset = offsetof(struct sasldb_settings, default_realm),
		.max = REALM_MAX,
		.help = "realm of a request without one; empty: this host's "
		    "name",
	},
};

const struct conf_table sasldb_settings_table = {
	.owner = "sasldb",
	.keys = keys,
	.count = sizeof(keys) / sizeof(keys[0]),
};
