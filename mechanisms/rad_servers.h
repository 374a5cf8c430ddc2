/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_servers - the servers of radius_servers, each with what holds for it.
 */
#ifndef MECHANISMS_RAD_SERVERS_H
#define MECHANISMS_RAD_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/secret.h"
#include "mechanisms/rad_settings.h"

#define RAD_SERVERS_MAX 64
#define RAD_HOST_SIZE 256	/* RFC 1035, section 2.3.4; with NUL */
#define RAD_PORT_SIZE 6

struct rad_server {
	char *name;		/* the word of radius_servers */
	bool tls;		/* RadSec (RFC 6614) */
	char host[RAD_HOST_SIZE];	/* name or address, no brackets */
	char port[RAD_PORT_SIZE];
	struct secret secret;	/* of its own, or of all */
	char *secret_file;	/* where it comes from, or "" */
	int64_t timeout_msec;	/* of a try */
	unsigned tries;
	bool require_signature;
};

struct rad_servers {
	struct rad_server *list;
	size_t count;
};

#define RAD_SERVERS_INIT { NULL, 0 }

/* From the settings; pure. Secrets that stand in files are empty then. The
 * caller calls rad_servers_fini() in any case. */
int rad_servers_parse(const struct rad_settings *s, struct rad_servers *sv_r,
    struct errmsg *e);
/* Read the secrets that stand in files. -1: one cannot be; the servers have
 * the secrets they had. */
int rad_servers_read_secrets(struct rad_servers *sv, struct errmsg *e);
void rad_servers_fini(struct rad_servers *sv);

/* The server of a name that is in the list. */
struct rad_server *rad_servers_find(const struct rad_servers *sv,
    const char *name);

#endif
