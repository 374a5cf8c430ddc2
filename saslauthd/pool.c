/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saslauthd-pool: the parent of one backend's workers.
 *
 * It loads the mechanism once, forks workers that share that memory, hands
 * the front one end of each worker's channel, and reaps, kills and replaces
 * them. It sees neither clients nor passwords.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/compat/proctitle.h"
#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "common/str.h"
#include "saslauthd/child.h"
#include "saslauthd/pool_keeper.h"
#include "saslauthd/pool_load.h"
#include "saslauthd/pool_parts.h"
#include "saslauthd/pool_print.h"
#include "saslauthd/pool_try.h"
#include "saslauthd/rights.h"
#include "saslauthd/sigpipe.h"
#include "saslauthd/worker.h"

#define WATCHDOG_MSEC 1000	/* between two looks at the slots */
#define WATCHDOG_GRACE_MSEC 2000	/* the front kills first */
#define CHANGED_MSEC 5000	/* between two looks at mapped files */
#define FRONT_PATIENCE_MSEC 2000	/* for a front that does not read */
#define BACKOFF_FIRST_MSEC 100	/* after a worker that died at its start */
#define BACKOFF_MAX_MSEC 30000
#define RETRY_MSEC 1000		/* when the system is short of something */

struct pool_worker {
	pid_t pid;			/* 0: free */
	uint64_t id;
	unsigned front_no;		/* of the front it was made for */
	unsigned wave;			/* of starts; see back_off */
};

struct pool {
	struct pool_load load;
	void *mech_ctx;
	struct privs privs;
	unsigned ready, max, requests;
	pid_t pid;			/* our own, for the workers */

	struct pool_worker *workers;	/* [max] */
	struct worker_slot *slots;	/* [max], shared with the workers */
	unsigned alive;
	uint64_t next_id;

	int front;			/* channel, or -1 */
	unsigned front_no;		/* counts the fronts we have had */
	int signal_fd;
	int lifeline[2];		/* of the workers */
	int backoff_msec;		/* 0: no trouble starting workers */
	unsigned wave;			/* counts the back-offs */
	struct deadline fork_after;
	struct deadline watchdog, changed;
	struct pool_parts parts;
};

/* ---- frames to the front ---------------------------------------------- */

static void
drop_front(struct pool *p)
{
	io_close(&p->front);
}

static void end(struct pool *p);

static void
send_front(struct pool *p, enum frame_type type, const struct buf *b, int fd)
{
	enum frame_status st;

	/* A few hundred fit into the channel: many workers at once may have
	 * to wait until the front has read some. */
	st = frame_send_wait(p->front, type, b, fd, FRONT_PATIENCE_MSEC);
	if (st == FRAME_AGAIN) {
		/* It lives, and would wait for ever for what it was not told.
		 * Only the keeper can link us anew, and does when we end. */
		log_msg(LOG_ERR, "pool", "the front does not read: the pool "
		    "of %s starts again", p->load.name);
		end(p);
	}
	if (st != FRAME_OK)
		drop_front(p);
}

static void
tell_front(struct pool *p, enum frame_type type, uint64_t id, uint32_t msec,
    const char *text, int fd)
{
	struct buf b;

	if (p->front < 0)
		return;
	buf_init(&b, FRAME_MAX);
	if (buf_put_u64(&b, id) == 0 && buf_put_u32(&b, msec) == 0 &&
	    buf_put_str(&b, text) == 0)
		send_front(p, type, &b, fd);
	else
		drop_front(p);
	buf_fini(&b);
}

static void
tell_parts(struct pool *p)
{
	struct buf b;

	if (p->front < 0 || p->load.mech->parts == NULL)
		return;
	buf_init(&b, FRAME_MAX);
	if (pool_parts_put(&p->parts, &b) == 0)
		send_front(p, FRAME_PARTS, &b, -1);
	buf_fini(&b);
}

/* ---- workers ---------------------------------------------------------- */

static void
kill_worker(const struct pool_worker *w)
{
	if (kill(-w->pid, SIGKILL) != 0)
		(void)kill(w->pid, SIGKILL);	/* before its setpgid */
}

static void
run_worker(const struct pool *p, unsigned i, int channel)
{
	const struct worker_job job = {
		.load = &p->load, .mech_ctx = p->mech_ctx,
		.privs = &p->privs, .requests = p->requests,
		.channel = channel, .lifeline = p->lifeline[0],
		.notify = sigpipe_notify_fd(), .pool_pid = p->pid,
		.slot = &p->slots[i]
	};

	worker_main(&job);
}

