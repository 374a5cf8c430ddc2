/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call arrives on a thread of the door library. That thread makes a struct
 * call of it, queues it, wakes the loop through a pipe and waits; all else is
 * done by the loop, and threads touch nothing but what `lock` guards.
 *
 * A door lives as long as a listener at its file does, over reloads; calls
 * know it by a number, for it may be gone when they are looked at.
 */
#include "config.h"

#include <door.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/errmsg.h"
#include "common/io.h"
#include "common/str.h"
#include "common/wire.h"
#include "front/client.h"
#include "front/front.h"
#include "front/keeper_link.h"
#include "front/listener.h"
#include "front/loop.h"
#include "saslauthd/admission.h"

#define STACK_BYTES (256 * 1024)	/* the system puts requests there */
/* Behind the longest request stands nothing that is ever looked at. */
#define REQUEST_MAX (WIRE_FIELDS * 2 + (WIRE_FIELDS - 1) * \
    WIRE_NAME_MAX_LIMIT + WIRE_PASSWORD_MAX_LIMIT)
/* libsasl2 gives a buffer of 1024 bytes and takes a reply that fills it, and
 * nothing else, for a failure to ask. */
#define OUTAGE_BYTES 1024
#define GRACE_MSEC 2000		/* over the loop's own deadline */
#define FLUSH_MSEC 1000
#define RETURN_MSEC 20		/* for door_return(3C) of the last threads,
				 * which tells nobody when it is done */
#define POLL_MSEC 1

struct door {
	LIST_ENTRY(door) link;
	uintptr_t number;
	struct stat file;		/* it is attached to */
	int fd;				/* -1: not made yet */
	size_t listeners;		/* of how many generations */
	struct listener *now;		/* whose its calls are; may be NULL */
};

struct listener {
	struct generation *generation;
	const struct site_listener *of;
	struct admission admission;
	struct door *door;
	struct listener_refusals refusals;
};

/* Of its thread until it is queued and after it is answered, of the loop in
 * between; of whom it is last when the thread has given up. */
struct call {
	STAILQ_ENTRY(call) link;
	uintptr_t door;
	struct client_call asks;
	gid_t *gids;
	size_t gid_count;
	pthread_cond_t changed;
	bool answered, given_up;
	bool outage;
	char reply[WIRE_REPLY_MAX + 1];
};

STAILQ_HEAD(call_list, call);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct call_list waiting = STAILQ_HEAD_INITIALIZER(waiting);
static size_t calls;		/* whose threads have not yet replied */
static size_t threads, threads_max;
static int64_t patience_msec;

static LIST_HEAD(, door) doors = LIST_HEAD_INITIALIZER(doors);
static uintptr_t last_number;
static int wake[2] = { -1, -1 };	/* a pipe */

/* ---- on a thread of the library --------------------------------------- */

static void
call_free(struct call *c)
{
	buf_fini(&c->asks.request);
	explicit_bzero(c->reply, sizeof(c->reply));
	(void)pthread_cond_destroy(&c->changed);
	free(c->gids);
	free(c);
}

/* Whom nothing is known of is nobody. */
static int
find_caller(struct call *c)
{
	const gid_t *groups = NULL;
	ucred_t *uc = NULL;
	int more;

	c->asks.uid = (uid_t)-1;
	if (door_ucred(&uc) != 0)
		return 0;
	more = ucred_getgroups(uc, &groups);
	c->gids = calloc(more > 0 ? (size_t)more + 1 : 1, sizeof(*c->gids));
	if (c->gids != NULL) {
		c->asks.uid = ucred_geteuid(uc);
		c->asks.pid = ucred_getpid(uc);
		c->gids[c->gid_count++] = ucred_getegid(uc);
	}
	for (; c->gids != NULL && more > 0; more--)
		c->gids[c->gid_count++] = *groups++;
	ucred_free(uc);
	return c->gids != NULL ? 0 : -1;
}

/* Deadlines are monotonic. */
static int
init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int rc;

	if (pthread_condattr_init(&attr) != 0)
		return -1;
	rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (rc == 0)
		rc = pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
	return rc == 0 ? 0 : -1;
}

static struct call *
call_new(uintptr_t door, const char *bytes, size_t size)
{
	struct call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	if (init_cond(&c->changed) != 0) {
		free(c);
		return NULL;
	}
	c->door = door;
	buf_init(&c->asks.request, REQUEST_MAX);
	if (size > REQUEST_MAX)
		size = REQUEST_MAX;
	if ((size > 0 && buf_put(&c->asks.request, bytes, size) != 0) ||
	    find_caller(c) != 0) {
		call_free(c);
		return NULL;
	}
	return c;
}

