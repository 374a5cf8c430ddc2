/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_watch - saslauthctl watch: what the daemon does, interval by interval.
 *
 * On a terminal a screen, with --json an object per interval, else a line.
 */
#include "config.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/deadline.h"
#include "common/json.h"
#include "common/str.h"
#include "tools/ctl.h"
#include "tools/ctl_plot.h"
#include "tools/ctl_screen.h"
#include "tools/safe_text.h"

#define HISTORY 512		/* more columns than screens have */
#define PLOT_ROWS_MAX 8
#define MSEC_PER_SEC 1000
#define TIMEOUT_MSEC 3000	/* a live view does not wait for longer */
#define JSON_MAX 4096
#define CLOCK_SIZE 16
#define FIGURE_SIZE 32
#define PLOT_TITLE_ROWS 2	/* with the empty line in front */

/* What is counted since the front began. */
struct totals {
	double requests, ok, denied, failed, limited, cached, joined,
	    invalid, seconds;
};

/* One interval. Rates are per second. */
struct sample {
	time_t at;
	struct totals rate;
	double latency_ms;	/* mean of the requests answered; -1: none */
	double hits_percent;	/* answers from the cache; -1: none */
	int64_t queued, busy, idle, max;
};

struct watch {
	const struct ctl *c;
	bool screen, utf8;
	struct control_reply reply;	/* the latest */
	struct totals before;
	int64_t before_msec;
	double history[HISTORY];	/* requests per second, oldest first */
	size_t history_count;
	struct sample sample;
	struct errmsg error;	/* "" if the latest question was answered */
	int status;
};

static void
read_totals(const struct control_reply *r, struct totals *t)
{
	const struct json_line *l = control_next(r, "totals", NULL);

	t->requests = json_line_real(l, "requests");
	t->ok = json_line_real(l, "ok");
	t->denied = json_line_real(l, "denied");
	t->failed = json_line_real(l, "failed");
	t->limited = json_line_real(l, "limited");
	t->cached = json_line_real(l, "cached");
	t->joined = json_line_real(l, "joined");
	t->invalid = json_line_real(l, "invalid");
	t->seconds = json_line_real(l, "seconds");
}

/* Per second; a new front counts from zero again. */
static void
read_rates(const struct totals *now, const struct totals *before, double sec,
    struct sample *s)
{
	static const struct totals zero;
	double requests;

	if (now->requests < before->requests)
		before = &zero;
	requests = now->requests - before->requests;
	s->rate.requests = requests / sec;
	s->rate.ok = (now->ok - before->ok) / sec;
	s->rate.denied = (now->denied - before->denied) / sec;
	s->rate.failed = (now->failed - before->failed) / sec;
	s->rate.limited = (now->limited - before->limited) / sec;
	s->rate.cached = (now->cached - before->cached) / sec;
	s->rate.joined = (now->joined - before->joined) / sec;
	s->rate.invalid = (now->invalid - before->invalid) / sec;
	s->latency_ms = s->hits_percent = -1;
	if (requests > 0) {
		s->latency_ms = (now->seconds - before->seconds) *
		    MSEC_PER_SEC / requests;
		s->hits_percent = (now->cached - before->cached) * 100 /
		    requests;
	}
}

static void
read_levels(const struct control_reply *r, struct sample *s)
{
	const struct json_line *l = NULL;

	s->queued = json_line_int(control_next(r, "queue", NULL), "queued");
	s->busy = s->idle = s->max = 0;
	while ((l = control_next(r, "backend", l)) != NULL) {
		s->busy += json_line_int(l, "workers_busy");
		s->idle += json_line_int(l, "workers_idle");
		s->max += json_line_int(l, "workers_max");
	}
}

static void
remember(struct watch *w, double value)
{
	if (w->history_count == HISTORY) {
		memmove(w->history, w->history + 1,
		    (HISTORY - 1) * sizeof(w->history[0]));
		w->history_count--;
	}
	w->history[w->history_count++] = value;
}

/* Ask once. False when there was no usable answer: see w->error. */
static bool
ask(struct watch *w)
{
	static const char *const needed[] = { "totals", "queue", "backend",
	    NULL };
	static const char *const words[] = { "stats" };
	struct ctl c = *w->c;
	enum control_outcome outcome;

	c.server.timeout_msec = TIMEOUT_MSEC;
	c.words = words;
	control_reply_fini(&w->reply);
	w->error.text[0] = '\0';
	outcome = ctl_collect(&c, needed, &w->reply, &w->error);
	w->status = (int)ctl_exit_of(outcome);
	return outcome == CONTROL_DONE;
}

