/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/io.h"
#include "saslauthd/sigpipe.h"

static int pipe_fds[2] = { -1, -1 };

static void
handler(int sig)
{
	unsigned char byte = (unsigned char)sig;
	int saved = errno;

	(void)!write(pipe_fds[1], &byte, 1);
	errno = saved;
}

void
sigpipe_reset(void)
{
	static const int signals[] = {
		SIGTERM, SIGINT, SIGCHLD, SIGPIPE, SIGALRM
	};
	sigset_t none;
	size_t i;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], SIG_DFL);
	/* Not even one that comes before there is a handler ends us. */
	(void)signal(SIGHUP, SIG_IGN);
}

int
sigpipe_open(const int *signals, size_t count)
{
	struct sigaction sa;
	size_t i;

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	memset(&sa, 0, sizeof(sa));
	(void)sigemptyset(&sa.sa_mask);
	sa.sa_flags = SA_RESTART;
	sa.sa_handler = SIG_IGN;
	if (sigaction(SIGPIPE, &sa, NULL) != 0)
		return -1;
	sa.sa_handler = handler;
	for (i = 0; i < count; i++)
		if (sigaction(signals[i], &sa, NULL) != 0)
			return -1;
	return pipe_fds[0];
}

int
sigpipe_next(int fd)
{
	unsigned char byte;

	return read(fd, &byte, 1) == 1 ? byte : 0;
}

void
sigpipe_inherit(void)
{
	io_close(&pipe_fds[0]);
	/* Our children are not the parent's. */
	(void)signal(SIGCHLD, SIG_DFL);
}

int
sigpipe_notify_fd(void)
{
	return pipe_fds[1];
}
