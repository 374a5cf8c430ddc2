/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/deadline.h"
#include "common/io.h"
#include "common/str.h"
#include "front/client.h"
#include "front/dispatch.h"
#include "front/flight.h"
#include "front/front.h"
#include "front/health.h"
#include "front/loop.h"
#include "front/metrics.h"
#include "front/queue.h"
#include "front/request.h"
#include "front/service_time.h"
#include "front/workers.h"

#define MECH_NAME_MAX 64

struct dispatch {
	struct generation *generation;
	const struct site_backend *backend;
	char mech[MECH_NAME_MAX];
	char trouble[ERRMSG_MAX];	/* why it cannot be opened */
	bool sees_address, sees_realm;
	struct conf_show config;
	struct workers *workers;
	struct flights *flights;
	struct queue queue;
	struct health health;
	unsigned lost_before;		/* workers, in other generations */
	struct service_time service_time;
};

static void on_step_over(void *arg);

const char *
dispatch_mech(const struct dispatch *d)
{
	return d->mech;
}

const char *
dispatch_name(const struct dispatch *d)
{
	return d->backend->name;
}

const struct settings *
dispatch_settings(const struct dispatch *d)
{
	return &d->backend->settings;
}

const struct conf_show *
dispatch_config(const struct dispatch *d)
{
	return &d->config;
}

bool
dispatch_sees_address(const struct dispatch *d)
{
	return d->sees_address;
}

bool
dispatch_sees_realm(const struct dispatch *d)
{
	return d->sees_realm;
}

void
dispatch_status(struct dispatch *d, struct dispatch_status *s_r)
{
	int64_t median = service_time_median_usec(&d->service_time);

	*s_r = (struct dispatch_status){
		.name = d->backend->name, .mech = d->mech,
		.trouble = d->trouble,
		.up = d->trouble[0] == '\0' && !d->health.down &&
		    !workers_are_down(d->workers),
		.since_msec = d->health.changed_msec,
		.workers_starting = workers_count(d->workers, STARTING),
		.workers_idle = workers_count(d->workers, IDLE),
		.workers_busy = workers_count(d->workers, BUSY),
		.workers_ready = workers_ready(d->workers),
		.workers_max = workers_max(d->workers),
		.workers_lost = d->lost_before + workers_lost(d->workers),
		.queued = d->queue.count,
		.median_usec = median
	};
	s_r->parts = workers_parts(d->workers, &s_r->part_count);
}

bool
dispatch_is_probing(const struct dispatch *d)
{
	return d->health.down && workers_count(d->workers, BUSY) > 0;
}

/* ---- the end of a flight ---------------------------------------------- */

static struct flight *
flight_of(struct queue_item *item)
{
	return (struct flight *)(void *)((char *)item -
	    offsetof(struct flight, queued));
}

/* It has nobody aboard any more. */
static void
dismiss(struct flight *fl)
{
	struct generation *g = fl->dispatch->generation;

	flight_free(fl);
	generation_let_go(g);
}

/* Everybody aboard gets the answer; but a code that is good for one login
 * was won by the first alone, and the others ask for themselves. */
static void
end(struct flight *fl, const struct frame_answer *a)
{
	struct request *r, *first = TAILQ_FIRST(&fl->requests);

	flight_land(fl);
	flight_choose_teachers(fl);
	while ((r = TAILQ_FIRST(&fl->requests)) != NULL) {
		flight_leave(r);
		if (a->one_time && r != first)
			request_ask_alone(r, &fl->question.password);
		else
			request_answered(r, a, r == first ? ANSWER_BACKEND :
			    ANSWER_JOINED, &fl->question.password);
	}
	dismiss(fl);
}

static void
fail(struct dispatch *d, struct flight *fl, enum auth_reason reason,
    const char *detail)
{
	struct frame_answer a = { .result = AUTH_TEMPFAIL, .reason = reason };

	(void)str_copy(a.detail, sizeof(a.detail), detail);
	health_note(&d->health, d->backend->name, a.result, reason, detail);
	end(fl, &a);
}

