/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl - what saslauthctl's commands share.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/str.h"
#include "tools/ctl.h"
#include "tools/safe_text.h"

#define OBJECT_MAX (1024 * 1024)	/* bytes; a line with its escapes */

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

const char *
ctl_exit_name(enum ctl_exit status)
{
	switch (status) {
	case CTL_OK: return "OK";
	case CTL_WARNING: return "WARNING";
	case CTL_CRITICAL: return "CRITICAL";
	case CTL_UNKNOWN: return "UNKNOWN";
	}
	return "UNKNOWN";
}

enum ctl_exit
ctl_exit_of(enum control_outcome outcome)
{
	switch (outcome) {
	case CONTROL_DONE:
		return CTL_OK;
	case CONTROL_DOWN:
	case CONTROL_SILENT:
		return CTL_CRITICAL;
	case CONTROL_DENIED:
	case CONTROL_ERROR:
	case CONTROL_GARBAGE:
		return CTL_UNKNOWN;
	}
	return CTL_UNKNOWN;
}

void
ctl_complain(const struct errmsg *e)
{
	(void)fflush(stdout);
	fputs("saslauthctl: ", stderr);
	(void)safe_text_put(stderr, e->text);
	fputc('\n', stderr);
}

void
ctl_print_error(const struct errmsg *e)
{
	struct buf b;
	struct json j;

	buf_init(&b, OBJECT_MAX);
	json_begin(&j, &b);
	json_str(&j, "text", e->text);
	if (json_end(&j) == 0)
		printf("\"error\":[%.*s]", (int)buf_len(&b) - 1,
		    (const char *)buf_data(&b));
	buf_fini(&b);
}

int
ctl_fail(const struct ctl *c, enum control_outcome outcome,
    const struct errmsg *e)
{
	ctl_complain(e);
	if (c->json) {
		fputc('{', stdout);
		ctl_print_error(e);
		puts("}");
	}
	return (int)ctl_exit_of(outcome);
}

enum control_outcome
ctl_collect(const struct ctl *c, const char *const *needed,
    struct control_reply *r_r, struct errmsg *e)
{
	enum control_outcome outcome;

	outcome = control_collect(&c->server, c->words, c->count, r_r, e);
	if (outcome != CONTROL_DONE)
		return outcome;
	for (; *needed != NULL; needed++) {
		if (control_next(r_r, *needed, NULL) != NULL)
			continue;
		errmsg_set(e, "The reply of %s/control says nothing of "
		    "\"%s\": is it a saslauthd of this version?",
		    c->server.run_dir, *needed);
		control_reply_fini(r_r);
		return CONTROL_GARBAGE;
	}
	return CONTROL_DONE;
}

int
ctl_ask(const struct ctl *c, const char *needed, struct control_reply *r_r)
{
	const char *const kinds[] = { needed, NULL };
	struct errmsg e = ERRMSG_INIT;
	enum control_outcome outcome = ctl_collect(c, kinds, r_r, &e);

	return outcome == CONTROL_DONE ? CTL_OK : ctl_fail(c, outcome, &e);
}

void
ctl_print_object(const struct json_line *l)
{
	struct buf b;
	struct json j;

	buf_init(&b, OBJECT_MAX);
	json_begin(&j, &b);
	json_line_copy(l, "kind", &j);
	if (json_end(&j) == 0)
		(void)fwrite(buf_data(&b), 1, buf_len(&b) - 1, stdout);
	buf_fini(&b);
}

void
ctl_print_kinds(const struct control_reply *r)
{
	const struct json_line *l, *same;
	const char *kind, *comma = "";

	for (l = r->lines; l < r->lines + r->count; l++) {
		kind = json_line_str(l, "kind");
		if (control_next(r, kind, NULL) != l)
			continue;	/* printed with the first */
		printf("%s\"%s\":[", comma, kind);
		ctl_print_object(l);
		for (same = l; (same = control_next(r, kind, same)) != NULL;) {
			fputc(',', stdout);
			ctl_print_object(same);
		}
		fputc(']', stdout);
		comma = ",";
	}
}

void
ctl_print_reply(const struct control_reply *r)
{
	fputc('{', stdout);
	ctl_print_kinds(r);
	puts("}");
}

const char *
ctl_duration(char to[CTL_DURATION_SIZE], int64_t sec)
{
	int rc;

	if (sec < MINUTE)
		rc = str_format(to, CTL_DURATION_SIZE, "%" PRId64 "s", sec);
	else if (sec < HOUR)
		rc = str_format(to, CTL_DURATION_SIZE, "%" PRId64 "m %" PRId64
		    "s", sec / MINUTE, sec % MINUTE);
	else if (sec < DAY)
		rc = str_format(to, CTL_DURATION_SIZE, "%" PRId64 "h %" PRId64
		    "m", sec / HOUR, sec % HOUR / MINUTE);
	else
		rc = str_format(to, CTL_DURATION_SIZE, "%" PRId64 "d %" PRId64
		    "h", sec / DAY, sec % DAY / HOUR);
	return rc == 0 ? to : "?";
}
