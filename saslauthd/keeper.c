/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper's loop: children's frames, children's deaths, signals.
 *
 * front and pools are started, handed their descriptors (handover.c) and
 * restarted when they end (family.c); a channel between the front and a pool
 * is made anew whenever one of them is new, so no answer of an old worker
 * reaches a new front.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "saslauthd/daemonize.h"
#include "saslauthd/family.h"
#include "saslauthd/keeper.h"
#include "saslauthd/notify.h"
#include "saslauthd/rundir.h"
#include "saslauthd/sigpipe.h"
#include "saslauthd/sockets.h"

#define EX_RUNNING 2		/* another instance, as it always was */
#define START_MSEC 30000	/* children have that long to get ready */
#define STOP_MSEC 10000		/* what runs may finish (design section 7) */
#define STOP_GRACE_MSEC 1000	/* on top, for the front to say so */
#define POOL_STOP_MSEC 2000	/* a pool ends its workers with SIGKILL */
#define LOG_RETRY_MSEC 1000	/* between tries to reach a syslog server */

enum phase { STARTING, SERVING, STOPPING_FRONT, STOPPING_POOLS, ENDED };

struct keeper {
	const struct keeper_plan *plan;
	struct daemonize daemonize;
	struct rundir rundir;
	struct sockets sockets;
	struct family family;
	struct notify notify;
	enum phase phase;
	struct deadline phase_end;
	struct deadline log_retry;	/* never: the front has its log */
	int64_t log_given_msec;		/* when it last got one */
	int status;
};

/* ---- starting --------------------------------------------------------- */

static void
fail_start(struct keeper *k, int status)
{
	if (k->phase == STARTING) {
		k->phase = ENDED;
		k->status = status;
	}
}

static void
serve_now(struct keeper *k)
{
	size_t i;

	rundir_started(&k->rundir);
	k->phase = SERVING;
	k->phase_end = deadline_never();
	for (i = 0; i < k->sockets.count; i++)
		log_msg(LOG_INFO, "ipc_init", "listening on socket: %s",
		    k->sockets.list[i].file.path);
	notify_ready(&k->notify);
	daemonize_ready(&k->daemonize);
	if (!k->plan->foreground)
		log_open("saslauthd", false,
		    k->plan->site->settings.verbose);
}

/* A backend that cannot be opened stops the others only if there are none. */
static void
go_on_with_start(struct keeper *k)
{
	if (k->phase != STARTING)
		return;
	switch (family_state(&k->family)) {
	case FAMILY_WAITING:
		break;
	case FAMILY_CLOSED:
		log_msg(LOG_ERR, "keeper", "no backend can be opened");
		fail_start(k, EX_CONFIG);
		break;
	case FAMILY_READY:
		serve_now(k);
		break;
	}
}

/* ---- children end ----------------------------------------------------- */

static void
tell_end(struct keeper *k, struct family_member m, int wstatus)
{
	const char *how = WIFSIGNALED(wstatus) ? "signal" : "status";
	int number = WIFSIGNALED(wstatus) ? WTERMSIG(wstatus) :
	    WEXITSTATUS(wstatus);

	if (k->phase == STARTING) {
		log_msg(LOG_ERR, "keeper", "the %s ended before it was ready "
		    "(%s %d)", m.part->what, how, number);
		fail_start(k, WIFEXITED(wstatus) && number != 0 ? number :
		    EX_OSERR);
	}
	if (k->phase == SERVING)
		log_msg(LOG_ERR, "keeper", "the %s ended unexpectedly "
		    "(%s %d), restarting in %d ms", m.part->what, how, number,
		    part_retry(m.part));
}

static void
crashed(struct keeper *k, struct part_pool *p, int wstatus)
{
	struct errmsg e;

	(void)errmsg_set(&e, "the %s ended at its start (%s %d)", p->what,
	    WIFSIGNALED(wstatus) ? "signal" : "status",
	    WIFSIGNALED(wstatus) ? WTERMSIG(wstatus) : WEXITSTATUS(wstatus));
	if (part_pool_closed(p, e.text))
		part_pool_link(p, &k->family.front);
	go_on_with_start(k);
}

static void
on_end(struct keeper *k, struct family_member m, int wstatus)
{
	part_gone(m.part);
	k->family.roles_changed = true;
	/* One backend's library that crashes stops the others no more than
	 * one that says why it cannot be opened. */
	if (m.pool != NULL && !m.pool->gave_up && k->phase == STARTING &&
	    k->family.pool_count > 1)
		crashed(k, m.pool, wstatus);
	/* The reason was told when it came. */
	if (m.pool == NULL || !m.pool->gave_up)
		tell_end(k, m, wstatus);
	else if (k->phase == STARTING || k->phase == SERVING)
		(void)part_retry_later(m.part);
}

