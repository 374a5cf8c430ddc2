/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log - lines to syslog (facility auth) and, in the foreground, to stderr.
 *
 * The datagram has the form that syslog(3) gives to the local log socket:
 * RFC 3164 section 4.1 without the host name.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/deadline.h"
#include "common/io.h"
#include "common/log.h"
#include "common/str.h"

#define IDENT_SIZE 32		/* bytes with NUL */
#define FUNC_WIDTH 16		/* of the classic daemon's lines */
#define CUT_MARK "..."
#define CUT_MARK_LEN 3
#define HEAD_MAX 128		/* priority, time, ident, pid */
#define STDERR_NAME "saslauthd"
#define REOPEN_MSEC 1000	/* between tries to reach a syslog server */

static struct {
	char ident[IDENT_SIZE];
	bool to_stderr;
	bool verbose;
	bool borrowed;		/* the descriptor is somebody else's */
	int fd;			/* -1: none, or broken */
	void (*broken)(void);	/* borrowed: asks for another one */
	int64_t next_try_msec;	/* not borrowed: when to open one again */
	uint64_t lost;		/* since the start */
	uint64_t untold;	/* of these, not yet told about */
	struct buf kept;	/* counted datagrams; max 0: none is kept */
	void (*pending)(void);	/* the first one is kept */
} state = { .ident = STDERR_NAME, .fd = -1 };

static void
set_common(const char *ident, bool to_stderr, bool verbose)
{
	(void)snprintf(state.ident, sizeof(state.ident), "%s", ident);
	state.to_stderr = to_stderr;
	state.verbose = verbose;
	tzset();	/* while /etc/localtime is there: chroot(2) follows */
}

void
log_open(const char *ident, bool to_stderr, bool verbose)
{
	set_common(ident, to_stderr, verbose);
	log_close();
	/* For libraries and modules that call syslog(3) themselves. */
	openlog(state.ident, LOG_PID, LOG_AUTH);
}

void
log_open_fd(const char *ident, bool to_stderr, bool verbose, int fd,
    void (*broken)(void))
{
	set_common(ident, to_stderr, verbose);
	log_close();
	state.borrowed = true;
	state.broken = broken;
	log_set_fd(fd);
}

void
log_close(void)
{
	closelog();
	if (!state.borrowed)
		io_close(&state.fd);
	state.fd = -1;
	state.borrowed = false;
	state.broken = NULL;
	state.next_try_msec = 0;
	buf_fini(&state.kept);
	state.kept.max = 0;
}

uint64_t
log_lost(void)
{
	return state.lost;
}

bool
log_is_verbose(void)
{
	return state.verbose;
}

void
log_set_verbose(bool verbose)
{
	state.verbose = verbose;
}

int
log_socket_open(void)
{
	struct sockaddr_un to;
	int fd;

	memset(&to, 0, sizeof(to));
	to.sun_family = AF_UNIX;
	if (str_copy(to.sun_path, sizeof(to.sun_path), _PATH_LOG) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == -1)
		io_close(&fd);
	return fd;
}

/* Is it worth sending to this socket again after such an error? */
static bool
passing(int errnum)
{
	return errnum == EAGAIN || errnum == EWOULDBLOCK ||
	    errnum == ENOBUFS || errnum == ENOMEM || errnum == EMSGSIZE;
}

/* "<PRI>Mmm dd hh:mm:ss ident[pid]: "; English whatever the locale. */
static int
format_head(char *to, size_t size, int priority)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = time(NULL);
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	(void)localtime_r(&now, &tm);
	return snprintf(to, size, "<%d>%.3s %2d %02d:%02d:%02d %s[%ld]: ",
	    LOG_AUTH | priority, months + 3 * tm.tm_mon, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, state.ident, (long)getpid());
}

/* A restarted syslog server has a new socket: look for it, but not for each
 * of a thousand lines. */
static void
reopen_own(void)
{
	int64_t now = deadline_now_msec();

	if (state.borrowed || state.fd != -1 || now < state.next_try_msec)
		return;
	state.fd = log_socket_open();
	state.next_try_msec = now + REOPEN_MSEC;
}

static void
give_up_fd(void)
{
	int fd = state.fd;

	/* First, so that a line logged by `broken` comes no further. */
	state.fd = -1;
	if (!state.borrowed)
		io_close(&fd);
	else if (state.broken != NULL)
		state.broken();
}

static bool
send_datagram(const char *bytes, size_t len)
{
	ssize_t n;

	do
		n = send(state.fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n >= 0)
		return true;
	if (!passing(errno))
		give_up_fd();
	return false;
}

void
log_keep(size_t bytes, void (*pending)(void))
{
	buf_init(&state.kept, bytes);
	state.pending = pending;
}