static void
flush_queue(struct dispatch *d, enum auth_reason reason, const char *detail)
{
	struct queue_item *item;

	while ((item = queue_pop(&d->queue)) != NULL)
		fail(d, flight_of(item), reason, detail);
}

/* ---- to and from the workers ------------------------------------------ */

static void
note_time(struct dispatch *d, const struct flight *fl)
{
	int64_t usec = deadline_now_usec() - fl->given_usec;

	service_time_note(&d->service_time, usec);
	metrics_count_backend(d->generation->front->metrics,
	    d->backend->name, usec);
}

/* True: a worker has it now. */
static bool
give(struct dispatch *d, struct flight *fl)
{
	struct deadline step = deadline_in_msec(
	    d->backend->settings.backend_timeout_sec * 1000);
	struct deadline latest = flight_deadline(fl);

	fl->cut_short = latest.at_msec < step.at_msec;
	step = deadline_min(step, latest);
	if (fl->timer == NULL)
		fl->timer = loop_timer_new(on_step_over, fl);
	if (fl->timer == NULL) {
		fail(d, fl, REASON_NO_MEMORY, "");
		return true;
	}
	fl->given_usec = deadline_now_usec();
	fl->question.left_msec = (uint32_t)deadline_left_msec(&step);
	fl->question.verbose = d->generation->site.settings.verbose;
	if (!workers_give(d->workers, fl)) {
		fl->given_usec = 0;
		return false;
	}
	loop_timer_set(fl->timer, deadline_left_msec(&step));
	return true;
}

static void
enqueue(struct dispatch *d, struct flight *fl, uid_t uid)
{
	if (queue_push(&d->queue, uid, &fl->queued) != 0)
		fail(d, fl, REASON_NO_MEMORY, "");
}

/* While it waited, guesses before it were answered: a limit that only counts
 * what is answered would let through whatever is asked at once. True: nobody
 * is left in it, and it is gone. */
static bool
shed(struct flight *fl)
{
	struct request *r, *next;

	for (r = TAILQ_FIRST(&fl->requests); r != NULL; r = next) {
		next = TAILQ_NEXT(r, aboard);
		if (request_is_past_limit(r)) {
			flight_leave(r);
			request_limited(r);
		}
	}
	if (!TAILQ_EMPTY(&fl->requests))
		return false;
	dismiss(fl);
	return true;
}

static void
on_idle(void *arg)
{
	struct dispatch *d = arg;
	struct queue_item *item;
	struct flight *fl;

	while (workers_count(d->workers, IDLE) > 0 &&
	    (item = queue_pop(&d->queue)) != NULL) {
		fl = flight_of(item);
		if (!shed(fl) && !give(d, fl))
			enqueue(d, fl,
			    request_uid(TAILQ_FIRST(&fl->requests)));
	}
	workers_want(d->workers);
}

static void
on_step_over(void *arg)
{
	struct flight *fl = arg;
	struct dispatch *d = fl->dispatch;

	workers_kill(fl->worker);
	note_time(d, fl);
	fail(d, fl, REASON_DEADLINE, "");
	on_idle(d);
}

static void
on_answered(void *arg, struct flight *fl, const struct frame_answer *a)
{
	struct dispatch *d = arg;

	loop_timer_unset(fl->timer);
	note_time(d, fl);
	health_note(&d->health, d->backend->name, a->result, a->reason,
	    a->detail);
	/* First the next one to the worker: it need not wait for our log. */
	on_idle(d);
	end(fl, a);
}

static void
on_lost(void *arg, struct flight *fl, enum auth_reason reason,
    const char *detail)
{
	fail(arg, fl, reason, detail);
}

static void
on_down(void *arg, const char *why)
{
	flush_queue(arg, REASON_BACKEND_DOWN, why);
}

static size_t
on_waiting(void *arg)
{
	struct dispatch *d = arg;

	return d->queue.count;
}

/* ---- requests --------------------------------------------------------- */

