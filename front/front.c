/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Life of the front: take settings and descriptors from the keeper, lock the
 * doors, serve; then finish what runs when told to stop.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "front/admission.h"
#include "front/cache.h"
#include "front/client.h"
#include "front/control.h"
#include "front/dispatch.h"
#include "front/front.h"
#include "front/limits.h"
#include "front/listener.h"
#include "front/loop.h"
#include "front/metrics.h"
#include "front/sandbox.h"
#include "saslauthd/child.h"
#include "saslauthd/privs.h"

#define RESERVED_FDS 256	/* beside clients: workers, log, channels */
#define WORKER_FDS 64		/* of those, when the limit is low */
#define LOG_KEPT_BYTES (256 * 1024)	/* lines that wait for the socket */
#define LOG_FLUSH_MSEC 5	/* between two tries to get rid of them */
#define LOG_LAST_MSEC 200	/* the same at the end */

/* Descriptors the keeper hands over before the start. */
struct handed {
	int listeners[SITE_LISTENERS_MAX];	/* as in the site */
	int control, tries;
};

static struct front front;
static struct loop_timer *stop_timer;
static struct loop_timer *log_timer;	/* runs while log lines wait */
static bool log_stderr;

static void
tell_keeper(enum frame_type type, const struct buf *b)
{
	if (frame_send(CHILD_CHANNEL_FD, type, b, -1) != FRAME_OK)
		_exit(EX_OK);
}

static void
remark(int status, const char *text)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_u8(&b, (unsigned)status) == 0 &&
	    buf_put_str(&b, text) == 0)
		tell_keeper(FRAME_FAILED, &b);
	buf_fini(&b);
}

static void
fatal(int status, const char *text)
{
	remark(status, text);
	_exit(status);
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
	size_t i;

	for (i = 0; i < f->site.listener_count && !f->stopping; i++)
		if (f->listeners[i] != NULL)
			listener_resume(f->listeners[i]);
	if (is_finished())
		loop_stop();
}

static void
on_stop_over(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < front.site.backend_count; i++)
		dispatch_abandon(front.dispatches[i]);
	loop_stop();
}

/* Nobody new; whoever sent a whole request gets an answer, if he can have it
 * within this time. Told again, it has another time. */
static void
stop(uint32_t msec)
{
	size_t i;

	loop_timer_set(stop_timer, msec);
	if (front.stopping)
		return;
	for (i = 0; i < front.site.listener_count; i++) {
		listener_close(front.listeners[i]);
		front.listeners[i] = NULL;
	}
	front.stopping = true;
	clients_drop_incomplete(front.clients);
	if (is_finished())
		loop_stop();
}

void
front_drain(struct front *f)
{
	(void)f;
	tell_keeper(FRAME_DRAIN, NULL);
}

void
front_set_verbose(struct front *f, bool verbose)
{
	f->site.settings.verbose = verbose;
	log_set_verbose(verbose);
}

/* ---- frames from the keeper ------------------------------------------- */

static void
on_log_broken(void)
{
	tell_keeper(FRAME_WANT_LOG, NULL);
}

void
front_want_pool(const char *backend)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_str(&b, backend) == 0)
		tell_keeper(FRAME_WANT_PEER, &b);
	buf_fini(&b);
}

struct dispatch *
front_backend(const struct front *f, const struct site_route *route,
    size_t step)
{
	return f->dispatches[route->steps[step].backend];
}

