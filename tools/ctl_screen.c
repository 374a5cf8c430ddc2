/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_screen - the terminal while saslauthctl watch has it.
 *
 * Signals are blocked but while it waits, so that none is lost between a
 * look and a sleep.
 */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tools/ctl_screen.h"

/* The other page of xterm(1) and its likes, and the cursor off; elsewhere
 * ignored. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

/* What a terminal has that does not say. */
#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT 24

#define MSEC_PER_SEC 1000
#define NSEC_PER_MSEC 1000000L

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static struct termios before;	/* of standard input */
static bool has_keys;
static sigset_t outside;	/* blocked before us */
static volatile sig_atomic_t end_signal, stop_asked, resized;

static void
on_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else if (number == SIGTSTP)
		stop_asked = 1;
	else
		end_signal = number;
}

static void
catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t ours;
	size_t i;

	sigemptyset(&ours);
	sigaddset(&ours, SIGWINCH);
	sigaddset(&ours, SIGTSTP);
	for (i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaddset(&ours, ending[i]);
	sigprocmask(SIG_BLOCK, &ours, &outside);
	sigfillset(&sa.sa_mask);
	for (i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaction(ending[i], &sa, NULL);
	sigaction(SIGWINCH, &sa, NULL);
	sigaction(SIGTSTP, &sa, NULL);
}

static void
take_terminal(void)
{
	struct termios keys = before;

	if (has_keys) {
		keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		keys.c_cc[VMIN] = 1;
		keys.c_cc[VTIME] = 0;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &keys);
	}
	fputs(ENTER, stdout);
	(void)fflush(stdout);
}

static void
give_terminal(void)
{
	fputs(LEAVE, stdout);
	(void)fflush(stdout);
	if (has_keys)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

int
ctl_screen_enter(void)
{
	if (!isatty(STDOUT_FILENO))
		return -1;
	has_keys = tcgetattr(STDIN_FILENO, &before) == 0;
	catch_signals();
	take_terminal();
	return 0;
}

void
ctl_screen_leave(void)
{
	give_terminal();
	if (end_signal != 0) {
		(void)signal(end_signal, SIG_DFL);
		(void)raise(end_signal);
	}
	sigprocmask(SIG_SETMASK, &outside, NULL);
}

/* Ctrl-Z: the shell gets its terminal, until it wakes us. */
static void
stop(void)
{
	stop_asked = 0;
	give_terminal();
	(void)raise(SIGSTOP);
	take_terminal();
}

struct ctl_size
ctl_screen_size(void)
{
	struct ctl_size size = { COLUMNS_DEFAULT, ROWS_DEFAULT };
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 &&
	    w.ws_row > 0) {
		size.columns = w.ws_col;
		size.rows = w.ws_row;
	}
	return size;
}

/* Bytes of the line that fit: one column for each UTF-8 character. */
static size_t
fitting(const char *line, size_t len, int columns)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (((unsigned char)line[i] & 0xc0) == 0x80)
			continue;
		if (columns-- == 0)
			break;
	}
	return i;
}

void
ctl_screen_show(const char *text)
{
	struct ctl_size size = ctl_screen_size();
	size_t len;
	int row;

	fputs(HOME, stdout);
	for (row = 0; row < size.rows && *text != '\0'; row++) {
		len = strcspn(text, "\n");
		/* Cleared first: behind a full line the cursor still is on
		 * its last character. */
		printf("%s" CLEAR_LINE "%.*s", row == 0 ? "" : "\n",
		    (int)fitting(text, len, size.columns), text);
		text += len + (text[len] == '\n');
	}
	if (row < size.rows)
		fputs("\n" CLEAR_BELOW, stdout);
	(void)fflush(stdout);
}

static bool
quit_key(void)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0) {
		has_keys = false;	/* nobody types there any more */
		return false;
	}
	return memchr(keys, 'q', (size_t)n) != NULL ||
	    memchr(keys, 'Q', (size_t)n) != NULL;
}

enum ctl_event
ctl_screen_wait(const struct deadline *until)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	struct timespec left;
	int32_t msec;
	int n;

	for (;;) {
		msec = deadline_left_msec(until);
		left.tv_sec = msec / MSEC_PER_SEC;
		left.tv_nsec = msec % MSEC_PER_SEC * NSEC_PER_MSEC;
		n = ppoll(&p, has_keys ? 1 : 0, &left, &outside);
		if (end_signal != 0 || (n > 0 && quit_key()))
			return CTL_QUIT;
		if (stop_asked || resized) {
			if (stop_asked)
				stop();
			resized = 0;
			return CTL_RESIZED;
		}
		if (n == 0)
			return CTL_TIME;
	}
}
