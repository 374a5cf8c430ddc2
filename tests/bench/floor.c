/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * floor - the least that any answer can cost: one process, one epoll(7) set,
 * accept, read, write "OK", close. It looks at nothing it reads, has no
 * limits and no protection, and serves as the yardstick for daemons that
 * must do more.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS 64		/* taken from epoll_wait(2) at a time */
#define REQUEST_MAX 16384

static const char answer[] = { 0, 2, 'O', 'K' };

static int set;			/* of epoll(7) */

/* Nothing to read yet? Then wait for it, once. */
static void serve(int fd, int first)
{
	char request[REQUEST_MAX];
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };
	ssize_t n = recv(fd, request, sizeof(request), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN) {
		if (!first || epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev) == 0)
			return;
	}
	if (n > 0 && send(fd, answer, sizeof(answer),
	    MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		perror("floor: send");
	close(fd);
}

/* One for each event: accept(2) makes the new socket before it finds that
 * nobody waits, so that to look in vain is dear. */
static void accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		serve(fd, 1);
}

static int listen_at(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);

	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path));
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    listen(fd, SOMAXCONN) != 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct epoll_event ev = { .events = EPOLLIN };
	int listener, i, n;

	if (argc != 2) {
		fprintf(stderr, "usage: floor SOCKET\n");
		return 64;
	}
	listener = listen_at(argv[1]);
	set = epoll_create1(EPOLL_CLOEXEC);
	ev.data.fd = listener;
	if (listener < 0 || set < 0 ||
	    epoll_ctl(set, EPOLL_CTL_ADD, listener, &ev) != 0) {
		perror("floor");
		return 1;
	}
	for (;;) {
		n = epoll_wait(set, events, EVENTS, -1);
		for (i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				accept_one(listener);
			else
				serve(events[i].data.fd, 0);
	}
}
