/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker - a process that runs one mechanism, one request at a time.
 */
#ifndef SASLAUTHD_WORKER_H
#define SASLAUTHD_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "saslauthd/pool_load.h"
#include "saslauthd/privs.h"

/* One per worker, in memory shared with the pool: for its watchdog. */
struct worker_slot {
	int64_t deadline_msec;	/* of the request in hand; 0: idle */
	bool ready;		/* got as far as waiting for requests */
};

struct worker_job {
	const struct pool_load *load;
	void *mech_ctx;
	const struct privs *privs;
	unsigned requests;	/* retire after so many */
	int channel;		/* to the front */
	int lifeline;		/* read end; end of file: the pool is gone */
	int notify;		/* signals go on to the pool: keep open */
	pid_t pool_pid;
	volatile struct worker_slot *slot;
};

/* Life of a worker after the fork. Never returns. */
void worker_main(const struct worker_job *job) __attribute__((noreturn));

#endif
