/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper's loop: children's frames, children's deaths, signals.
 *
 * front and pool are started, handed their descriptors (handover.c) and
 * restarted when they end; a channel between the two is made anew whenever
 * one of them is new, so no answer of an old worker reaches a new front.
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
#include "common/str.h"
#include "front/front.h"
#include "saslauthd/daemonize.h"
#include "saslauthd/handover.h"
#include "saslauthd/keeper.h"
#include "saslauthd/part.h"
#include "saslauthd/roles.h"
#include "saslauthd/rundir.h"
#include "saslauthd/sigpipe.h"

#define EX_RUNNING 2		/* another instance, as it always was */
#define START_MSEC 30000	/* children have that long to get ready */
#define STOP_MSEC 10000		/* what runs may finish (design section 7) */
#define STOP_GRACE_MSEC 1000	/* on top, for the front to say so */
#define POOL_STOP_MSEC 2000	/* a pool ends its workers with SIGKILL */
#define LOG_RETRY_MSEC 1000	/* between tries to reach a syslog server */
#define BACKOFF_MAX_MSEC 30000	/* before a part that fails is started */
#define FRONT_BACKOFF_MAX_MSEC 1000	/* clients hang without a front */

enum phase { STARTING, SERVING, STOPPING_FRONT, STOPPING_POOL, ENDED };

struct keeper {
	const struct keeper_plan *plan;
	struct daemonize daemonize;
	struct rundir rundir;
	struct part front, pool;
	struct handover handover;
	int64_t began_msec;
	enum phase phase;
	struct deadline phase_end;
	struct deadline log_retry;	/* never: the front has its log */
	int64_t log_given_msec;		/* when it last got one */
	int status;
};

static void
fail_start(struct keeper *k, int status)
{
	if (k->phase == STARTING) {
		k->phase = ENDED;
		k->status = status;
	}
}

/* ---- starting and restarting ------------------------------------------ */

static struct roles
roles_now(const struct keeper *k)
{
	return (struct roles){
		.keeper_pid = (uint32_t)getpid(),
		.front_pid = (uint32_t)k->front.child.pid,
		.pool_pid = (uint32_t)k->pool.child.pid,
		.owner_uid = (uint32_t)getuid(),
		.front_restarts = part_restarts(&k->front),
		.pool_restarts = part_restarts(&k->pool),
		.keeper_began_msec = k->began_msec,
		.front_began_msec = k->front.started_msec,
		.pool_began_msec = k->pool.started_msec
	};
}

/* A front that cannot take it now hears of the next change. */
static void
tell_roles(struct keeper *k)
{
	const struct roles roles = roles_now(k);

	if (k->front.child.channel >= 0)
		(void)handover_roles(k->front.child.channel, &roles, NULL);
}

static int
hand_over(struct keeper *k, struct part *p, struct errmsg *e)
{
	struct roles roles;

	if (p == &k->pool)
		return handover_to_pool(&k->handover, p->child.channel, e);
	roles = roles_now(k);
	return handover_to_front(&k->handover, p->child.channel, &roles, e);
}

static int
spawn(struct keeper *k, struct part *p, struct errmsg *e)
{
	char front[] = FRONT_ARGV0, pool[64];

	if (p == &k->front)
		return part_start(p, k->plan->self, front,
		    k->plan->foreground, e);
	(void)str_format(pool, sizeof(pool), "saslauthd-pool: %s pool",
	    k->plan->settings->mechanism);
	return part_start(p, k->plan->pool, pool, k->plan->foreground, e);
}

static void
start_part(struct keeper *k, struct part *p)
{
	struct errmsg e = ERRMSG_INIT;

	if (spawn(k, p, &e) != 0 || hand_over(k, p, &e) != 0) {
		log_msg(LOG_ERR, "keeper", "cannot start the %s: %s", p->what,
		    e.text);
		child_release(&p->child);
		fail_start(k, EX_OSERR);
	}
	if (p == &k->pool)
		tell_roles(k);
}

