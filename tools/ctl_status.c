/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_status - saslauthctl status: one line for a monitoring system, and a
 * page of 80 columns for its operator.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "tools/ctl.h"
#include "tools/ctl_verdict.h"
#include "tools/safe_text.h"

#define LABEL_WIDTH 9
#define VERDICT_MAX (8 * ERRMSG_MAX)	/* bytes, with escapes */
#define MEBIBYTE (1024.0 * 1024.0)

static void
print_label(const char *label)
{
	fputs("  ", stdout);
	safe_text_column(stdout, label, LABEL_WIDTH);
	fputs("  ", stdout);
}

static void
print_generation(const struct json_line *l)
{
	char since[CTL_DURATION_SIZE];
	int64_t old = json_line_int(l, "old_generations");

	printf("settings: generation %" PRId64 ", in force for %s",
	    json_line_int(l, "generation"),
	    ctl_duration(since, json_line_int(l, "generation_sec")));
	if (old > 0)
		printf("; older ones that end what runs: %" PRId64, old);
	fputc('\n', stdout);
}

static void
print_daemon(const struct json_line *l)
{
	char uptime[CTL_DURATION_SIZE];

	fputs("saslauthd ", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "version"));
	fputs(" in ", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "run_dir"));
	printf(", pid %" PRId64 ", up %s", json_line_int(l, "pid"),
	    ctl_duration(uptime, json_line_int(l, "uptime_sec")));
	if (strcmp(json_line_str(l, "state"), "serving") != 0)
		fputs(", stopping", stdout);
	if (json_line_bool(l, "verbose"))
		fputs(", log level debug", stdout);
	fputs("\n", stdout);
	print_generation(l);
	fputs("\n", stdout);
}

static void
print_roles(const struct control_reply *r)
{
	const struct json_line *l = NULL;
	char uptime[CTL_DURATION_SIZE];
	int64_t restarts;

	while ((l = control_next(r, "role", l)) != NULL) {
		restarts = json_line_int(l, "restarts");
		print_label(json_line_str(l, "name"));
		if (json_line_int(l, "pid") == 0)
			fputs("not running", stdout);
		else
			printf("pid %-8" PRId64 "up %s",
			    json_line_int(l, "pid"), ctl_duration(uptime,
			    json_line_int(l, "uptime_sec")));
		if (restarts > 0)
			printf(", %" PRId64 " %s", restarts,
			    restarts == 1 ? "restart" : "restarts");
		if (json_line_str(l, "backend")[0] != '\0') {
			fputs(", of ", stdout);
			(void)safe_text_put(stdout,
			    json_line_str(l, "backend"));
		}
		fputc('\n', stdout);
	}
}

static void
print_parts(const struct control_reply *r, const char *backend)
{
	const struct json_line *l = NULL;
	char since[CTL_DURATION_SIZE];

	while ((l = control_next(r, "part", l)) != NULL) {
		if (strcmp(json_line_str(l, "backend"), backend) != 0)
			continue;
		print_label("server");
		(void)safe_text_put(stdout, json_line_str(l, "name"));
		printf(" is %s for %s", json_line_bool(l, "up") ?
		    "up" : "DOWN", ctl_duration(since,
		    json_line_int(l, "since_sec")));
		if (json_line_str(l, "why")[0] != '\0') {
			fputs(": ", stdout);
			(void)safe_text_put(stdout, json_line_str(l, "why"));
		}
		fputc('\n', stdout);
	}
}

static void
print_workers(const struct json_line *l)
{
	print_label("workers");
	printf("%" PRId64 " busy, %" PRId64 " idle, %" PRId64
	    " starting; %" PRId64 " kept ready, %" PRId64
	    " at most; %" PRId64 " lost\n",
	    json_line_int(l, "workers_busy"),
	    json_line_int(l, "workers_idle"),
	    json_line_int(l, "workers_starting"),
	    json_line_int(l, "workers_ready"),
	    json_line_int(l, "workers_max"),
	    json_line_int(l, "workers_lost"));
}

