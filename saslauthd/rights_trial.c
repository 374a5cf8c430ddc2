/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/io.h"
#include "saslauthd/rights_trial.h"

#define TRIAL_NO 1		/* exit status of a child: it failed */

static void
run_child(const struct privs *p, int (*step)(void *, struct errmsg *),
    void *ctx, pid_t parent, int to, const struct deadline *d)
{
	struct errmsg why = ERRMSG_INIT;
	bool passed;

	/* Its own group, so that what a module forks can be killed. */
	(void)setpgid(0, 0);
	passed = privs_drop(p, &why) == 0 && privs_seal(&why) == 0 &&
	    privs_die_with_parent(parent, &why) == 0 &&
	    step(ctx, &why) == 0;
	(void)io_write_all(to, why.text, sizeof(why.text), d);
	_exit(passed ? 0 : TRIAL_NO);
}

/* What waitpid(2) says of a child that told its text, or did not. */
static enum rights_trial
outcome_of(int wstatus, bool told, bool late, struct errmsg *e)
{
	if (late)
		(void)errmsg_set(e, "no end of it in time");
	else if (WIFSIGNALED(wstatus))
		(void)errmsg_set(e, "killed by signal %d", WTERMSIG(wstatus));
	else if (!told)
		(void)errmsg_set(e, "ended with status %d",
		    WEXITSTATUS(wstatus));
	else
		return WEXITSTATUS(wstatus) == 0 ? RIGHTS_TRIAL_PASSED :
		    RIGHTS_TRIAL_FAILED;
	return RIGHTS_TRIAL_UNKNOWN;
}

enum rights_trial
rights_trial(const struct privs *p, int (*step)(void *ctx, struct errmsg *e),
    void *ctx, int64_t msec, struct errmsg *e)
{
	const struct deadline d = deadline_in_msec(msec);
	const pid_t self = getpid();
	int fds[2], rc, wstatus = 0;
	bool late;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0) {
		(void)errmsg_errno(e, errno, "no pipe for a trial");
		return RIGHTS_TRIAL_UNKNOWN;
	}
	pid = fork();
	if (pid == 0)
		run_child(p, step, ctx, self, fds[1], &d);
	if (pid < 0) {
		(void)errmsg_errno(e, errno, "no process for a trial");
		io_close(&fds[0]);
		io_close(&fds[1]);
		return RIGHTS_TRIAL_UNKNOWN;
	}
	io_close(&fds[1]);
	rc = io_read_all(fds[0], e->text, sizeof(e->text), &d);
	late = rc < 0 && errno == ETIMEDOUT;
	io_close(&fds[0]);
	e->text[sizeof(e->text) - 1] = '\0';
	/* It may hang for ever in a file system or a lock: we do not. One that
	 * has told its text has nothing left to do but end. */
	if (late && kill(-pid, SIGKILL) != 0)
		(void)kill(pid, SIGKILL);	/* before its setpgid */
	if (waitpid(pid, &wstatus, 0) != pid) {
		(void)errmsg_errno(e, errno, "waitpid");
		return RIGHTS_TRIAL_UNKNOWN;
	}
	(void)kill(-pid, SIGKILL);	/* what it left behind */
	return outcome_of(wstatus, rc == 1, late, e);
}