/* Both there: give them a fresh channel to each other. */
static void
link_parts(struct keeper *k)
{
	struct errmsg e = ERRMSG_INIT;

	if (!k->front.ready || !k->pool.ready)
		return;
	if (handover_link(&k->handover, k->front.child.channel,
	    k->pool.child.channel, &e) != 0)
		log_msg(LOG_ERR, "keeper", "cannot link front and pool: %s",
		    e.text);
	if (k->phase != STARTING)
		return;
	rundir_started(&k->rundir);
	k->phase = SERVING;
	k->phase_end = deadline_never();
	log_msg(LOG_INFO, "ipc_init", "listening on socket: %s/mux",
	    k->rundir.path);
	daemonize_ready(&k->daemonize);
	if (!k->plan->foreground)
		log_open("saslauthd", false, k->plan->settings->verbose);
}

static void
on_end(struct keeper *k, struct part *p, int wstatus)
{
	const char *how = WIFSIGNALED(wstatus) ? "signal" : "status";
	int number = WIFSIGNALED(wstatus) ? WTERMSIG(wstatus) :
	    WEXITSTATUS(wstatus);

	part_gone(p);
	tell_roles(k);
	if (k->phase == STARTING) {
		log_msg(LOG_ERR, "keeper", "the %s ended before it was ready "
		    "(%s %d)", p->what, how, number);
		fail_start(k, WIFEXITED(wstatus) && number != 0 ? number :
		    EX_OSERR);
	}
	if (k->phase == SERVING)
		log_msg(LOG_ERR, "keeper", "the %s ended unexpectedly "
		    "(%s %d), restarting in %d ms", p->what, how, number,
		    part_retry(p));
}

static void hear_out(struct keeper *k, struct part *p);

static void
reap(struct keeper *k)
{
	struct part *p;
	int wstatus;
	pid_t pid;

	while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0) {
		p = pid == k->front.child.pid ? &k->front :
		    pid == k->pool.child.pid ? &k->pool : NULL;
		if (p == NULL)
			continue;
		/* What it still said explains its end. */
		hear_out(k, p);
		on_end(k, p, wstatus);
	}
}

/* ---- stopping --------------------------------------------------------- */

static void
stop_pool(struct keeper *k)
{
	child_release(&k->front.child);
	child_release(&k->pool.child);
	k->phase = STOPPING_POOL;
	k->phase_end = deadline_in_msec(POOL_STOP_MSEC);
}

/* Let the front finish what runs. A stop that has begun only gets shorter. */
static void
stop(struct keeper *k, int64_t msec)
{
	struct deadline end = deadline_in_msec(msec + STOP_GRACE_MSEC);

	if (k->phase == STARTING)
		fail_start(k, EX_OSERR);
	if (k->phase != SERVING && k->phase != STOPPING_FRONT)
		return;
	if (k->phase == STOPPING_FRONT && end.at_msec >= k->phase_end.at_msec)
		return;
	rundir_unlisten(&k->rundir);
	/* Nobody is restarted any more, nor waited for with poll(2). */
	k->front.restart = k->pool.restart = deadline_never();
	k->phase = STOPPING_FRONT;
	k->phase_end = end;
	if (k->front.child.pid == 0 || handover_stop(k->front.child.channel,
	    (uint32_t)msec, NULL) != 0)
		stop_pool(k);
}

/* The operator asked for it: every request gets the time it would have had. */
static void
drain(struct keeper *k)
{
	if (k->phase == SERVING)
		log_msg(LOG_NOTICE, "keeper", "the operator wants a stop: "
		    "what runs has %ld s to finish",
		    k->plan->settings->request_timeout_sec);
	stop(k, k->plan->settings->request_timeout_sec * 1000);
}

