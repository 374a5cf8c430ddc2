/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/io.h"
#include "saslauthd/daemonize.h"

#define FILE_MASK 077		/* files of ours are nobody else's business */

/* One byte: the status to exit with. End of file: the child died. */
static void
wait_for_report(int fd, pid_t child)
{
	unsigned char status;
	struct deadline never = deadline_never();
	int wstatus;

	if (io_read_all(fd, &status, 1, &never) == 1)
		_exit(status);
	if (waitpid(child, &wstatus, 0) == child && WIFEXITED(wstatus) &&
	    WEXITSTATUS(wstatus) != 0)
		_exit(WEXITSTATUS(wstatus));
	_exit(EX_OSERR);
}

int
daemonize_start(struct daemonize *d, struct errmsg *e)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0)
		return errmsg_errno(e, errno, "pipe");
	pid = fork();
	if (pid < 0) {
		io_close(&fds[0]);
		io_close(&fds[1]);
		return errmsg_errno(e, errno, "fork");
	}
	if (pid > 0) {
		io_close(&fds[1]);
		wait_for_report(fds[0], pid);
	}
	io_close(&fds[0]);
	(void)io_set_cloexec(fds[1], true);
	d->report_fd = fds[1];
	(void)setsid();
	(void)umask(FILE_MASK);
	if (chdir("/") != 0)
		return errmsg_errno(e, errno, "chdir /");
	return 0;
}

void
daemonize_foreground(struct daemonize *d)
{
	d->report_fd = -1;
	(void)umask(FILE_MASK);
}

void
daemonize_ready(struct daemonize *d)
{
	int null_fd;

	if (d->report_fd < 0)
		return;
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd >= 0) {
		(void)dup2(null_fd, STDIN_FILENO);
		(void)dup2(null_fd, STDOUT_FILENO);
		(void)dup2(null_fd, STDERR_FILENO);
		if (null_fd > STDERR_FILENO)
			io_close(&null_fd);
	}
	daemonize_failed(d, EX_OK);
}

void
daemonize_failed(struct daemonize *d, int status)
{
	unsigned char byte = (unsigned char)status;
	struct deadline never = deadline_never();

	if (d->report_fd < 0)
		return;
	(void)io_write_all(d->report_fd, &byte, 1, &never);
	io_close(&d->report_fd);
}
