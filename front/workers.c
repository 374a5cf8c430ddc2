/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/buf.h"
#include "common/deadline.h"
#include "common/io.h"
#include "common/log.h"
#include "front/backend_link.h"
#include "front/flight.h"
#include "front/front.h"
#include "front/keeper_link.h"
#include "front/loop.h"
#include "front/workers.h"

#define POOL_GRACE_MSEC 2000	/* a pool that is being restarted */
#define SHRINK_CHECK_MSEC 1000
#define WISH_PAUSE_MSEC 200	/* after a worker that could not be had */

struct worker_link {
	TAILQ_ENTRY(worker_link) link;	/* in the list of its state */
	struct workers *workers;
	enum worker_state state;
	uint64_t id;			/* the pool's number for it */
	int fd;				/* owned */
	struct loop_io *io;		/* owned, or NULL */
	struct flight *flight;		/* BUSY: which one */
	bool retire;			/* to be closed after its answer */
	int64_t idle_since_msec;
};

TAILQ_HEAD(worker_list, worker_link);

struct workers {
	struct generation *generation;
	const struct site_backend *backend;
	const struct workers_events *events;
	void *arg;
	struct worker_list list[WORKER_STATES];	/* last changed first */
	unsigned count[WORKER_STATES];
	unsigned ready, max;		/* kept, allowed */
	unsigned wanted;		/* asked for, not yet seen */
	unsigned lost;
	bool filling;			/* the pool is starting its first */
	bool down;			/* no pool, or no worker starts */
	bool grown;			/* said in the log */
	bool full_told;			/* that `max` is reached, too */

	struct backend_link pool;
	struct loop_timer *pool_grace;	/* runs while there is no pool */
	struct loop_timer *shrink;
	struct loop_timer *pause;	/* runs while no wish is uttered */
	bool pausing;
	struct buf in, out;		/* one frame each */
};

unsigned
workers_count(const struct workers *ws, enum worker_state state)
{
	return ws->count[state];
}

unsigned
workers_ready(const struct workers *ws)
{
	return ws->ready;
}

unsigned
workers_max(const struct workers *ws)
{
	return ws->max;
}

unsigned
workers_lost(const struct workers *ws)
{
	return ws->lost;
}

const struct frame_part *
workers_parts(const struct workers *ws, size_t *count_r)
{
	*count_r = ws->pool.part_count;
	return ws->pool.parts;
}

static bool
none_is_ready(const struct workers *ws)
{
	return ws->count[IDLE] + ws->count[BUSY] == 0;
}

bool
workers_are_down(const struct workers *ws)
{
	return ws->down && none_is_ready(ws);
}

static unsigned
total(const struct workers *ws)
{
	return ws->count[STARTING] + ws->count[IDLE] + ws->count[BUSY];
}

/* ---- the lists -------------------------------------------------------- */

static void
leave(struct worker_link *w)
{
	TAILQ_REMOVE(&w->workers->list[w->state], w, link);
	w->workers->count[w->state]--;
}

static void
enter(struct worker_link *w, enum worker_state state)
{
	w->state = state;
	TAILQ_INSERT_HEAD(&w->workers->list[state], w, link);
	w->workers->count[state]++;
	if (state == IDLE)
		w->idle_since_msec = deadline_now_msec();
}

static void
change(struct worker_link *w, enum worker_state state)
{
	leave(w);
	enter(w, state);
}

/* Closing its channel ends it. */
static void
let_go(struct worker_link *w)
{
	if (w->flight != NULL)
		w->flight->worker = NULL;
	leave(w);
	loop_io_free(w->io);
	io_close(&w->fd);
	free(w);
}

static void
lose(struct worker_link *w, enum auth_reason reason, const char *detail)
{
	struct workers *ws = w->workers;
	struct flight *fl = w->flight;

	ws->lost++;
	let_go(w);
	if (fl != NULL)
		ws->events->lost(ws->arg, fl, reason, detail);
}

/* If the pool does not hear, its own watchdog kills. */
static void
kill_and_lose(struct worker_link *w, enum auth_reason reason,
    const char *detail)
{
	(void)backend_link_kill(&w->workers->pool, w->id);
	lose(w, reason, detail);
}

void
workers_kill(struct worker_link *w)
{
	(void)backend_link_kill(&w->workers->pool, w->id);
	w->workers->lost++;
	let_go(w);
}

void
workers_abandon(struct workers *ws, enum auth_reason reason)
{
	struct worker_link *w, *next;

	for (w = TAILQ_FIRST(&ws->list[BUSY]); w != NULL; w = next) {
		next = TAILQ_NEXT(w, link);
		kill_and_lose(w, reason, "");
	}
}

/* ---- wishes ----------------------------------------------------------- */

static void
pause_wishes(struct workers *ws)
{
	ws->pausing = true;
	loop_timer_set(ws->pause, WISH_PAUSE_MSEC);
}

