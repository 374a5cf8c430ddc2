/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session READS its request, WRITES the reply, one piece whenever the
 * socket takes some, WAITS where the reply takes its time, and DRAINS what is
 * still on its way before it closes: closing over unread bytes would take the
 * reply from the client.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/log.h"
#include "front/commands.h"
#include "front/control.h"
#include "front/front.h"
#include "front/loop.h"

#define SESSIONS_MAX 16		/* others wait in the backlog */
#define REQUEST_MAX 8192	/* bytes */
#define READ_MSEC 10000		/* for the whole request */
#define WRITE_MSEC 30000	/* without any progress */
#define DRAIN_MSEC 1000
#define CHUNK 4096		/* bytes of one read */
#define ACCEPT_RETRY_MSEC 1000	/* when the system is out of descriptors */
/* A piece, and one line of names of the longest, all of it escaped. */
#define REPLY_MAX (256 * 1024)

struct control {
	struct front *front;
	int fd;
	struct loop_io *io;
	struct loop_timer *retry;
	unsigned sessions;
};

struct session {
	struct control *control;
	int fd;
	uid_t uid;
	struct buf in, out;
	struct command *command;	/* NULL: nothing more to write */
	struct loop_io *io;
	struct loop_timer *timer;
};

static void
session_free(struct session *s)
{
	struct control *c = s->control;

	loop_io_free(s->io);
	loop_timer_free(s->timer);
	command_free(s->command);
	buf_fini(&s->in);
	buf_fini(&s->out);
	io_close(&s->fd);
	free(s);
	c->sessions--;
	loop_io_enable(c->io, 1);
}

static void
on_time_over(void *arg)
{
	session_free(arg);
}

/* From now on wait for this, so long. -1: out of memory, the session is
 * gone. */
static int
await(struct session *s, struct loop_io *io, int64_t msec)
{
	loop_io_free(s->io);
	s->io = io;
	if (io == NULL) {
		session_free(s);
		return -1;
	}
	loop_timer_set(s->timer, msec);
	return 0;
}

/* ---- the end ---------------------------------------------------------- */

static void
on_drain(void *arg, int fd)
{
	unsigned char chunk[CHUNK];
	ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		session_free(arg);
}

static void
see_off(struct session *s)
{
	(void)shutdown(s->fd, SHUT_WR);
	(void)await(s, loop_io_new(s->fd, on_drain, s), DRAIN_MSEC);
}

/* ---- the reply -------------------------------------------------------- */

static void on_writable(void *arg, int fd);

/* The command has its own deadline; who hangs up waits no more. */
static void
wait(struct session *s)
{
	if (await(s, loop_io_new(s->fd, on_drain, s), 0) == 0)
		loop_timer_unset(s->timer);
}

/* From a clean stack: whoever calls this is not done yet. */
static void
on_ready(void *arg)
{
	struct session *s = arg;

	(void)await(s, loop_io_new_write(s->fd, on_writable, s), WRITE_MSEC);
}

/* One piece at most: requests for passwords get their turn between two. */
static void
on_writable(void *arg, int fd)
{
	struct session *s = arg;
	ssize_t n;

	if (buf_len(&s->out) == 0) {
		switch (command_write(s->command, &s->out)) {
		case COMMAND_LAST:
			command_free(s->command);
			s->command = NULL;
			break;
		case COMMAND_MORE:
			break;
		case COMMAND_LATER:
			wait(s);
			return;
		}
	}
	/* A piece of work without a line: the next turn goes on. */
	n = buf_len(&s->out) == 0 ? 0 : send(fd, buf_data(&s->out),
	    buf_len(&s->out), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			session_free(s);
		return;
	}
	buf_consume(&s->out, (size_t)n);
	if (buf_len(&s->out) == 0 && s->command == NULL)
		see_off(s);
	else
		loop_timer_set(s->timer, WRITE_MSEC);
}

/* A short reply is all written when this returns. */
static void
reply(struct session *s)
{
	buf_fini(&s->in);
	if (await(s, loop_io_new_write(s->fd, on_writable, s), WRITE_MSEC)
	    == 0)
		on_writable(s, s->fd);
}

static void
refuse(struct session *s, const char *text)
{
	if (command_error(&s->out, text) == 0)
		reply(s);
	else
		session_free(s);
}

/* ---- the request ------------------------------------------------------ */

enum request { INCOMPLETE, COMPLETE, TOO_LONG };

static enum request
scan(const struct buf *b)
{
	const unsigned char *p = buf_data(b);
	size_t have = buf_len(b), used = 2;
	unsigned words;

	if (have < used)
		return INCOMPLETE;
	words = (unsigned)p[0] << 8 | p[1];
	if (words > COMMAND_WORDS_MAX)
		return TOO_LONG;
	for (; words > 0 && have >= used + 2; words--)
		used += 2 + ((size_t)p[used] << 8 | p[used + 1]);
	if (used + 2 * words > REQUEST_MAX)
		return TOO_LONG;
	return words > 0 || have < used ? INCOMPLETE : COMPLETE;
}

