/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/deadline.h"
#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "common/str.h"
#include "saslauthd/backend_link.h"
#include "saslauthd/client.h"
#include "saslauthd/dispatch.h"
#include "saslauthd/front.h"
#include "saslauthd/health.h"
#include "saslauthd/loop.h"
#include "saslauthd/request.h"
#include "saslauthd/workers.h"

#define MECH_NAME_MAX 64
#define POOL_GRACE_MSEC 2000	/* a pool that is being restarted */
#define SHRINK_CHECK_MSEC 1000
#define WISH_PAUSE_MSEC 200	/* after a worker that could not be had */

struct dispatch {
	struct front *front;
	char mech[MECH_NAME_MAX];
	bool sees_address;
	bool filling;			/* the pool is starting its first */
	unsigned ready, max;		/* workers kept, workers allowed */
	struct backend_link pool;
	struct loop_timer *pool_grace;	/* runs while there is no pool */
	struct loop_timer *shrink;
	struct loop_timer *pause;	/* runs while no wish is uttered */
	bool pausing;
	bool down;			/* no pool, or no worker starts */

	struct workers workers;
	unsigned wanted;		/* asked for, not yet seen */
	bool grown;			/* said in the log */
	bool full_told;			/* that workers_max is reached, too */

	struct queue queue;
	struct health health;
	struct buf in, out;		/* one frame each */
};

static void assign_waiting(struct dispatch *d);
static void on_worker(void *arg, int fd);

const char *
dispatch_mech(const struct dispatch *d)
{
	return d->mech;
}

bool
dispatch_sees_address(const struct dispatch *d)
{
	return d->sees_address;
}

/* ---- requests --------------------------------------------------------- */

static struct request *
request_of(struct queue_item *item)
{
	return (struct request *)(void *)((char *)item -
	    offsetof(struct request, queued));
}

/* The end of a request here, whatever it came to. */
static void
fail(struct dispatch *d, struct request *r, enum auth_reason reason,
    const char *detail)
{
	health_note(&d->health, d->mech, AUTH_TEMPFAIL, reason, detail);
	request_failed(r, reason, detail);
}

static void
flush_queue(struct dispatch *d, enum auth_reason reason, const char *detail)
{
	struct queue_item *item;

	while ((item = queue_pop(&d->queue)) != NULL)
		fail(d, request_of(item), reason, detail);
}

/* ---- workers ---------------------------------------------------------- */

/* It will not answer any more; its request, if it has one, fails. */
static void
worker_lost(struct worker_link *w, enum auth_reason reason,
    const char *detail)
{
	struct dispatch *d = w->dispatch;
	struct request *r = w->request;

	workers_remove(&d->workers, w);
	if (r == NULL)
		return;
	r->worker = NULL;
	fail(d, r, reason, detail);
}

/* Nobody may trust this one any more. */
static void
worker_kill(struct worker_link *w, enum auth_reason reason,
    const char *detail)
{
	/* If it does not hear, its own watchdog kills. */
	(void)backend_link_kill(&w->dispatch->pool, w->id);
	worker_lost(w, reason, detail);
}

static void
pause_wishes(struct dispatch *d)
{
	d->pausing = true;
	loop_timer_set(d->pause, WISH_PAUSE_MSEC);
}

/* Ask for as many workers as there are requests without one. */
static void
want_workers(struct dispatch *d)
{
	const unsigned *count = d->workers.count;
	/* With -n 0 a worker is used once: one is kept ahead. */
	size_t need = d->queue.count +
	    (d->front->settings.workers == 0 ? 1 : 0);

	while (backend_link_is_open(&d->pool) && !d->pausing && !d->filling &&
	    workers_total(&d->workers) + d->wanted < d->max &&
	    count[IDLE] + count[STARTING] + d->wanted < need) {
		/* A wish that did not get through is never answered. */
		if (!backend_link_want(&d->pool)) {
			pause_wishes(d);
			return;
		}
		d->wanted++;
	}
}

static void
step_over(void *arg)
{
	struct request *r = arg;
	struct worker_link *w = r->worker;
	struct dispatch *d = r->front->dispatch;

	if (w != NULL) {
		worker_kill(w, REASON_DEADLINE, "");
	} else {
		queue_remove(&d->queue, &r->queued);
		fail(d, r, REASON_DEADLINE, "no worker became free in time");
	}
	assign_waiting(d);
}