void
workers_want(struct workers *ws)
{
	/* With -n 0 a worker is used once: one is kept ahead. */
	size_t need = ws->events->waiting(ws->arg) +
	    (ws->backend->settings.workers == 0 ? 1 : 0);

	while (backend_link_is_open(&ws->pool) && !ws->pausing &&
	    !ws->filling && total(ws) + ws->wanted < ws->max &&
	    ws->count[IDLE] + ws->count[STARTING] + ws->wanted < need) {
		/* A wish that did not get through is never answered. */
		if (!backend_link_want(&ws->pool)) {
			pause_wishes(ws);
			return;
		}
		ws->wanted++;
	}
}

static void
on_pause_over(void *arg)
{
	struct workers *ws = arg;

	ws->pausing = false;
	workers_want(ws);
}

/* ---- questions and answers -------------------------------------------- */

/* -1: the worker is no good, and gone. */
static int
ask(struct worker_link *w, struct flight *fl)
{
	struct workers *ws = w->workers;
	enum frame_status st = FRAME_BAD;

	buf_reset(&ws->out);
	if (frame_put_request(&ws->out, &fl->question) == 0)
		st = frame_send(w->fd, FRAME_REQUEST, &ws->out, -1);
	buf_reset(&ws->out);
	if (st != FRAME_OK) {
		let_go(w);
		return -1;
	}
	change(w, BUSY);
	w->flight = fl;
	fl->worker = w;
	return 0;
}

bool
workers_give(struct workers *ws, struct flight *fl)
{
	struct worker_link *w;

	while ((w = TAILQ_FIRST(&ws->list[IDLE])) != NULL)
		if (ask(w, fl) == 0)
			return true;
	return false;
}

static void
on_hello(struct worker_link *w, struct buf *b)
{
	struct workers *ws = w->workers;
	char build[128];

	if (buf_get_chars(b, build, sizeof(build)) != 0 ||
	    strcmp(build, frame_build_id()) != 0) {
		log_msg(LOG_ERR, "dispatch", "a worker is of another build: "
		    "restart the daemon");
		kill_and_lose(w, REASON_INTERNAL, "");
		return;
	}
	ws->down = false;
	change(w, IDLE);
	ws->events->idle(ws->arg);
}

static void
on_answer(struct worker_link *w, struct buf *b)
{
	struct workers *ws = w->workers;
	struct flight *fl = w->flight;
	struct frame_answer a;

	if (fl == NULL || frame_get_answer(b, &a) != 0 ||
	    a.id != fl->question.id) {
		log_msg(LOG_ERR, "dispatch", "BUG: a worker of %s gave an "
		    "answer to another question", ws->backend->name);
		kill_and_lose(w, REASON_INTERNAL, "wrong answer frame");
		ws->events->idle(ws->arg);
		return;
	}
	fl->worker = NULL;
	w->flight = NULL;
	change(w, IDLE);
	if (w->retire || a.retire)
		let_go(w);
	ws->events->answered(ws->arg, fl, &a);
}

static void
on_worker(void *arg, int fd)
{
	struct worker_link *w = arg;
	struct workers *ws = w->workers;
	enum frame_type type;

	switch (frame_recv(fd, &type, &ws->in, NULL)) {
	case FRAME_AGAIN:
		return;
	case FRAME_EOF:
		lose(w, REASON_WORKER_DIED, "");
		ws->events->idle(ws->arg);
		return;
	case FRAME_BAD:
		type = FRAME_TYPES;
		break;
	case FRAME_OK:
		break;
	}
	if (type == FRAME_HELLO && w->state == STARTING) {
		on_hello(w, &ws->in);
	} else if (type == FRAME_ANSWER) {
		on_answer(w, &ws->in);
	} else {
		log_msg(LOG_ERR, "dispatch", "BUG: bad frame from a worker "
		    "of %s", ws->backend->name);
		kill_and_lose(w, REASON_INTERNAL, "bad frame");
		ws->events->idle(ws->arg);
	}
}

/* ---- what the pool says ----------------------------------------------- */

static void
tell_growth(struct workers *ws)
{
	if (!ws->grown)
		log_msg(LOG_INFO, "dispatch", "requests for %s wait: more "
		    "than %u workers are started", ws->backend->name,
		    ws->ready);
	ws->grown = true;
	if (total(ws) == ws->max && !ws->full_told) {
		ws->full_told = true;
		log_msg(LOG_NOTICE, "dispatch", "%s has reached "
		    "workers_max, %u", ws->backend->name, ws->max);
	}
	loop_timer_set(ws->shrink, SHRINK_CHECK_MSEC);
}

static void
on_new_worker(void *arg, uint64_t id, int fd)
{
	struct workers *ws = arg;
	struct worker_link *w = calloc(1, sizeof(*w));

	if (ws->wanted > 0)
		ws->wanted--;
	if (w == NULL) {
		io_close(&fd);
		return;
	}
	(void)io_set_nonblock(fd, true);
	w->workers = ws;
	w->id = id;
	w->fd = fd;
	enter(w, STARTING);
	w->io = loop_io_new(fd, on_worker, w);
	if (w->io == NULL)
		let_go(w);
	else if (total(ws) > ws->ready)
		tell_growth(ws);
}