/* -1: a NUL byte in one; *n_r are allocated all the same. */
static int
take_words(struct session *s, char *words[COMMAND_WORDS_MAX], unsigned *n_r,
    struct secret *password)
{
	unsigned left = 0;

	*n_r = 0;
	(void)buf_get_u16(&s->in, &left);
	for (; left > 0; left--) {
		if (left == 1 && *n_r > 0 && command_has_password(words[0]))
			return buf_get_secret(&s->in, REQUEST_MAX, password);
		if (buf_get_str(&s->in, REQUEST_MAX, &words[*n_r]) != 0)
			return -1;
		++*n_r;
	}
	return 0;
}

static void
begin(struct session *s)
{
	const struct command_waker waker = { .fn = on_ready, .arg = s };
	struct secret password = SECRET_INIT;
	char *words[COMMAND_WORDS_MAX];
	unsigned i, n;

	if (take_words(s, words, &n, &password) != 0) {
		for (i = 0; i < n; i++)
			free(words[i]);
		refuse(s, "NUL byte in a word");
		return;
	}
	s->command = command_new(s->control->front, s->uid, words, n,
	    &password, &waker);
	secret_wipe(&password);
	if (s->command != NULL)
		reply(s);
	else
		session_free(s);
}

static void
on_readable(void *arg, int fd)
{
	struct session *s = arg;
	unsigned char chunk[CHUNK];
	size_t room = REQUEST_MAX - buf_len(&s->in);
	ssize_t n;
	int rc;

	n = recv(fd, chunk, room < CHUNK ? room : CHUNK, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	rc = n > 0 ? buf_put(&s->in, chunk, (size_t)n) : -1;
	explicit_bzero(chunk, sizeof(chunk));	/* maybe a password */
	if (rc != 0) {
		session_free(s);
		return;
	}
	switch (scan(&s->in)) {
	case INCOMPLETE:
		break;
	case TOO_LONG:
		refuse(s, "the request is too long");
		break;
	case COMPLETE:
		begin(s);
		break;
	}
}

/* ---- who comes -------------------------------------------------------- */

static void
session_start(struct control *c, int fd)
{
	struct session *s = calloc(1, sizeof(*s));
	struct ucred peer = { 0, (uid_t)-1, (gid_t)-1 };
	socklen_t len = sizeof(peer);

	if (s == NULL) {
		io_close(&fd);
		return;
	}
	c->sessions++;
	s->control = c;
	s->fd = fd;
	buf_init(&s->in, REQUEST_MAX);
	buf_init(&s->out, REPLY_MAX);
	s->timer = loop_timer_new(on_time_over, s);
	if (s->timer == NULL) {
		session_free(s);
		return;
	}
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	s->uid = peer.uid;
	if (peer.uid == 0 || peer.uid == c->front->roles.owner_uid) {
		(void)await(s, loop_io_new(fd, on_readable, s), READ_MSEC);
		return;
	}
	/* The socket's mode keeps others out: somebody has changed it. */
	log_msg(LOG_NOTICE, "control", "uid %ld (pid %ld) is refused: only "
	    "root and uid %ld may ask", (long)peer.uid, (long)peer.pid,
	    (long)c->front->roles.owner_uid);
	refuse(s, "only root and the user that started the daemon may ask");
}

/* The socket stays readable while nobody is taken. */
static void
on_connection(void *arg, int listener)
{
	struct control *c = arg;
	int fd;

	if (c->sessions >= SESSIONS_MAX) {
		loop_io_enable(c->io, 0);
		return;
	}
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		session_start(c, fd);
	} else if (errno != EAGAIN && errno != EINTR &&
	    errno != ECONNABORTED) {
		log_msg(LOG_ERR, "control", "accept: %m");
		loop_io_enable(c->io, 0);
		loop_timer_set(c->retry, ACCEPT_RETRY_MSEC);
	}
}

static void
on_retry(void *arg)
{
	struct control *c = arg;

	loop_io_enable(c->io, 1);
}

struct control *
control_new(struct front *f, int fd)
{
	struct control *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->front = f;
	c->fd = fd;
	if (fd < 0)
		return c;
	c->io = loop_io_new(fd, on_connection, c);
	c->retry = loop_timer_new(on_retry, c);
	if (c->io != NULL && c->retry != NULL)
		return c;
	loop_io_free(c->io);
	loop_timer_free(c->retry);
	io_close(&c->fd);
	free(c);
	return NULL;
}
