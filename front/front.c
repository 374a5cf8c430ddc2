/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Life of the front: take what the keeper hands over, lock the doors, serve;
 * go over to other settings when they come; then finish what runs when told
 * to stop.
 */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "front/client.h"
#include "front/commands.h"
#include "front/control.h"
#include "front/dispatch.h"
#include "front/walls.h"
#include "front/front.h"
#include "front/keeper_link.h"
#include "front/listener.h"
#include "front/loop.h"
#include "front/metrics.h"
#include "saslauthd/child.h"

#define LOG_KEPT_BYTES (256 * 1024)	/* lines that wait for the socket */
#define LOG_FLUSH_MSEC 5	/* between two tries to get rid of them */
#define LOG_LAST_MSEC 200	/* the same at the end */

static struct front front = { .tries = -1 };
static struct loop_timer *stop_timer;
static struct loop_timer *log_timer;	/* runs while log lines wait */
static int log_fd = -1;

static void fatal(int status, const char *text) __attribute__((noreturn));

static void
fatal(int status, const char *text)
{
	keeper_link_fatal(status, text);
}

/* ---- the end ---------------------------------------------------------- */

static bool
is_finished(void)
{
	return front.stopping && clients_count(front.clients) == 0;
}

void
front_client_gone(struct front *f)
{
	if (!f->stopping)
		generation_resume_listeners(f->now);
	if (is_finished())
		loop_stop();
}

static void
on_stop_over(void *arg)
{
	(void)arg;
	generation_abandon_all(&front);
	loop_stop();
}

/* Nobody new; whoever sent a whole request gets an answer, if he can have it
 * within this time. Told again, it has another time. */
static void
stop(uint32_t msec)
{
	if (front.now == NULL)
		_exit(EX_OK);
	loop_timer_set(stop_timer, msec);
	if (front.stopping)
		return;
	generation_drop_coming(&front);
	generation_close_listeners(front.now);
	front.stopping = true;
	clients_drop_incomplete(front.clients);
	if (is_finished())
		loop_stop();
}

/* ---- what the operator wants ------------------------------------------ */

bool
front_reload(struct front *f)
{
	(void)f;
	return keeper_link_try(FRAME_RELOAD, NULL);
}

void
front_drain(struct front *f)
{
	(void)f;
	keeper_link_tell(FRAME_DRAIN, NULL);
}

void
front_set_verbose(struct front *f, bool verbose)
{
	f->now->site.settings.verbose = verbose;
	log_set_verbose(verbose);
}

/* ---- the log ---------------------------------------------------------- */

static void
on_log_broken(void)
{
	keeper_link_tell(FRAME_WANT_LOG, NULL);
}

/* A socket to the system's log takes as few as ten lines at once. */
static void
on_log_pending(void)
{
	loop_timer_set(log_timer, LOG_FLUSH_MSEC);
}

static void
on_log_timer(void *arg)
{
	(void)arg;
	if (log_flush())
		on_log_pending();
}

/* The last words: for a moment, they are worth waiting for. */
static void
flush_log(void)
{
	struct deadline end = deadline_in_msec(LOG_LAST_MSEC);

	while (log_flush() && !deadline_passed(&end))
		(void)poll(NULL, 0, LOG_FLUSH_MSEC);
}

static void
open_log(bool on_stderr)
{
	log_open_fd("saslauthd", on_stderr,
	    front.coming->site.settings.verbose, log_fd, on_log_broken);
	log_keep(LOG_KEPT_BYTES, on_log_pending);
}

static void
take_log(int fd)
{
	log_set_fd(fd);
	io_close(&log_fd);
	log_fd = fd;
}

/* ---- settings and what belongs to them -------------------------------- */

static void
take_settings(struct buf *b)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e = ERRMSG_INIT;
	unsigned foreground;
	uint32_t number;

	if (buf_get_u32(b, &number) != 0 ||
	    buf_get_u8(b, &foreground) != 0 || conf_entries_get(b, &es) != 0)
		fatal(EX_SOFTWARE, "BUG: settings frame does not parse");
	if (generation_prepare(&front, number, &es, &e) != 0)
		fatal(EX_SOFTWARE, e.text);
	conf_entries_fini(&es);
	if (front.now == NULL)
		open_log(foreground != 0);
}

