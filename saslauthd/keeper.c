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
#include "common/log.h"
#include "saslauthd/keeper.h"
#include "saslauthd/keeper_state.h"
#include "saslauthd/listen_file.h"
#include "saslauthd/sigpipe.h"

#define FIRST_GENERATION 1
#define EX_RUNNING 2		/* another instance, as it always was */
#define START_MSEC 30000	/* children have that long to get ready */
#define STOP_MSEC 10000		/* what runs may finish (design section 7) */
#define STOP_GRACE_MSEC 1000	/* on top, for the front to say so */
#define POOL_STOP_MSEC 2000	/* a pool ends its workers with SIGKILL */

static const struct settings *
settings_now(const struct keeper *k)
{
	return &k->family.now->plan->site.settings;
}

/* ---- starting --------------------------------------------------------- */

void
keeper_fail_start(struct keeper *k, int status)
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
		listen_file_announce(&k->sockets.list[i].file);
	notify_ready(&k->notify);
	daemonize_ready(&k->daemonize);
	if (!k->launch->options.foreground)
		log_open("saslauthd", false, settings_now(k)->verbose);
}

/* A backend that cannot be opened stops the others only if there are none. */
void
keeper_go_on_with_start(struct keeper *k)
{
	if (k->phase != STARTING)
		return;
	switch (crew_state(k->family.now)) {
	case CREW_WAITING:
		break;
	case CREW_CLOSED:
		log_msg(LOG_ERR, "keeper", "no backend can be opened");
		keeper_fail_start(k, EX_CONFIG);
		break;
	case CREW_OPEN:
		if (k->family.front.ready)
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
		keeper_fail_start(k, WIFEXITED(wstatus) && number != 0 ?
		    number : EX_OSERR);
	}
	if (k->phase == SERVING)
		log_msg(LOG_ERR, "keeper", "the %s ended unexpectedly "
		    "(%s %d), restarting in %d ms", m.part->what, how, number,
		    part_retry(m.part));
}

static void
crashed(struct keeper *k, struct family_member m, int wstatus)
{
	struct part_pool *p = m.pool;
	struct errmsg e;

	(void)errmsg_set(&e, "the %s ended at its start (%s %d)", p->what,
	    WIFSIGNALED(wstatus) ? "signal" : "status",
	    WIFSIGNALED(wstatus) ? WTERMSIG(wstatus) : WEXITSTATUS(wstatus));
	if (part_pool_closed(p, e.text) && m.crew != k->family.coming)
		part_pool_link(p, &k->family.front);
	keeper_go_on_with_start(k);
}

/* One backend's library that crashes stops the others no more than one that
 * says why it cannot be opened; and what comes with a reload stops nobody. */
static bool
is_trouble_of_one(const struct keeper *k, const struct family_member *m)
{
	return m->pool != NULL && !m->pool->gave_up &&
	    (m->crew == k->family.coming ||
	    (k->phase == STARTING && m->crew->count > 1));
}

static void
on_end(struct keeper *k, struct family_member m, int wstatus)
{
	part_gone(m.part);
	k->family.roles_changed = true;
	/* Another front knows nothing of what was before it. */
	if (m.pool == NULL) {
		family_dismiss_old(&k->family);
		reload_front_gone(&k->reload);
	} else if (m.crew->dismissed) {
		return;
	}
	if (is_trouble_of_one(k, &m))
		crashed(k, m, wstatus);
	/* The reason was told when it came. */
	if (m.pool == NULL || !m.pool->gave_up)
		tell_end(k, m, wstatus);
	else if (k->phase == STARTING || k->phase == SERVING)
		(void)part_retry_later(m.part);
}

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
		keeper_frames_hear_out(k, m);
		on_end(k, m, wstatus);
	}
}

/* ---- stopping --------------------------------------------------------- */

void
keeper_stop_pools(struct keeper *k)
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
		keeper_fail_start(k, EX_OSERR);
	if (k->phase != SERVING && k->phase != STOPPING_FRONT)
		return;
	if (k->phase == STOPPING_FRONT && end.at_msec >= k->phase_end.at_msec)
		return;
	if (k->phase == SERVING)
		notify_stopping(&k->notify);
	reload_cancel(&k->reload);
	sockets_remove(&k->sockets);
	/* Nobody is restarted any more, nor waited for with poll(2). */
	family_no_restart(&k->family);
	k->phase = STOPPING_FRONT;
	k->phase_end = end;
	if (front->child.pid == 0 || handover_stop(front->child.channel,
	    (uint32_t)msec, NULL) != 0)
		keeper_stop_pools(k);
}