static void
fork_worker(struct pool *p)
{
	int fds[2];
	unsigned i = 0;
	pid_t pid;

	while (i < p->max && p->workers[i].pid != 0)
		i++;
	if (i == p->max)
		return;
	if (frame_channel(fds) != 0) {
		log_msg(LOG_ERR, "pool", "no channel for a worker: %s",
		    strerror(errno));
		p->fork_after = deadline_in_msec(RETRY_MSEC);
		return;
	}
	memset(&p->slots[i], 0, sizeof(p->slots[i]));
	pid = fork();
	if (pid == 0)
		run_worker(p, i, fds[1]);
	io_close(&fds[1]);
	if (pid < 0) {
		log_msg(LOG_ERR, "pool", "cannot fork a worker: %s",
		    strerror(errno));
		p->fork_after = deadline_in_msec(RETRY_MSEC);
		io_close(&fds[0]);
		return;
	}
	(void)setpgid(pid, pid);
	p->workers[i].pid = pid;
	p->workers[i].id = ++p->next_id;
	p->workers[i].front_no = p->front_no;
	p->workers[i].wave = p->wave;
	p->alive++;
	tell_front(p, FRAME_WORKER, p->workers[i].id, 0, "", fds[0]);
	io_close(&fds[0]);
}

static void
keep_ready(struct pool *p)
{
	while (p->front >= 0 && p->alive < p->ready &&
	    deadline_passed(&p->fork_after)) {
		unsigned before = p->alive;

		fork_worker(p);
		if (p->alive == before)
			return;
	}
}

/* Workers that never got ready are not replaced at once, again and again.
 * Those started together fail together: that is one failure, not many. */
static void
back_off(struct pool *p, unsigned wave)
{
	if (wave != p->wave)
		return;
	p->wave++;
	p->backoff_msec = p->backoff_msec == 0 ? BACKOFF_FIRST_MSEC :
	    p->backoff_msec * 2;
	if (p->backoff_msec > BACKOFF_MAX_MSEC)
		p->backoff_msec = BACKOFF_MAX_MSEC;
	p->fork_after = deadline_in_msec(p->backoff_msec);
}

static void
describe_end(int wstatus, char *to, size_t size)
{
	to[0] = '\0';
	if (WIFSIGNALED(wstatus))
		(void)str_format(to, size, "killed by signal %d",
		    WTERMSIG(wstatus));
	else if (WEXITSTATUS(wstatus) != 0)
		(void)str_format(to, size, "ended with status %d",
		    WEXITSTATUS(wstatus));
}

static void
worker_ended(struct pool *p, unsigned i, int wstatus)
{
	struct pool_worker *w = &p->workers[i];
	bool was_ready = p->slots[i].ready;
	pid_t pid = w->pid;
	char how[64];

	/* What its modules left behind in its group goes with it. */
	(void)kill(-pid, SIGKILL);
	w->pid = 0;
	p->alive--;
	/* It ended because its front did: nothing is wrong with it. */
	if (p->front < 0 || w->front_no != p->front_no)
		return;
	describe_end(wstatus, how, sizeof(how));
	if (was_ready) {
		p->backoff_msec = 0;
	} else {
		back_off(p, w->wave);
		log_msg(LOG_ERR, "pool", "a worker of %s ended at its start "
		    "(%s); the next is tried in %d ms", p->load.name,
		    how[0] != '\0' ? how : "status 0", p->backoff_msec);
	}
	if (was_ready && how[0] != '\0')
		log_msg(LOG_ERR, "pool", "worker %ld of %s was replaced: %s",
		    (long)pid, p->load.name, how);
	tell_front(p, FRAME_GONE, w->id, (uint32_t)p->backoff_msec, how, -1);
}

static void
reap(struct pool *p)
{
	int wstatus;
	pid_t pid;
	unsigned i;

	while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0)
		for (i = 0; i < p->max; i++)
			if (p->workers[i].pid == pid)
				worker_ended(p, i, wstatus);
}

static void
end(struct pool *p)
{
	unsigned i;

	for (i = 0; i < p->max; i++)
		if (p->workers[i].pid > 0)
			kill_worker(&p->workers[i]);
	_exit(EX_OK);
}

/* The front kills a worker at the deadline; this is for a front that cannot,
 * or that died while the worker was busy. */
static void
watch(struct pool *p)
{
	int64_t now = deadline_now_msec(), due;
	unsigned i;

	for (i = 0; i < p->max; i++) {
		due = p->slots[i].deadline_msec;
		if (p->workers[i].pid > 0 && due > 0 &&
		    now > due + WATCHDOG_GRACE_MSEC)
			kill_worker(&p->workers[i]);
	}
	if (pool_parts_look(&p->parts, &p->load, p->mech_ctx))
		tell_parts(p);
	p->watchdog = deadline_in_msec(WATCHDOG_MSEC);
}

