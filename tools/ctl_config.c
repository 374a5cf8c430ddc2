/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_config - saslauthctl config: the settings in force, as a configuration
 * file with named parts that comes to the same.
 *
 * Without --all or a name it is as short as may be: what is a default, or
 * stands outside of a backend for all of them, is left out.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tools/ctl.h"
#include "tools/safe_text.h"

#define INDENT "    "
#define LOST_CHARACTER 0xfffd	/* in place of bytes that are no UTF-8 */

/* ---- what is to be shown ---------------------------------------------- */

static bool
is(const struct json_line *l, const char *key, const char *text)
{
	return strcmp(json_line_str(l, key), text) == 0;
}

/* A backend's setting that stands outside of its part. The mechanism has to
 * stand in it. */
static bool
is_inherited(const struct control_reply *r, const struct json_line *l)
{
	const char *key = json_line_str(l, "key");
	const struct json_line *d = NULL;

	if (!is(l, "part", "backend") || strcmp(key, "mechanism") == 0)
		return false;
	while ((d = control_next(r, "setting", d)) != NULL &&
	    is(d, "part", "daemon"))
		if (is(d, "key", key))
			return is(d, "value", json_line_str(l, "value")) &&
			    is(d, "origin", json_line_str(l, "origin"));
	return false;
}

/* One that was asked for by a part's name or by its key. */
static bool
is_asked_for(const struct ctl *c, const struct json_line *l)
{
	size_t i;

	for (i = 1; i < c->count; i++)
		if (is(l, "name", c->words[i]) || is(l, "key", c->words[i]))
			return true;
	return false;
}

static bool
is_shown(const struct ctl *c, const struct control_reply *r,
    const struct json_line *l)
{
	if (c->count > 1)
		return is_asked_for(c, l);
	return c->all || c->json || is(l, "kind", "unopened") ||
	    (!is(l, "origin", "default") && !is_inherited(r, l));
}

/* Drop the other lines. The daemon's settings come first, so that they are
 * still there when a backend is compared with them. */
static void
select_lines(const struct ctl *c, struct control_reply *r)
{
	size_t kept = 0, i;

	for (i = 0; i < r->count; i++)
		if (is_shown(c, r, &r->lines[i])) {
			if (kept != i) {
				json_line_fini(&r->lines[kept]);
				r->lines[kept] = r->lines[i];
				memset(&r->lines[i], 0, sizeof(r->lines[i]));
			}
			kept++;
		}
	for (i = kept; i < r->count; i++)
		json_line_fini(&r->lines[i]);
	r->count = kept;
}

/* Is there a name that nothing has? */
static const char *
find_unknown(const struct ctl *c, const struct control_reply *r)
{
	const struct json_line *l;
	size_t i;

	for (i = 1; i < c->count; i++) {
		for (l = r->lines; l < r->lines + r->count; l++)
			if (is(l, "name", c->words[i]) ||
			    is(l, "key", c->words[i]))
				break;
		if (l == r->lines + r->count)
			return c->words[i];
	}
	return NULL;
}

/* ---- as a file -------------------------------------------------------- */

/* Can it stand in a line of a file, and on a terminal? */
static bool
is_plain(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	char escaped[STR_ESCAPED_SIZE];
	size_t left = strlen(s), n;
	uint32_t code;

	for (; left > 0; p += n, left -= n) {
		n = str_utf8_decode(p, left, &code);
		if (n == 0 || code == LOST_CHARACTER)
			return false;
		if (n == 1 && strchr("\t\\[]", *p) != NULL)
			continue;
		(void)str_escape_log(escaped, sizeof(escaped), p, n);
		if (escaped[0] == '\\')
			return false;
	}
	return true;
}

static void
print_setting(const struct json_line *l, const char *indent)
{
	const char *value = json_line_str(l, "value");
	bool whole = is(l, "shown", "whole"), plain = is_plain(value);

	printf("%s# ", indent);
	(void)safe_text_put(stdout, json_line_str(l, "origin"));
	/* What would come to something else is no setting. */
	if (!plain)
		fputs(", has bytes that are not shown", stdout);
	else if (is(l, "shown", "cut"))
		fputs(", too long to be shown", stdout);
	printf("\n%s%s", indent, whole && plain ? "" : "# ");
	(void)safe_text_put(stdout, json_line_str(l, "key"));
	fputs(value[0] != '\0' ? ": " : ":", stdout);
	if (plain)
		fputs(value, stdout);
	else
		(void)safe_text_put(stdout, value);
	fputc('\n', stdout);
}

static void
print_unopened(const struct json_line *l)
{
	const char *trouble = json_line_str(l, "trouble");

	fputs(INDENT "# not open", stdout);
	if (trouble[0] != '\0') {
		fputs(" (", stdout);
		(void)safe_text_put(stdout, trouble);
		fputc(')', stdout);
	}
	fputs(": its mechanism's settings are not known\n", stdout);
}

static void
print_file(const struct control_reply *r)
{
	const char *part = "daemon", *name = "", *between = "";
	const struct json_line *l;

	for (l = r->lines; l < r->lines + r->count; l++) {
		if (!is(l, "part", part) || !is(l, "name", name)) {
			if (strcmp(part, "daemon") != 0)
				puts("}");
			part = json_line_str(l, "part");
			name = json_line_str(l, "name");
			fputs(between, stdout);
			(void)safe_text_put(stdout, part);
			fputc(' ', stdout);
			(void)safe_text_put(stdout, name);
			puts(" {");
		}
		if (is(l, "kind", "unopened"))
			print_unopened(l);
		else
			print_setting(l, strcmp(part, "daemon") == 0 ? "" :
			    INDENT);
		between = "\n";
	}
	if (strcmp(part, "daemon") != 0)
		puts("}");
}

int
ctl_config(const struct ctl *c)
{
	static const char *const words[] = { "config" };
	struct ctl asking = *c;
	struct control_reply r;
	struct errmsg e;
	const char *unknown;
	int status;

	asking.words = words;
	asking.count = 1;
	status = ctl_ask(&asking, "setting", &r);
	if (status != CTL_OK)
		return status;
	unknown = find_unknown(c, &r);
	if (unknown != NULL) {
		(void)errmsg_set(&e, "No part and no key is called %s",
		    unknown);
		status = ctl_fail(c, CONTROL_ERROR, &e);
	} else {
		select_lines(c, &r);
		if (c->json)
			ctl_print_reply(&r);
		else
			print_file(&r);
	}
	control_reply_fini(&r);
	return status;
}
