/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * READING until four strings are there, GRACE while a fifth one is on its
 * way, WAITING for the answer (no event of the client matters then),
 * DRAINING what a chatty client sends behind its request. A call that came
 * whole has no descriptor: it is read at once, and gone when it is answered.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/log.h"
#include "common/wire.h"
#include "front/client.h"
#include "front/front.h"
#include "front/loop.h"
#include "front/metrics.h"
#include "front/request.h"

#define GRACE_MSEC 20		/* for the rest of a fifth string */
#define DRAIN_MSEC 1000
#define DRAIN_BYTES (64 * 1024)
#define READ_CHUNK 16384	/* one read takes nearly every request whole */

enum client_state { READING, GRACE, WAITING, DRAINING };

/* Connections of one uid. */
struct peer {
	TAILQ_ENTRY(peer) link;
	uid_t uid;
	size_t clients;
	size_t waiting;			/* of them, for a backend's answer */
};

struct client {
	TAILQ_ENTRY(client) link;	/* in `incomplete` while READING */
	struct front *front;
	struct generation *generation;	/* it belongs to */
	const struct site_listener *listener;	/* where it came in */
	struct peer *peer;		/* NULL until somebody asks */
	pid_t pid;
	int fd;				/* -1: a call */
	struct client_call call;
	enum client_state state;
	struct buf in;
	struct loop_io *io;		/* NULL until it has to be waited for */
	struct loop_timer *timer;
	size_t drained;
};

struct clients {
	struct front *front;
	size_t count;
	TAILQ_HEAD(, client) incomplete;	/* longest idle first */
	TAILQ_HEAD(, peer) peers;
	unsigned char chunk[READ_CHUNK];	/* wiped after each read */
	const struct client *emptied;	/* its last read left nothing */
};

struct clients *
clients_new(struct front *f)
{
	struct clients *cs = calloc(1, sizeof(*cs));

	if (cs == NULL)
		return NULL;
	cs->front = f;
	TAILQ_INIT(&cs->incomplete);
	TAILQ_INIT(&cs->peers);
	return cs;
}

size_t
clients_count(const struct clients *cs)
{
	return cs->count;
}

/* A handful of uids ever connect; the busiest moves to the front. */
static struct peer *
peer_get(struct clients *cs, uid_t uid)
{
	struct peer *p;

	TAILQ_FOREACH(p, &cs->peers, link)
		if (p->uid == uid)
			break;
	if (p != NULL) {
		TAILQ_REMOVE(&cs->peers, p, link);
	} else {
		p = calloc(1, sizeof(*p));
		if (p == NULL)
			return NULL;
		p->uid = uid;
	}
	TAILQ_INSERT_HEAD(&cs->peers, p, link);
	p->clients++;
	return p;
}

static void
peer_put(struct clients *cs, struct peer *p)
{
	if (p == NULL || --p->clients > 0)
		return;
	TAILQ_REMOVE(&cs->peers, p, link);
	free(p);
}

/* Who is it? Asked where it matters only: what the cache answers at once needs
 * no such system call. Out of memory: as if unknown. */
static void
identify(struct client *c)
{
	struct ucred cred = { 0, (uid_t)-1, (gid_t)-1 };
	socklen_t len = sizeof(cred);

	if (c->peer != NULL)
		return;
	if (c->fd >= 0) {
		(void)getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	} else {
		cred.uid = c->call.uid;
		cred.pid = c->call.pid;
	}
	c->pid = cred.pid;
	c->peer = peer_get(c->front->clients, cred.uid);
	if (c->peer != NULL && c->state == WAITING)
		c->peer->waiting++;
}

static void
leave_incomplete(struct client *c)
{
	if (c->state == READING)
		TAILQ_REMOVE(&c->front->clients->incomplete, c, link);
}

static void
client_free(struct client *c)
{
	struct front *f = c->front;

	leave_incomplete(c);
	loop_io_free(c->io);
	loop_timer_free(c->timer);
	buf_fini(&c->in);
	io_close(&c->fd);
	peer_put(f->clients, c->peer);
	f->clients->count--;
	generation_let_go(c->generation);
	free(c);
	front_client_gone(f);
}

bool
clients_are_full(const struct clients *cs)
{
	return cs->count >= (size_t)cs->front->now->site.settings.clients_max;
}

bool
clients_make_room(struct clients *cs)
{
	struct peer *p, *most = NULL;
	struct client *c;

	TAILQ_FOREACH(p, &cs->peers, link)
		if (most == NULL || p->clients > most->clients)
			most = p;
	TAILQ_FOREACH(c, &cs->incomplete, link)
		if (c->peer == most)
			break;
	if (c == NULL)
		c = TAILQ_FIRST(&cs->incomplete);
	if (c == NULL)
		return false;
	log_msg(LOG_DEBUG, "client", "too many connections: one of uid %ld "
	    "that sent no request yet is closed", (long)c->peer->uid);
	client_free(c);
	return true;
}