static void
print_backends(const struct control_reply *r)
{
	const struct json_line *l = NULL;
	char since[CTL_DURATION_SIZE];

	while ((l = control_next(r, "backend", l)) != NULL) {
		fputc('\n', stdout);
		print_label("backend");
		(void)safe_text_put(stdout, json_line_str(l, "name"));
		printf(" is %s for %s\n", json_line_bool(l, "up") ?
		    "up" : "DOWN", ctl_duration(since,
		    json_line_int(l, "since_sec")));
		if (json_line_str(l, "trouble")[0] != '\0') {
			print_label("");
			fputs("it cannot be opened: ", stdout);
			(void)safe_text_put(stdout,
			    json_line_str(l, "trouble"));
			fputc('\n', stdout);
		}
		print_parts(r, json_line_str(l, "name"));
		print_workers(l);
		print_label("questions");
		printf("%" PRId64 " waiting", json_line_int(l, "queued"));
		if (json_line_has(l, "median_ms"))
			printf("; half of them take less than %.1f ms",
			    json_line_real(l, "median_ms"));
		fputc('\n', stdout);
	}
	fputc('\n', stdout);
}

/* "label      N of M what" */
static void
print_room(const struct control_reply *r, const char *kind, const char *value,
    const char *what)
{
	const struct json_line *l = control_next(r, kind, NULL);

	print_label(kind);
	printf("%" PRId64 " of %" PRId64 " %s\n", json_line_int(l, value),
	    json_line_int(l, "max"), what);
}

/* "12m 5s", or "off" for 0. */
static const char *
life(char to[CTL_DURATION_SIZE], const struct json_line *l, const char *key)
{
	int64_t sec = json_line_int(l, key);

	return sec == 0 ? "off" : ctl_duration(to, sec);
}

static void
print_cache(const struct json_line *l)
{
	char ttl[CTL_DURATION_SIZE], grace[CTL_DURATION_SIZE];
	char negative[CTL_DURATION_SIZE];
	int64_t hits = json_line_int(l, "hits");
	int64_t lookups = control_lookups(l);

	print_label("cache");
	if (!json_line_bool(l, "enabled")) {
		puts("off");
		return;
	}
	printf("successes %" PRId64 ", refusals %" PRId64 "; %.1f of %.1f MiB",
	    json_line_int(l, "entries"), json_line_int(l, "refusals"),
	    (double)json_line_int(l, "bytes") / MEBIBYTE,
	    (double)json_line_int(l, "bytes_max") / MEBIBYTE);
	if (lookups > 0)
		printf("; %.1f %% hits", 100.0 * (double)hits /
		    (double)lookups);
	fputc('\n', stdout);
	print_label("");
	printf("kept for %s; refusals: %s; grace: %s\n",
	    life(ttl, l, "ttl_sec"), life(negative, l, "negative_ttl_sec"),
	    life(grace, l, "grace_sec"));
}

static void
print_limits(const struct json_line *l)
{
	const char *mode = json_line_str(l, "mode");

	print_label("limits");
	(void)safe_text_put(stdout, mode);
	if (strcmp(mode, "off") == 0) {
		fputc('\n', stdout);
		return;
	}
	printf("; over the limit: identities %" PRId64 ", addresses %"
	    PRId64 "; refused %" PRId64 "\n",
	    json_line_int(l, "identities_over"),
	    json_line_int(l, "addresses_over"),
	    json_line_int(l, "refused"));
	print_label("");
	printf("wrong passwords: %" PRId64 " of %" PRId64 " held, %" PRId64
	    " evicted\n", json_line_int(l, "tries"),
	    json_line_int(l, "tries_max"), json_line_int(l, "evicted"));
}

/* What follows the bar on the first line, in the form plug-ins give it:
 * label=value;warning;critical;least;most. */
