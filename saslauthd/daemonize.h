/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemonize - leave the terminal, and tell the starting command how it went.
 *
 * The starting command stays until the daemon has said that it serves or why
 * it cannot, and ends with that status.
 */
#ifndef SASLAUTHD_DAEMONIZE_H
#define SASLAUTHD_DAEMONIZE_H

#include "common/errmsg.h"

struct daemonize {
	int report_fd;		/* -1: in the foreground */
};

/*
 * Fork. In the child: a session of its own, cwd "/", umask 077, returns 0.
 * The parent waits for the report and exits; it never returns. Standard
 * streams stay open until daemonize_ready(), so that the child's errors are
 * seen. -1 when the fork fails.
 */
int daemonize_start(struct daemonize *d, struct errmsg *e);

/* The same surroundings without a fork. */
void daemonize_foreground(struct daemonize *d);

/* Serving: the starting command exits 0 and the standard streams turn to
 * /dev/null. Does nothing in the foreground. */
void daemonize_ready(struct daemonize *d);

/* Not serving: the starting command will exit with this status. */
void daemonize_failed(struct daemonize *d, int status);

#endif