static void
take_settings_piece(struct buf *piece)
{
	static struct buf whole = { .max = FRAME_LONG_MAX };

	switch (frame_take_piece(&whole, piece)) {
	case 0:
		return;
	case 1:
		take_settings(&whole);
		break;
	default:
		fatal(EX_SOFTWARE, "BUG: settings frame does not fit");
	}
	buf_fini(&whole);
}

static void
take_listener(struct buf *b, int fd)
{
	struct admission who = ADMISSION_INIT;
	char name[CONF_NAME_MAX + 1];
	struct errmsg e = ERRMSG_INIT;

	if (front.coming == NULL ||
	    buf_get_chars(b, name, sizeof(name)) != 0 ||
	    admission_get(b, &who) != 0)
		fatal(EX_SOFTWARE, "BUG: listener frame does not parse");
	if (generation_add_listener(front.coming, name, &who, fd, &e) != 0)
		fatal(EX_SOFTWARE, e.text);
}

/* Whose number and name stand at the frame's beginning. NULL: of a generation
 * that is gone, which the keeper did not know yet. */
static struct dispatch *
take_backend(struct buf *b)
{
	char name[CONF_NAME_MAX + 1];
	struct dispatch *d = NULL;
	struct generation *g;
	uint32_t number;

	if (buf_get_u32(b, &number) != 0 ||
	    buf_get_chars(b, name, sizeof(name)) != 0)
		fatal(EX_SOFTWARE, "BUG: pool frame does not parse");
	g = generation_find(&front, number);
	if (g != NULL && (d = generation_find_backend(g, name)) == NULL)
		fatal(EX_SOFTWARE, "BUG: a pool of no backend");
	return d;
}

static void
take_peer(struct buf *b, int fd)
{
	struct dispatch *d = take_backend(b);

	if (d == NULL)
		io_close(&fd);
	else if (dispatch_link(d, b, fd) != 0)
		fatal(EX_SOFTWARE, "BUG: bad pool description");
}

static void
take_trouble(struct buf *b)
{
	struct dispatch *d = take_backend(b);
	char why[ERRMSG_MAX];

	if (buf_get_chars(b, why, sizeof(why)) != 0)
		fatal(EX_SOFTWARE, "BUG: trouble frame does not parse");
	if (d != NULL)
		dispatch_cannot_open(d, why);
}

static void
begin(void)
{
	struct errmsg e = ERRMSG_INIT;

	if (front.coming == NULL)
		return;		/* a stop came first */
	if (generation_begin(&front, &e) != 0)
		fatal(EX_OSERR, e.text);
	log_set_verbose(front.now->site.settings.verbose);
}

static void
take_reloaded(struct buf *b)
{
	char why[ERRMSG_MAX];
	uint32_t asked;
	unsigned ok;

	if (buf_get_u32(b, &asked) != 0 || buf_get_u8(b, &ok) != 0 || ok > 1 ||
	    buf_get_chars(b, why, sizeof(why)) != 0)
		fatal(EX_SOFTWARE, "BUG: reload frame does not parse");
	if (ok == 0)
		generation_drop_coming(&front);
	metrics_count_reload(front.metrics, ok != 0);
	commands_reloaded(&front, asked, ok != 0, why);
}

/* ---- frames from the keeper ------------------------------------------- */

/* Where a descriptor belongs to it. False: it is none of these. */
static bool
take_with_fd(enum frame_type type, struct buf *b, int fd)
{
	if (type == FRAME_PEER)
		take_peer(b, fd);
	else if (type == FRAME_LISTENER)
		take_listener(b, fd);
	else if (type == FRAME_LOG)
		take_log(fd);
	else if (type == FRAME_TRIES && front.tries < 0)
		front.tries = fd;
	else if (type == FRAME_CONTROL && front.control == NULL)
		front.control = control_new(&front, fd);
	else
		return false;
	return true;
}