/* The operator asked for it: every request gets the time it would have had. */
void
keeper_drain(struct keeper *k)
{
	long timeout_sec = family_request_timeout_sec(&k->family);

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
		keeper_fail_start(k, EX_OSERR);
		break;
	case STOPPING_FRONT:
		keeper_stop_pools(k);
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

void
keeper_on_signal(struct keeper *k, int sig)
{
	if (sig == SIGTERM || sig == SIGINT)
		stop(k, STOP_MSEC);
	else if (sig == SIGCHLD)
		reap(k);
	else if (sig == SIGHUP)
		reload_request(&k->reload);
}

static void
on_time(struct keeper *k)
{
	const struct part *front = &k->family.front;

	if (deadline_passed(&k->phase_end))
		phase_over(k);
	if (k->phase == SERVING)
		reload_go_on(&k->reload);
	if (k->phase == STARTING || k->phase == SERVING)
		family_go_on(&k->family);
	if (deadline_passed(&k->log_retry)) {
		k->log_retry = deadline_never();
		k->log_given_msec = deadline_now_msec();
		if (front->child.pid > 0 && handover_log(
		    front->child.channel) != 0)
			k->log_retry = deadline_in_msec(KEEPER_LOG_RETRY_MSEC);
	}
	if (k->phase == STOPPING_FRONT && front->child.pid == 0)
		keeper_stop_pools(k);
	if (k->phase == STOPPING_POOLS && family_is_gone(&k->family))
		k->phase = ENDED;
	notify_beat(&k->notify);
	family_tell_roles(&k->family);
}

static void
loop(struct keeper *k, int signal_fd)
{
	static struct pollfd fds[FAMILY_CREWS_MAX * SITE_BACKENDS_MAX + 2];
	struct family_member m;
	struct deadline next;
	size_t i;
	int sig;

	while (k->phase != ENDED) {
		next = deadline_min(deadline_min(k->phase_end, k->log_retry),
		    family_next(&k->family));
		next = deadline_min(next, deadline_min(k->reload.end,
		    k->notify.next_beat));
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
				(void)keeper_frames_hear(k, m);
		while ((sig = sigpipe_next(signal_fd)) > 0)
			keeper_on_signal(k, sig);
		on_time(k);
	}
}

/* ---- the keeper's life ------------------------------------------------ */

/* Clients are served without these, too. */
static void
open_extras(struct keeper *k)
{
	const struct settings *s = settings_now(k);
	struct handover *h = &k->family.handover;
	struct errmsg e = ERRMSG_INIT;

	if (rundir_open_control(&k->rundir, &e) != 0)
		log_msg(LOG_WARNING, "keeper", "there is no control socket: "
		    "%s", e.text);
	h->control = k->rundir.control.fd;
	/* A reload may turn limits on. */
	if (handover_make_tries(h, (size_t)s->limit_size_kb * 1024, &e) != 0)
		log_msg(LOG_WARNING, "keeper", "what limits count will not "
		    "outlive the front: %s", e.text);
}

static int
open_sockets(struct keeper *k, struct errmsg *e)
{
	const struct plan *plan = k->family.now->plan;

	switch (sockets_open(&k->sockets, &plan->site, &plan->given, e)) {
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

	st = rundir_claim(&k->rundir, k->launch->options.foreground,
	    &e);
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
	k->status = EX_OK;
	k->phase_end = deadline_in_msec(START_MSEC);
	if (family_start_all(&k->family) != 0)
		keeper_fail_start(k, EX_OSERR);
	loop(k, signal_fd);
	family_end(&k->family);
	log_msg(LOG_INFO, "server_exit", "master exited: %ld",
	    (long)getpid());
	return k->status;
}

int
keeper_run(struct plan *plan, const struct notify *notify)
{
	const struct launch *l = plan->launch;
	static struct keeper k;
	struct errmsg e = ERRMSG_INIT;
	enum rundir_status st;

	k = (struct keeper){ .launch = l, .status = EX_OSERR,
	    .notify = *notify, .phase_end = deadline_never(),
	    .log_retry = deadline_never() };
	plan->number = FIRST_GENERATION;
	if (family_init(&k.family, plan, &k.sockets) != 0)
		return EX_OSERR;
	reload_init(&k.reload, &k.family, &k.sockets, &k.notify);
	st = rundir_open(&k.rundir, settings_now(&k)->run_dir, &e);
	if (st != RUNDIR_OK) {
		log_msg(LOG_ERR, "main", "%s", e.text);
		family_fini(&k.family);
		return st == RUNDIR_USAGE ? EX_USAGE : EX_OSERR;
	}
	k.rundir.mux_is_given = activation_find(&plan->given,
	    SITE_LISTENER_DEFAULT) != NULL;
	if (l->options.foreground) {
		daemonize_foreground(&k.daemonize);
	} else if (daemonize_start(&k.daemonize, &e) != 0) {
		log_msg(LOG_ERR, "main", "%s", e.text);
		family_fini(&k.family);
		return EX_OSERR;
	}
	k.status = serve(&k);
	family_fini(&k.family);
	sockets_close(&k.sockets);
	rundir_release(&k.rundir);
	daemonize_failed(&k.daemonize, k.status);
	return k.status;
}