static void hear_out(struct keeper *k, struct family_member m);

static void
reap(struct keeper *k)
{
	struct family_member m;
	int wstatus;
	pid_t pid;

	while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0) {
		m = family_find_pid(&k->family, pid);
		if (m.part == NULL)
			continue;
		/* What it still said explains its end. */
		hear_out(k, m);
		on_end(k, m, wstatus);
	}
}

/* ---- stopping --------------------------------------------------------- */

static void
stop_pools(struct keeper *k)
{
	family_release(&k->family);
	k->phase = STOPPING_POOLS;
	k->phase_end = deadline_in_msec(POOL_STOP_MSEC);
}

/* Let the front finish what runs. A stop that has begun only gets shorter. */
static void
stop(struct keeper *k, int64_t msec)
{
	struct deadline end = deadline_in_msec(msec + STOP_GRACE_MSEC);
	const struct part *front = &k->family.front;

	if (k->phase == STARTING)
		fail_start(k, EX_OSERR);
	if (k->phase != SERVING && k->phase != STOPPING_FRONT)
		return;
	if (k->phase == STOPPING_FRONT && end.at_msec >= k->phase_end.at_msec)
		return;
	if (k->phase == SERVING)
		notify_stopping(&k->notify);
	sockets_remove(&k->sockets);
	/* Nobody is restarted any more, nor waited for with poll(2). */
	family_no_restart(&k->family);
	k->phase = STOPPING_FRONT;
	k->phase_end = end;
	if (front->child.pid == 0 || handover_stop(front->child.channel,
	    (uint32_t)msec, NULL) != 0)
		stop_pools(k);
}

/* The operator asked for it: every request gets the time it would have had. */
static void
drain(struct keeper *k)
{
	long timeout_sec = k->plan->site->settings.request_timeout_sec;

	if (k->phase == SERVING)
		log_msg(LOG_NOTICE, "keeper", "the operator wants a stop: "
		    "what runs has %ld s to finish", timeout_sec);
	stop(k, timeout_sec * 1000);
}

static void
phase_over(struct keeper *k)
{
	switch (k->phase) {
	case STARTING:
		log_msg(LOG_ERR, "keeper", "the %s did not get ready in time",
		    family_awaited(&k->family));
		fail_start(k, EX_OSERR);
		break;
	case STOPPING_FRONT:
		stop_pools(k);
		break;
	case STOPPING_POOLS:
		family_kill(&k->family);
		k->phase = ENDED;
		break;
	case SERVING:
	case ENDED:
		break;
	}
}

/* ---- events ----------------------------------------------------------- */

static void
on_signal(struct keeper *k, int sig)
{
	if (sig == SIGTERM || sig == SIGINT)
		stop(k, STOP_MSEC);
	else if (sig == SIGCHLD)
		reap(k);
	else if (sig == SIGHUP)
		log_msg(LOG_INFO, "keeper", "HUP is ignored: this version "
		    "does not reload; restart to change settings");
}

/* FRAME_FAILED: status 0 is a remark, anything else the end of the child. */
static void
on_failed(struct keeper *k, struct family_member m, struct buf *b)
{
	char text[ERRMSG_MAX];
	unsigned status;

	if (buf_get_u8(b, &status) != 0 ||
	    buf_get_chars(b, text, sizeof(text)) != 0) {
		part_kill(m.part);
		return;
	}
	/* Bad settings refuse a start; later they are like anything else
	 * that somebody has to put right. */
	if (m.pool != NULL && (status == EX_UNAVAILABLE ||
	    (status != EX_OK && k->phase == SERVING))) {
		if (part_pool_closed(m.pool, text))
			part_pool_link(m.pool, &k->family.front);
		go_on_with_start(k);
		return;
	}
	log_msg(status == EX_OK ? LOG_NOTICE : LOG_ERR, "keeper", "%s", text);
	if (status != EX_OK)
		fail_start(k, (int)status);
}

static void
on_ready(struct keeper *k, struct family_member m, struct buf *b)
{
	char build[128];

	if (buf_get_chars(b, build, sizeof(build)) != 0 ||
	    strcmp(build, frame_build_id()) != 0) {
		log_msg(LOG_ERR, "keeper", "the %s is of another build than "
		    "the running daemon: the programs were replaced; "
		    "restart the daemon", m.part->what);
		part_kill(m.part);
		fail_start(k, EX_CONFIG);
		return;
	}
	if (m.pool == NULL)
		m.part->ready = true;
	else if (part_pool_ready(m.pool, b) != 0) {
		part_kill(m.part);
		return;
	}
	if (m.pool == NULL)
		family_link_all(&k->family);
	else
		part_pool_link(m.pool, &k->family.front);
	go_on_with_start(k);
}