void
clients_drop_incomplete(struct clients *cs)
{
	while (!TAILQ_EMPTY(&cs->incomplete))
		client_free(TAILQ_FIRST(&cs->incomplete));
}

const struct site_listener *
client_listener(const struct client *c)
{
	return c->listener;
}

uid_t
client_uid(struct client *c)
{
	identify(c);
	return c->peer != NULL ? c->peer->uid : (uid_t)-1;
}

size_t
client_peer_waiting(struct client *c)
{
	identify(c);
	return c->peer != NULL ? c->peer->waiting : 0;
}

pid_t
client_pid(struct client *c)
{
	identify(c);
	return c->pid;
}

/* ---- after the answer ------------------------------------------------- */

static void
on_drain(void *arg, int fd)
{
	struct client *c = arg;
	unsigned char *chunk = c->front->clients->chunk;
	ssize_t n;

	n = recv(fd, chunk, READ_CHUNK, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		explicit_bzero(chunk, (size_t)n);
		c->drained += (size_t)n;
	}
	if (n <= 0 || c->drained >= DRAIN_BYTES)
		client_free(c);
}

static void
on_drained(void *arg)
{
	client_free(arg);
}

static int
watch(struct client *c, loop_io_fn *fn, loop_timer_fn *end, int64_t msec)
{
	loop_io_free(c->io);
	loop_timer_free(c->timer);
	c->io = loop_io_new(c->fd, fn, c);
	c->timer = loop_timer_new(end, c);
	if (c->io == NULL || c->timer == NULL)
		return -1;
	loop_timer_set(c->timer, msec);
	return 0;
}

/* Not asked of the kernel when the answer follows the read at once. */
static bool
has_unread(const struct client *c)
{
	int unread = 0;

	if (c->fd < 0 || c->front->clients->emptied == c)
		return false;
	return ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0;
}

/* Closing with bytes unread, or under a client that still writes, would
 * break the connection before it has read the reply: then half-close first,
 * and read on for a while. */
static void
see_off(struct client *c)
{
	bool chatty = c->state != WAITING || has_unread(c);

	leave_incomplete(c);
	if (c->state == WAITING && c->peer != NULL)
		c->peer->waiting--;
	c->state = DRAINING;
	if (!chatty || shutdown(c->fd, SHUT_WR) != 0 ||
	    watch(c, on_drain, on_drained, DRAIN_MSEC) != 0)
		client_free(c);
}

static void
send_reply(const struct client *c, const char *text)
{
	unsigned char reply[2 + WIRE_REPLY_MAX];
	size_t len = strlen(text);

	if (len > WIRE_REPLY_MAX)
		len = WIRE_REPLY_MAX;
	reply[0] = (unsigned char)(len >> 8);
	reply[1] = (unsigned char)len;
	memcpy(reply + 2, text, len);
	/* It always fits: nothing else was ever written to this socket. */
	if (send(c->fd, reply, len + 2, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)(len + 2))
		log_msg(LOG_DEBUG, "client", "the client left before its "
		    "answer: %m");
}

void
client_answer(struct client *c, const char *text)
{
	if (c->fd >= 0)
		send_reply(c, text);
	else
		c->call.answer(c->call.arg, text);
	see_off(c);
}

/* ---- the request ------------------------------------------------------ */

/* The protocol's own texts; see reference protocol.md section 4. */
static void
refuse_too_long(struct client *c, enum wire_field field)
{
	const struct wire_limits *l = &c->generation->wire_limits;

	log_msg(LOG_ERR, "do_request", "%s exceeded MAX_REQ_LEN: %zu",
	    wire_field_name(field),
	    field == WIRE_PASSWORD ? l->password_max : l->name_max);
	metrics_count_invalid(c->front->metrics);
	client_answer(c, "NO ");
}

static void
complete(struct client *c)
{
	struct wire_request w;
	enum wire_field field;
	bool surplus = false;

	leave_incomplete(c);
	c->state = WAITING;
	if (c->peer != NULL)
		c->peer->waiting++;
	loop_io_free(c->io);
	loop_timer_free(c->timer);
	c->io = NULL;
	c->timer = NULL;
	switch (wire_decode(&c->in, &c->generation->wire_limits, &w, &surplus,
	    &field)) {
	case WIRE_DECODED:
		if (surplus)
			log_msg(LOG_DEBUG, "client", "bytes behind a request "
			    "were ignored");
		buf_fini(&c->in);
		request_start(c->generation, c, &w);
		break;
	case WIRE_NUL:
		log_msg(LOG_ERR, "do_request", "NUL byte in %s",
		    wire_field_name(field));
		metrics_count_invalid(c->front->metrics);
		client_answer(c, "NO");
		break;
	case WIRE_NO_MEMORY:
		log_msg(LOG_ERR, "do_request", "out of memory");
		client_answer(c, "");
		break;
	}
	wire_request_fini(&w);
}