/* Ask, and compare with the last time. */
static void
take_sample(struct watch *w)
{
	struct totals now;
	int64_t msec;

	memset(&w->sample, 0, sizeof(w->sample));
	w->sample.at = time(NULL);
	if (!ask(w)) {
		w->sample.latency_ms = w->sample.hits_percent = -1;
		remember(w, 0);
		return;
	}
	msec = deadline_now_msec();
	read_totals(&w->reply, &now);
	read_rates(&now, &w->before, (double)(msec - w->before_msec) /
	    MSEC_PER_SEC, &w->sample);
	read_levels(&w->reply, &w->sample);
	w->before = now;
	w->before_msec = msec;
	remember(w, w->sample.rate.requests);
}

static const char *
wall_clock(char to[CLOCK_SIZE], time_t at)
{
	struct tm tm;

	if (localtime_r(&at, &tm) == NULL ||
	    strftime(to, CLOCK_SIZE, "%H:%M:%S", &tm) == 0)
		return "?";
	return to;
}

/* "12.3", or "-" for what is not known. */
static const char *
figure(char to[FIGURE_SIZE], double value)
{
	if (value < 0 || str_format(to, FIGURE_SIZE, "%.1f", value) == -1)
		return "-";
	return to;
}

static void
write_figures(FILE *to, const struct sample *s)
{
	char latency[FIGURE_SIZE], hits[FIGURE_SIZE];

	fprintf(to, "  requests  %10.1f /s   ok %.1f, refused %.1f, failed "
	    "%.1f, limited %.1f\n", s->rate.requests, s->rate.ok,
	    s->rate.denied, s->rate.failed, s->rate.limited);
	fprintf(to, "  latency   %10s ms   mean of the interval\n",
	    figure(latency, s->latency_ms));
	fprintf(to, "  cache     %10s %%    of the answers; joined %.1f /s\n",
	    figure(hits, s->hits_percent), s->rate.joined);
	fprintf(to, "  queue     %10" PRId64 "      waiting; requests that "
	    "are invalid %.1f /s\n", s->queued, s->rate.invalid);
	fprintf(to, "  workers   %10" PRId64 "      busy; idle %" PRId64
	    ", at most %" PRId64 "\n", s->busy, s->idle, s->max);
}

static void
write_backends(FILE *to, const struct control_reply *r)
{
	const struct json_line *l = NULL;
	char since[CTL_DURATION_SIZE];

	while ((l = control_next(r, "backend", l)) != NULL) {
		fputs("  backend   ", to);
		(void)safe_text_put(to, json_line_str(l, "name"));
		fprintf(to, " is %s for %s\n", json_line_bool(l, "up") ?
		    "up" : "DOWN", ctl_duration(since,
		    json_line_int(l, "since_sec")));
	}
}

static void
write_plot(FILE *to, const struct watch *w, int columns, int rows)
{
	size_t count = w->history_count, i;
	char span[CTL_DURATION_SIZE];
	const double *latest;
	double max = 0;

	if (count > (size_t)columns)
		count = (size_t)columns;
	latest = w->history + w->history_count - count;
	for (i = 0; i < count; i++)
		if (latest[i] > max)
			max = latest[i];
	fprintf(to, "\n  requests a second in the last %s, highest %.1f\n",
	    ctl_duration(span, (int64_t)count * w->c->interval_sec), max);
	ctl_plot(to, latest, count, rows, w->utf8);
}

static void
write_head(FILE *to, const struct watch *w)
{
	char at[CLOCK_SIZE];

	fprintf(to, "%s, every %ld s, q quits; saslauthd in ",
	    wall_clock(at, w->sample.at), w->c->interval_sec);
	(void)safe_text_put(to, w->c->server.run_dir);
	fputs("\n\n", to);
	if (w->error.text[0] != '\0') {
		(void)safe_text_put(to, w->error.text);
		fputc('\n', to);
	} else {
		write_figures(to, &w->sample);
		write_backends(to, &w->reply);
	}
}

static int
count_lines(const char *text)
{
	int lines = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		lines++;
	return lines;
}

static void
draw(const struct watch *w)
{
	struct ctl_size size = ctl_screen_size();
	char *text = NULL;
	size_t len = 0;
	FILE *to;
	int rows;

	to = open_memstream(&text, &len);
	if (to == NULL)
		return;
	write_head(to, w);
	if (fflush(to) == 0) {
		rows = size.rows - count_lines(text) - PLOT_TITLE_ROWS;
		if (rows > PLOT_ROWS_MAX)
			rows = PLOT_ROWS_MAX;
		if (rows > 0)
			write_plot(to, w, size.columns, rows);
	}
	if (fclose(to) == 0)
		ctl_screen_show(text);
	free(text);
}

