/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_client - ask a running daemon through RUNDIR/control.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/str.h"
#include "tools/control_client.h"

#define REQUEST_MAX 8192	/* what the daemon takes */
/* A line holds five names of 4 KiB, each byte six when escaped, or a chunk
 * of text. */
#define LINE_MAX_BYTES (256 * 1024)
#define KIND_BYTES "abcdefghijklmnopqrstuvwxyz_"
#define READ_PIECE 16384
#define MSEC_PER_SEC 1000
#define USEC_PER_MSEC 1000

static int
socket_path(const struct control_server *s, const char *name,
    char path[PATH_MAX])
{
	return str_format(path, PATH_MAX, "%s/%s", s->run_dir, name);
}

static int
connect_to(const struct control_server *s, const char *name, int *errnum_r)
{
	struct deadline d = deadline_in_msec(s->timeout_msec);
	char path[PATH_MAX];

	if (socket_path(s, name, path) == -1) {
		*errnum_r = ENAMETOOLONG;
		return -1;
	}
	return io_unix_connect(path, &d, errnum_r, NULL);
}

bool
control_listening(const struct control_server *server)
{
	int errnum, fd = connect_to(server, "control", &errnum);
	bool listening = fd != -1 || (errnum != ENOENT &&
	    errnum != ECONNREFUSED);

	io_close(&fd);
	return listening;
}

static bool
serves(const struct control_server *s, const char *name)
{
	int errnum, fd = connect_to(s, name, &errnum);
	bool answers = fd != -1;

	io_close(&fd);
	return answers;
}

/* Why there is no control socket, or only what another daemon left of it. */
static enum control_outcome
explain_absence(const struct control_server *s, struct errmsg *e)
{
	struct stat st;
	int errnum, fd;

	if (stat(s->run_dir, &st) == -1) {
		errmsg_set(e, "There is no directory %s: saslauthd is not "
		    "running, or -m has to name another run directory.",
		    s->run_dir);
		return CONTROL_DOWN;
	}
	fd = connect_to(s, "mux", &errnum);
	if (fd == -1) {
		errmsg_set(e, "saslauthd is not running in %s: start it, or "
		    "name its run directory with -m.", s->run_dir);
		return CONTROL_DOWN;
	}
	io_close(&fd);
	errmsg_set(e, "A daemon without a control socket serves %s/mux: it "
	    "is another saslauthd or an older one; restart it with this "
	    "version.", s->run_dir);
	return CONTROL_ERROR;
}

static enum control_outcome
explain_connect(const struct control_server *s, int errnum, struct errmsg *e)
{
	if (errnum == ENOENT || (errnum == ECONNREFUSED && serves(s, "mux")))
		return explain_absence(s, e);
	if (errnum == ECONNREFUSED) {
		errmsg_set(e, "Nothing listens on %s/control any more: "
		    "saslauthd was killed; start it again.", s->run_dir);
		return CONTROL_DOWN;
	}
	if (errnum == EACCES || errnum == EPERM) {
		errmsg_set(e, "No permission to use %s/control: run this as "
		    "root, or as the user that started saslauthd.",
		    s->run_dir);
		return CONTROL_DENIED;
	}
	if (errnum == ETIMEDOUT) {
		errmsg_set(e, "saslauthd does not accept on %s/control: look "
		    "at its log and restart it.", s->run_dir);
		return CONTROL_SILENT;
	}
	errmsg_errno(e, errnum, "%s/control", s->run_dir);
	return CONTROL_ERROR;
}

static int
encode(struct buf *request, const char *const *words, size_t count)
{
	size_t i;

	if (buf_put_u16(request, (unsigned)count) == -1)
		return -1;
	for (i = 0; i < count; i++)
		if (buf_put_str(request, words[i]) == -1)
			return -1;
	return 0;
}