static void
on_grace_over(void *arg)
{
	complete(arg);
}

enum progress {
	GONE,		/* answered or closed: not ours any more */
	MORE,		/* the four strings are not complete */
	BEGUN		/* they are, and a fifth one has begun */
};

static enum progress
judge(struct client *c)
{
	const struct wire_limits *l = &c->generation->wire_limits;
	const unsigned char *bytes = buf_data(&c->in);
	size_t n = buf_len(&c->in), used;
	enum wire_field field;

	switch (wire_scan(bytes, n, l, &used, &field)) {
	case WIRE_MORE:
		return MORE;
	case WIRE_TOO_LONG:
		refuse_too_long(c, field);
		return GONE;
	case WIRE_COMPLETE:
		break;
	}
	if (n < c->in.max &&
	    wire_scan_fifth(bytes + used, n - used, l) == WIRE_FIFTH_BEGUN)
		return BEGUN;
	complete(c);
	return GONE;
}

/* One read. */
static enum progress
read_some(struct client *c)
{
	struct clients *cs = c->front->clients;
	size_t room = c->in.max - buf_len(&c->in);
	enum progress progress = GONE;
	ssize_t n;
	int rc;

	if (room > READ_CHUNK)
		room = READ_CHUNK;
	n = recv(c->fd, cs->chunk, room, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return c->state == GRACE ? BEGUN : MORE;
	if (n <= 0) {
		if (c->state == GRACE)
			complete(c);
		else
			client_free(c);	/* no reply to half a request */
		return GONE;
	}
	rc = buf_put(&c->in, cs->chunk, (size_t)n);
	explicit_bzero(cs->chunk, (size_t)n);
	if (rc == 0) {
		cs->emptied = (size_t)n < room ? c : NULL;
		progress = judge(c);
		cs->emptied = NULL;
	} else {
		log_msg(LOG_ERR, "do_request", "out of memory");
		client_free(c);
	}
	return progress;
}

static void on_readable(void *arg, int fd);

static void
await_fifth(struct client *c)
{
	leave_incomplete(c);
	c->state = GRACE;
	if (watch(c, on_readable, on_grace_over, GRACE_MSEC) != 0)
		complete(c);
}

static void
on_readable(void *arg, int fd)
{
	struct client *c = arg;

	(void)fd;
	switch (read_some(c)) {
	case GONE:
		break;
	case MORE:
		TAILQ_REMOVE(&c->front->clients->incomplete, c, link);
		TAILQ_INSERT_TAIL(&c->front->clients->incomplete, c, link);
		break;
	case BEGUN:
		if (c->state == READING)
			await_fifth(c);
		break;
	}
}

static void
on_stalled(void *arg)
{
	struct client *c = arg;

	log_msg(LOG_DEBUG, "client", "uid %ld sent no complete request in "
	    "%ld s: closed", (long)c->peer->uid,
	    c->generation->site.settings.client_timeout_sec);
	client_free(c);
}

/* Nearly always the whole request is there already, and neither event nor
 * timer is needed. */
static void
first_read(struct client *c)
{
	long timeout_sec = c->generation->site.settings.client_timeout_sec;

	switch (read_some(c)) {
	case GONE:
		break;
	case MORE:
		identify(c);
		if (c->peer == NULL || watch(c, on_readable, on_stalled,
		    timeout_sec * 1000) != 0)
			client_free(c);
		break;
	case BEGUN:
		await_fifth(c);
		break;
	}
}

static size_t
request_bytes_max(const struct wire_limits *l)
{
	return WIRE_FIELDS * 2 + (WIRE_FIELDS - 1) * l->name_max +
	    l->password_max;
}

static struct client *
client_new(struct generation *g, const struct site_listener *l, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	struct clients *cs = g->front->clients;

	if (c == NULL)
		return NULL;
	c->front = g->front;
	c->generation = g;
	c->listener = l;
	c->fd = fd;
	generation_hold(g);
	cs->count++;
	buf_init(&c->in, request_bytes_max(&g->wire_limits));
	TAILQ_INSERT_TAIL(&cs->incomplete, c, link);
	return c;
}

void
client_start(struct generation *g, const struct site_listener *l, int fd)
{
	struct client *c = client_new(g, l, fd);

	if (c != NULL)
		first_read(c);
	else
		io_close(&fd);
}

void
client_start_call(struct generation *g, const struct site_listener *l,
    struct client_call *call)
{
	struct client *c = client_new(g, l, -1);

	if (c == NULL) {
		buf_fini(&call->request);
		call->answer(call->arg, "");
		return;
	}
	c->in = call->request;
	c->call = *call;
	buf_init(&call->request, 0);
	switch (judge(c)) {
	case GONE:
		break;
	case MORE:
		log_msg(LOG_ERR, "do_request", "Bad data");
		metrics_count_invalid(c->front->metrics);
		client_answer(c, "NO ");
		break;
	case BEGUN:
		complete(c);
		break;
	}
}