static bool
take(enum frame_type type, struct buf *b)
{
	uint32_t msec;

	if (type == FRAME_SETTINGS)
		take_settings_piece(b);
	else if (type == FRAME_BACKEND)
		take_trouble(b);
	else if (type == FRAME_START)
		begin();
	else if (type == FRAME_RELOADED)
		take_reloaded(b);
	else if (type == FRAME_ROLES && roles_get(b, &front.roles) == 0)
		;
	else if (type == FRAME_STOP && buf_get_u32(b, &msec) == 0)
		stop(msec);
	else
		return false;
	return true;
}

/* False: there is none now. */
static bool
hear_keeper(void)
{
	enum frame_type type;
	bool heard = false, good;
	struct buf b;
	int fd = -1;

	buf_init(&b, FRAME_MAX);
	switch (frame_recv(CHILD_CHANNEL_FD, &type, &b, &fd)) {
	case FRAME_AGAIN:
		break;
	case FRAME_EOF:
	case FRAME_BAD:
		_exit(EX_OK);
	case FRAME_OK:
		good = fd >= 0 ? take_with_fd(type, &b, fd) :
		    take(type, &b);
		if (!good)
			fatal(EX_SOFTWARE, "BUG: an unexpected frame");
		heard = true;
		break;
	}
	buf_fini(&b);
	return heard;
}

static void
on_keeper(void *arg, int channel)
{
	(void)arg;
	(void)channel;
	(void)hear_keeper();
}

static void
on_lifeline(void *arg, int fd)
{
	(void)arg;
	(void)fd;
	_exit(EX_OK);
}

/* Whoever of us it was sent to, it is meant for the keeper. */
static void
on_signal(void *arg, int sig)
{
	struct buf b;

	(void)arg;
	buf_init(&b, FRAME_MAX);
	/* A keeper that is slow has others of them to read; clients do not
	 * wait for it. */
	if (buf_put_u8(&b, (unsigned)sig) == 0 && sig == SIGHUP)
		(void)keeper_link_try(FRAME_SIGNAL, &b);
	else if (buf_len(&b) > 0)
		keeper_link_tell(FRAME_SIGNAL, &b);
	buf_fini(&b);
}

/* ---- start ------------------------------------------------------------ */

static void
set_up(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	size_t i;

	(void)signal(SIGPIPE, SIG_IGN);
	if (loop_init() != 0 || generation_open(&front) != 0 ||
	    (front.metrics = metrics_new()) == NULL ||
	    (front.clients = clients_new(&front)) == NULL ||
	    (stop_timer = loop_timer_new(on_stop_over, NULL)) == NULL ||
	    (log_timer = loop_timer_new(on_log_timer, NULL)) == NULL ||
	    loop_io_new(CHILD_CHANNEL_FD, on_keeper, NULL) == NULL ||
	    loop_io_new(CHILD_LIFELINE_FD, on_lifeline, NULL) == NULL)
		fatal(EX_OSERR, "the front is short of memory");
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_signal(signals[i], on_signal, NULL) != 0)
			fatal(EX_OSERR, "the front cannot catch signals");
}

static void
tell_ready(void)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_str(&b, frame_build_id()) != 0)
		_exit(EX_OSERR);
	keeper_link_tell(FRAME_READY, &b);
	buf_fini(&b);
}

void
front_main(void)
{
	set_up();
	/* What this opens is forbidden afterwards; the channel blocks. */
	while (front.now == NULL)
		(void)hear_keeper();
	if (log_fd < 0)
		on_log_broken();
	walls_close(&front.now->site.settings);
	generation_resume_listeners(front.now);
	(void)io_set_nonblock(CHILD_CHANNEL_FD, true);
	tell_ready();
	loop_run();
	listeners_flush();
	flush_log();
	keeper_link_tell(FRAME_STOPPED, NULL);
	_exit(EX_OK);
}