static bool
arm(struct request *r, const struct deadline *end)
{
	if (r->timer == NULL)
		r->timer = loop_timer_new(step_over, r);
	if (r->timer == NULL)
		return false;
	loop_timer_set(r->timer, deadline_left_msec(end));
	return true;
}

static void
on_pause_over(void *arg)
{
	struct dispatch *d = arg;

	d->pausing = false;
	want_workers(d);
}

/* Hand the request to the idle worker. -1: the worker is no good, and gone;
 * the request is still the caller's. */
static int
give(struct worker_link *w, struct request *r)
{
	struct dispatch *d = w->dispatch;
	struct deadline step = deadline_in_msec(
	    d->front->settings.backend_timeout_sec * 1000);
	struct frame_request f = {
		.id = r->id, .login = r->login, .service = r->service,
		.realm = r->realm, .address = r->address,
		.password = r->password	/* borrowed */
	};
	enum frame_status st = FRAME_BAD;

	step = deadline_min(step, r->deadline);
	f.left_msec = (uint32_t)deadline_left_msec(&step);
	buf_reset(&d->out);
	if (arm(r, &step) && frame_put_request(&d->out, &f) == 0)
		st = frame_send(w->fd, FRAME_REQUEST, &d->out, -1);
	buf_reset(&d->out);
	if (st != FRAME_OK) {
		workers_remove(&d->workers, w);
		return -1;
	}
	workers_change(&d->workers, w, BUSY);
	w->request = r;
	r->worker = w;
	return 0;
}

static void
enqueue(struct dispatch *d, struct request *r)
{
	if (!arm(r, &r->deadline) || queue_push(&d->queue,
	    client_uid(r->client), &r->queued) != 0)
		fail(d, r, REASON_NO_MEMORY, "");
}

static void
assign_waiting(struct dispatch *d)
{
	struct queue_item *item;
	struct request *r;

	while (d->workers.count[IDLE] > 0 &&
	    (item = queue_pop(&d->queue)) != NULL) {
		r = request_of(item);
		if (give(TAILQ_FIRST(&d->workers.list[IDLE]), r) != 0)
			enqueue(d, r);
	}
	want_workers(d);
}

/* queue_max is for all: at it, whoever holds more than his share gives way
 * to who holds less, so that one uid cannot shut out the others. */
static bool
make_room(struct dispatch *d, uid_t uid)
{
	struct queue_item *item;

	if (d->queue.count < (size_t)d->front->settings.queue_max)
		return true;
	item = queue_pop_greedy(&d->queue, uid);
	if (item == NULL)
		return false;
	fail(d, request_of(item), REASON_QUEUE_FULL,
	    "queue_max is reached");
	return true;
}

static bool
none_is_ready(const struct dispatch *d)
{
	return d->workers.count[IDLE] + d->workers.count[BUSY] == 0;
}

void
dispatch_submit(struct dispatch *d, struct request *r)
{
	while (d->queue.count == 0 && d->workers.count[IDLE] > 0)
		if (give(TAILQ_FIRST(&d->workers.list[IDLE]), r) == 0) {
			want_workers(d);
			return;
		}
	if (d->down && none_is_ready(d)) {
		fail(d, r, REASON_BACKEND_DOWN, "no worker can be started");
	} else if (!make_room(d, client_uid(r->client))) {
		fail(d, r, REASON_QUEUE_FULL, "queue_max is reached");
	} else {
		enqueue(d, r);
		want_workers(d);
	}
}

void
dispatch_abandon(struct dispatch *d)
{
	struct worker_link *w, *next;

	flush_queue(d, REASON_SHUTDOWN, "");
	for (w = TAILQ_FIRST(&d->workers.list[BUSY]); w != NULL; w = next) {
		next = TAILQ_NEXT(w, link);
		worker_kill(w, REASON_SHUTDOWN, "");
	}
}

/* ---- frames from workers ---------------------------------------------- */