static void
print_line(const struct watch *w, long number)
{
	char at[CLOCK_SIZE], latency[FIGURE_SIZE], hits[FIGURE_SIZE];
	const struct sample *s = &w->sample;
	const char *clock = wall_clock(at, s->at);

	if (number == 1)
		puts("    time    req/s       ms  hits %     ok/s    no/s "
		    " fail/s   lim/s queue  busy");
	if (w->error.text[0] != '\0')
		printf("%s -\n", clock);
	else
		printf("%s %8.1f %8s %7s %8.1f %7.1f %7.1f %7.1f %5" PRId64
		    " %5" PRId64 "\n", clock, s->rate.requests,
		    figure(latency, s->latency_ms),
		    figure(hits, s->hits_percent), s->rate.ok,
		    s->rate.denied, s->rate.failed, s->rate.limited,
		    s->queued, s->busy);
}

static void
json_figure(struct json *j, const char *key, double value)
{
	if (value >= 0)
		json_decimal(j, key, (int64_t)(value * 1000 + 0.5), 3);
}

static void
print_json(const struct watch *w)
{
	const struct sample *s = &w->sample;
	struct json j;
	struct buf b;

	buf_init(&b, JSON_MAX);
	json_begin(&j, &b);
	json_int(&j, "time", (int64_t)s->at);
	if (w->error.text[0] != '\0') {
		json_str(&j, "error", w->error.text);
	} else {
		json_figure(&j, "requests_per_sec", s->rate.requests);
		json_figure(&j, "ok_per_sec", s->rate.ok);
		json_figure(&j, "denied_per_sec", s->rate.denied);
		json_figure(&j, "failed_per_sec", s->rate.failed);
		json_figure(&j, "limited_per_sec", s->rate.limited);
		json_figure(&j, "cached_per_sec", s->rate.cached);
		json_figure(&j, "joined_per_sec", s->rate.joined);
		json_figure(&j, "invalid_per_sec", s->rate.invalid);
		json_figure(&j, "latency_ms", s->latency_ms);
		json_figure(&j, "hits_percent", s->hits_percent);
		json_int(&j, "queued", s->queued);
		json_int(&j, "workers_busy", s->busy);
		json_int(&j, "workers_idle", s->idle);
		json_int(&j, "workers_max", s->max);
	}
	if (json_end(&j) == 0)
		(void)fwrite(buf_data(&b), 1, buf_len(&b), stdout);
	buf_fini(&b);
}

static void
show(const struct watch *w, long number)
{
	if (w->screen) {
		draw(w);
		return;
	}
	if (w->error.text[0] != '\0')
		ctl_complain(&w->error);
	if (w->c->json)
		print_json(w);
	else
		print_line(w, number);
	(void)fflush(stdout);
}

/* Until the next interval begins; false to quit. */
static bool
wait_until(const struct watch *w, const struct deadline *next)
{
	enum ctl_event event;

	if (!w->screen) {
		while (!deadline_passed(next))
			(void)poll(NULL, 0, deadline_poll_msec(next));
		return true;
	}
	while ((event = ctl_screen_wait(next)) == CTL_RESIZED)
		draw(w);
	return event == CTL_TIME;
}

static void
run(struct watch *w)
{
	int64_t interval_msec = w->c->interval_sec * MSEC_PER_SEC;
	struct deadline next = deadline_in_msec(interval_msec);
	long number = 0;

	if (w->screen)
		draw(w);
	while (wait_until(w, &next)) {
		take_sample(w);
		show(w, ++number);
		if (number == w->c->samples || ferror(stdout))
			break;
		next.at_msec += interval_msec;
		if (deadline_passed(&next))
			next = deadline_in_msec(interval_msec);
	}
}

int
ctl_watch(const struct ctl *c)
{
	struct watch w = { .c = c, .utf8 = safe_text_utf8() };

	if (!ask(&w)) {
		ctl_complain(&w.error);
		if (c->json)
			print_json(&w);
		return w.status;
	}
	w.sample.at = time(NULL);
	w.sample.latency_ms = w.sample.hits_percent = -1;
	read_totals(&w.reply, &w.before);
	read_levels(&w.reply, &w.sample);
	w.before_msec = deadline_now_msec();
	w.screen = !c->json && ctl_screen_enter() == 0;
	run(&w);
	if (w.screen)
		ctl_screen_leave();
	control_reply_fini(&w.reply);
	return w.status;
}
