/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_list - saslauthctl list: who is in the cache, the oldest first.
 *
 * Entries are printed as they come: there may be a million of them.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tools/ctl.h"
#include "tools/safe_text.h"

/* Columns, so that ordinary names stay within a line of 80. */
#define AGE_WIDTH 8
#define USER_WIDTH 30
#define SERVICE_WIDTH 10
#define BACKEND_WIDTH 10

struct listing {
	const struct ctl *c;
	size_t entries;
};

static void
print_row(const struct json_line *l)
{
	const char *realm = json_line_str(l, "realm");
	const char *remote = json_line_str(l, "remote");
	char age[CTL_DURATION_SIZE];
	size_t width;

	safe_text_column(stdout, ctl_duration(age,
	    json_line_int(l, "age_sec")), AGE_WIDTH);
	fputc(' ', stdout);
	width = safe_text_put(stdout, json_line_str(l, "user"));
	if (realm[0] != '\0') {
		fputs(" @ ", stdout);
		width += 3 + safe_text_put(stdout, realm);
	}
	printf("%*s ", width < USER_WIDTH ? (int)(USER_WIDTH - width) : 0,
	    "");
	safe_text_column(stdout, json_line_str(l, "service"),
	    SERVICE_WIDTH);
	fputc(' ', stdout);
	safe_text_column(stdout, json_line_str(l, "backend"),
	    remote[0] == '\0' ? 0 : BACKEND_WIDTH);
	if (remote[0] != '\0') {
		fputc(' ', stdout);
		(void)safe_text_put(stdout, remote);
	}
	fputc('\n', stdout);
}

static bool
take_entry(struct json_line *l, void *arg)
{
	struct listing *listing = arg;

	if (strcmp(json_line_str(l, "kind"), "entry") != 0)
		return true;
	if (listing->c->json) {
		if (listing->entries > 0)
			fputs(",\n", stdout);
		ctl_print_object(l);
	} else {
		if (listing->entries == 0)
			printf("%-*s %-*s %-*s %-*s %s\n", AGE_WIDTH, "AGE",
			    USER_WIDTH, "USER @ REALM", SERVICE_WIDTH,
			    "SERVICE", BACKEND_WIDTH, "BACKEND", "ADDRESS");
		print_row(l);
	}
	listing->entries++;
	return true;
}

int
ctl_list(const struct ctl *c)
{
	static const char *const words[] = { "cache-list" };
	struct listing listing = { .c = c };
	struct errmsg e = ERRMSG_INIT;
	enum control_outcome outcome;

	if (c->json)
		fputs("{\"entry\":[", stdout);
	outcome = control_ask(&c->server, words, 1, take_entry, &listing, &e);
	if (outcome != CONTROL_DONE)
		ctl_complain(&e);
	if (c->json) {
		fputs("]", stdout);
		if (outcome != CONTROL_DONE) {
			fputc(',', stdout);
			ctl_print_error(&e);
		}
		puts("}");
	}
	return (int)ctl_exit_of(outcome);
}
