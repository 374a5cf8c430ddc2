/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>

#include "common/deadline.h"
#include "common/io.h"
#include "saslauthd/loop.h"
#include "saslauthd/workers.h"

void
workers_init(struct workers *ws)
{
	int state;

	for (state = 0; state < WORKER_STATES; state++) {
		TAILQ_INIT(&ws->list[state]);
		ws->count[state] = 0;
	}
}

unsigned
workers_total(const struct workers *ws)
{
	return ws->count[STARTING] + ws->count[IDLE] + ws->count[BUSY];
}

static void
leave(struct workers *ws, struct worker_link *w)
{
	TAILQ_REMOVE(&ws->list[w->state], w, link);
	ws->count[w->state]--;
}

static void
enter(struct workers *ws, struct worker_link *w, enum worker_state state)
{
	w->state = state;
	TAILQ_INSERT_HEAD(&ws->list[state], w, link);
	ws->count[state]++;
	if (state == IDLE)
		w->idle_since_msec = deadline_now_msec();
}

void
workers_add(struct workers *ws, struct worker_link *w)
{
	enter(ws, w, STARTING);
}

void
workers_change(struct workers *ws, struct worker_link *w,
    enum worker_state state)
{
	leave(ws, w);
	enter(ws, w, state);
}

void
workers_remove(struct workers *ws, struct worker_link *w)
{
	leave(ws, w);
	loop_io_free(w->io);
	io_close(&w->fd);
	free(w);
}