static void
look_for_changes(struct pool *p)
{
	struct errmsg why = ERRMSG_INIT, e = ERRMSG_INIT;
	struct privs now;

	p->changed = deadline_in_msec(CHANGED_MSEC);
	if (!p->load.mech->changed(p->mech_ctx))
		return;
	/* A database that was not there at the start may need other rights
	 * than were thought. If that cannot be told, they stay what they are:
	 * a user that is not found for a moment must not make them root. */
	if (rights_decide(&now, &p->load, p->mech_ctx, &why, &e) != 0) {
		log_msg(LOG_ERR, "pool", "%s: workers keep the rights they "
		    "have", e.text);
	} else {
		p->privs = now;
		if (why.text[0] != '\0')
			log_msg(LOG_NOTICE, "pool", "%s", why.text);
	}
	log_msg(LOG_INFO, "pool", "files of mechanism %s changed: "
	    "its workers are replaced", p->load.mech->name);
	tell_front(p, FRAME_RETIRE, p->next_id, 0, "", -1);
}

/* ---- events ----------------------------------------------------------- */

static void
on_signal(struct pool *p, int sig)
{
	if (sig == SIGCHLD)
		reap(p);
	else
		pool_keeper_signal(sig);
}

static void
on_keeper(struct pool *p)
{
	enum frame_type type;
	struct buf b;
	int fd = -1;

	buf_init(&b, FRAME_MAX);
	if (frame_recv(CHILD_CHANNEL_FD, &type, &b, &fd) != FRAME_OK ||
	    type != FRAME_PEER || fd < 0)
		end(p);
	buf_fini(&b);
	/* A new front: the old one's workers end with its channels. */
	drop_front(p);
	p->front = fd;
	p->front_no++;
	(void)io_set_nonblock(fd, true);
	tell_parts(p);
	keep_ready(p);
	tell_front(p, FRAME_FILLED, 0, 0, "", -1);
}

/* Each wish is answered: by a worker, or by "none" (id 0). */
static void
one_more(struct pool *p)
{
	unsigned before = p->alive;

	if (p->alive < p->max && deadline_passed(&p->fork_after))
		fork_worker(p);
	if (p->alive == before)
		tell_front(p, FRAME_GONE, 0, deadline_passed(&p->fork_after) ?
		    0 : (uint32_t)p->backoff_msec, "", -1);
}

static void
on_front(struct pool *p)
{
	enum frame_type type;
	struct buf b;
	uint64_t id;
	unsigned i;

	buf_init(&b, FRAME_MAX);
	switch (frame_recv(p->front, &type, &b, NULL)) {
	case FRAME_AGAIN:
		goto out;
	case FRAME_EOF:
	case FRAME_BAD:
		drop_front(p);
		goto out;
	case FRAME_OK:
		break;
	}
	if (type == FRAME_WANT) {
		one_more(p);
	} else if (type == FRAME_KILL && buf_get_u64(&b, &id) == 0) {
		for (i = 0; i < p->max; i++)
			if (p->workers[i].pid > 0 && p->workers[i].id == id)
				kill_worker(&p->workers[i]);
	} else {
		log_msg(LOG_ERR, "pool", "BUG: bad frame from the front");
		drop_front(p);
	}
out:
	buf_fini(&b);
}

static void
loop(struct pool *p)
{
	struct deadline next;
	struct pollfd fds[4];
	int sig;

	for (;;) {
		keep_ready(p);
		next = deadline_min(p->watchdog, p->changed);
		if (p->alive < p->ready && p->front >= 0)
			next = deadline_min(next, p->fork_after);
		fds[0] = (struct pollfd){ p->signal_fd, POLLIN, 0 };
		fds[1] = (struct pollfd){ CHILD_CHANNEL_FD, POLLIN, 0 };
		fds[2] = (struct pollfd){ CHILD_LIFELINE_FD, POLLIN, 0 };
		fds[3] = (struct pollfd){ p->front, POLLIN, 0 };
		if (poll(fds, 4, deadline_poll_msec(&next)) < 0 &&
		    errno != EINTR)
			end(p);
		if (fds[2].revents != 0)
			end(p);
		if (fds[3].revents != 0 && p->front >= 0)
			on_front(p);
		if (fds[1].revents != 0)
			on_keeper(p);
		while ((sig = sigpipe_next(p->signal_fd)) > 0)
			on_signal(p, sig);
		if (deadline_passed(&p->watchdog))
			watch(p);
		if (deadline_passed(&p->changed))
			look_for_changes(p);
	}
}