bool
log_flush(void)
{
	struct buf *kept = &state.kept;
	const unsigned char *head;
	size_t len;

	while (state.fd != -1 && buf_len(kept) > 0) {
		head = buf_data(kept);
		len = (size_t)head[0] << 8 | head[1];
		if (!send_datagram((const char *)head + 2, len))
			break;
		buf_consume(kept, 2 + len);
	}
	return buf_len(kept) > 0;
}

/* Behind those that wait already. */
static int
send_or_keep(const char *bytes, size_t len)
{
	bool first;

	if (!log_flush() && state.fd != -1 && send_datagram(bytes, len))
		return 0;
	first = buf_len(&state.kept) == 0;
	if (buf_put_counted(&state.kept, bytes, len) == -1)
		return -1;
	if (first)
		state.pending();
	return 0;
}

/* Returns 0, or -1 when the datagram is lost. */
static int
send_direct(int priority, const char *line, size_t len)
{
	char datagram[HEAD_MAX + LOG_LINE_MAX];
	int head;

	head = format_head(datagram, HEAD_MAX, priority);
	memcpy(datagram + head, line, len);
	len += (size_t)head;
	if (state.kept.max > 0)
		return send_or_keep(datagram, len);
	reopen_own();
	if (state.fd == -1)
		return -1;
	if (send_datagram(datagram, len))
		return 0;
	/* Perhaps only the old socket is dead. */
	if (state.fd != -1)
		return -1;
	reopen_own();
	return state.fd != -1 && send_datagram(datagram, len) ? 0 : -1;
}

/* Tell about lines lost earlier; -1 while that cannot be sent either. */
static int
tell_losses(void)
{
	char line[LOG_LINE_MAX];
	int n;

	if (state.untold == 0)
		return 0;
	n = snprintf(line, sizeof(line), "%-*s: %llu log lines were lost",
	    FUNC_WIDTH, "log_msg", (unsigned long long)state.untold);
	if (send_direct(LOG_WARNING, line, (size_t)n) == -1)
		return -1;
	state.untold = 0;
	return 0;
}

void
log_set_fd(int fd)
{
	int saved = errno;

	state.fd = fd;
	(void)log_flush();
	(void)tell_losses();
	errno = saved;
}

/* A reader of stderr that has fallen asleep must not stop the process that
 * may not block: less than PIPE_BUF is taken at once or not at all. */
static bool
print_stderr(const char *line, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT,
	    .revents = 0 };
	char out[HEAD_MAX + LOG_LINE_MAX];
	size_t n;

	if (poll(&p, 1, 0) != 1)
		return false;
	n = (size_t)snprintf(out, HEAD_MAX, "%s[%ld] :", STDERR_NAME,
	    (long)getpid());
	memcpy(out + n, line, len);
	n += len;
	out[n++] = '\n';
	return write(STDERR_FILENO, out, n) == (ssize_t)n;
}

/* Cut at the limit, never inside a UTF-8 sequence; returns the length. */
static size_t
cut_line(char *line, size_t len)
{
	size_t end = LOG_LINE_MAX - CUT_MARK_LEN;

	if (len <= LOG_LINE_MAX)
		return len;
	while (end > 0 && ((unsigned char)line[end] & 0xc0) == 0x80)
		end--;
	memcpy(line + end, CUT_MARK, CUT_MARK_LEN + 1);
	return end + CUT_MARK_LEN;
}

static size_t format_line(char *line, size_t size, const char *func,
    const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

/* One line of at most LOG_LINE_MAX bytes without control characters. */
static size_t
format_line(char *line, size_t size, const char *func, const char *fmt,
    va_list ap)
{
	int head, text;
	size_t len, i;

	head = snprintf(line, size, "%-*s: ", FUNC_WIDTH, func);
	if (head < 0 || (size_t)head >= size)
		head = 0;
	text = vsnprintf(line + head, size - (size_t)head, fmt, ap);
	len = (size_t)head + (text < 0 ? 0 : (size_t)text);
	if (len > size - 1)
		len = size - 1;
	len = cut_line(line, len);
	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	return len;
}

void
log_msg(int priority, const char *func, const char *fmt, ...)
{
	/* One byte more than a line may have shows that it was longer. */
	char line[LOG_LINE_MAX + 2];
	int saved = errno;
	bool printed;
	va_list ap;
	size_t len;

	if (priority == LOG_DEBUG && !state.verbose)
		return;
	va_start(ap, fmt);
	len = format_line(line, sizeof(line), func, fmt, ap);
	va_end(ap);
	printed = state.to_stderr && print_stderr(line, len);
	if (tell_losses() == -1 || send_direct(priority, line, len) == -1) {
		state.untold++;
		state.lost += !printed;
	}
	errno = saved;
}
