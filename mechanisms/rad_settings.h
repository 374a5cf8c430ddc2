/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_settings - the keys of mechanism radius. Pure: linked into the pool
 * itself, so that a key is known where the module is not loaded.
 */
#ifndef MECHANISMS_RAD_SETTINGS_H
#define MECHANISMS_RAD_SETTINGS_H

#include <stdbool.h>

#include "common/conf.h"
#include "common/errmsg.h"
#include "common/secret.h"

/* Strings are never NULL; "" is "not set". */
struct rad_settings {
	char *servers;		/* by preference */
	char *server_options;	/* lines "SERVER option=value ..." */
	struct secret server_secrets;	/* lines "SERVER SECRET" */
	struct secret secret;	/* of all others */
	char *secret_file;
	long timeout_sec;	/* of a try */
	long retries;
	bool require_signature;	/* Message-Authenticator in answers */
	bool status_server;

	char *user_name;	/* template */
	char *nas_identifier, *nas_ip_address, *nas_ipv6_address;
	char *nas_port_type, *service_type;
	char *called_station_id, *calling_station_id;	/* templates */
	char *attributes;	/* lines "NAME=VALUE" */

	char *cacert_file, *cacert_dir, *cert, *key;	/* of RadSec */
};

extern const struct conf_table rad_settings_table;

/*
 * struct mech's verify: impossible are no server, one that cannot be read as
 * such, options of a server that is none, a server without a secret, RadSec
 * without certificates to trust, half a client certificate, and attributes or
 * templates that make no sense.
 */
int rad_settings_verify(const void *settings, struct errmsg *e);
/* struct mech's remarks: answers that may be forged, a time that nobody waits
 * for, a secret that others may read. */
void rad_settings_remarks(const void *settings, conf_report *say, void *arg);
/* struct mech's lacks: files of secrets, and those of TLS. */
void rad_settings_lacks(const void *settings, conf_report *say, void *arg);

#endif
