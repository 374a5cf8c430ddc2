/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * workers - the front's end of each worker's channel, listed by state.
 */
#ifndef SASLAUTHD_WORKERS_H
#define SASLAUTHD_WORKERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct dispatch;
struct loop_io;
struct request;

enum worker_state {
	STARTING,		/* its hello has not come yet */
	IDLE,
	BUSY,			/* has a request */
	WORKER_STATES
};

struct worker_link {
	TAILQ_ENTRY(worker_link) link;	/* in the list of its state */
	struct dispatch *dispatch;
	enum worker_state state;
	uint64_t id;			/* the pool's number for it */
	int fd;				/* owned */
	struct loop_io *io;		/* owned, or NULL */
	struct request *request;	/* BUSY: which one */
	bool retire;			/* to be closed after its answer */
	int64_t idle_since_msec;
};

TAILQ_HEAD(worker_list, worker_link);

struct workers {
	struct worker_list list[WORKER_STATES];	/* last changed first */
	unsigned count[WORKER_STATES];
};

void workers_init(struct workers *ws);
unsigned workers_total(const struct workers *ws);

/* A new one, STARTING; taken over. */
void workers_add(struct workers *ws, struct worker_link *w);
void workers_change(struct workers *ws, struct worker_link *w,
    enum worker_state state);

/* Close its channel, which ends it, and free it. */
void workers_remove(struct workers *ws, struct worker_link *w);

#endif