/* ---- start ------------------------------------------------------------ */

static int
make_room(struct pool *p)
{
	const struct settings *s = &p->load.settings;

	p->ready = settings_workers_ready(s);
	p->max = settings_workers_max(s, p->load.mech->cpu_bound);
	p->requests = settings_worker_requests(s,
	    p->load.mech->worker_requests);
	p->workers = calloc(p->max, sizeof(*p->workers));
	p->slots = mmap(NULL, p->max * sizeof(*p->slots),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return p->workers != NULL && p->slots != MAP_FAILED &&
	    pipe2(p->lifeline, O_CLOEXEC) == 0 ? 0 : -1;
}

/* EX_OK, or the status to end with, which the keeper has been told. */
static int
open_backend(struct pool *p)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	struct errmsg e = ERRMSG_INIT, why = ERRMSG_INIT;
	int status = EX_OK;

	if (p->load.mech->open(p->load.mech_settings, &p->mech_ctx, &e) != 0)
		status = EX_UNAVAILABLE;	/* may go better later */
	else if (rights_decide(&p->privs, &p->load, p->mech_ctx, &why, &e) !=
	    0)
		status = EX_CONFIG;
	if (status != EX_OK) {
		pool_keeper_say(status, e.text);
		return status;
	}
	if (why.text[0] != '\0')
		pool_keeper_say(EX_OK, why.text);
	p->signal_fd = sigpipe_open(signals,
	    sizeof(signals) / sizeof(signals[0]));
	if (p->signal_fd < 0 || make_room(p) != 0 || privs_seal(&e) != 0) {
		pool_keeper_say(EX_OSERR, "the pool is short of memory or "
		    "descriptors");
		return EX_OSERR;
	}
	return EX_OK;
}

static int
serve(struct pool *p)
{
	int status;

	/* The keeper has logged the remarks of --check already. */
	if (pool_keeper_load(&p->load, false) != 0)
		return EX_CONFIG;
	log_open("saslauthd", p->load.log_stderr, p->load.settings.verbose);
	proctitle_set("saslauthd-pool: %s pool", p->load.name);
	status = open_backend(p);
	if (status != EX_OK)
		return status;
	pool_keeper_ready(&p->load, p->ready, p->max);
	p->pid = getpid();
	(void)pool_parts_look(&p->parts, &p->load, p->mech_ctx);
	p->watchdog = deadline_in_msec(WATCHDOG_MSEC);
	p->changed = p->load.mech->changed != NULL ?
	    deadline_in_msec(CHANGED_MSEC) : deadline_never();
	loop(p);
	return EX_OK;
}

/* The one that a start would need; without one it is the daemon's user, and
 * the keeper's to judge. */
static int
check_worker_user(const struct pool_load *l)
{
	const char *origin = "";
	struct errmsg e = ERRMSG_INIT;
	struct privs unused;
	bool fallback;
	size_t i;

	if (l->settings.worker_user[0] == '\0' ||
	    privs_find(&unused, l->settings.worker_user, &fallback, &e) == 0)
		return 0;
	for (i = 0; i < l->config.count; i++)
		if (strcmp(l->config.list[i].key, "worker_user") == 0)
			origin = l->config.list[i].origin;
	(void)errmsg_prefix(&e, "%s: worker_user", origin);
	pool_keeper_say(EX_CONFIG, e.text);
	return -1;
}

static int
check(struct pool *p)
{
	if (pool_keeper_load(&p->load, true) == 0 &&
	    check_worker_user(&p->load) == 0)
		pool_keeper_ready(&p->load, 0, 0);
	pool_load_fini(&p->load);
	return EX_OK;
}

/* Only of settings that --check found good. */
static int
try_backend(struct pool *p)
{
	if (pool_keeper_load(&p->load, false) == 0)
		pool_try(&p->load);
	pool_load_fini(&p->load);
	return EX_OK;
}

int
main(int argc, char **argv)
{
	static struct pool pool = { .front = -1, .lifeline = { -1, -1 } };

	proctitle_init(argc, argv);
	if (argc == 3 && strcmp(argv[1], "--keys") == 0)
		return pool_print_keys(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--check") == 0)
		return check(&pool);
	if (argc == 2 && strcmp(argv[1], "--try") == 0)
		return try_backend(&pool);
	if (argc != 1 || strchr(argv[0], ':') == NULL) {
		fprintf(stderr, "saslauthd-pool is started by saslauthd(8).\n"
		    "usage: saslauthd-pool --keys MECHANISM\n");
		pool_print_mechanisms();
		return EX_USAGE;
	}
	return serve(&pool);
}