/* What cannot be served in time is told at once, while the user still waits
 * for it: better than an outage at the end of his patience. */
static bool
is_too_late(struct dispatch *d, const struct request *r, char *why,
    size_t size)
{
	int64_t median = service_time_median_usec(&d->service_time), wait;
	int64_t left = deadline_left_msec(&r->deadline);

	if (median < 0)
		return false;
	wait = (int64_t)(queue_ahead(&d->queue, request_uid(r)) + 1) *
	    median / workers_max(d->workers) / 1000;
	if (wait <= left)
		return false;
	(void)str_format(why, size, "a worker would be free in %lld s, and "
	    "there are %lld s left", (long long)(wait / 1000),
	    (long long)(left / 1000));
	return true;
}

/* queue_max is for all: at it, whoever holds more than his share gives way
 * to who holds less, so that one uid cannot shut out the others. */
static bool
make_room(struct dispatch *d, uid_t uid)
{
	struct queue_item *item;

	if (d->queue.count < (size_t)d->backend->settings.queue_max)
		return true;
	item = queue_pop_greedy(&d->queue, uid);
	if (item == NULL)
		return false;
	fail(d, flight_of(item), REASON_QUEUE_FULL, "queue_max is reached");
	return true;
}

/* It does not get as far as a flight. */
static void
refuse(struct request *r, enum auth_result result, enum auth_reason reason,
    const char *detail)
{
	struct frame_answer a = { .result = result, .reason = reason };

	(void)str_copy_n(a.detail, sizeof(a.detail), detail,
	    strnlen(detail, sizeof(a.detail) - 1));
	request_answered(r, &a, ANSWER_BACKEND, &r->password);
}

/* May it wait for a worker? If not, it has been answered. */
static bool
admit(struct dispatch *d, struct request *r)
{
	char why[FRAME_DETAIL_MAX];

	if (d->trouble[0] != '\0')
		refuse(r, AUTH_MISCONFIG, REASON_CONFIG, d->trouble);
	else if (workers_count(d->workers, IDLE) > 0)
		return true;
	else if (workers_are_down(d->workers))
		refuse(r, AUTH_TEMPFAIL, REASON_BACKEND_DOWN,
		    "no worker can be started");
	else if (is_too_late(d, r, why, sizeof(why)))
		refuse(r, AUTH_TEMPFAIL, REASON_QUEUE_FULL, why);
	else if (!make_room(d, request_uid(r)))
		refuse(r, AUTH_TEMPFAIL, REASON_QUEUE_FULL,
		    "queue_max is reached");
	else
		return true;
	return false;
}

/* One whose worker has less time than it would get of its own is none to
 * wait for. */
static struct flight *
find_flight(struct dispatch *d, const struct request *r)
{
	struct flight *fl;

	if (!d->backend->settings.join || r->alone)
		return NULL;
	fl = flights_find(d->flights, r, d->sees_address);
	return fl != NULL && fl->worker != NULL && fl->cut_short ? NULL : fl;
}

void
dispatch_submit(struct dispatch *d, struct request *r)
{
	const long peer_max = d->generation->site.settings.limit_peer;
	/* Joined or not, it counts for limit_peer from now on. */
	uid_t uid = request_uid(r);
	struct flight *fl;

	if (peer_max > 0 && r->client != NULL &&
	    client_peer_waiting(r->client) > (size_t)peer_max) {
		refuse(r, AUTH_TEMPFAIL, REASON_PEER_FULL,
		    "limit_peer is reached");
		return;
	}
	fl = find_flight(d, r);
	if (fl != NULL) {
		flight_join(fl, r);
		return;
	}
	if (!admit(d, r))
		return;
	fl = flight_new(d->backend->settings.join && !r->alone ? d->flights :
	    NULL, r);
	if (fl == NULL) {
		refuse(r, AUTH_TEMPFAIL, REASON_NO_MEMORY, "");
		return;
	}
	fl->dispatch = d;
	generation_hold(d->generation);
	if (d->queue.count > 0 || !give(d, fl))
		enqueue(d, fl, uid);
	workers_want(d->workers);
}

