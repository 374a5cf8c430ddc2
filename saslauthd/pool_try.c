/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <signal.h>
#include <sysexits.h>

#include "common/deadline.h"
#include "common/str.h"
#include "saslauthd/pool_keeper.h"
#include "saslauthd/pool_try.h"
#include "saslauthd/rights.h"
#include "saslauthd/rights_trial.h"

#define MSEC_PER_SEC 1000
#define OUTCOME_MAX (ERRMSG_MAX + 64)

struct subject {
	const struct mech *mech;
	void *ctx;
};

/* In the child. Whether files are within reach is no question to root. */
static int
reach_and_be_ready(void *ctx, struct errmsg *e)
{
	const struct subject *s = ctx;

	if (!privs_are_root() && s->mech->accessible != NULL &&
	    s->mech->accessible(s->ctx, e) != 0)
		return -1;
	e->text[0] = '\0';
	return s->mech->ready != NULL ? s->mech->ready(s->ctx, e) : 0;
}

/* EX_OK, or EX_TEMPFAIL and why. A mechanism that leaves an outage to its
 * check() passes, with a text. */
static int
make_ready(const struct pool_load *l, const struct privs *p, void *mech_ctx,
    struct errmsg *why)
{
	struct subject s = { l->mech, mech_ctx };
	const int64_t msec = (int64_t)l->settings.backend_timeout_sec *
	    MSEC_PER_SEC;

	return rights_trial(p, reach_and_be_ready, &s, msec, why) ==
	    RIGHTS_TRIAL_PASSED && why->text[0] == '\0' ? EX_OK :
	    EX_TEMPFAIL;
}

static int
try_it(const struct pool_load *l, struct errmsg *why)
{
	struct errmsg remark = ERRMSG_INIT;
	struct privs privs;
	void *mech_ctx;
	int status = EX_CONFIG;

	if (l->mech->open(l->mech_settings, &mech_ctx, why) != 0)
		return EX_CONFIG;
	if (rights_decide(&privs, l, mech_ctx, &remark, why) == 0)
		status = make_ready(l, &privs, mech_ctx, why);
	l->mech->close(mech_ctx);
	return status;
}

void
pool_try(const struct pool_load *l)
{
	const int64_t began = deadline_now_msec();
	struct errmsg why = ERRMSG_INIT;
	char text[OUTCOME_MAX];
	long long msec;
	int status;

	/* As a worker has it: a server that hangs up is an outage. */
	(void)signal(SIGPIPE, SIG_IGN);
	status = try_it(l, &why);
	msec = (long long)(deadline_now_msec() - began);

	if (status == EX_OK)
		(void)str_format(text, sizeof(text), "ready (%lld ms)", msec);
	else
		(void)str_format(text, sizeof(text), "%s: %s (%lld ms)",
		    status == EX_CONFIG ? "cannot be opened" :
		    "opens, but is not ready", why.text, msec);
	pool_keeper_say(status, text);
}
