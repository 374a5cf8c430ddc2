/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_lookup - a thread for each; see rad_lookup.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io.h"
#include "common/str.h"
#include "mechanisms/rad_lookup.h"
#include "mechanisms/rad_servers.h"

struct rad_lookup {
	atomic_int owners;	/* who asked, and the thread */
	char host[RAD_HOST_SIZE];
	char port[RAD_PORT_SIZE];
	int done[2];		/* a pipe, closed by the thread at its end */
	int code;		/* these two are the thread's until then */
	struct addrinfo *found;
};

void
rad_lookup_free(struct rad_lookup *l)
{
	if (l == NULL || atomic_fetch_sub(&l->owners, 1) > 1)
		return;
	if (l->found != NULL)
		freeaddrinfo(l->found);
	io_close(&l->done[0]);
	io_close(&l->done[1]);
	free(l);
}

static void *
ask(void *arg)
{
	struct rad_lookup *l = arg;
	const struct addrinfo wanted = { .ai_socktype = SOCK_DGRAM,
	    .ai_flags = AI_NUMERICSERV };

	l->code = getaddrinfo(l->host, l->port, &wanted, &l->found);
	if (l->code != 0)
		l->found = NULL;
	io_close(&l->done[1]);
	rad_lookup_free(l);
	return NULL;
}

/* Signals are for those who wait for them. */
static int
start_thread(struct rad_lookup *l)
{
	sigset_t all, before;
	pthread_t thread;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, NULL, ask, l);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return -1;
	(void)pthread_detach(thread);
	return 0;
}

struct rad_lookup *
rad_lookup_start(const char *host, const char *port)
{
	struct rad_lookup *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	atomic_init(&l->owners, 2);
	(void)str_copy(l->host, sizeof(l->host), host);
	(void)str_copy(l->port, sizeof(l->port), port);
	if (pipe2(l->done, O_CLOEXEC) == -1)
		l->done[0] = l->done[1] = -1;
	else if (start_thread(l) == 0)
		return l;
	atomic_store(&l->owners, 1);
	rad_lookup_free(l);
	return NULL;
}

bool
rad_lookup_wait(struct rad_lookup *l, const struct deadline *d, int *code_r,
    const struct addrinfo **found_r)
{
	struct pollfd p = { .fd = l->done[0], .events = POLLIN };
	int ready;

	do
		ready = poll(&p, 1, deadline_poll_msec(d));
	while (ready == -1 && errno == EINTR);
	if (ready <= 0)
		return false;
	*code_r = l->code;
	*found_r = l->found;
	return true;
}