const char *
dispatch_leave(struct request *r)
{
	static const char why[] = "no worker became free in time";
	struct flight *fl = r->flight;

	flight_leave(r);
	/* A worker goes on: the cache can use its answer. */
	if (fl->worker != NULL)
		return "";
	if (TAILQ_EMPTY(&fl->requests)) {
		queue_remove(&fl->dispatch->queue, &fl->queued);
		health_note(&fl->dispatch->health,
		    fl->dispatch->backend->name, AUTH_TEMPFAIL,
		    REASON_DEADLINE, why);
		dismiss(fl);
	}
	return why;
}

void
dispatch_abandon(struct dispatch *d)
{
	flush_queue(d, REASON_SHUTDOWN, "");
	workers_abandon(d->workers, REASON_SHUTDOWN);
}

/* ---- life ------------------------------------------------------------- */

bool
dispatch_config_equal(const struct dispatch *a, const struct dispatch *b)
{
	return strcmp(a->mech, b->mech) == 0 &&
	    conf_show_equal(&a->config, &b->config);
}

/* The rest of the description. A pool that was started again may have read
 * others than the one before. */
static int
take_config(struct dispatch *d, struct buf *rest)
{
	struct conf_show config = CONF_SHOW_INIT;
	bool changed;

	if (conf_show_get(rest, &config) != 0) {
		conf_show_fini(&config);
		return -1;
	}
	changed = d->config.count > 0 && !conf_show_equal(&d->config,
	    &config);
	conf_show_fini(&d->config);
	d->config = config;
	return changed ? generation_backend_changed(d->generation,
	    d->backend) : 0;
}

int
dispatch_link(struct dispatch *d, struct buf *description, int fd)
{
	unsigned sees_address, sees_realm;
	uint32_t ready, max;

	if (buf_get_chars(description, d->mech, sizeof(d->mech)) != 0 ||
	    buf_get_u8(description, &sees_address) != 0 ||
	    buf_get_u8(description, &sees_realm) != 0 ||
	    buf_get_u32(description, &ready) != 0 ||
	    buf_get_u32(description, &max) != 0 || ready == 0 ||
	    max < ready || take_config(d, description) != 0) {
		io_close(&fd);
		return -1;
	}
	d->trouble[0] = '\0';
	d->sees_address = sees_address != 0;
	d->sees_realm = sees_realm != 0;
	metrics_know_mech(d->generation->front->metrics, d->backend->name);
	return workers_link(d->workers, ready, max, fd);
}

static const struct workers_events workers_events = {
	.idle = on_idle,
	.answered = on_answered,
	.lost = on_lost,
	.down = on_down,
	.waiting = on_waiting,
};

void
dispatch_cannot_open(struct dispatch *d, const char *why)
{
	(void)str_copy_n(d->trouble, sizeof(d->trouble), why,
	    strnlen(why, sizeof(d->trouble) - 1));
	if (d->trouble[0] == '\0')
		(void)str_copy(d->trouble, sizeof(d->trouble), "unknown");
}

struct dispatch *
dispatch_new(struct generation *g, const struct site_backend *backend)
{
	struct dispatch *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->generation = g;
	d->backend = backend;
	(void)str_copy(d->mech, sizeof(d->mech), backend->settings.mechanism);
	queue_init(&d->queue);
	health_init(&d->health);
	d->flights = flights_new();
	d->workers = workers_new(g, backend, &workers_events, d);
	if (d->flights != NULL && d->workers != NULL)
		return d;
	dispatch_free(d);
	return NULL;
}

void
dispatch_follow(struct dispatch *d, const struct dispatch *before)
{
	d->health = before->health;
	d->lost_before = before->lost_before + workers_lost(before->workers);
}

void
dispatch_free(struct dispatch *d)
{
	if (d == NULL)
		return;
	workers_free(d->workers);
	flights_free(d->flights);
	conf_show_fini(&d->config);
	free(d);
}
