/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "common/log.h"
#include "saslauthd/listen_file.h"

bool
listen_file_answers(const char *path)
{
	return socket_file_answers(path);
}

bool
listen_file_is_held(const char *path)
{
	return socket_file_is_held(path);
}

bool
listen_file_may_replace(const char *path)
{
	return socket_file_may_replace(path);
}

mode_t
listen_file_mode(mode_t configured)
{
	return configured;
}

/* unix(7): to connect takes the right to write. */
bool
listen_file_is_open(mode_t mode)
{
	return (mode & S_IWOTH) != 0;
}

int
listen_file_open(struct socket_file *s, const struct socket_file_plan *plan,
    struct errmsg *e)
{
	return socket_file_open(s, plan, e);
}

int
listen_file_adopt(struct socket_file *s, int fd, const char *path,
    struct errmsg *e)
{
	return socket_file_adopt(s, fd, path, e);
}

void
listen_file_remove(struct socket_file *s)
{
	socket_file_remove(s);
}

void
listen_file_close(struct socket_file *s)
{
	socket_file_close(s);
}

bool
listen_file_takes_doors(void)
{
	return false;
}

int
listen_file_attach(struct socket_file *s, int door, struct errmsg *e)
{
	(void)door;
	return errmsg_set(e, "BUG: a door for the socket %s", s->path);
}

void
listen_file_announce(const struct socket_file *s)
{
	log_msg(LOG_INFO, "ipc_init", "listening on socket: %s", s->path);
}
