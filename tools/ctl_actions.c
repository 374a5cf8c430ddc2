/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_actions - saslauthctl's commands that change something: flush,
 * log-level, reload, drain.
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "common/str.h"
#include "tools/ctl.h"
#include "tools/safe_text.h"

#define DRAIN_POLL_MSEC 100
/* To judge the settings and to start all pools; and the one before may have to
 * end first. */
#define RELOAD_MSEC 180000

int
ctl_flush(const struct ctl *c)
{
	struct control_reply r;
	const struct json_line *l;
	int64_t entries, refusals, tries;
	int status = ctl_ask(c, "flushed", &r);

	if (status != CTL_OK)
		return status;
	l = control_next(&r, "flushed", NULL);
	entries = json_line_int(l, "entries");
	refusals = json_line_int(l, "refusals");
	tries = json_line_int(l, "tries");
	if (c->json)
		ctl_print_reply(&r);
	else
		printf("flushed %" PRId64 " %s, %" PRId64 " %s, %" PRId64
		    " wrong %s\n", entries, entries == 1 ? "entry" :
		    "entries", refusals, refusals == 1 ? "refusal" :
		    "refusals", tries, tries == 1 ? "password" : "passwords");
	control_reply_fini(&r);
	return CTL_OK;
}

int
ctl_log_level(const struct ctl *c)
{
	struct control_reply r;
	int status = ctl_ask(c, "done", &r);

	if (status != CTL_OK)
		return status;
	if (c->json)
		ctl_print_reply(&r);
	else
		printf("log level: %s\n", json_line_bool(
		    control_next(&r, "done", NULL), "verbose") ?
		    "debug" : "info");
	control_reply_fini(&r);
	return CTL_OK;
}

static void
print_reloaded(const struct json_line *l)
{
	const char *text = json_line_str(l, "text");
	FILE *to = stdout;

	if (json_line_bool(l, "ok")) {
		printf("reloaded: served by generation %" PRId64 " now%s",
		    json_line_int(l, "generation"),
		    text[0] != '\0' ? "; " : "");
	} else {
		to = stderr;
		fputs("saslauthctl: refused, nothing has changed: ", to);
	}
	(void)safe_text_put(to, text);
	fputc('\n', to);
}

/* EX_CONFIG is what a start with such settings exits with. */
int
ctl_reload(const struct ctl *c)
{
	struct ctl patient = *c;
	const struct json_line *l;
	struct control_reply r;
	int status;

	patient.server.timeout_msec = RELOAD_MSEC;
	status = ctl_ask(&patient, "reloaded", &r);
	if (status != CTL_OK)
		return status;
	l = control_next(&r, "reloaded", NULL);
	if (!json_line_bool(l, "ok"))
		status = EX_CONFIG;
	if (c->json)
		ctl_print_reply(&r);
	else
		print_reloaded(l);
	control_reply_fini(&r);
	return status;
}

/* The daemon is gone when nothing listens on its socket; one that took its
 * place has a socket of its own. */
static bool
still_there(const struct ctl *c, const char *path, const struct stat *before)
{
	struct stat now;

	if (stat(path, &now) == -1 || now.st_dev != before->st_dev ||
	    now.st_ino != before->st_ino ||
	    now.st_ctim.tv_sec != before->st_ctim.tv_sec ||
	    now.st_ctim.tv_nsec != before->st_ctim.tv_nsec)
		return false;
	return control_listening(&c->server);
}

int
ctl_drain(const struct ctl *c)
{
	struct stat before = { .st_ino = 0 };
	struct control_reply r;
	char path[PATH_MAX];
	int status;

	if (str_format(path, sizeof(path), "%s/control",
	    c->server.run_dir) == -1 || stat(path, &before) == -1)
		path[0] = '\0';	/* asking fails too, and says why */
	status = ctl_ask(c, "done", &r);
	if (status != CTL_OK)
		return status;
	while (still_there(c, path, &before))
		(void)poll(NULL, 0, DRAIN_POLL_MSEC);
	if (c->json)
		ctl_print_reply(&r);
	else
		puts("saslauthd has finished and ended");
	control_reply_fini(&r);
	return CTL_OK;
}
