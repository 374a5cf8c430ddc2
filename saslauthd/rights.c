/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/io.h"
#include "saslauthd/rights.h"

#define SHADOW_FILE "/etc/shadow"
#define TRIAL_MSEC 3000		/* opening a few files; the pool is deaf */
#define TRIAL_NO 1		/* exit status of a child: out of reach */

/* A trial without an outcome (it crashed on a damaged file, hung on a lock,
 * or could not be made) shows nothing: no reason to keep root. */
enum trial { TRIAL_UNKNOWN = 0, TRIAL_REACHED, TRIAL_OUT_OF_REACH };

/* In a child: can the mechanism reach its files, with these rights? */
static enum trial
trial(const struct privs *p, const struct mech *m, void *ctx,
    struct errmsg *e)
{
	struct deadline d = deadline_in_msec(TRIAL_MSEC);
	int fds[2], rc, status;
	enum trial outcome = TRIAL_UNKNOWN;
	pid_t pid;

	if (m->accessible == NULL)
		return TRIAL_REACHED;
	if (pipe2(fds, O_CLOEXEC) != 0) {
		(void)errmsg_errno(e, errno, "no pipe for a trial");
		return TRIAL_UNKNOWN;
	}
	pid = fork();
	if (pid == 0) {
		struct errmsg why = ERRMSG_INIT;

		rc = privs_drop(p, &why) == 0 && m->accessible(ctx, &why) == 0;
		(void)io_write_all(fds[1], why.text, sizeof(why.text), &d);
		_exit(rc ? 0 : TRIAL_NO);
	}
	io_close(&fds[1]);
	if (pid > 0 && io_read_all(fds[0], e->text, sizeof(e->text), &d) == 1)
		outcome = TRIAL_REACHED;
	io_close(&fds[0]);
	/* It may hang for ever in a file system or a lock: we do not. */
	if (pid > 0 && outcome == TRIAL_UNKNOWN)
		(void)kill(pid, SIGKILL);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		outcome = TRIAL_UNKNOWN;
	else if (outcome == TRIAL_REACHED && WEXITSTATUS(status) != 0)
		outcome = TRIAL_OUT_OF_REACH;
	if (outcome == TRIAL_UNKNOWN)
		(void)errmsg_set(e, "whether workers reach the files could not "
		    "be tried");
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
decide_unprivileged(struct privs *p, const struct mech *m, void *ctx,
    struct errmsg *why_r)
{
	struct errmsg reason = ERRMSG_INIT;

	keep_identity(p);
	if (m->needs == MECH_NEEDS_ROOT)
		(void)errmsg_set(why_r, "workers of %s have no root: it may "
		    "fail for accounts whose modules need it", m->name);
	else if (trial(p, m, ctx, &reason) != TRIAL_REACHED)
		(void)errmsg_set(why_r, "workers of %s have no root: %s",
		    m->name, reason.text);
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
		decide_unprivileged(p, l->mech, mech_ctx, why_r);
		return 0;
	}
	if (l->mech->needs == MECH_NEEDS_ROOT) {
		keep_identity(p);
		(void)errmsg_set(why_r, "workers of %s keep the starting "
		    "identity: the mechanism needs it", l->mech->name);
		return 0;
	}
	if (l->mech->needs == MECH_NEEDS_SHADOW)
		add_shadow_group(p);
	switch (trial(p, l->mech, mech_ctx, &reason)) {
	case TRIAL_REACHED:
		break;
	case TRIAL_OUT_OF_REACH:
		(void)errmsg_set(why_r, "workers of %s keep the starting "
		    "identity: as %s: %s", l->mech->name, p->name,
		    reason.text);
		keep_identity(p);
		break;
	case TRIAL_UNKNOWN:
		(void)errmsg_set(why_r, "workers of %s run as %s: %s",
		    l->mech->name, p->name, reason.text);
		break;
	}
	return 0;
}
