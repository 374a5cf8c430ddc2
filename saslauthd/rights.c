/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "saslauthd/rights.h"
#include "saslauthd/rights_trial.h"

#define SHADOW_FILE "/etc/shadow"
#define TRIAL_MSEC 3000		/* opening a few files; the pool is deaf */

/* In a child: can the mechanism reach its files, with these rights? A trial
 * without an outcome (it crashed on a damaged file, hung on a lock, or could
 * not be made) shows nothing: no reason to keep root. */
static enum rights_trial
trial(const struct privs *p, const struct mech *m, void *ctx,
    struct errmsg *e)
{
	enum rights_trial outcome;

	if (m->accessible == NULL)
		return RIGHTS_TRIAL_PASSED;
	outcome = rights_trial(p, m->accessible, ctx, TRIAL_MSEC, e);
	if (outcome == RIGHTS_TRIAL_UNKNOWN)
		(void)errmsg_prefix(e, "whether workers reach the files could "
		    "not be tried");
	return outcome;
}

static void
add_shadow_group(struct privs *p)
{
	struct stat sb;

	if (stat(SHADOW_FILE, &sb) == 0 && sb.st_gid != 0 &&
	    (sb.st_mode & S_IRGRP) != 0)
		privs_add_group(p, sb.st_gid);
}

static void
keep_identity(struct privs *p)
{
	memset(p, 0, sizeof(*p));
}

/* Without root nothing can be dropped; say once what that costs. */
static void
decide_unprivileged(struct privs *p, const struct pool_load *l, void *ctx,
    struct errmsg *why_r)
{
	struct errmsg reason = ERRMSG_INIT;

	keep_identity(p);
	if (l->mech->needs == MECH_NEEDS_ROOT)
		(void)errmsg_set(why_r, "workers of %s have no root: it may "
		    "fail for accounts whose modules need it", l->name);
	else if (trial(p, l->mech, ctx, &reason) != RIGHTS_TRIAL_PASSED)
		(void)errmsg_set(why_r, "workers of %s have no root: %s",
		    l->name, reason.text);
}

/* Do mechanism or settings need the starting identity? A credential may well
 * be that of a worker_user who is named. */
static bool
is_identity_kept(const struct privs *p, const struct pool_load *l,
    struct errmsg *why_r)
{
	const struct mech *m = l->mech;
	struct errmsg reason = ERRMSG_INIT;

	if (m->needs == MECH_NEEDS_ROOT)
		(void)errmsg_set(&reason, "the mechanism needs it");
	else if (m->needs_identity == NULL ||
	    !m->needs_identity(l->mech_settings, &reason))
		return false;
	else if (l->settings.worker_user[0] != '\0') {
		(void)errmsg_set(why_r, "workers of %s run as %s, because "
		    "worker_user is set: %s", l->name, p->name, reason.text);
		return false;
	}
	(void)errmsg_set(why_r, "workers of %s keep the starting identity: "
	    "%s", l->name, reason.text);
	return true;
}

int
rights_decide(struct privs *p, const struct pool_load *l, void *mech_ctx,
    struct errmsg *why_r, struct errmsg *e)
{
	const struct settings *s = &l->settings;
	struct errmsg reason = ERRMSG_INIT;
	bool fallback;

	why_r->text[0] = '\0';
	if (privs_find(p, s->worker_user[0] != '\0' ? s->worker_user : s->user,
	    &fallback, e) != 0)
		return -1;
	if (!p->change) {
		decide_unprivileged(p, l, mech_ctx, why_r);
		return 0;
	}
	if (is_identity_kept(p, l, why_r)) {
		keep_identity(p);
		return 0;
	}
	if (l->mech->needs == MECH_NEEDS_SHADOW)
		add_shadow_group(p);
	switch (trial(p, l->mech, mech_ctx, &reason)) {
	case RIGHTS_TRIAL_PASSED:
		break;
	case RIGHTS_TRIAL_FAILED:
		(void)errmsg_set(why_r, "workers of %s keep the starting "
		    "identity: as %s: %s", l->name, p->name,
		    reason.text);
		keep_identity(p);
		break;
	case RIGHTS_TRIAL_UNKNOWN:
		(void)errmsg_set(why_r, "workers of %s run as %s: %s",
		    l->name, p->name, reason.text);
		break;
	}
	return 0;
}
