/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door_caller - a client of a door, on a thread of its own.
 */
#include "config.h"

#include <door.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/door_caller.h"
#include "tests/unit/unit.h"

#define REPLY_SIZE 1024		/* libsasl2's buffer */

struct door_caller {
	pthread_t thread;
	int fd;
	char *bytes;
	size_t n;
	char reply[REPLY_SIZE];
	const char *outcome;
	atomic_bool done;
};

static void *
call(void *arg)
{
	struct door_caller *c = arg;
	door_arg_t a = { .data_ptr = c->bytes, .data_size = c->n,
	    .rbuf = c->reply, .rsize = sizeof(c->reply) };

	if (door_call(c->fd, &a) != 0) {
		c->outcome = "failed";
	} else if (a.data_size >= sizeof(c->reply)) {
		c->outcome = "outage";
	} else {
		c->reply[a.data_size] = '\0';
		c->outcome = c->reply;
	}
	if (a.rbuf != c->reply)
		(void)munmap(a.rbuf, a.rsize);
	c->done = true;
	return NULL;
}

struct door_caller *
door_caller_start(const char *path, const void *bytes, size_t n)
{
	struct door_caller *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(c->fd >= 0);
	c->bytes = malloc(n + 1);
	assert_non_null(c->bytes);
	if (n > 0)
		memcpy(c->bytes, bytes, n);
	c->n = n;
	assert_int_equal(pthread_create(&c->thread, NULL, call, c), 0);
	return c;
}

bool
door_caller_is_done(const struct door_caller *c)
{
	return c->done;
}

const char *
door_caller_reply(struct door_caller *c)
{
	static char reply[REPLY_SIZE];

	assert_int_equal(pthread_join(c->thread, NULL), 0);
	memmove(reply, c->outcome, strlen(c->outcome) + 1);
	(void)close(c->fd);
	free(c->bytes);
	free(c);
	return reply;
}
