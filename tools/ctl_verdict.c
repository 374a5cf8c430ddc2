/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_verdict - is the daemon well, by what it says of itself?
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/ctl_verdict.h"

/* A restart is news for so long. */
#define RESTART_RECENT_SEC 3600
/* Parts of what there is room for, in percent, that are worth a warning. */
#define CLIENTS_PERCENT 90
#define QUEUE_PERCENT 50
#define LIMITS_PERCENT 90

/* Add a reason; the gravest one decides. */
static void __attribute__((format(printf, 3, 4)))
note(struct ctl_verdict *v, enum ctl_exit status, const char *fmt, ...)
{
	char *to = v->text.text;
	size_t used = strlen(to);
	va_list ap;

	if (used > 0)
		used += (size_t)snprintf(to + used, sizeof(v->text.text) -
		    used, "; ");
	if (used < sizeof(v->text.text)) {
		va_start(ap, fmt);
		(void)vsnprintf(to + used, sizeof(v->text.text) - used, fmt,
		    ap);
		va_end(ap);
	}
	if (status > v->status)
		v->status = status;
}

/* Is value at least that part of max? 0 stands for no limit. */
static bool
reaches(int64_t value, int64_t max, int percent)
{
	return max > 0 && (double)value * 100 >= (double)max * percent;
}

static void
judge_daemon(const struct control_reply *r, struct ctl_verdict *v)
{
	const struct json_line *l = control_next(r, "daemon", NULL);

	if (strcmp(json_line_str(l, "state"), "serving") != 0)
		note(v, CTL_WARNING, "the daemon is stopping");
}

static void
judge_roles(const struct control_reply *r, struct ctl_verdict *v)
{
	const struct json_line *l = NULL;
	char ago[CTL_DURATION_SIZE];
	const char *name;
	int64_t uptime;

	while ((l = control_next(r, "role", l)) != NULL) {
		name = json_line_str(l, "name");
		uptime = json_line_int(l, "uptime_sec");
		if (json_line_int(l, "pid") == 0)
			note(v, CTL_CRITICAL, "the %s is not running", name);
		else if (json_line_int(l, "restarts") > 0 &&
		    uptime < RESTART_RECENT_SEC)
			note(v, CTL_WARNING, "the %s was restarted %s ago",
			    name, ctl_duration(ago, uptime));
	}
}

/* Its backend is up: others of its kind do the work. */
static void
judge_parts(const struct control_reply *r, const char *backend,
    struct ctl_verdict *v)
{
	const struct json_line *l = NULL;
	char since[CTL_DURATION_SIZE];

	while ((l = control_next(r, "part", l)) != NULL)
		if (strcmp(json_line_str(l, "backend"), backend) == 0 &&
		    !json_line_bool(l, "up"))
			note(v, CTL_WARNING, "%s of backend %s is down for "
			    "%s", json_line_str(l, "name"), backend,
			    ctl_duration(since,
			    json_line_int(l, "since_sec")));
}

/* With one backend down and another up, some logins work. */
static void
judge_backends(const struct control_reply *r, struct ctl_verdict *v)
{
	enum ctl_exit gravity = CTL_CRITICAL;
	const struct json_line *l = NULL;
	char since[CTL_DURATION_SIZE];
	const char *name;
	int64_t queued;

	while ((l = control_next(r, "backend", l)) != NULL)
		if (json_line_bool(l, "up"))
			gravity = CTL_WARNING;
	while ((l = control_next(r, "backend", l)) != NULL) {
		name = json_line_str(l, "name");
		queued = json_line_int(l, "queued");
		if (!json_line_bool(l, "up")) {
			note(v, gravity, "backend %s is down for %s", name,
			    ctl_duration(since,
			    json_line_int(l, "since_sec")));
			continue;
		}
		judge_parts(r, name, v);
		if (queued > 0 && json_line_int(l, "workers_busy") >=
		    json_line_int(l, "workers_max"))
			note(v, CTL_WARNING, "all workers of backend %s are "
			    "busy; requests that wait: %" PRId64, name,
			    queued);
	}
}

static void
judge_room(const struct control_reply *r, struct ctl_verdict *v)
{
	const struct json_line *clients = control_next(r, "clients", NULL);
	const struct json_line *queue = control_next(r, "queue", NULL);
	int64_t connected = json_line_int(clients, "connected");
	int64_t queued = json_line_int(queue, "queued");
	int64_t clients_max = json_line_int(clients, "max");
	int64_t queue_max = json_line_int(queue, "max");

	if (reaches(connected, clients_max, CLIENTS_PERCENT))
		note(v, reaches(connected, clients_max, 100) ? CTL_CRITICAL :
		    CTL_WARNING, "connected clients: %" PRId64 " of %"
		    PRId64, connected, clients_max);
	if (reaches(queued, queue_max, QUEUE_PERCENT))
		note(v, reaches(queued, queue_max, 100) ? CTL_CRITICAL :
		    CTL_WARNING, "requests that wait: %" PRId64 " of %"
		    PRId64, queued, queue_max);
}

static void
judge_losses(const struct control_reply *r, struct ctl_verdict *v)
{
	const struct json_line *limits = control_next(r, "limits", NULL);
	const struct json_line *log = control_next(r, "log", NULL);

	if (json_line_int(limits, "evicted") > 0 &&
	    reaches(json_line_int(limits, "tries"),
	    json_line_int(limits, "tries_max"), LIMITS_PERCENT))
		note(v, CTL_WARNING, "the table of wrong passwords is full, "
		    "the oldest are forgotten");
	if (json_line_int(log, "lost") > 0)
		note(v, CTL_WARNING, "log lines lost: %" PRId64,
		    json_line_int(log, "lost"));
}

void
ctl_verdict_judge(const struct control_reply *status,
    struct ctl_verdict *v_r)
{
	v_r->status = CTL_OK;
	v_r->text.text[0] = '\0';
	judge_daemon(status, v_r);
	judge_roles(status, v_r);
	judge_backends(status, v_r);
	judge_room(status, v_r);
	judge_losses(status, v_r);
}