static void
on_hello(struct worker_link *w, struct buf *b)
{
	struct dispatch *d = w->dispatch;
	char build[128];

	if (buf_get_chars(b, build, sizeof(build)) != 0 ||
	    strcmp(build, frame_build_id()) != 0) {
		log_msg(LOG_ERR, "dispatch", "a worker is of another build: "
		    "restart the daemon");
		worker_kill(w, REASON_INTERNAL, "");
		return;
	}
	d->down = false;
	workers_change(&d->workers, w, IDLE);
	assign_waiting(d);
}

static void
on_answer(struct worker_link *w, struct buf *b)
{
	struct dispatch *d = w->dispatch;
	struct request *r = w->request;
	struct frame_answer a;

	if (r == NULL || frame_get_answer(b, &a) != 0 || a.id != r->id) {
		log_msg(LOG_ERR, "dispatch", "BUG: a worker of %s gave an "
		    "answer to another question", d->mech);
		worker_kill(w, REASON_INTERNAL, "wrong answer frame");
		assign_waiting(d);
		return;
	}
	r->worker = NULL;
	w->request = NULL;
	workers_change(&d->workers, w, IDLE);
	if (w->retire || a.retire)
		workers_remove(&d->workers, w);
	loop_timer_unset(r->timer);
	health_note(&d->health, d->mech, a.result, a.reason, a.detail);
	/* First the next one to the worker: it need not wait for our log. */
	assign_waiting(d);
	request_decided(r, &a);
}

static void
on_worker(void *arg, int fd)
{
	struct worker_link *w = arg;
	struct dispatch *d = w->dispatch;
	enum frame_type type;

	switch (frame_recv(fd, &type, &d->in, NULL)) {
	case FRAME_AGAIN:
		return;
	case FRAME_EOF:
		worker_lost(w, REASON_WORKER_DIED, "");
		assign_waiting(d);
		return;
	case FRAME_BAD:
		type = FRAME_TYPES;
		break;
	case FRAME_OK:
		break;
	}
	if (type == FRAME_HELLO && w->state == STARTING) {
		on_hello(w, &d->in);
	} else if (type == FRAME_ANSWER) {
		on_answer(w, &d->in);
	} else {
		log_msg(LOG_ERR, "dispatch", "BUG: bad frame from a worker "
		    "of %s", d->mech);
		worker_kill(w, REASON_INTERNAL, "bad frame");
		assign_waiting(d);
	}
}

/* ---- what the pool says ----------------------------------------------- */

static void
on_new_worker(void *arg, uint64_t id, int fd)
{
	struct dispatch *d = arg;
	struct worker_link *w = calloc(1, sizeof(*w));

	if (d->wanted > 0)
		d->wanted--;
	if (w == NULL) {
		io_close(&fd);
		return;
	}
	(void)io_set_nonblock(fd, true);
	w->dispatch = d;
	w->id = id;
	w->fd = fd;
	workers_add(&d->workers, w);
	w->io = loop_io_new(fd, on_worker, w);
	if (w->io == NULL) {
		workers_remove(&d->workers, w);
		return;
	}
	if (workers_total(&d->workers) > d->ready) {
		if (!d->grown)
			log_msg(LOG_INFO, "dispatch", "requests for %s wait: "
			    "more than %u workers are started", d->mech,
			    d->ready);
		d->grown = true;
		if (workers_total(&d->workers) == d->max && !d->full_told) {
			d->full_told = true;
			log_msg(LOG_NOTICE, "dispatch", "%s has reached "
			    "workers_max, %u", d->mech, d->max);
		}
		loop_timer_set(d->shrink, SHRINK_CHECK_MSEC);
	}
}

/* A worker ended (id 0: one could not be started), or does not start. */
static void
on_gone(void *arg, uint64_t id, uint32_t backoff_msec)
{
	struct dispatch *d = arg;

	if (id == 0) {
		if (d->wanted > 0)
			d->wanted--;
		pause_wishes(d);
	} else {
		d->pausing = false;
	}
	if (backoff_msec > 0 && none_is_ready(d)) {
		d->down = true;
		flush_queue(d, REASON_BACKEND_DOWN,
		    "no worker can be started");
		return;
	}
	want_workers(d);
}

/* Only now is known how many the pool starts unasked: fewer than it keeps
 * ready while workers of the front before us still live. */
static void
on_filled(void *arg)
{
	struct dispatch *d = arg;

	d->filling = false;
	want_workers(d);
}

