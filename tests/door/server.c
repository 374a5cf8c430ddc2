/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door emulation's threads: one at a time waits at all doors; whoever is
 * called lets the next one wait, and asks for another thread when he was the
 * last idle one.
 */
#include "config.h"

#include <door.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/door/door_at.h"

#define DOORS_MAX 64
#define BACKLOG 4096
#define ARGUMENT_MAX (1024 * 1024)

struct door {
	int fd;			/* -1: there is none */
	door_server_procedure_t *procedure;
	void *cookie;
};

struct ucred_of_caller {
	struct ucred who;
	int group_count;	/* -1: unknown */
	gid_t groups[];
};

/* What a thread does. */
struct serving {
	bool pooled;		/* it waits for calls, or serves one */
	jmp_buf base;
	int call;		/* the connection; -1: none */
	char *argument;
	size_t size;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct door doors[DOORS_MAX];
static size_t door_count;	/* ever used */
static size_t idle;		/* threads */
static bool begun;		/* a first thread was asked for */
static int changed[2] = { -1, -1 };	/* a pipe: look at the doors anew */
static door_server_func_t *create_thread;

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end;	/* of a thread in the middle of a call */
static _Thread_local struct serving serving = { .call = -1 };

static int
fail(int errnum)
{
	errno = errnum;
	return -1;
}

/* ---- doors ------------------------------------------------------------ */

static void
tell_change(void)
{
	ssize_t n = write(changed[1], "", 1);

	(void)n;		/* full: it is told already */
}

/* bind(2) with no name makes one up; see unix(7). */
static int
listening(void)
{
	const sa_family_t family = AF_UNIX;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)
	    &family, sizeof(family)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static int
add(const struct door *d)
{
	size_t i = 0;

	while (i < door_count && doors[i].fd >= 0)
		i++;
	if (i == DOORS_MAX)
		return fail(EMFILE);
	doors[i] = *d;
	if (i == door_count)
		door_count++;
	tell_change();
	return 0;
}

door_server_func_t *
door_server_create(door_server_func_t *create)
{
	door_server_func_t *before = create_thread;

	create_thread = create;
	return before;
}

int
door_create(door_server_procedure_t *procedure, void *cookie,
    unsigned int attributes)
{
	const struct door d = { listening(), procedure, cookie };
	bool first;
	int rc = -1;

	(void)attributes;
	(void)pthread_mutex_lock(&lock);
	if (d.fd >= 0 && (changed[0] >= 0 ||
	    pipe2(changed, O_CLOEXEC | O_NONBLOCK) == 0))
		rc = add(&d);
	first = rc == 0 && !begun;
	begun = begun || first;
	(void)pthread_mutex_unlock(&lock);
	if (rc != 0 && d.fd >= 0)
		(void)close(d.fd);
	if (first && create_thread != NULL)
		create_thread(NULL);
	return rc == 0 ? d.fd : -1;
}

int
door_revoke(int fd)
{
	size_t i = 0;
	int rc = 0;

	(void)pthread_mutex_lock(&lock);
	while (i < door_count && doors[i].fd != fd)
		i++;
	if (fd < 0 || i == door_count)
		rc = fail(EBADF);
	else
		doors[i].fd = -1;
	if (rc == 0) {
		(void)shutdown(fd, SHUT_RDWR);
		(void)close(fd);
		tell_change();
	}
	(void)pthread_mutex_unlock(&lock);
	return rc;
}

/* ---- a call comes ----------------------------------------------------- */

static size_t
list_doors(struct pollfd *fds)
{
	size_t i, n = 0;

	fds[n++] = (struct pollfd){ changed[0], POLLIN, 0 };
	for (i = 0; i < door_count; i++)
		if (doors[i].fd >= 0)
			fds[n++] = (struct pollfd){ doors[i].fd, POLLIN, 0 };
	return n;
}

/* The next call that waits; the door it came to. -1: none any more. */
static int
accept_call(struct door *door_r)
{
	size_t i;
	int call = -1;

	for (i = 0; i < door_count && call < 0; i++) {
		if (doors[i].fd < 0)
			continue;
		call = accept4(doors[i].fd, NULL, NULL, SOCK_CLOEXEC);
		*door_r = doors[i];
	}
	return call;
}

static int
wait_for_call(struct door *door_r)
{
	struct pollfd fds[DOORS_MAX + 1];
	char bytes[64];
	size_t n;
	int call;

	(void)pthread_mutex_lock(&turn);
	do {
		(void)pthread_mutex_lock(&lock);
		while (read(changed[0], bytes, sizeof(bytes)) > 0)
			;
		n = list_doors(fds);
		(void)pthread_mutex_unlock(&lock);
		(void)poll(fds, n, -1);
		(void)pthread_mutex_lock(&lock);
		call = accept_call(door_r);
		(void)pthread_mutex_unlock(&lock);
	} while (call < 0);
	(void)pthread_mutex_unlock(&turn);
	return call;
}

/* False: the caller is gone. */
static bool
read_argument(void)
{
	door_size_t size;

	if (recv(serving.call, &size, sizeof(size), MSG_WAITALL) !=
	    sizeof(size) || size > ARGUMENT_MAX)
		return false;
	serving.argument = malloc(size + 1);
	if (serving.argument == NULL)
		return false;
	serving.size = size;
	return size == 0 || recv(serving.call, serving.argument, size,
	    MSG_WAITALL) == (ssize_t)size;
}

static void
end_call(void)
{
	if (serving.argument != NULL)
		explicit_bzero(serving.argument, serving.size);
	free(serving.argument);
	serving.argument = NULL;
	if (serving.call >= 0)
		(void)close(serving.call);
	serving.call = -1;
}

static void
serve_one(void)
{
	struct door door;
	bool last;

	(void)pthread_mutex_lock(&lock);
	idle++;
	(void)pthread_mutex_unlock(&lock);
	serving.call = wait_for_call(&door);
	(void)pthread_mutex_lock(&lock);
	last = --idle == 0;
	(void)pthread_mutex_unlock(&lock);
	if (last && create_thread != NULL)
		create_thread(NULL);
	if (read_argument())
		door.procedure(door.cookie, serving.size > 0 ?
		    serving.argument : NULL, serving.size, NULL, 0);
	end_call();
}

/* ---- what a thread does ----------------------------------------------- */

/* All callers read as long as they live; one that is gone hears nothing. */
static void
reply(const char *data, size_t size)
{
	door_size_t head = size;

	if (send(serving.call, &head, sizeof(head), MSG_NOSIGNAL) ==
	    sizeof(head) && size > 0)
		(void)send(serving.call, data, size, MSG_NOSIGNAL);
}

static void
on_thread_end(void *arg)
{
	(void)arg;
	end_call();
}

static void
make_key(void)
{
	(void)pthread_key_create(&at_end, on_thread_end);
}

int
door_return(char *data, size_t size, door_desc_t *dp, unsigned int n_desc)
{
	(void)dp;
	(void)n_desc;
	if (serving.pooled) {
		if (serving.call >= 0)
			reply(data, size);
		longjmp(serving.base, 1);
	}
	serving.pooled = true;
	(void)pthread_once(&once, make_key);
	(void)pthread_setspecific(at_end, &serving);
	(void)setjmp(serving.base);
	for (;;) {
		end_call();
		serve_one();
	}
}

/* ---- who calls -------------------------------------------------------- */

int
door_ucred(ucred_t **info)
{
	socklen_t who_len = sizeof(struct ucred), len = 0;
	ucred_t *uc;

	if (serving.call < 0)
		return fail(EINVAL);
	/* Fails, and says how much room they need; see socket(7). */
	(void)getsockopt(serving.call, SOL_SOCKET, SO_PEERGROUPS, NULL, &len);
	uc = calloc(1, sizeof(*uc) + len);
	if (uc == NULL)
		return -1;
	if (getsockopt(serving.call, SOL_SOCKET, SO_PEERCRED, &uc->who,
	    &who_len) != 0) {
		free(uc);
		return -1;
	}
	uc->group_count = getsockopt(serving.call, SOL_SOCKET, SO_PEERGROUPS,
	    uc->groups, &len) == 0 ? (int)(len / sizeof(gid_t)) : -1;
	*info = uc;
	return 0;
}

void
ucred_free(ucred_t *uc)
{
	free(uc);
}

pid_t
ucred_getpid(const ucred_t *uc)
{
	return uc->who.pid;
}

uid_t
ucred_geteuid(const ucred_t *uc)
{
	return uc->who.uid;
}

gid_t
ucred_getegid(const ucred_t *uc)
{
	return uc->who.gid;
}

int
ucred_getgroups(const ucred_t *uc, const gid_t **groups)
{
	*groups = uc->groups;
	return uc->group_count;
}