static enum control_outcome
send_request(const struct control_server *s, int fd,
    const char *const *words, size_t count, struct errmsg *e)
{
	struct deadline d = deadline_in_msec(s->timeout_msec);
	enum control_outcome outcome = CONTROL_DONE;
	struct buf request;

	buf_init(&request, REQUEST_MAX);
	if (encode(&request, words, count) == -1) {
		errmsg_set(e, "The arguments are longer than %d bytes "
		    "together.", REQUEST_MAX);
		outcome = CONTROL_ERROR;
	} else if (io_write_all(fd, buf_data(&request), buf_len(&request),
	    &d) == -1 && errno != EPIPE && errno != ECONNRESET) {
		/* Who closes early may have said why: that is read next. */
		errmsg_errno(e, errno, "%s/control", s->run_dir);
		outcome = CONTROL_ERROR;
	}
	buf_fini(&request);
	return outcome;
}

/* A reply on its way. */
struct reading {
	const struct control_server *server;
	int fd;
	struct buf in;
	size_t lines;
	bool ended;		/* its last line is there */
	control_line_fn *on_line;
	void *arg;
};

static enum control_outcome
garbage(const struct reading *rd, const char *what, struct errmsg *e)
{
	errmsg_set(e, "The reply of %s/control cannot be understood (line "
	    "%zu: %s): is it a saslauthd of this version?",
	    rd->server->run_dir, rd->lines, what);
	return CONTROL_GARBAGE;
}

static enum control_outcome
take_parsed(struct reading *rd, struct json_line *line, struct errmsg *e)
{
	const char *kind = json_line_str(line, "kind");

	if (rd->ended)
		return garbage(rd, "behind the end", e);
	if (kind[0] == '\0' || kind[strspn(kind, KIND_BYTES)] != '\0')
		return garbage(rd, "it has no kind", e);
	if (strcmp(kind, "error") == 0) {
		errmsg_set(e, "saslauthd says: %s",
		    json_line_str(line, "text"));
		return CONTROL_ERROR;
	}
	if (strcmp(kind, "end") == 0)
		rd->ended = true;
	else if (!rd->on_line(line, rd->arg)) {
		errmsg_set(e, "out of memory");
		return CONTROL_ERROR;
	}
	return CONTROL_DONE;
}

static enum control_outcome
take_line(struct reading *rd, const char *bytes, size_t n, struct errmsg *e)
{
	struct errmsg why = ERRMSG_INIT;
	enum control_outcome outcome;
	struct json_line line;

	rd->lines++;
	if (json_line_parse(bytes, n, &line, &why) == -1)
		return garbage(rd, why.text, e);
	outcome = take_parsed(rd, &line, e);
	json_line_fini(&line);
	return outcome;
}

/* Every whole line that has come. */
static enum control_outcome
take_lines(struct reading *rd, struct errmsg *e)
{
	enum control_outcome outcome = CONTROL_DONE;
	const char *begin, *end;
	size_t n;

	while (outcome == CONTROL_DONE && buf_len(&rd->in) > 0) {
		begin = (const char *)buf_data(&rd->in);
		end = memchr(begin, '\n', buf_len(&rd->in));
		if (end == NULL)
			break;
		n = (size_t)(end - begin);
		outcome = take_line(rd, begin, n, e);
		buf_consume(&rd->in, n + 1);
	}
	return outcome;
}

static enum control_outcome
explain_end_of_file(const struct reading *rd, struct errmsg *e)
{
	if (rd->ended && buf_len(&rd->in) == 0)
		return CONTROL_DONE;
	if (rd->lines > 0 || buf_len(&rd->in) > 0)
		return garbage(rd, "it was cut short", e);
	errmsg_set(e, "saslauthd closed %s/control without an answer: it "
	    "serves only root and the user that started it, and few at a "
	    "time.", rd->server->run_dir);
	return CONTROL_DENIED;
}

/* One read(2), which SO_RCVTIMEO bounds. 1: more may come, 0: end of file,
 * -1: error. */