static void
on_retire(void *arg, uint64_t id)
{
	struct dispatch *d = arg;
	struct worker_link *w, *next;
	int state;

	for (state = 0; state < WORKER_STATES; state++)
		for (w = TAILQ_FIRST(&d->workers.list[state]); w != NULL;
		    w = next) {
			next = TAILQ_NEXT(w, link);
			if (w->id <= id)
				w->retire = true;
			if (w->retire && state == IDLE)
				workers_remove(&d->workers, w);
		}
}

/* A new pool's worker ids begin anew: let the old workers go. */
static void
drop_workers(struct dispatch *d)
{
	struct worker_link *w;
	int state;

	for (state = 0; state < WORKER_STATES; state++)
		while ((w = TAILQ_FIRST(&d->workers.list[state])) != NULL)
			worker_lost(w, REASON_WORKER_DIED, "its pool ended");
}

static void
on_lost(void *arg)
{
	struct dispatch *d = arg;

	d->wanted = 0;
	if (!d->front->stopping)
		loop_timer_set(d->pool_grace, POOL_GRACE_MSEC);
}

static void
on_pool_missing(void *arg)
{
	struct dispatch *d = arg;

	d->down = true;
	flush_queue(d, REASON_BACKEND_DOWN, "the pool is gone");
	if (d->front->stopping)
		return;
	/* It may be well, and only our channel to it broken. */
	front_want_pool();
	loop_timer_set(d->pool_grace, POOL_GRACE_MSEC);
}

/* Workers above the number kept ready go when they have idled long enough. */
static void
on_shrink(void *arg)
{
	struct dispatch *d = arg;
	struct worker_link *w;
	int64_t since = deadline_now_msec() -
	    d->front->settings.worker_idle_sec * 1000;

	while (workers_total(&d->workers) > d->ready &&
	    (w = TAILQ_LAST(&d->workers.list[IDLE], worker_list)) != NULL &&
	    w->idle_since_msec <= since)
		workers_remove(&d->workers, w);
	if (workers_total(&d->workers) > d->ready) {
		loop_timer_set(d->shrink, SHRINK_CHECK_MSEC);
	} else if (d->grown) {
		d->grown = d->full_told = false;
		log_msg(LOG_INFO, "dispatch", "%s is back at %u workers",
		    d->mech, workers_total(&d->workers));
	}
}

int
dispatch_link(struct dispatch *d, struct buf *description, int fd)
{
	unsigned sees_address;
	uint32_t ready, max;

	if (buf_get_chars(description, d->mech, sizeof(d->mech)) != 0 ||
	    buf_get_u8(description, &sees_address) != 0 ||
	    buf_get_u32(description, &ready) != 0 ||
	    buf_get_u32(description, &max) != 0 || ready == 0 || max < ready)
		return -1;
	drop_workers(d);
	loop_timer_unset(d->pool_grace);
	d->sees_address = sees_address != 0;
	d->ready = ready;
	d->max = max;
	d->down = false;
	d->filling = true;
	d->wanted = 0;
	return backend_link_open(&d->pool, fd);
}

static const struct backend_events backend_events = {
	.worker = on_new_worker,
	.gone = on_gone,
	.retire = on_retire,
	.filled = on_filled,
	.lost = on_lost,
};

struct dispatch *
dispatch_new(struct front *f)
{
	struct dispatch *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->front = f;
	(void)str_copy(d->mech, sizeof(d->mech), f->settings.mechanism);
	backend_link_init(&d->pool, &backend_events, d);
	d->ready = d->max = 1;
	workers_init(&d->workers);
	queue_init(&d->queue);
	buf_init(&d->in, FRAME_MAX);
	buf_init(&d->out, FRAME_MAX);
	d->pool_grace = loop_timer_new(on_pool_missing, d);
	d->shrink = loop_timer_new(on_shrink, d);
	d->pause = loop_timer_new(on_pause_over, d);
	if (d->pool_grace == NULL || d->shrink == NULL || d->pause == NULL) {
		loop_timer_free(d->pool_grace);
		loop_timer_free(d->shrink);
		loop_timer_free(d->pause);
		free(d);
		return NULL;
	}
	loop_timer_set(d->pool_grace, POOL_GRACE_MSEC);
	return d;
}
