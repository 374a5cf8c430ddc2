/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings - the daemon's own settings, as every role sees them.
 *
 * Flags, --set and the configuration file all become conf entries; this
 * table turns them into one struct. A mechanism's keys are in its own table.
 */
#ifndef SASLAUTHD_SETTINGS_H
#define SASLAUTHD_SETTINGS_H

#include <stdbool.h>

#include "common/conf.h"

enum settings_sandbox { SANDBOX_PREFER = 0, SANDBOX_REQUIRE };
enum settings_tempfail { TEMPFAIL_EMPTY = 0, TEMPFAIL_NO };
enum settings_log_format { LOG_CLASSIC = 0, LOG_EXTENDED, LOG_JSON };
enum settings_limits { LIMITS_OBSERVE = 0, LIMITS_ENFORCE, LIMITS_OFF };
enum settings_log_success { SUCCESS_NO = 0, SUCCESS_UNCACHED, SUCCESS_ALL };

struct settings {
	char *mechanism;		/* -a: one, or a chain: "ldap,sasldb" */
	char *run_dir;			/* -m */
	bool strict;
	bool verbose;			/* -V, -d */

	long workers;			/* -n; 0: one per request */
	long workers_max;		/* 0: see settings_workers_max */
	long worker_requests;		/* 0: the mechanism's default */
	long worker_idle_sec;
	char *user;			/* "": first of the built-in list */
	char *worker_user;		/* "": as user */
	int sandbox;			/* enum settings_sandbox */

	long request_timeout_sec;
	long backend_timeout_sec;
	long client_timeout_sec;
	long clients_max;
	long queue_max;
	long name_max;			/* bytes */
	long password_max;		/* bytes */

	bool append_realm;		/* -r */
	bool fold_case, trim_blanks;	/* canonical form of names */
	char *login_template;		/* "%u@%r"; "": as it came */
	char *default_realm;		/* "": none */
	int tempfail_reply;		/* enum settings_tempfail */
	int log_format;			/* enum settings_log_format */
	int log_success;		/* enum settings_log_success */

	bool cache;			/* -c */
	long cache_ttl_sec;		/* -t */
	long cache_size_kb;		/* -s */
	long cache_negative_ttl_sec;	/* 0: refusals are not remembered */
	long cache_grace_sec;		/* 0: nothing expired answers */
	bool cache_ignore_address;
	bool join;

	int limits;			/* enum settings_limits */
	long limit_identity, limit_address;	/* distinct wrong passwords */
	long limit_window_sec;
	long limit_compare;		/* tries a minute past a limit */
	char *limit_exempt;		/* networks */
	long limit_size_kb;
	long limit_peer;		/* requests of one uid; 0: no limit */
};

extern const struct conf_table settings_table;

/* A key's scope: it may stand in a backend's part, too. */
#define SETTINGS_BACKEND 1u

/* Add to `own_r` copies of what the keeper keeps and the front may see: all
 * parts with the entries the daemon's table knows, and whatever stands in
 * listeners and routes. -1 when out of memory, or when `own_r` has one of the
 * parts. */
int settings_filter(const struct conf_entries *all,
    struct conf_entries *own_r);

/* Workers a pool may have: workers_max, or by default 4 x workers, 2 x CPUs
 * at most for a mechanism that computes rather than waits. */
unsigned settings_workers_max(const struct settings *s, bool cpu_bound);
/* Workers a pool keeps ready: workers, or one with `-n 0`. */
unsigned settings_workers_ready(const struct settings *s);
/* Requests after which a worker retires. */
unsigned settings_worker_requests(const struct settings *s,
    unsigned mech_default);

#endif
