/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines are made as the steps end: what they tell of is gone soon after.
 */
#include "config.h"

#include <stdlib.h>

#include "common/deadline.h"
#include "front/dispatch.h"
#include "front/front.h"
#include "front/report.h"
#include "front/request.h"
#include "front/trial.h"

#define TOLD_MAX (128 * 1024)	/* half of what a control session holds */
#define MSEC_DECIMALS 3		/* of microseconds as milliseconds */

struct trial {
	uid_t uid;
	trial_over_fn *fn;
	void *arg;
	struct buf told;
	bool begun;		/* trial_new() has returned */
	bool over, cut, abandoned;
};

static void
destroy(struct trial *t)
{
	buf_fini(&t->told);
	free(t);
}

struct trial *
trial_new(struct generation *g, uid_t uid, const struct site_listener *l,
    struct frame_request *question, trial_over_fn *fn, void *arg)
{
	struct trial *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->uid = uid;
	t->fn = fn;
	t->arg = arg;
	buf_init(&t->told, TOLD_MAX);
	if (request_try(g, l, question, t) != 0) {
		destroy(t);
		return NULL;
	}
	t->begun = true;
	return t;
}

/* The request is still on its way, and ends by its own deadline. */
void
trial_free(struct trial *t)
{
	if (t == NULL)
		return;
	t->abandoned = true;
	if (t->over)
		destroy(t);
}

bool
trial_is_over(const struct trial *t)
{
	return t->over;
}

uid_t
trial_uid(const struct trial *t)
{
	return t->uid;
}

int
trial_tell(const struct trial *t, struct buf *to)
{
	return t->cut ? -1 : buf_put(to, buf_data(&t->told),
	    buf_len(&t->told));
}

static void
put_answer(struct json *j, const struct frame_answer *a)
{
	json_str(j, "result", auth_result_name(a->result));
	if (a->result != AUTH_OK)
		json_str(j, "reason", auth_reason_name(a->reason));
	if (a->detail[0] != '\0')
		json_str(j, "detail", a->detail);
}

void
trial_stepped(struct trial *t, const struct request *r,
    const struct frame_answer *a, bool next)
{
	const struct dispatch *d = generation_backend(r->generation, r->route,
	    r->step);
	int64_t now = deadline_now_usec();
	int64_t queued_until = r->given_usec != 0 ? r->given_usec : now;
	struct json j;

	report_begin(&j, &t->told, "step");
	json_int(&j, "step", (int64_t)r->step + 1);
	json_str(&j, "name", dispatch_name(d));
	json_str(&j, "mech", dispatch_mech(d));
	put_answer(&j, a);
	json_decimal(&j, "queue_ms", queued_until - r->asked_usec,
	    MSEC_DECIMALS);
	if (r->given_usec != 0)
		json_decimal(&j, "worker_ms", now - r->given_usec,
		    MSEC_DECIMALS);
	json_str(&j, "then", next ? "next" : "stop");
	t->cut = json_end(&j) != 0 || t->cut;
}

void
trial_decided(struct trial *t, const struct request *r,
    const struct frame_answer *a, const char *reply)
{
	struct json j;

	report_begin(&j, &t->told, "verdict");
	put_answer(&j, a);
	json_str(&j, "reply", reply);
	json_decimal(&j, "ms", deadline_now_usec() - r->began_usec,
	    MSEC_DECIMALS);
	t->cut = json_end(&j) != 0 || t->cut;
	t->over = true;
	if (t->abandoned)
		destroy(t);
	else if (t->begun)
		t->fn(t->arg);
}
