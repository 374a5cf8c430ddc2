/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_metrics - saslauthctl metrics: the daemon's OpenMetrics text.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/json.h"
#include "tools/ctl.h"
#include "tools/openmetrics.h"

#define TEXT_MAX (32 * 1024 * 1024)
#define LABELS_MAX (1024 * 1024)

/* The text is whole if this is its end (OpenMetrics 1.0). */
#define END "# EOF\n"
#define END_LEN (sizeof(END) - 1)

static int
join(const struct control_reply *r, struct buf *text)
{
	const struct json_line *l = NULL;
	const char *piece;

	while ((l = control_next(r, "text", l)) != NULL) {
		piece = json_line_str(l, "text");
		if (buf_put(text, piece, strlen(piece)) == -1)
			return -1;
	}
	if (buf_len(text) < END_LEN || memcmp(buf_data(text) +
	    buf_len(text) - END_LEN, END, END_LEN) != 0)
		return -1;
	return buf_put(text, "", 1);	/* a string from now on */
}

/* As it is for a program; on a terminal nothing that could control it. */
static void
print_text(const char *text)
{
	bool terminal = isatty(STDOUT_FILENO);
	unsigned char c;

	for (; *text != '\0'; text++) {
		c = (unsigned char)*text;
		if (terminal && c != '\n' && (c < 0x20 || c >= 0x7f))
			c = '?';
		fputc(c, stdout);
	}
}

static size_t
digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* RFC 8259 section 6. */
static bool
is_json_number(const char *s)
{
	s += *s == '-';
	if (digits(s) == 0 || (*s == '0' && digits(s) > 1))
		return false;
	s += digits(s);
	if (*s == '.') {
		if (digits(++s) == 0)
			return false;
		s += digits(s);
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (digits(s) == 0)
			return false;
		s += digits(s);
	}
	return *s == '\0';
}

/* JSON knows no NaN and no infinity: these become null. */
static void
print_value(const char *value)
{
	fputs(is_json_number(value) ? value : "null", stdout);
}

static void
print_sample(const struct openmetrics_sample *s)
{
	struct buf labels;
	struct json j;
	size_t i;

	buf_init(&labels, LABELS_MAX);
	json_begin(&j, &labels);
	for (i = 0; i < s->label_count; i++)
		json_str(&j, s->labels[i].name, s->labels[i].value);
	if (json_end(&j) == 0) {
		printf("{\"name\":\"%s\",\"labels\":%.*s,\"value\":",
		    s->name, (int)buf_len(&labels) - 1,
		    (const char *)buf_data(&labels));
		print_value(s->value);
		fputc('}', stdout);
	}
	buf_fini(&labels);
}

/* -1 at a line that is no OpenMetrics. */
static int
print_samples(char *text)
{
	struct openmetrics_sample s;
	const char *comma = "\n";
	char *line;
	int found;

	while ((line = strsep(&text, "\n")) != NULL && line[0] != '\0') {
		found = openmetrics_parse(line, &s);
		if (found == -1)
			return -1;
		if (found == 0)
			continue;
		fputs(comma, stdout);
		print_sample(&s);
		comma = ",\n";
	}
	return 0;
}

static int
print_json(char *text)
{
	struct errmsg e = ERRMSG_INIT;
	int status = CTL_OK;

	fputs("{\"sample\":[", stdout);
	if (print_samples(text) == -1) {
		errmsg_set(&e, "A line is not OpenMetrics text.");
		ctl_complain(&e);
		status = CTL_UNKNOWN;
	}
	fputs("]", stdout);
	if (status != CTL_OK) {
		fputc(',', stdout);
		ctl_print_error(&e);
	}
	puts("}");
	return status;
}

int
ctl_metrics(const struct ctl *c)
{
	struct errmsg e = ERRMSG_INIT;
	struct control_reply r;
	struct buf text;
	int status = ctl_ask(c, "text", &r);

	if (status != CTL_OK)
		return status;
	buf_init(&text, TEXT_MAX);
	if (join(&r, &text) == -1) {
		errmsg_set(&e, "The metrics do not end in # EOF: they were "
		    "cut short.");
		status = ctl_fail(c, CONTROL_GARBAGE, &e);
	} else if (c->json) {
		status = print_json((char *)text.bytes + text.start);
	} else {
		print_text((const char *)buf_data(&text));
	}
	buf_fini(&text);
	control_reply_fini(&r);
	return status;
}
