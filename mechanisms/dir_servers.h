/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_servers - the servers of ldap_servers, among them those of a domain
 * (`ldap:///dc=example,dc=org`), whom DNS knows.
 */
#ifndef MECHANISMS_DIR_SERVERS_H
#define MECHANISMS_DIR_SERVERS_H

#include "common/errmsg.h"
#include "mechanisms/dir_settings.h"
#include "mechanisms/servers.h"

/* A worker that has been at a server for so long does not come back. */
#define DIR_STUCK_MSEC 4000
/* After so long without a probe (workers that live for one request) a request
 * makes it. */
#define DIR_PROBE_OVERDUE_MSEC 30000

/* As servers_new(), whose counterpart is servers_free(). */
struct servers *dir_servers_new(const struct dir_settings *s,
    struct errmsg *e);

#endif
