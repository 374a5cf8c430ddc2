/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classic shape is what logwatch and ban filters know; see the manual
 * page saslauthd(8), section LOG.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/str.h"
#include "front/authlog.h"

/* What a line has for the text behind "do_auth         : ". Where long values
 * do not fit together, all are cut shorter. */
#define LINE_ROOM (LOG_LINE_MAX - 18)

struct line {
	char text[LOG_LINE_MAX * 2];
	size_t len;
};

static void
add(struct line *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, sizeof(l->text) - l->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += (size_t)n;
	if (l->len >= sizeof(l->text))
		l->len = sizeof(l->text) - 1;
}

static const char *
success_text(enum answer_source source)
{
	switch (source) {
	case ANSWER_CACHED:
		return "auth success (cached)";
	case ANSWER_GRACE:
		return "auth success (grace)";
	case ANSWER_BACKEND:
	case ANSWER_JOINED:
	case ANSWER_LIMITED:
	case ANSWER_SOURCES:
		break;
	}
	return "auth success";
}

static const char *
verdict_text(const struct authlog *a)
{
	if (a->observed)
		return "auth limited (observed)";
	if (a->source == ANSWER_LIMITED)
		return "auth limited";
	switch (a->result) {
	case AUTH_OK:
		return success_text(a->source);
	case AUTH_DENIED:
		return "auth failure";
	case AUTH_UNSET:
	case AUTH_TEMPFAIL:
	case AUTH_MISCONFIG:
		break;
	}
	return "auth error";
}

/* A success says why only where the backend did not vouch for it. */
static bool
has_reason(const struct authlog *a)
{
	return a->result != AUTH_OK || a->source == ANSWER_GRACE ||
	    a->observed;
}

struct escaped {
	char login[STR_ESCAPED_SIZE], service[STR_ESCAPED_SIZE];
	char realm[STR_ESCAPED_SIZE], address[STR_ESCAPED_SIZE];
	char detail[STR_ESCAPED_SIZE];
};

/* For logwatch a service or a realm ends at a blank; a login need not. */
static void
escape(struct escaped *to, const struct authlog *a, size_t size)
{
	str_escape_log(to->login, size, a->login, strlen(a->login));
	str_escape_word(to->service, size, a->service, strlen(a->service));
	str_escape_word(to->realm, size, a->realm, strlen(a->realm));
	str_escape_word(to->address, size, a->address, strlen(a->address));
	str_escape_log(to->detail, size, a->detail, strlen(a->detail));
}

static bool
from_memory(const struct authlog *a)
{
	return a->source == ANSWER_CACHED || a->source == ANSWER_GRACE;
}

/* [reason=...] ends the classic line, and what "extended" adds comes behind
 * it. What a backend said of a denial is not for ban filters; of an error it
 * is what the administrator needs. */
static void
format_plain(struct line *l, const struct authlog *a, bool extended,
    const struct escaped *v)
{
	l->len = 0;
	add(l, "%s: [user=%s] [service=%s] [realm=%s]", verdict_text(a),
	    v->login, v->service, v->realm);
	if (v->address[0] != '\0')
		add(l, " [remote=%s]", v->address);
	if (has_reason(a) || a->source != ANSWER_CACHED)
		add(l, " [mech=%s]", a->mech);
	if (has_reason(a)) {
		add(l, " [reason=%s", auth_reason_name(a->reason));
		if (v->detail[0] != '\0' &&
		    (a->result != AUTH_DENIED || extended))
			add(l, ": %s", v->detail);
		add(l, "]");
	}
	if (extended)
		add(l, " [backend=%s] [ms=%lld] [id=%llu] [uid=%ld] "
		    "[pid=%ld] [cached=%s] [source=%s]", a->backend,
		    (long long)(a->usec / 1000),
		    (unsigned long long)a->id, (long)a->uid, (long)a->pid,
		    from_memory(a) ? "yes" : "no",
		    answer_source_name(a->source));
}

/* Each attempt has one line whose result is not "observed". */
static void
add_members(struct json *j, const struct authlog *a, const struct escaped *v)
{
	json_str(j, "result", a->observed ? "observed" :
	    auth_result_name(a->result));
	json_str(j, "user", v->login);
	json_str(j, "service", v->service);
	json_str(j, "realm", v->realm);
	json_str(j, "remote", v->address);
	json_str(j, "mech", a->mech);
	json_str(j, "backend", a->backend);
	json_str(j, "reason", has_reason(a) ? auth_reason_name(a->reason) :
	    "");
	json_str(j, "detail", v->detail);
	json_int(j, "ms", a->usec / 1000);
	json_int(j, "id", (int64_t)a->id);
	json_int(j, "uid", a->uid);
	json_int(j, "pid", a->pid);
	json_bool(j, "cached", from_memory(a));
	json_str(j, "source", answer_source_name(a->source));
}

/* -1: it does not fit, or memory is short. */
static int
format_json(struct line *l, const struct authlog *a, const struct escaped *v)
{
	struct buf object;
	struct json j;
	int rc;

	l->len = 0;
	buf_init(&object, LINE_ROOM + 1);	/* and a newline */
	json_begin(&j, &object);
	add_members(&j, a, v);
	rc = json_end(&j);
	if (rc == 0)
		add(l, "%.*s", (int)buf_len(&object) - 1,
		    (const char *)buf_data(&object));
	buf_fini(&object);
	return rc;
}

/* -1: as format_json(). */
static int
format(struct line *l, int log_format, const struct authlog *a,
    size_t value_size)
{
	struct escaped v;

	escape(&v, a, value_size);
	if (log_format == LOG_JSON)
		return format_json(l, a, &v);
	format_plain(l, a, log_format == LOG_EXTENDED, &v);
	return l->len <= LINE_ROOM ? 0 : -1;
}

/* Successes are silent unless asked for; -V has them as debug messages. One
 * that no backend could confirm is always told. */
static int
success_priority(const struct settings *s, enum answer_source source)
{
	if (source == ANSWER_GRACE)
		return LOG_NOTICE;
	if (s->log_success == SUCCESS_ALL ||
	    (s->log_success == SUCCESS_UNCACHED && source != ANSWER_CACHED))
		return LOG_INFO;
	return s->verbose ? LOG_DEBUG : -1;
}

static int
priority_of(const struct settings *s, const struct authlog *a)
{
	if (a->observed || a->source == ANSWER_LIMITED)
		return LOG_INFO;
	switch (a->result) {
	case AUTH_OK:
		return success_priority(s, a->source);
	case AUTH_DENIED:
		return LOG_INFO;
	case AUTH_UNSET:
	case AUTH_TEMPFAIL:
	case AUTH_MISCONFIG:
		break;
	}
	return LOG_ERR;
}

bool
authlog_is_wanted(const struct settings *s, const struct authlog *a)
{
	return priority_of(s, a) >= 0;
}

void
authlog_write(const struct settings *s, const struct authlog *a)
{
	int priority = priority_of(s, a);
	size_t size = STR_ESCAPED_SIZE;
	struct line l;
	int rc;

	if (priority < 0)
		return;
	do {
		rc = format(&l, s->log_format, a, size);
		size /= 2;
	} while (rc == -1 && size > 0);
	if (rc == -1)	/* no memory for the object */
		(void)format(&l, LOG_EXTENDED, a, STR_ESCAPED_SIZE / 4);
	log_msg(priority, "do_auth", "%s", l.text);
}