/* A socket to the system's log takes as few as ten lines at once. */
static void
on_log_pending(void)
{
	if (log_timer != NULL)
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
take_log(int fd)
{
	static int log_fd = -1;

	log_set_fd(fd);
	io_close(&log_fd);
	log_fd = fd;
}

/* Whose name stands at the frame's beginning. */
static struct dispatch *
named_backend(struct buf *b)
{
	char name[CONF_NAME_MAX + 1];
	size_t i;

	if (buf_get_chars(b, name, sizeof(name)) != 0)
		return NULL;
	i = site_find_backend(&front.site, name);
	return i < front.site.backend_count ? front.dispatches[i] : NULL;
}

static void
take_peer(struct buf *b, int fd)
{
	struct dispatch *d = named_backend(b);

	if (d == NULL || dispatch_link(d, b, fd) != 0) {
		log_msg(LOG_ERR, "front", "BUG: bad pool description");
		_exit(EX_SOFTWARE);
	}
}

static void
take_trouble(struct buf *b)
{
	struct dispatch *d = named_backend(b);
	char why[ERRMSG_MAX];

	if (d == NULL || buf_get_chars(b, why, sizeof(why)) != 0)
		_exit(EX_SOFTWARE);
	dispatch_cannot_open(d, why);
}

static void
on_keeper(void *arg, int channel)
{
	enum frame_type type;
	struct buf b;
	uint32_t msec;
	int fd = -1;

	(void)arg;
	buf_init(&b, FRAME_MAX);
	switch (frame_recv(channel, &type, &b, &fd)) {
	case FRAME_AGAIN:
		buf_fini(&b);
		return;
	case FRAME_EOF:
	case FRAME_BAD:
		_exit(EX_OK);
	case FRAME_OK:
		break;
	}
	if (type == FRAME_PEER && fd >= 0)
		take_peer(&b, fd);
	else if (type == FRAME_BACKEND && fd < 0)
		take_trouble(&b);
	else if (type == FRAME_LOG && fd >= 0)
		take_log(fd);
	else if (type == FRAME_ROLES && fd < 0 &&
	    roles_get(&b, &front.roles) == 0)
		;
	else if (type == FRAME_STOP && fd < 0 && buf_get_u32(&b, &msec) == 0)
		stop(msec);
	else
		_exit(EX_SOFTWARE);
	buf_fini(&b);
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
	if (buf_put_u8(&b, (unsigned)sig) == 0)
		tell_keeper(FRAME_SIGNAL, &b);
	buf_fini(&b);
}

/* ---- start ------------------------------------------------------------ */

/* Descriptors for all clients, or as many clients as there are descriptors;
 * some are always left for workers. */
static void
raise_limits(void)
{
	struct rlimit rl;
	rlim_t want = (rlim_t)front.site.settings.clients_max + RESERVED_FDS;
	long room;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return;
	if (rl.rlim_cur < want) {
		struct rlimit raised = { want, rl.rlim_max > want ?
		    rl.rlim_max : want };

		if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
			raised.rlim_cur = raised.rlim_max = rl.rlim_max;
			(void)setrlimit(RLIMIT_NOFILE, &raised);
		}
	}
	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur >= want)
		return;
	room = (long)rl.rlim_cur - (rl.rlim_cur > 2 * RESERVED_FDS ?
	    RESERVED_FDS : WORKER_FDS);
	if (room < 8)
		room = 8;
	if (room < front.site.settings.clients_max) {
		struct errmsg e;

		(void)errmsg_set(&e, "clients_max is lowered from %ld to %ld: "
		    "the limit of open files is %ld",
		    front.site.settings.clients_max, room, (long)rl.rlim_cur);
		remark(EX_OK, e.text);
		front.site.settings.clients_max = room;
	}
}

static void
take_settings(struct buf *b)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	unsigned foreground;

	if (buf_get_u8(b, &foreground) != 0 ||
	    conf_entries_get(b, &es) != 0 ||
	    site_build(&front.site, &es, NULL, NULL) != 0)
		fatal(EX_SOFTWARE, "BUG: settings frame does not parse");
	log_stderr = foreground != 0;
	conf_entries_fini(&es);
	front.wire_limits.name_max = (size_t)front.site.settings.name_max;
	front.wire_limits.password_max =
	    (size_t)front.site.settings.password_max;
}

static void
keep_listener(struct handed *h, struct buf *b, int fd)
{
	char name[CONF_NAME_MAX + 1];
	size_t i;

	if (buf_get_chars(b, name, sizeof(name)) != 0)
		fatal(EX_SOFTWARE, "BUG: listener frame does not parse");
	i = site_find_listener(&front.site, name);
	if (i == front.site.listener_count || fd < 0)
		fatal(EX_SOFTWARE, "BUG: a listener nobody knows");
	h->listeners[i] = fd;
}

/* Everything up to FRAME_START; the channel still blocks here. */
static struct handed
receive_start(void)
{
	struct handed h = { .control = -1, .tries = -1 };
	enum frame_type type = FRAME_SETTINGS;
	int log_fd = -1, fd;
	struct buf b;
	size_t i;

	for (i = 0; i < SITE_LISTENERS_MAX; i++)
		h.listeners[i] = -1;

	buf_init(&b, FRAME_MAX);
	while (type != FRAME_START) {
		if (frame_recv(CHILD_CHANNEL_FD, &type, &b, &fd) != FRAME_OK)
			_exit(EX_OSERR);
		if (type == FRAME_SETTINGS)
			take_settings(&b);
		else if (type == FRAME_LISTENER)
			keep_listener(&h, &b, fd);
		else if (type == FRAME_CONTROL)
			h.control = fd;
		else if (type == FRAME_TRIES)
			h.tries = fd;
		else if (type == FRAME_ROLES)
			(void)roles_get(&b, &front.roles);
		else if (type == FRAME_LOG)
			log_fd = fd;
	}
	buf_fini(&b);
	log_open_fd("saslauthd", log_stderr, front.site.settings.verbose, -1,
	    on_log_broken);
	log_keep(LOG_KEPT_BYTES, on_log_pending);
	if (log_fd >= 0)
		take_log(log_fd);
	else
		tell_keeper(FRAME_WANT_LOG, NULL);
	return h;
}

