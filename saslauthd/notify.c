/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/log.h"
#include "common/str.h"
#include "saslauthd/notify.h"

#define SEND_SEC 1		/* a supervisor that is busy reads later */
#define TEXT_MAX 256
#define USEC_PER_MSEC 1000
#define ABSTRACT_MARK '@'

/* ---- the environment -------------------------------------------------- */

/* unix(7): an abstract name begins with a NUL and has none at its end. */
static int
find_receiver(struct notify *n, const char *name)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != ABSTRACT_MARK) || len < 2 ||
	    str_copy(n->to.sun_path, sizeof(n->to.sun_path), name) != 0)
		return -1;
	n->to.sun_family = AF_UNIX;
	if (name[0] == ABSTRACT_MARK)
		n->to.sun_path[0] = '\0';
	else
		len++;
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

/* sd_watchdog_enabled(3): half of the time is the usual beat. */
static void
find_beat(struct notify *n, const char *usec_text, const char *pid_text)
{
	long usec, pid;

	if (pid_text != NULL && (str_to_long(pid_text, 1, INT_MAX, &pid) !=
	    0 || pid != (long)getpid()))
		return;
	if (str_to_long(usec_text, 1, LONG_MAX, &usec) != 0) {
		log_msg(LOG_WARNING, "main", "WATCHDOG_USEC is no number: "
		    "there will be no signs of life");
		return;
	}
	n->beat_msec = usec / 2 / USEC_PER_MSEC;
	if (n->beat_msec == 0)
		n->beat_msec = 1;
	n->next_beat = deadline_in_msec(n->beat_msec);
}

void
notify_take(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");
	const char *usec = getenv("WATCHDOG_USEC");

	*n = (struct notify)NOTIFY_INIT;
	if (name != NULL && find_receiver(n, name) != 0)
		log_msg(LOG_WARNING, "main", "NOTIFY_SOCKET is neither an "
		    "absolute path nor an abstract name: nobody will be "
		    "told how the daemon is");
	if (n->to_len > 0 && usec != NULL)
		find_beat(n, usec, getenv("WATCHDOG_PID"));
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

/* ---- telling ---------------------------------------------------------- */

/* Every message has a socket of its own: the receiver may have been made
 * anew since the last one. */
static int
tell(const struct notify *n, const char *text, int flags)
{
	const struct timeval patience = { SEND_SEC, 0 };
	ssize_t sent = -1;
	int fd;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience)) == 0)
		sent = sendto(fd, text, strlen(text), flags | MSG_NOSIGNAL,
		    (const struct sockaddr *)&n->to, n->to_len);
	io_close(&fd);
	return sent < 0 ? -1 : 0;
}

static void
tell_or_warn(const struct notify *n, const char *text)
{
	if (n->to_len > 0 && tell(n, text, 0) != 0)
		log_msg(LOG_WARNING, "keeper", "cannot tell NOTIFY_SOCKET "
		    "how the daemon is: %s", strerror(errno));
}

/* The one that was started may have ended when this is read. */
void
notify_ready(const struct notify *n)
{
	char text[TEXT_MAX];

	(void)str_format(text, sizeof(text), "READY=1\nMAINPID=%ld\n"
	    "STATUS=Answering clients\n", (long)getpid());
	tell_or_warn(n, text);
}

/* Type=notify-reload of systemd.service(5) wants the time with it. */
void
notify_reloading(const struct notify *n)
{
	char text[TEXT_MAX];

	(void)str_format(text, sizeof(text), "RELOADING=1\n"
	    "MONOTONIC_USEC=%lld\nSTATUS=Reading the settings anew\n",
	    (long long)deadline_now_usec());
	tell_or_warn(n, text);
}

void
notify_stopping(const struct notify *n)
{
	tell_or_warn(n, "STOPPING=1\nSTATUS=Finishing what runs\n");
}

/* One that is lost is followed by another before the time is over. */
void
notify_beat(struct notify *n)
{
	if (!deadline_passed(&n->next_beat))
		return;
	n->next_beat = deadline_in_msec(n->beat_msec);
	(void)tell(n, "WATCHDOG=1\n", MSG_DONTWAIT);
}
