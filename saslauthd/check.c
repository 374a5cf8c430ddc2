/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "common/str.h"
#include "saslauthd/check.h"
#include "saslauthd/child.h"
#include "saslauthd/handover.h"
#include "saslauthd/sockets.h"

#define CHECK_SECONDS 30	/* a mechanism's open does no network I/O */
#define OUTCOME_MAX 1024	/* of a try: an error text, and some words */

/* What a pool is asked about its backend, and how it is listened to: a status
 * to exit with, or -1 when it went away without a verdict. */
struct question {
	const char *flag;
	int seconds;
	int (*listen)(const struct question *q, int channel);
	bool warnings_count;
	struct plan *plan;		/* to complain to; NULL: none */
	const struct site_backend *backend;
};

/* Log what the child says until it is through. */
static int
listen_to_check(const struct question *q, int channel)
{
	char text[ERRMSG_MAX];
	enum frame_type type;
	struct buf b;
	unsigned status;
	int worst = EX_OK;
	bool done = false;

	buf_init(&b, FRAME_MAX);
	while (!done && frame_recv(channel, &type, &b, NULL) == FRAME_OK) {
		if (type == FRAME_READY) {
			done = true;
			continue;
		}
		if (type != FRAME_FAILED || buf_get_u8(&b, &status) != 0 ||
		    buf_get_chars(&b, text, sizeof(text)) != 0)
			break;
		if (status == FRAME_REMARK) {
			log_msg(LOG_WARNING, "main", "%s", text);
			continue;
		}
		if (status != EX_OK)
			plan_complain(q->plan, text);
		else
			plan_warn(q->plan, text);
		if (status == EX_OK && q->warnings_count)
			status = EX_CONFIG;
		if (worst == EX_OK)
			worst = (int)status;
	}
	buf_fini(&b);
	return done || worst != EX_OK ? worst : -1;
}

/* Texts of libraries may have more than one. */
static void
keep_one_line(char *text)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			*text = ' ';
}

/* What becomes of a program that opens a strange library is not known: it may
 * crash, or hang. */
static int
listen_to_try(const struct question *q, int channel)
{
	char text[OUTCOME_MAX];
	enum frame_status heard;
	enum frame_type type;
	unsigned status;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	heard = frame_recv(channel, &type, &b, NULL);
	if (heard != FRAME_OK || type != FRAME_FAILED ||
	    buf_get_u8(&b, &status) != 0 ||
	    buf_get_chars(&b, text, sizeof(text)) != 0) {
		status = EX_CONFIG;
		(void)str_format(text, sizeof(text), "cannot be opened: %s",
		    heard == FRAME_AGAIN ? "no end of it in time" :
		    "the program that tried it died");
	}
	buf_fini(&b);
	keep_one_line(text);
	printf("backend %s (%s): %s\n", q->backend->name,
	    q->backend->settings.mechanism, text);
	(void)fflush(stdout);
	return (int)status;
}

static int
ask_pool(const struct plan *plan, const struct question *q)
{
	char title[] = "saslauthd-pool", flag[sizeof("--check")];
	char *argv[] = { title, flag, NULL };
	const struct timeval patience = { q->seconds, 0 };
	struct child c = CHILD_INIT;
	struct errmsg e = ERRMSG_INIT;
	struct buf settings;
	int wstatus, status = EX_OSERR;

	buf_init(&settings, FRAME_MAX);
	if (str_copy(flag, sizeof(flag), q->flag) != 0 ||
	    handover_put_pool(&settings, plan, q->backend->name) != 0)
		goto out;
	if (child_spawn(&c, plan->launch->pool, argv, true, &e) != 0 ||
	    handover_to_pool(c.channel, &settings, plan, &e) != 0) {
		log_msg(LOG_ERR, "main", "cannot run %s: %s",
		    plan->launch->pool, e.text);
		goto out;
	}
	(void)io_set_nonblock(c.channel, false);
	(void)setsockopt(c.channel, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	status = q->listen(q, c.channel);
	if (status < 0) {
		log_msg(LOG_ERR, "main", "%s did not say whether the "
		    "settings are good: is it installed?",
		    plan->launch->pool);
		status = EX_OSERR;
	}
out:
	child_release(&c);
	if (c.pid > 0) {
		(void)kill(c.pid, SIGKILL);
		(void)waitpid(c.pid, &wstatus, 0);
	}
	buf_fini(&settings);
	return status;
}

int
check_backends(struct plan *plan, bool warnings_count, struct notify *beat)
{
	const struct site *site = &plan->site;
	int status = EX_OK, one;
	size_t i;

	/* Who cannot run one cannot run the others either. */
	for (i = 0; i < site->backend_count && status != EX_OSERR; i++) {
		if (beat != NULL)
			notify_beat(beat);
		one = ask_pool(plan, &(struct question){
		    .flag = "--check", .seconds = CHECK_SECONDS,
		    .listen = listen_to_check,
		    .warnings_count = warnings_count, .plan = plan,
		    .backend = &site->backends[i] });
		if (one != EX_OK)
			status = one;
	}
	return status;
}

/* As written: by other names of its directory only a start can know it. */
static int
check_path(const struct site *site, size_t i, struct errmsg *e)
{
	const struct site_listener *l = &site->listeners[i];
	const char *path = l->settings.path;
	size_t k;

	if (path[0] == '\0')
		return 0;
	if (strlen(path) > io_unix_path_max()) {
		(void)errmsg_set(e, "path: %.300s is longer than the %zu "
		    "bytes of a socket's path", path, io_unix_path_max());
		return site_blame(l, e);
	}
	for (k = 0; k < i; k++) {
		if (strcmp(site->listeners[k].settings.path, path) != 0)
			continue;
		(void)errmsg_set(e, "path: %s is that of listener %s, too",
		    path, site->listeners[k].name);
		return site_blame(l, e);
	}
	return 0;
}

static void
complain(void *ctx, const char *text)
{
	plan_complain(ctx, text);
}

int
check_listeners(struct plan *plan)
{
	const struct site *site = &plan->site;
	struct errmsg e = ERRMSG_INIT;
	int rc = 0;
	size_t i;

	for (i = 0; i < site->listener_count; i++) {
		if (check_path(site, i, &e) != 0) {
			plan_complain(plan, e.text);
			rc = -1;
		}
		if (sockets_check(&site->listeners[i], complain, plan) != 0)
			rc = -1;
	}
	return rc;
}

int
check_try(const struct plan *plan)
{
	const struct site_backend *sb = plan->site.backends;
	const struct site_backend *end = sb + plan->site.backend_count;
	int status = EX_OK, one = EX_OK;

	(void)fflush(stdout);	/* what is there goes before stderr's */
	for (; sb < end && one != EX_OSERR; sb++) {
		one = ask_pool(plan, &(struct question){
		    .flag = "--try", .backend = sb, .listen = listen_to_try,
		    .seconds = CHECK_SECONDS +
		    (int)sb->settings.backend_timeout_sec });
		/* What time does not mend is told rather than an outage. */
		if (one != EX_OK && status != EX_CONFIG)
			status = one;
	}
	return status;
}
