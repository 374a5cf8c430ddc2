/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * password_input - see password_input.h.
 */
#include "config.h"

#include "tools/password_input.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* A terminal hands over lines of at most 4095 bytes and a newline (termios(3),
 * canonical mode). */
#define LINE_MAX_TTY 4096

/* Those that would leave the terminal without echo. */
static const int deadly[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU,
};
#define DEADLY (sizeof(deadly) / sizeof(deadly[0]))

static volatile sig_atomic_t caught;

static void
note_signal(int sig)
{
	caught = sig;
}

struct dispositions {
	struct sigaction actions[DEADLY];
	sigset_t mask;
};

/* Held back, and noted, but during the ppoll(2) that waits for the line. */
static void
signals_hold(struct dispositions *before)
{
	struct sigaction note;
	sigset_t hold;
	size_t i;

	caught = 0;
	memset(&note, 0, sizeof(note));
	note.sa_handler = note_signal;
	sigemptyset(&note.sa_mask);
	sigemptyset(&hold);
	for (i = 0; i < DEADLY; i++)
		sigaddset(&hold, deadly[i]);
	sigprocmask(SIG_BLOCK, &hold, &before->mask);
	for (i = 0; i < DEADLY; i++)
		sigaction(deadly[i], &note, &before->actions[i]);
}

static void
signals_release(const struct dispositions *before)
{
	size_t i;

	for (i = 0; i < DEADLY; i++)
		sigaction(deadly[i], &before->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	if (caught != 0)
		raise(caught);
}

static int
say(int fd, const char *text)
{
	size_t len = strlen(text);

	return write(fd, text, len) == (ssize_t)len ? 0 : -1;
}

static int
read_line(const sigset_t *mask, struct secret *s, struct errmsg *e)
{
	struct pollfd line = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n;

	if (ppoll(&line, 1, NULL, mask) == -1)
		return errmsg_errno(e, errno, "terminal");
	if (secret_reserve(s, LINE_MAX_TTY) == -1)
		return errmsg_errno(e, ENOMEM, "password");
	n = read(STDIN_FILENO, s->bytes, LINE_MAX_TTY);
	if (n > 0 && s->bytes[n - 1] == '\n') {
		secret_end(s, (size_t)n - 1);
		return 0;
	}
	if (n == -1)
		errmsg_errno(e, errno, "terminal");
	else
		errmsg_set(e, n == 0 ? "no password was given" :
		    "the password's line does not end");
	secret_wipe(s);
	return -1;
}

int
password_read_tty(int prompt_fd, const char *prompt, struct secret *s,
    struct errmsg *e)
{
	struct dispositions signals;
	struct termios before, silent;
	int rc = -1;

	secret_wipe(s);
	if (tcgetattr(STDIN_FILENO, &before) == -1)
		return errmsg_errno(e, errno, "terminal");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	signals_hold(&signals);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == -1 ||
	    say(prompt_fd, prompt) == -1)
		errmsg_errno(e, errno, "terminal");
	else
		rc = read_line(&signals.mask, s, e);
	/* On another screen line go on. */
	(void)say(prompt_fd, "\n");
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	if (caught != 0) {
		secret_wipe(s);
		rc = errmsg_set(e, "interrupted");
	}
	signals_release(&signals);
	return rc;
}

int
password_read_line(int fd, size_t max, struct secret *s, struct errmsg *e)
{
	size_t len = 0;
	ssize_t n;

	if (secret_reserve(s, max + 1) == -1)
		return errmsg_set(e, "out of memory");
	while (len <= max) {
		n = read(fd, s->bytes + len, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			errmsg_errno(e, errno, "password");
			secret_wipe(s);
			return -1;
		}
		if (n == 0 || s->bytes[len] == '\n') {
			secret_end(s, len);
			return 0;
		}
		len++;
	}
	secret_wipe(s);
	return errmsg_set(e, "password: longer than %zu bytes", max);
}

/* Fill s, which has room for size bytes, up to end of file. */
static int
read_to_end(int fd, size_t size, struct secret *s, size_t *len_r)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, s->bytes + len, size - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*len_r = len;
	return 0;
}

int
password_read_fd(int fd, size_t max, struct secret *s, struct errmsg *e)
{
	size_t size = max + 2;	/* the newline, and one too many */
	size_t len;

	if (secret_reserve(s, size) == -1)
		return errmsg_errno(e, ENOMEM, "password");
	if (read_to_end(fd, size, s, &len) == -1) {
		errmsg_errno(e, errno, "password");
		secret_wipe(s);
		return -1;
	}
	if (len > 0 && s->bytes[len - 1] == '\n')
		len--;
	if (len > max) {
		secret_wipe(s);
		return errmsg_set(e, "the password is longer than %zu bytes",
		    max);
	}
	secret_end(s, len);
	return 0;
}
