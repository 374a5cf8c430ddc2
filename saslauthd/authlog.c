/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classic shape is what logwatch and ban filters know; see the manual
 * page saslauthd(8), section LOG.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "saslauthd/authlog.h"

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
verdict_text(enum auth_result result)
{
	switch (result) {
	case AUTH_OK:
		return "auth success";
	case AUTH_DENIED:
		return "auth failure";
	case AUTH_UNSET:
	case AUTH_TEMPFAIL:
	case AUTH_MISCONFIG:
		break;
	}
	return "auth error";
}

struct escaped {
	char login[STR_ESCAPED_SIZE], service[STR_ESCAPED_SIZE];
	char realm[STR_ESCAPED_SIZE], address[STR_ESCAPED_SIZE];
	char detail[STR_ESCAPED_SIZE];
};

static void
escape(struct escaped *to, const struct authlog *a, size_t size)
{
	str_escape_log(to->login, size, a->login, strlen(a->login));
	str_escape_log(to->service, size, a->service, strlen(a->service));
	str_escape_log(to->realm, size, a->realm, strlen(a->realm));
	str_escape_log(to->address, size, a->address, strlen(a->address));
	str_escape_log(to->detail, size, a->detail, strlen(a->detail));
}

/* [reason=...] ends the classic line, and what "extended" adds comes behind
 * it. An error's detail is what the administrator needs: it is there always. */
static void
format_plain(struct line *l, const struct settings *s,
    const struct authlog *a, const struct escaped *v)
{
	bool extended = s->log_format == LOG_EXTENDED;
	bool error = a->result != AUTH_OK && a->result != AUTH_DENIED;

	add(l, "%s%s: [user=%s] [service=%s] [realm=%s]",
	    verdict_text(a->result), a->cached ? " (cached)" : "", v->login,
	    v->service, v->realm);
	if (v->address[0] != '\0')
		add(l, " [remote=%s]", v->address);
	if (!a->cached)
		add(l, " [mech=%s]", a->mech);
	if (a->result == AUTH_OK)
		;
	else if (v->detail[0] != '\0' && (error || extended))
		add(l, " [reason=%s: %s]", auth_reason_name(a->reason),
		    v->detail);
	else
		add(l, " [reason=%s]", auth_reason_name(a->reason));
	if (extended)
		add(l, " [ms=%lld] [id=%llu] [uid=%ld] [pid=%ld] "
		    "[cached=%s]", (long long)(a->usec / 1000),
		    (unsigned long long)a->id, (long)a->uid, (long)a->pid,
		    a->cached ? "yes" : "no");
}

/* Escaped for a log, then for JSON: only quotes and backslashes are left to
 * mind. */
static void
add_json(struct line *l, const char *key, const char *value)
{
	const char *p;

	add(l, ",\"%s\":\"", key);
	for (p = value; *p != '\0'; p++)
		add(l, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	add(l, "\"");
}

static void
format_json(struct line *l, const struct authlog *a, const struct escaped *v)
{
	add(l, "{\"result\":\"%s\"", auth_result_name(a->result));
	add_json(l, "user", v->login);
	add_json(l, "service", v->service);
	add_json(l, "realm", v->realm);
	add_json(l, "remote", v->address);
	add_json(l, "mech", a->mech);
	add_json(l, "reason", a->result == AUTH_OK ? "" :
	    auth_reason_name(a->reason));
	add_json(l, "detail", v->detail);
	add(l, ",\"ms\":%lld,\"id\":%llu,\"uid\":%ld,\"pid\":%ld,"
	    "\"cached\":%s}", (long long)(a->usec / 1000),
	    (unsigned long long)a->id, (long)a->uid, (long)a->pid,
	    a->cached ? "true" : "false");
}

static void
format(struct line *l, const struct settings *s, const struct authlog *a,
    size_t value_size)
{
	struct escaped v;

	l->len = 0;
	escape(&v, a, value_size);
	if (s->log_format == LOG_JSON)
		format_json(l, a, &v);
	else
		format_plain(l, s, a, &v);
}

/* Successes are silent unless asked for; -V has them as debug messages. */
static int
priority_of(const struct settings *s, const struct authlog *a)
{
	switch (a->result) {
	case AUTH_OK:
		if (s->log_success == SUCCESS_ALL ||
		    (s->log_success == SUCCESS_UNCACHED && !a->cached))
			return LOG_INFO;
		return s->verbose ? LOG_DEBUG : -1;
	case AUTH_DENIED:
		return LOG_INFO;
	case AUTH_UNSET:
	case AUTH_TEMPFAIL:
	case AUTH_MISCONFIG:
		break;
	}
	return LOG_ERR;
}

void
authlog_write(const struct settings *s, const struct authlog *a)
{
	int priority = priority_of(s, a);
	size_t size = STR_ESCAPED_SIZE;
	struct line l;

	if (priority < 0)
		return;
	do {
		format(&l, s, a, size);
		size /= 2;
	} while (l.len > LINE_ROOM && size > 0);
	log_msg(priority, "do_auth", "%s", l.text);
}