/* With the lock held. */
static void
wait_for_answer(struct call *c)
{
	const struct deadline d = deadline_in_msec(patience_msec);
	const struct timespec end = {
		.tv_sec = (time_t)(d.at_msec / 1000),
		.tv_nsec = (long)(d.at_msec % 1000) * 1000000
	};

	while (!c->answered && pthread_cond_timedwait(&c->changed, &lock,
	    &end) != ETIMEDOUT)
		;
}

/* False: there is none in time. */
static bool
ask_loop(struct call *c, char reply[WIRE_REPLY_MAX + 1])
{
	bool answered;
	ssize_t n;

	(void)pthread_mutex_lock(&lock);
	STAILQ_INSERT_TAIL(&waiting, c, link);
	n = write(wake[1], "", 1);
	(void)n;		/* full: the loop wakes up anyway */
	wait_for_answer(c);
	answered = c->answered && !c->outage;
	if (answered)
		memcpy(reply, c->reply, sizeof(c->reply));
	if (c->answered)
		call_free(c);
	else
		c->given_up = true;
	(void)pthread_mutex_unlock(&lock);
	return answered;
}

static void
count_call(int change)
{
	(void)pthread_mutex_lock(&lock);
	calls += (size_t)change;
	(void)pthread_mutex_unlock(&lock);
}

static void
count_thread_gone(void)
{
	(void)pthread_mutex_lock(&lock);
	threads--;
	(void)pthread_mutex_unlock(&lock);
}