/* The front lost a channel. It gets another one now, or once the pool is
 * there. */
static void
on_want_peer(struct keeper *k, struct buf *b)
{
	char name[CONF_NAME_MAX + 1];
	struct part_pool *pool;

	if (buf_get_chars(b, name, sizeof(name)) != 0) {
		part_kill(&k->family.front);
		return;
	}
	pool = family_find_pool(&k->family, name);
	if (pool != NULL)
		part_pool_link(pool, &k->family.front);
}

/* What only the front may say; false: no child may. */
static bool
on_front_frame(struct keeper *k, enum frame_type type, struct buf *b)
{
	if (type == FRAME_WANT_LOG)
		/* A socket that breaks at once is not given all the time. */
		k->log_retry = deadline_in_msec(k->log_given_msec +
		    LOG_RETRY_MSEC - deadline_now_msec());
	else if (type == FRAME_WANT_PEER)
		on_want_peer(k, b);
	else if (type == FRAME_DRAIN)
		drain(k);
	else if (type == FRAME_STOPPED && k->phase == STOPPING_FRONT)
		stop_pools(k);
	else
		return false;
	return true;
}

static void
on_frame(struct keeper *k, struct family_member m, enum frame_type type,
    struct buf *b)
{
	unsigned sig;

	if (type == FRAME_READY && !m.part->ready)
		on_ready(k, m, b);
	else if (type == FRAME_FAILED)
		on_failed(k, m, b);
	else if (type == FRAME_SIGNAL && buf_get_u8(b, &sig) == 0 &&
	    (sig == SIGTERM || sig == SIGINT || sig == SIGHUP))
		on_signal(k, (int)sig);
	else if (m.pool != NULL || !on_front_frame(k, type, b))
		part_kill(m.part);
}

/* A child's frame; whatever a child may not say ends it. True when there may
 * be another one. */
static bool
hear(struct keeper *k, struct family_member m)
{
	bool more = false;
	enum frame_type type;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	switch (frame_recv(m.part->child.channel, &type, &b, NULL)) {
	case FRAME_AGAIN:
		break;
	case FRAME_EOF:
		io_close(&m.part->child.channel);	/* SIGCHLD follows */
		break;
	case FRAME_BAD:
		log_msg(LOG_ERR, "keeper", "BUG: bad frame from the %s",
		    m.part->what);
		part_kill(m.part);
		break;
	case FRAME_OK:
		more = true;
		on_frame(k, m, type, &b);
		break;
	}
	buf_fini(&b);
	return more;
}

static void
hear_out(struct keeper *k, struct family_member m)
{
	while (m.part->child.channel >= 0 && hear(k, m))
		;
}

static void
on_time(struct keeper *k)
{
	const struct part *front = &k->family.front;

	if (deadline_passed(&k->phase_end))
		phase_over(k);
	if (k->phase == STARTING || k->phase == SERVING) {
		family_start_due(&k->family);
		family_link_due(&k->family);
	}
	if (deadline_passed(&k->log_retry)) {
		k->log_retry = deadline_never();
		k->log_given_msec = deadline_now_msec();
		if (front->child.pid > 0 && handover_log(
		    front->child.channel) != 0)
			k->log_retry = deadline_in_msec(LOG_RETRY_MSEC);
	}
	if (k->phase == STOPPING_FRONT && front->child.pid == 0)
		stop_pools(k);
	if (k->phase == STOPPING_POOLS && family_is_gone(&k->family))
		k->phase = ENDED;
	notify_beat(&k->notify);
	family_tell_roles(&k->family);
}

static void
loop(struct keeper *k, int signal_fd)
{
	struct pollfd fds[SITE_BACKENDS_MAX + 2];
	struct family_member m;
	struct deadline next;
	size_t i;
	int sig;

	while (k->phase != ENDED) {
		next = deadline_min(deadline_min(k->phase_end, k->log_retry),
		    family_next(&k->family));
		next = deadline_min(next, k->notify.next_beat);
		fds[0] = (struct pollfd){ signal_fd, POLLIN, 0 };
		for (i = 0; (m = family_member(&k->family, i)).part != NULL;
		    i++)
			fds[i + 1] = (struct pollfd){ m.part->child.channel,
			    POLLIN, 0 };
		if (poll(fds, i + 1, deadline_poll_msec(&next)) < 0) {
			if (errno != EINTR)
				break;
			continue;
		}
		/* One frame each: a child that never stops talking must not
		 * keep us from hearing signals and the others. */
		for (i = 0; (m = family_member(&k->family, i)).part != NULL;
		    i++)
			if (fds[i + 1].revents != 0 &&
			    m.part->child.channel >= 0)
				(void)hear(k, m);
		while ((sig = sigpipe_next(signal_fd)) > 0)
			on_signal(k, sig);
		on_time(k);
	}
}