/* A worker ended (id 0: one could not be started), or does not start. */
static void
on_gone(void *arg, uint64_t id, uint32_t backoff_msec)
{
	struct workers *ws = arg;

	if (id == 0) {
		if (ws->wanted > 0)
			ws->wanted--;
		pause_wishes(ws);
	} else {
		ws->pausing = false;
	}
	if (backoff_msec > 0 && none_is_ready(ws)) {
		ws->down = true;
		ws->events->down(ws->arg, "no worker can be started");
		return;
	}
	workers_want(ws);
}

/* Only now is known how many the pool starts unasked: fewer than it keeps
 * ready while workers of the front before us still live. */
static void
on_filled(void *arg)
{
	struct workers *ws = arg;

	ws->filling = false;
	workers_want(ws);
}

static void
on_retire(void *arg, uint64_t id)
{
	struct workers *ws = arg;
	struct worker_link *w, *next;
	int state;

	for (state = 0; state < WORKER_STATES; state++)
		for (w = TAILQ_FIRST(&ws->list[state]); w != NULL; w = next) {
			next = TAILQ_NEXT(w, link);
			if (w->id <= id)
				w->retire = true;
			if (w->retire && state == IDLE)
				let_go(w);
		}
}

/* A new pool's worker ids begin anew: let the old workers go. */
static void
drop_all(struct workers *ws)
{
	struct worker_link *w;
	int state;

	for (state = 0; state < WORKER_STATES; state++)
		while ((w = TAILQ_FIRST(&ws->list[state])) != NULL)
			lose(w, REASON_WORKER_DIED, "its pool ended");
}

static void
on_lost(void *arg)
{
	struct workers *ws = arg;

	ws->wanted = 0;
	if (!ws->generation->front->stopping)
		loop_timer_set(ws->pool_grace, POOL_GRACE_MSEC);
}

static void
on_pool_missing(void *arg)
{
	struct workers *ws = arg;

	ws->down = true;
	ws->events->down(ws->arg, "the pool is gone");
	if (ws->generation->front->stopping)
		return;
	/* It may be well, and only our channel to it broken. */
	keeper_link_want_pool(ws->generation->number, ws->backend->name);
	loop_timer_set(ws->pool_grace, POOL_GRACE_MSEC);
}

/* Workers above the number kept ready go when they have idled long enough. */
static void
on_shrink(void *arg)
{
	struct workers *ws = arg;
	struct worker_link *w;
	int64_t since = deadline_now_msec() -
	    ws->backend->settings.worker_idle_sec * 1000;

	while (total(ws) > ws->ready &&
	    (w = TAILQ_LAST(&ws->list[IDLE], worker_list)) != NULL &&
	    w->idle_since_msec <= since)
		let_go(w);
	if (total(ws) > ws->ready) {
		loop_timer_set(ws->shrink, SHRINK_CHECK_MSEC);
	} else if (ws->grown) {
		ws->grown = ws->full_told = false;
		log_msg(LOG_INFO, "dispatch", "%s is back at %u workers",
		    ws->backend->name, total(ws));
	}
}

int
workers_link(struct workers *ws, unsigned ready, unsigned max, int fd)
{
	drop_all(ws);
	loop_timer_unset(ws->pool_grace);
	ws->ready = ready;
	ws->max = max;
	ws->down = false;
	ws->filling = true;
	ws->wanted = 0;
	return backend_link_open(&ws->pool, fd);
}

static const struct backend_events backend_events = {
	.worker = on_new_worker,
	.gone = on_gone,
	.retire = on_retire,
	.filled = on_filled,
	.lost = on_lost,
};

struct workers *
workers_new(struct generation *g, const struct site_backend *backend,
    const struct workers_events *events, void *arg)
{
	struct workers *ws = calloc(1, sizeof(*ws));
	int state;

	if (ws == NULL)
		return NULL;
	ws->generation = g;
	ws->backend = backend;
	ws->events = events;
	ws->arg = arg;
	ws->ready = ws->max = 1;
	for (state = 0; state < WORKER_STATES; state++)
		TAILQ_INIT(&ws->list[state]);
	backend_link_init(&ws->pool, &backend_events, ws);
	buf_init(&ws->in, FRAME_MAX);
	buf_init(&ws->out, FRAME_MAX);
	ws->pool_grace = loop_timer_new(on_pool_missing, ws);
	ws->shrink = loop_timer_new(on_shrink, ws);
	ws->pause = loop_timer_new(on_pause_over, ws);
	if (ws->pool_grace == NULL || ws->shrink == NULL ||
	    ws->pause == NULL) {
		workers_free(ws);
		return NULL;
	}
	loop_timer_set(ws->pool_grace, POOL_GRACE_MSEC);
	return ws;
}

void
workers_free(struct workers *ws)
{
	int state;

	if (ws == NULL)
		return;
	for (state = 0; state < WORKER_STATES; state++)
		while (!TAILQ_EMPTY(&ws->list[state]))
			let_go(TAILQ_FIRST(&ws->list[state]));
	backend_link_close(&ws->pool);
	loop_timer_free(ws->pool_grace);
	loop_timer_free(ws->shrink);
	loop_timer_free(ws->pause);
	buf_fini(&ws->in);
	buf_fini(&ws->out);
	free(ws);
}