static ssize_t
read_piece(struct reading *rd)
{
	unsigned char *room = buf_room(&rd->in, READ_PIECE);
	ssize_t n;

	if (room == NULL) {
		errno = EMSGSIZE;
		return -1;
	}
	do
		n = read(rd->fd, room, READ_PIECE);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		buf_added(&rd->in, (size_t)n);
	/* What it closed on without reading all of the request. */
	return n == -1 && errno == ECONNRESET ? 0 : n;
}

static enum control_outcome
read_reply(struct reading *rd, struct errmsg *e)
{
	enum control_outcome outcome = CONTROL_DONE;
	ssize_t n;

	while (outcome == CONTROL_DONE) {
		n = read_piece(rd);
		if (n == 0)
			return explain_end_of_file(rd, e);
		if (n > 0) {
			outcome = take_lines(rd, e);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			errmsg_set(e, "saslauthd does not answer on "
			    "%s/control within %d seconds: look at its log "
			    "and restart it.", rd->server->run_dir,
			    rd->server->timeout_msec / MSEC_PER_SEC);
			outcome = CONTROL_SILENT;
		} else {
			outcome = garbage(rd, strerror(errno), e);
		}
	}
	return outcome;
}

enum control_outcome
control_ask(const struct control_server *server, const char *const *words,
    size_t count, control_line_fn *on_line, void *arg, struct errmsg *e)
{
	struct reading rd = { .server = server, .on_line = on_line,
	    .arg = arg };
	struct timeval limit = {
		.tv_sec = server->timeout_msec / MSEC_PER_SEC,
		.tv_usec = server->timeout_msec % MSEC_PER_SEC *
		    USEC_PER_MSEC
	};
	enum control_outcome outcome;
	int errnum = 0;

	rd.fd = connect_to(server, "control", &errnum);
	if (rd.fd == -1)
		return explain_connect(server, errnum, e);
	(void)setsockopt(rd.fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit));
	buf_init(&rd.in, LINE_MAX_BYTES);
	outcome = send_request(server, rd.fd, words, count, e);
	if (outcome == CONTROL_DONE)
		outcome = read_reply(&rd, e);
	buf_fini(&rd.in);
	io_close(&rd.fd);
	return outcome;
}

static bool
keep_line(struct json_line *line, void *arg)
{
	struct control_reply *r = arg;
	struct json_line *more;
	size_t room;

	if (r->count == r->room) {
		room = r->room == 0 ? 16 : 2 * r->room;
		more = reallocarray(r->lines, room, sizeof(*more));
		if (more == NULL)
			return false;
		r->lines = more;
		r->room = room;
	}
	r->lines[r->count++] = *line;
	line->text = NULL;	/* ours now */
	return true;
}

enum control_outcome
control_collect(const struct control_server *server,
    const char *const *words, size_t count, struct control_reply *r_r,
    struct errmsg *e)
{
	enum control_outcome outcome;

	memset(r_r, 0, sizeof(*r_r));
	outcome = control_ask(server, words, count, keep_line, r_r, e);
	if (outcome != CONTROL_DONE)
		control_reply_fini(r_r);
	return outcome;
}

void
control_reply_fini(struct control_reply *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		json_line_fini(&r->lines[i]);
	free(r->lines);
	memset(r, 0, sizeof(*r));
}

const struct json_line *
control_next(const struct control_reply *r, const char *kind,
    const struct json_line *after)
{
	const struct json_line *l = after == NULL ? r->lines : after + 1;

	for (; r->count > 0 && l < r->lines + r->count; l++)
		if (strcmp(json_line_str(l, "kind"), kind) == 0)
			return l;
	return NULL;
}

int64_t
control_lookups(const struct json_line *cache)
{
	static const char *const outcomes[] = { "hits", "misses", "others",
	    "stales", "refused" };
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		sum += json_line_int(cache, outcomes[i]);
	return sum;
}
