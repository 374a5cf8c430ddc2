/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper_state - what the keeper's own files share: keeper.c (its life) and
 * keeper_frames.c (what children say).
 */
#ifndef SASLAUTHD_KEEPER_STATE_H
#define SASLAUTHD_KEEPER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/deadline.h"
#include "saslauthd/daemonize.h"
#include "saslauthd/family.h"
#include "saslauthd/notify.h"
#include "saslauthd/plan.h"
#include "saslauthd/reload.h"
#include "saslauthd/rundir.h"
#include "saslauthd/sockets.h"

#define KEEPER_LOG_RETRY_MSEC 1000	/* between tries to reach a syslog
					 * server */

enum phase { STARTING, SERVING, STOPPING_FRONT, STOPPING_POOLS, ENDED };

struct keeper {
	const struct launch *launch;
	struct daemonize daemonize;
	struct rundir rundir;
	struct sockets sockets;
	struct family family;
	struct notify notify;
	struct reload reload;
	enum phase phase;
	struct deadline phase_end;
	struct deadline log_retry;	/* never: the front has its log */
	int64_t log_given_msec;		/* when it last got one */
	int status;
};

/* The start is over, with this exit status; nothing later than that. */
void keeper_fail_start(struct keeper *k, int status);
/* Somebody got ready, or gave up: is it enough to serve? */
void keeper_go_on_with_start(struct keeper *k);

void keeper_on_signal(struct keeper *k, int sig);
/* The operator wants a stop: every request gets the time it would have had. */
void keeper_drain(struct keeper *k);
/* The front has finished, or had its time. */
void keeper_stop_pools(struct keeper *k);

/* A child's frame; whatever a child may not say ends it. True when there may
 * be another one. Then all there are. */
bool keeper_frames_hear(struct keeper *k, struct family_member m);
void keeper_frames_hear_out(struct keeper *k, struct family_member m);

#endif