static void
print_figures(const struct control_reply *r)
{
	const struct json_line *clients = control_next(r, "clients", NULL);
	const struct json_line *queue = control_next(r, "queue", NULL);
	const struct json_line *cache = control_next(r, "cache", NULL);
	const struct json_line *l = NULL;
	int64_t busy = 0, max = 0;

	while ((l = control_next(r, "backend", l)) != NULL) {
		busy += json_line_int(l, "workers_busy");
		max += json_line_int(l, "workers_max");
	}
	printf(" | busy=%" PRId64 ";;;0;%" PRId64, busy, max);
	printf(" queue=%" PRId64 ";;;0;%" PRId64,
	    json_line_int(queue, "queued"), json_line_int(queue, "max"));
	printf(" clients=%" PRId64 ";;;0;%" PRId64,
	    json_line_int(clients, "connected"),
	    json_line_int(clients, "max"));
	if (json_line_bool(cache, "enabled"))
		printf(" hits=%" PRId64 "c misses=%" PRId64 "c",
		    json_line_int(cache, "hits"), control_lookups(cache) -
		    json_line_int(cache, "hits"));
	fputc('\n', stdout);
}

static void
print_page(const struct control_reply *r)
{
	fputc('\n', stdout);
	print_daemon(control_next(r, "daemon", NULL));
	print_roles(r);
	print_backends(r);
	print_room(r, "clients", "connected", "connected");
	print_room(r, "queue", "queued", "waiting");
	print_cache(control_next(r, "cache", NULL));
	print_limits(control_next(r, "limits", NULL));
	print_label("log");
	printf("lines lost: %" PRId64 "\n",
	    json_line_int(control_next(r, "log", NULL), "lost"));
}

static void
print_verdict(const struct control_reply *r, const struct ctl_verdict *v)
{
	const struct json_line *l = NULL;
	const char *comma = ": ";

	printf("%s", ctl_exit_name(v->status));
	if (v->status == CTL_OK) {
		while ((l = control_next(r, "backend", l)) != NULL) {
			fputs(comma, stdout);
			(void)safe_text_put(stdout, json_line_str(l, "name"));
			fputs(" is up", stdout);
			comma = ", ";
		}
	} else {
		fputs(": ", stdout);
		(void)safe_text_put(stdout, v->text.text);
	}
	print_figures(r);
}

/* "verdict":[{...}] */
static void
print_json_verdict(const struct ctl_verdict *v)
{
	struct buf b;
	struct json j;

	buf_init(&b, VERDICT_MAX);
	json_begin(&j, &b);
	json_str(&j, "status", ctl_exit_name(v->status));
	json_int(&j, "exit", v->status);
	json_str(&j, "text", v->text.text);
	if (json_end(&j) == 0)
		printf("\"verdict\":[%.*s]", (int)buf_len(&b) - 1,
		    (const char *)buf_data(&b));
	buf_fini(&b);
}

/* Monitoring systems read standard output, so that is where a failure goes
 * as well. */
static int
fail(const struct ctl *c, enum control_outcome outcome,
    const struct errmsg *e)
{
	struct ctl_verdict v = { .status = ctl_exit_of(outcome), .text = *e };

	if (c->json) {
		fputc('{', stdout);
		print_json_verdict(&v);
		puts("}");
	} else {
		printf("%s: ", ctl_exit_name(v.status));
		(void)safe_text_put(stdout, v.text.text);
		fputc('\n', stdout);
	}
	return (int)v.status;
}

int
ctl_status(const struct ctl *c)
{
	static const char *const needed[] = { "daemon", "role", "backend",
	    "clients", "queue", "cache", "limits", "log", NULL };
	struct errmsg e = ERRMSG_INIT;
	enum control_outcome outcome;
	struct ctl_verdict verdict;
	struct control_reply r;

	outcome = ctl_collect(c, needed, &r, &e);
	if (outcome != CONTROL_DONE)
		return fail(c, outcome, &e);
	ctl_verdict_judge(&r, &verdict);
	if (c->json) {
		fputc('{', stdout);
		print_json_verdict(&verdict);
		fputc(',', stdout);
		ctl_print_kinds(&r);
		puts("}");
	} else {
		print_verdict(&r, &verdict);
		print_page(&r);
	}
	control_reply_fini(&r);
	return (int)verdict.status;
}