static void
phase_over(struct keeper *k)
{
	switch (k->phase) {
	case STARTING:
		log_msg(LOG_ERR, "keeper", "the %s did not get ready in time",
		    k->front.ready ? "pool" : "front");
		fail_start(k, EX_OSERR);
		break;
	case STOPPING_FRONT:
		stop_pool(k);
		break;
	case STOPPING_POOL:
		part_kill(&k->front);
		part_kill(&k->pool);
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
on_failed(struct keeper *k, struct part *p, struct buf *b)
{
	char text[ERRMSG_MAX];
	unsigned status;

	if (buf_get_u8(b, &status) != 0 ||
	    buf_get_chars(b, text, sizeof(text)) != 0) {
		part_kill(p);
		return;
	}
	log_msg(status == 0 ? LOG_NOTICE : LOG_ERR, "keeper", "%s", text);
	if (status != 0)
		fail_start(k, (int)status);
}

static void
on_ready(struct keeper *k, struct part *p, struct buf *b)
{
	char build[128];

	if (buf_get_chars(b, build, sizeof(build)) != 0 ||
	    strcmp(build, frame_build_id()) != 0) {
		log_msg(LOG_ERR, "keeper", "the %s is of another build than "
		    "the running daemon: the programs were replaced; "
		    "restart the daemon", p->what);
		part_kill(p);
		fail_start(k, EX_CONFIG);
		return;
	}
	if (p == &k->pool && handover_keep_backend(&k->handover, b) != 0) {
		part_kill(p);
		return;
	}
	p->ready = true;
	tell_roles(k);
	link_parts(k);
}

/* A child's frame; whatever a child may not say ends it. True when there may
 * be another one. */
static bool
on_frame(struct keeper *k, struct part *p)
{
	bool more = false;
	enum frame_type type;
	struct buf b;
	unsigned sig;

	buf_init(&b, FRAME_MAX);
	switch (frame_recv(p->child.channel, &type, &b, NULL)) {
	case FRAME_AGAIN:
		goto out;
	case FRAME_EOF:
		io_close(&p->child.channel);	/* SIGCHLD follows */
		goto out;
	case FRAME_BAD:
		log_msg(LOG_ERR, "keeper", "BUG: bad frame from the %s",
		    p->what);
		part_kill(p);
		goto out;
	case FRAME_OK:
		more = true;
		break;
	}
	if (type == FRAME_READY && !p->ready)
		on_ready(k, p, &b);
	else if (type == FRAME_FAILED)
		on_failed(k, p, &b);
	else if (type == FRAME_SIGNAL && buf_get_u8(&b, &sig) == 0 &&
	    (sig == SIGTERM || sig == SIGINT || sig == SIGHUP))
		on_signal(k, (int)sig);
	else if (type == FRAME_WANT_LOG && p == &k->front)
		/* A socket that breaks at once is not given all the time. */
		k->log_retry = deadline_in_msec(k->log_given_msec +
		    LOG_RETRY_MSEC - deadline_now_msec());
	else if (type == FRAME_WANT_PEER && p == &k->front)
		link_parts(k);	/* once the pool is there */
	else if (type == FRAME_DRAIN && p == &k->front)
		drain(k);
	else if (type == FRAME_STOPPED && p == &k->front &&
	    k->phase == STOPPING_FRONT)
		stop_pool(k);
	else
		part_kill(p);
out:
	buf_fini(&b);
	return more;
}

static void
hear_out(struct keeper *k, struct part *p)
{
	while (p->child.channel >= 0 && on_frame(k, p))
		;
}

static void
on_time(struct keeper *k)
{
	if (deadline_passed(&k->phase_end))
		phase_over(k);
	if (k->phase == SERVING && deadline_passed(&k->front.restart))
		start_part(k, &k->front);
	if (k->phase == SERVING && deadline_passed(&k->pool.restart))
		start_part(k, &k->pool);
	if (deadline_passed(&k->log_retry)) {
		k->log_retry = deadline_never();
		k->log_given_msec = deadline_now_msec();
		if (k->front.child.pid > 0 && handover_log(
		    k->front.child.channel) != 0)
			k->log_retry = deadline_in_msec(LOG_RETRY_MSEC);
	}
	if (k->phase == STOPPING_FRONT && k->front.child.pid == 0)
		stop_pool(k);
	if (k->phase == STOPPING_POOL && k->front.child.pid == 0 &&
	    k->pool.child.pid == 0)
		k->phase = ENDED;
}

static void
loop(struct keeper *k, int signal_fd)
{
	struct deadline next;
	struct pollfd fds[3];
	int sig;

	while (k->phase != ENDED) {
		next = deadline_min(deadline_min(k->phase_end, k->log_retry),
		    deadline_min(k->front.restart, k->pool.restart));
		fds[0] = (struct pollfd){ signal_fd, POLLIN, 0 };
		fds[1] = (struct pollfd){ k->front.child.channel, POLLIN, 0 };
		fds[2] = (struct pollfd){ k->pool.child.channel, POLLIN, 0 };
		if (poll(fds, 3, deadline_poll_msec(&next)) < 0 &&
		    errno != EINTR)
			break;
		/* One frame each: a child that never stops talking must not
		 * keep us from hearing signals and the other one. */
		if (fds[1].revents != 0 && k->front.child.channel >= 0)
			(void)on_frame(k, &k->front);
		if (fds[2].revents != 0 && k->pool.child.channel >= 0)
			(void)on_frame(k, &k->pool);
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
	const struct settings *s = k->plan->settings;
	struct errmsg e = ERRMSG_INIT;

	k->handover.control = rundir_listen(&k->rundir, RUNDIR_CONTROL, &e);
	if (k->handover.control < 0)
		log_msg(LOG_WARNING, "keeper", "there is no control socket: "
		    "%s", e.text);
	if (s->limits != LIMITS_OFF && handover_make_tries(&k->handover,
	    (size_t)s->limit_size_kb * 1024, &e) != 0)
		log_msg(LOG_WARNING, "keeper", "what limits count will not "
		    "outlive the front: %s", e.text);
}

static int
open_rundir(struct keeper *k)
{
	struct errmsg e = ERRMSG_INIT;
	enum rundir_status st;
	int status = EX_OSERR;

	st = rundir_claim(&k->rundir, k->plan->foreground, &e);
	if (st == RUNDIR_OK) {
		k->handover.listener = rundir_listen(&k->rundir, RUNDIR_MUX,
		    &e);
		if (k->handover.listener >= 0)
			return EX_OK;
	} else if (st == RUNDIR_BUSY) {
		status = EX_RUNNING;
	}
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
	start_part(k, &k->front);
	if (k->phase == STARTING)
		start_part(k, &k->pool);
	loop(k, signal_fd);
	part_kill(&k->front);
	part_kill(&k->pool);
	while (waitpid(-1, NULL, 0) > 0)
		;
	log_msg(LOG_INFO, "server_exit", "master exited: %ld",
	    (long)getpid());
	return k->status;
}

int
keeper_run(const struct keeper_plan *plan)
{
	struct keeper k = { .plan = plan, .status = EX_OK,
	    .began_msec = deadline_now_msec(),
	    .phase_end = deadline_never(), .log_retry = deadline_never() };
	struct errmsg e = ERRMSG_INIT;
	enum rundir_status st;

	part_init(&k.front, "front", FRONT_BACKOFF_MAX_MSEC);
	part_init(&k.pool, "pool", BACKOFF_MAX_MSEC);
	st = rundir_open(&k.rundir, plan->settings->run_dir, &e);
	if (st != RUNDIR_OK) {
		log_msg(LOG_ERR, "main", "%s", e.text);
		return st == RUNDIR_USAGE ? EX_USAGE : EX_OSERR;
	}
	if (plan->foreground)
		daemonize_foreground(&k.daemonize);
	else if (daemonize_start(&k.daemonize, &e) != 0) {
		log_msg(LOG_ERR, "main", "%s", e.text);
		return EX_OSERR;
	}
	if (handover_init(&k.handover, plan) != 0)
		k.status = EX_OSERR;
	else
		k.status = serve(&k);
	rundir_release(&k.rundir);
	handover_fini(&k.handover);
	daemonize_failed(&k.daemonize, k.status);
	return k.status;
}