static void *
serve_calls(void *arg)
{
	/* Nobody ends it in the middle of a call. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	(void)door_return(NULL, 0, NULL, 0);
	count_thread_gone();
	return arg;
}

static int
start_thread(void)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int rc;

	if (pthread_attr_init(&attr) != 0)
		return -1;
	/* Signals are for the loop. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (rc == 0)
		rc = pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (rc == 0)
		rc = pthread_create(&thread, &attr, serve_calls, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return rc == 0 ? 0 : -1;
}

/* door_return(3C) comes back only if it fails. Then another thread takes the
 * place of this one, with which the call ends: libsasl2 takes that for a
 * failure to ask, and an empty reply for a wrong password. */
static void
on_call(void *cookie, char *bytes, size_t size, door_desc_t *descriptors,
    unsigned int descriptor_count)
{
	static const char outage[OUTAGE_BYTES];
	char reply[OUTAGE_BYTES];
	struct call *c;
	bool answered;

	(void)descriptors;	/* refused by the system */
	(void)descriptor_count;
	count_call(1);
	c = call_new((uintptr_t)cookie, bytes, size);
	if (size > 0)
		explicit_bzero(bytes, size);
	answered = c != NULL && ask_loop(c, reply);
	count_call(-1);
	if (!answered)
		memcpy(reply, outage, sizeof(outage));
	(void)door_return(reply, answered ? strlen(reply) : sizeof(outage),
	    NULL, 0);
	if (start_thread() != 0)
		count_thread_gone();
	pthread_exit(NULL);
}

/* The library wants one more. Without it, calls wait for those there are. */
static void
want_thread(door_info_t *info)
{
	bool room;

	(void)info;
	(void)pthread_mutex_lock(&lock);
	room = threads < threads_max;
	if (room)
		threads++;
	(void)pthread_mutex_unlock(&lock);
	if (room && start_thread() != 0)
		count_thread_gone();
}

/* Without a first one no call comes, and nobody is asked for another. */
static bool
has_thread(void)
{
	bool has;

	(void)pthread_mutex_lock(&lock);
	has = threads > 0;
	(void)pthread_mutex_unlock(&lock);
	return has;
}

/* ---- on the loop ------------------------------------------------------ */

static void
answer(void *arg, const char *text)
{
	struct call *c = arg;
	bool given_up;

	(void)pthread_mutex_lock(&lock);
	given_up = c->given_up;
	c->outage = text[0] == '\0' ||
	    str_copy(c->reply, sizeof(c->reply), text) != 0;
	c->answered = true;
	if (!given_up)
		(void)pthread_cond_signal(&c->changed);
	(void)pthread_mutex_unlock(&lock);
	if (given_up)
		call_free(c);
}

/* Then nobody is asked any more. */
static bool
is_given_up(const struct call *c)
{
	bool given_up;

	(void)pthread_mutex_lock(&lock);
	given_up = c->given_up;
	(void)pthread_mutex_unlock(&lock);
	return given_up;
}

static struct listener *
find_listener(uintptr_t number)
{
	const struct door *d;

	LIST_FOREACH(d, &doors, link)
		if (d->number == number)
			return d->now;
	return NULL;
}

static void
take(struct call *c)
{
	struct listener *l = is_given_up(c) ? NULL : find_listener(c->door);

	c->asks.answer = answer;
	c->asks.arg = c;
	if (l == NULL) {
		answer(c, "");
	} else if (!admission_allows_ids(&l->admission, c->asks.uid, c->gids,
	    c->gid_count)) {
		listener_refused(&l->refusals, l->of, c->asks.uid);
		answer(c, "");
	} else {
		client_start_call(l->generation, l->of, &c->asks);
	}
}

static void
take_all(void)
{
	struct call_list list = STAILQ_HEAD_INITIALIZER(list);
	struct call *c;

	(void)pthread_mutex_lock(&lock);
	STAILQ_CONCAT(&list, &waiting);
	(void)pthread_mutex_unlock(&lock);
	while ((c = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, link);
		take(c);
	}
}

static void
on_wake(void *arg, int fd)
{
	char bytes[64];

	(void)arg;
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	take_all();
}

/* Once, and for the life of the process. */
static int
set_up(void)
{
	if (wake[0] >= 0)
		return 0;
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	if (loop_io_new(wake[0], on_wake, NULL) == NULL) {
		io_close(&wake[0]);
		io_close(&wake[1]);
		return -1;
	}
	(void)door_server_create(want_thread);
	return 0;
}

/* ---- doors and listeners ---------------------------------------------- */

/* The one at this file, or a new one. */
static struct door *
door_get(const struct stat *file)
{
	struct door *d;

	LIST_FOREACH(d, &doors, link)
		if (d->file.st_dev == file->st_dev &&
		    d->file.st_ino == file->st_ino)
			break;
	if (d == NULL && (d = calloc(1, sizeof(*d))) != NULL) {
		d->number = ++last_number;
		d->file = *file;
		d->fd = -1;
		LIST_INSERT_HEAD(&doors, d, link);
	}
	if (d != NULL)
		d->listeners++;
	return d;
}

static void
door_put(struct door *d)
{
	if (--d->listeners > 0)
		return;
	LIST_REMOVE(d, link);
	if (d->fd >= 0)
		(void)door_revoke(d->fd);
	free(d);
}

/* The keeper attaches it. */
static void
door_open(struct door *d)
{
	struct errmsg e = ERRMSG_INIT;

	d->fd = door_create(on_call, (void *)d->number, DOOR_REFUSE_DESC |
	    DOOR_NO_CANCEL);
	if (d->fd < 0) {
		(void)errmsg_errno(&e, errno, "door_create");
		keeper_link_fatal(EX_OSERR, e.text);
	}
	if (!has_thread())
		keeper_link_fatal(EX_OSERR, "no thread can be had to take "
		    "calls at doors");
	keeper_link_door(d->fd, &d->file);
}

struct listener *
listener_new(struct generation *g, const struct site_listener *of,
    struct admission *who, int fd)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct stat file;

	if (l != NULL && set_up() == 0 && fstat(fd, &file) == 0)
		l->door = door_get(&file);
	io_close(&fd);
	if (l == NULL || l->door == NULL) {
		admission_fini(who);
		free(l);
		return NULL;
	}
	l->generation = g;
	l->of = of;
	l->admission = *who;
	return l;
}

void
listener_resume(struct listener *l)
{
	const struct settings *s = &l->generation->site.settings;

	if (l->door->now == l)
		return;
	l->door->now = l;
	(void)pthread_mutex_lock(&lock);
	threads_max = (size_t)s->clients_max;
	patience_msec = s->request_timeout_sec * 1000 + GRACE_MSEC;
	(void)pthread_mutex_unlock(&lock);
	if (l->door->fd < 0)
		door_open(l->door);
}

void
listener_close(struct listener *l)
{
	if (l != NULL && l->door->now == l)
		take_all();
	listener_free(l);
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	if (l->door->now == l)
		l->door->now = NULL;
	door_put(l->door);
	admission_fini(&l->admission);
	free(l);
}

void
listeners_flush(void)
{
	struct deadline end = deadline_in_msec(FLUSH_MSEC);
	size_t left;

	do {
		take_all();
		(void)pthread_mutex_lock(&lock);
		left = calls;
		(void)pthread_mutex_unlock(&lock);
		(void)poll(NULL, 0, left > 0 ? POLL_MSEC : RETURN_MSEC);
	} while (left > 0 && !deadline_passed(&end));
}