/* ---- the keeper's life ------------------------------------------------ */

/* Clients are served without these, too. */
static void
open_extras(struct keeper *k)
{
	const struct settings *s = &k->plan->site->settings;
	struct handover *h = &k->family.handover;
	struct errmsg e = ERRMSG_INIT;

	if (rundir_open_control(&k->rundir, &e) != 0)
		log_msg(LOG_WARNING, "keeper", "there is no control socket: "
		    "%s", e.text);
	h->control = k->rundir.control.fd;
	if (s->limits != LIMITS_OFF && handover_make_tries(h,
	    (size_t)s->limit_size_kb * 1024, &e) != 0)
		log_msg(LOG_WARNING, "keeper", "what limits count will not "
		    "outlive the front: %s", e.text);
}

static int
open_sockets(struct keeper *k, struct errmsg *e)
{
	switch (sockets_open(&k->sockets, k->plan->site, e)) {
	case SOCKETS_OK:
		return EX_OK;
	case SOCKETS_BUSY:
		return EX_RUNNING;
	case SOCKETS_CONFIG:
		return EX_CONFIG;
	case SOCKETS_FAILED:
		break;
	}
	return EX_OSERR;
}

static int
open_rundir(struct keeper *k)
{
	struct errmsg e = ERRMSG_INIT;
	enum rundir_status st;
	int status = EX_OSERR;

	st = rundir_claim(&k->rundir, k->plan->foreground, &e);
	if (st == RUNDIR_OK)
		status = open_sockets(k, &e);
	else if (st == RUNDIR_BUSY)
		status = EX_RUNNING;
	if (status != EX_OK)
		log_msg(LOG_ERR, "keeper", "%s", e.text);
	return status;
}

static int
serve(struct keeper *k)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	int signal_fd, status;

	/* Before there is a socket or pid file that a signal must not leave
	 * behind. */
	signal_fd = sigpipe_open(signals,
	    sizeof(signals) / sizeof(signals[0]));
	if (signal_fd < 0) {
		log_msg(LOG_ERR, "keeper", "cannot catch signals: %s",
		    strerror(errno));
		return EX_OSERR;
	}
	status = open_rundir(k);
	if (status != EX_OK)
		return status;
	open_extras(k);
	log_msg(LOG_INFO, "detach_tty", "master pid is: %ld", (long)getpid());
	k->phase = STARTING;
	k->phase_end = deadline_in_msec(START_MSEC);
	if (family_start_all(&k->family) != 0)
		fail_start(k, EX_OSERR);
	loop(k, signal_fd);
	family_end(&k->family);
	log_msg(LOG_INFO, "server_exit", "master exited: %ld",
	    (long)getpid());
	return k->status;
}

/* In the final process. */
static void
live(struct keeper *k)
{
	k->status = family_init(&k->family, k->plan, &k->sockets) == 0 ?
	    serve(k) : EX_OSERR;
	family_fini(&k->family);
	sockets_close(&k->sockets);
	rundir_release(&k->rundir);
}

int
keeper_run(const struct keeper_plan *plan)
{
	struct keeper k = { .plan = plan, .status = EX_OK,
	    .notify = plan->notify, .sockets = { .given = plan->given },
	    .phase_end = deadline_never(), .log_retry = deadline_never() };
	struct errmsg e = ERRMSG_INIT;
	enum rundir_status st;

	st = rundir_open(&k.rundir, plan->site->settings.run_dir, &e);
	if (st != RUNDIR_OK) {
		log_msg(LOG_ERR, "main", "%s", e.text);
		return st == RUNDIR_USAGE ? EX_USAGE : EX_OSERR;
	}
	k.rundir.mux_is_given = activation_find(plan->given,
	    SITE_LISTENER_DEFAULT) != NULL;
	if (plan->foreground)
		daemonize_foreground(&k.daemonize);
	else if (daemonize_start(&k.daemonize, &e) != 0) {
		log_msg(LOG_ERR, "main", "%s", e.text);
		return EX_OSERR;
	}
	live(&k);
	daemonize_failed(&k.daemonize, k.status);
	return k.status;
}