static void
lock_doors(void)
{
	struct errmsg e = ERRMSG_INIT, missing = ERRMSG_INIT;
	struct privs p;
	bool fallback;

	if (privs_find(&p, front.site.settings.user, &fallback, &e) != 0)
		fatal(EX_CONFIG, e.text);
	if (fallback)
		remark(EX_OK, "neither user saslauth nor sasl exists: "
		    "the front runs as nobody");
	if (!privs_are_root())
		remark(EX_OK, "started without root: all processes run as "
		    "the starting user and see its file system");
	raise_limits();
#ifdef WITH_SANITIZERS
	remark(EX_OK, "built with sanitizers: the front is in no sandbox");
#else
	if (privs_are_root() &&
	    sandbox_empty_root(front.site.settings.run_dir, &e) != 0)
		fatal(EX_OSERR, e.text);
#endif
	if (privs_drop(&p, &e) != 0 || privs_seal(&e) != 0)
		fatal(EX_OSERR, e.text);
#ifndef WITH_SANITIZERS
	if (sandbox_enter(&missing, &e) != 0)
		fatal(EX_OSERR, e.text);
#endif
	if (missing.text[0] != '\0')
		remark(EX_OK, missing.text);
}

static void
set_up_cache(void)
{
	struct cache_config config = {
		.bytes = (size_t)front.site.settings.cache_size_kb * 1024
	};
	struct errmsg e = ERRMSG_INIT;
	bool wanted = false;
	size_t i;

	for (i = 0; i < front.site.backend_count; i++) {
		const struct settings *s = &front.site.backends[i].settings;

		wanted = wanted || s->cache;
		config.life[i] = (struct cache_life){
			.ttl_sec = s->cache_ttl_sec,
			.grace_sec = s->cache_grace_sec,
			.negative_ttl_sec = s->cache_negative_ttl_sec
		};
	}
	if (!wanted)
		return;
	front.cache = cache_new(&config, &e);
	if (front.cache == NULL)
		fatal(EX_OSERR, e.text);
}

static void
set_up_limits(int tries)
{
	const struct settings *s = &front.site.settings;
	const struct limits_config config = {
		.bytes = (size_t)s->limit_size_kb * 1024,
		.identity = (unsigned)s->limit_identity,
		.address = (unsigned)s->limit_address,
		.compare = (unsigned)s->limit_compare,
		.window_msec = s->limit_window_sec * 1000,
		.exempt = &front.limit_exempt
	};
	struct errmsg e = ERRMSG_INIT;

	if (s->limits == LIMITS_OFF)
		return;
	if (networks_parse(&front.limit_exempt, s->limit_exempt, &e) != 0 ||
	    (front.limits = limits_new(&config, tries, &e)) == NULL)
		fatal(EX_OSERR, e.text);
}

static void
set_up_backends(void)
{
	size_t i;

	for (i = 0; i < front.site.backend_count; i++) {
		front.dispatches[i] = dispatch_new(&front,
		    &front.site.backends[i]);
		if (front.dispatches[i] == NULL)
			fatal(EX_OSERR, "the front is short of memory");
	}
}

static void
set_up_listeners(const struct handed *h)
{
	struct errmsg e = ERRMSG_INIT;
	size_t i;

	for (i = 0; i < front.site.listener_count; i++) {
		front.listeners[i] = listener_new(&front,
		    &front.site.listeners[i], h->listeners[i], &e);
		if (front.listeners[i] == NULL)
			fatal(EX_CONFIG, e.text);
	}
}

static void
set_up(const struct handed *h)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	size_t i;

	(void)signal(SIGPIPE, SIG_IGN);
	set_up_cache();
	set_up_limits(h->tries);
	if (loop_init() != 0 ||
	    (front.metrics = metrics_new()) == NULL ||
	    (front.clients = clients_new(&front)) == NULL ||
	    (stop_timer = loop_timer_new(on_stop_over, NULL)) == NULL ||
	    (log_timer = loop_timer_new(on_log_timer, NULL)) == NULL ||
	    loop_io_new(CHILD_CHANNEL_FD, on_keeper, NULL) == NULL ||
	    loop_io_new(CHILD_LIFELINE_FD, on_lifeline, NULL) == NULL ||
	    (front.control = control_new(&front, h->control)) == NULL)
		fatal(EX_OSERR, "the front is short of memory");
	set_up_backends();
	set_up_listeners(h);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_signal(signals[i], on_signal, NULL) != 0)
			fatal(EX_OSERR, "the front cannot catch signals");
}

int
front_check_listener(const struct site_listener *l, struct errmsg *e)
{
	struct admission a;

	if (admission_parse(&a, l->settings.allow_uids,
	    l->settings.allow_gids, false, e) != 0)
		return errmsg_prefix(e, "listener %s", l->name);
	admission_fini(&a);
	return 0;
}

void
front_main(void)
{
	struct handed h = receive_start();
	struct buf b;

	set_up(&h);	/* what it opens is forbidden afterwards */
	io_close(&h.tries);
	lock_doors();
	(void)io_set_nonblock(CHILD_CHANNEL_FD, true);
	buf_init(&b, FRAME_MAX);
	if (buf_put_str(&b, frame_build_id()) != 0)
		_exit(EX_OSERR);
	tell_keeper(FRAME_READY, &b);
	buf_fini(&b);
	loop_run();
	flush_log();
	tell_keeper(FRAME_STOPPED, NULL);
	_exit(EX_OK);
}
