/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/str.h"
#include "saslauthd/child.h"

#define FIRST_FREE_FD (CHILD_LIFELINE_FD + 1)
#define POOL_NAME "saslauthd-pool"

/* In the child: the two descriptors to their places, all others closed. */
static void
become(const char *program, char *const argv[], int channel, int lifeline,
    bool keep_stdio)
{
	sigset_t none;
	int chan_high, life_high, null_fd;

	/* Out of the way first: either may sit on the other's place. */
	chan_high = fcntl(channel, F_DUPFD, FIRST_FREE_FD);
	life_high = fcntl(lifeline, F_DUPFD, FIRST_FREE_FD);
	if (chan_high < 0 || life_high < 0 ||
	    dup2(chan_high, CHILD_CHANNEL_FD) < 0 ||
	    dup2(life_high, CHILD_LIFELINE_FD) < 0)
		_exit(EX_OSERR);
	io_close_from(FIRST_FREE_FD, NULL, 0);
	null_fd = keep_stdio ? -1 : open("/dev/null", O_RDWR);
	if (null_fd >= 0) {
		(void)dup2(null_fd, STDIN_FILENO);
		(void)dup2(null_fd, STDOUT_FILENO);
		(void)dup2(null_fd, STDERR_FILENO);
		io_close(&null_fd);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execv(program, argv);
	_exit(EX_OSERR);
}

int
child_spawn(struct child *c, const char *program, char *const argv[],
    bool keep_stdio, struct errmsg *e)
{
	int chan[2] = { -1, -1 }, life[2] = { -1, -1 };

	if (frame_channel(chan) != 0) {
		(void)errmsg_errno(e, errno, "socketpair");
		goto fail;
	}
	if (pipe2(life, O_CLOEXEC) != 0) {
		(void)errmsg_errno(e, errno, "pipe");
		goto fail;
	}
	c->pid = fork();
	if (c->pid < 0) {
		c->pid = 0;
		(void)errmsg_errno(e, errno, "fork");
		goto fail;
	}
	if (c->pid == 0)
		become(program, argv, chan[1], life[0], keep_stdio);
	io_close(&chan[1]);
	io_close(&life[0]);
	(void)io_set_nonblock(chan[0], true);
	c->channel = chan[0];
	c->lifeline = life[1];
	return 0;

fail:
	io_close(&chan[0]);
	io_close(&chan[1]);
	io_close(&life[0]);
	io_close(&life[1]);
	return -1;
}

void
child_release(struct child *c)
{
	io_close(&c->channel);
	io_close(&c->lifeline);
}

char *
child_self_path(void)
{
	char path[PATH_MAX];
	ssize_t n;

	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0)
		return strdup(SBINDIR "/saslauthd");
	path[n] = '\0';
	return strdup(path);
}

char *
child_pool_path(const char *self)
{
	const char *slash = strrchr(self, '/');
	char *beside;

	if (slash != NULL) {
		beside = str_dup_format("%.*s/" POOL_NAME,
		    (int)(slash - self), self);
		if (beside != NULL && access(beside, X_OK) == 0)
			return beside;
		free(beside);
	}
	return strdup(LIBEXECDIR "/" POOL_NAME);
}
