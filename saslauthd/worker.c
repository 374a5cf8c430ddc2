/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/compat/proctitle.h"
#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "saslauthd/sigpipe.h"
#include "saslauthd/worker.h"

/* While requests follow each other faster, chores have time: to ask for them
 * after each answer is one more call of the system for nothing. */
#define CHORES_AFTER_MSEC 20

struct worker {
	const struct worker_job *job;
	const struct mech *mech;
	bool ready;		/* the mechanism's ready() succeeded */
	unsigned answered;
	struct buf in, out;
};

static void
fatal(const char *text)
{
	log_msg(LOG_ERR, "worker", "%s", text);
	_exit(EX_OSERR);
}

static int
compare_fd(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Nothing of the pool's but what a worker uses. */
static void
close_inherited(const struct worker_job *job)
{
	int keep[3] = { job->channel, job->lifeline, job->notify };

	qsort(keep, 3, sizeof(keep[0]), compare_fd);
	io_close_from(STDERR_FILENO + 1, keep, 3);
}

static void
become(const struct worker_job *job)
{
	struct errmsg e = ERRMSG_INIT;

	/* Its own group, so that the pool can kill what a module forks. */
	(void)setpgid(0, 0);
	sigpipe_inherit();
	log_close();
	close_inherited(job);
	log_open("saslauthd", job->load->log_stderr,
	    job->load->settings.verbose);
	proctitle_set("saslauthd-pool: %s worker", job->load->name);
	if (privs_drop(job->privs, &e) != 0 || privs_seal(&e) != 0 ||
	    privs_die_with_parent(job->pool_pid, &e) != 0)
		fatal(e.text);
}

static void
answer_one(struct worker *w, const struct frame_request *r,
    struct mech_answer *a)
{
	const struct mech_request req = {
		.login = r->login, .service = r->service, .realm = r->realm,
		.address = r->address, .password = &r->password,
		.deadline = deadline_in_msec(r->left_msec)
	};

	w->job->slot->deadline_msec = req.deadline.at_msec;
	mech_ask(w->mech, w->job->mech_ctx, &w->ready, &req, a);
	w->job->slot->deadline_msec = 0;
}

static void
send_answer(struct worker *w, uint64_t id, const struct mech_answer *a)
{
	struct frame_answer fa = {
		.id = id, .result = a->result, .reason = a->reason,
		.delay_msec = a->delay_msec, .one_time = a->one_time,
		.retire = a->retire || ++w->answered >= w->job->requests,
	};

	memcpy(fa.detail, a->detail, sizeof(fa.detail));
	fa.detail[sizeof(fa.detail) - 1] = '\0';
	buf_reset(&w->out);
	if (frame_put_answer(&w->out, &fa) != 0 ||
	    frame_send(w->job->channel, FRAME_ANSWER, &w->out, -1) != FRAME_OK)
		_exit(EX_OK);	/* the front is gone, and with it the asker */
}

enum news {
	REQUEST,
	NOTHING,		/* in all the time */
	ENDED			/* the front or the pool is gone */
};

/* -1: wait as long as it takes. */
static enum news
wait_for_news(const struct worker *w, int msec)
{
	struct pollfd fds[2] = {
		{ w->job->channel, POLLIN, 0 },
		{ w->job->lifeline, POLLIN, 0 }
	};
	int n;

	while ((n = poll(fds, 2, msec)) < 0)
		if (errno != EINTR)
			return ENDED;
	if (n == 0)
		return NOTHING;
	return (fds[0].revents & POLLIN) != 0 && fds[1].revents == 0 ?
	    REQUEST : ENDED;
}

/* For how long, or -1, there is nothing to do. A mechanism that stays in
 * there is the watchdog's business, as one that never gets ready. */
static int
idle(const struct worker *w)
{
	int64_t msec;

	if (w->mech->idle == NULL || !w->ready)
		return -1;
	w->job->slot->deadline_msec = deadline_now_msec() +
	    w->job->load->settings.backend_timeout_sec * 1000;
	msec = w->mech->idle(w->job->mech_ctx);
	w->job->slot->deadline_msec = 0;
	return msec < INT_MAX ? (int)msec : INT_MAX;
}

/* Wait for a request; one that is here at once comes before the mechanism's
 * chores. False: there will be none any more. */
static bool
next_request(const struct worker *w)
{
	enum news news = wait_for_news(w, w->mech->idle == NULL ? -1 :
	    CHORES_AFTER_MSEC);

	while (news == NOTHING)
		news = wait_for_news(w, idle(w));
	return news == REQUEST;
}

static void
serve(struct worker *w)
{
	struct frame_request r;
	struct mech_answer a;
	enum frame_type type;
	uint64_t id;

	while (next_request(w)) {
		if (frame_recv(w->job->channel, &type, &w->in, NULL) !=
		    FRAME_OK)
			return;
		if (type != FRAME_REQUEST ||
		    frame_get_request(&w->in, &r) != 0)
			fatal("BUG: bad frame from the front");
		buf_reset(&w->in);
		log_set_verbose(r.verbose);
		answer_one(w, &r, &a);
		id = r.id;
		frame_request_fini(&r);
		send_answer(w, id, &a);
	}
}

void
worker_main(const struct worker_job *job)
{
	struct worker w = { .job = job, .mech = job->load->mech };
	struct errmsg e = ERRMSG_INIT;

	become(job);
	buf_init(&w.in, FRAME_MAX);
	buf_init(&w.out, FRAME_MAX);
	/* Not ready yet is an outage, told to each request, not our end; but
	 * never getting there is the watchdog's business. */
	job->slot->deadline_msec = deadline_now_msec() +
	    job->load->settings.backend_timeout_sec * 1000;
	w.ready = w.mech->ready == NULL ||
	    w.mech->ready(job->mech_ctx, &e) == 0;
	if (!w.ready)
		log_msg(LOG_DEBUG, "worker", "not ready: %s", e.text);
	if (buf_put_str(&w.out, frame_build_id()) != 0 ||
	    frame_send(job->channel, FRAME_HELLO, &w.out, -1) != FRAME_OK)
		_exit(EX_OK);
	job->slot->deadline_msec = 0;
	job->slot->ready = true;
	serve(&w);
	w.mech->close(job->mech_ctx);
	_exit(EX_OK);
}
