/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rundir - the run directory: who may use it, the pid file, the sockets.
 *
 *   mux                  for clients, 0777; access is by the directory's mode
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

enum rundir_socket { RUNDIR_MUX, RUNDIR_CONTROL, RUNDIR_SOCKETS };

/* What we made, to remove no other. */
struct rundir_made {
	bool ours;
	struct stat id;
};

struct rundir {
	char path[4096];	/* absolute, without a slash at the end */
	int dir_fd;
	int lock_fd;		/* saslauthd.pid.lock */
	int pid_fd;		/* saslauthd.pid, -1 in the foreground */
	struct rundir_made sockets[RUNDIR_SOCKETS], pid;
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
 * locks, and make sure nobody answers on the socket. Touches nothing of a
 * running instance. With `foreground` no pid file is written.
 */
enum rundir_status rundir_claim(struct rundir *r, bool foreground,
    struct errmsg *e);

/* A listening, non-blocking socket that replaces what stands at its name in
 * one step. -1 with a message. */
int rundir_listen(struct rundir *r, enum rundir_socket which,
    struct errmsg *e);

/* The start is over: daemon mode lets saslauthd.pid.lock go. */
void rundir_started(struct rundir *r);

/* Remove the clients' socket (first step of a stop), then all the rest. */
void rundir_unlisten(struct rundir *r);
void rundir_release(struct rundir *r);

#endif
