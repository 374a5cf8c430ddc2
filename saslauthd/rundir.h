/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rundir - the run directory: who may use it, the pid file, the operator's
 * socket.
 *
 *   mux                  for clients (sockets.c)
 *   control              for the operator, 0600
 *   saslauthd.pid        daemon mode: pid, locked with fcntl(2) for life
 *   saslauthd.pid.lock   locked during a start, in the foreground for life
 *
 * Names and locks are those of the classic daemon, so that each notices the
 * other. Only the keeper uses this.
 */
#ifndef SASLAUTHD_RUNDIR_H
#define SASLAUTHD_RUNDIR_H

#include <stdbool.h>
#include <sys/stat.h>

#include "common/errmsg.h"
#include "saslauthd/socket_file.h"

#define RUNDIR_MUX "mux"	/* the clients' socket in it */
#define RUNDIR_CONTROL "control"	/* the operator's */

struct rundir {
	char path[4096];	/* absolute, without a slash at the end */
	int dir_fd;
	int lock_fd;		/* saslauthd.pid.lock */
	int pid_fd;		/* saslauthd.pid, -1 in the foreground */
	bool mux_is_given;	/* it waits for us: nobody answers there */
	bool pid_written;
	struct stat pid_id;	/* to remove no other one */
	struct socket_file control;
};

enum rundir_status {
	RUNDIR_OK,
	RUNDIR_BUSY,		/* another instance serves here */
	RUNDIR_USAGE,		/* a path that cannot work */
	RUNDIR_FAILED
};

/* Make the directory if only its last part is missing (0755; owner and mode
 * of an existing one are never touched) and open it. */
enum rundir_status rundir_open(struct rundir *r, const char *path,
    struct errmsg *e);

/*
 * Become the instance of this directory, in the final process: take the
 * locks, and make sure nobody answers on the socket, unless mux_is_given was
 * set before. Touches nothing of a running instance. With `foreground` no pid
 * file is written.
 */
enum rundir_status rundir_claim(struct rundir *r, bool foreground,
    struct errmsg *e);

/* Make the operator's socket: control.fd. -1 with a message. */
int rundir_open_control(struct rundir *r, struct errmsg *e);

/* The start is over: daemon mode lets saslauthd.pid.lock go. */
void rundir_started(struct rundir *r);

/* Remove and close all that was made here. */
void rundir_release(struct rundir *r);

#endif
