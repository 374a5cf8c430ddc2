/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_explain - saslauthctl explain: what would become of a try now.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/ctl.h"
#include "tools/safe_text.h"

#define LABEL_WIDTH 10

static void
print_label(const char *label)
{
	printf("  %-*s  ", LABEL_WIDTH, label);
}

/* A name that may be empty. */
static void
print_name(const char *what, const char *name)
{
	printf("%s ", what);
	if (name[0] == '\0')
		fputs("(none)", stdout);
	else
		(void)safe_text_put(stdout, name);
}

static void
print_canonical(const struct json_line *l)
{
	print_label("asked as");
	print_name("login", json_line_str(l, "login"));
	print_name(", realm", json_line_str(l, "realm"));
	fputc('\n', stdout);
	print_label("");
	print_name("service", json_line_str(l, "service"));
	print_name(", client address", json_line_str(l, "address"));
	fputc('\n', stdout);
	print_label("counted as");
	(void)safe_text_put(stdout, json_line_str(l, "identity"));
	fputc('\n', stdout);
}

static void
print_route(const struct json_line *l)
{
	print_label("route");
	if (l == NULL) {
		puts("(none)");
		return;
	}
	(void)safe_text_put(stdout, json_line_str(l, "name"));
	fputs(": ", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "chain"));
	fputc('\n', stdout);
}

static void
print_limits(const struct json_line *l)
{
	const char *mode;

	if (l == NULL)
		return;
	mode = json_line_str(l, "mode");
	print_label("limits");
	(void)safe_text_put(stdout, mode);
	if (strcmp(mode, "off") == 0) {
		fputc('\n', stdout);
		return;
	}
	fputs(": ", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "verdict"));
	fputc('\n', stdout);
	print_label("");
	printf("wrong passwords: identity %" PRId64 " of %" PRId64
	    ", address %" PRId64 " of %" PRId64 ", pair %" PRId64 "\n",
	    json_line_int(l, "identity"), json_line_int(l, "identity_max"),
	    json_line_int(l, "address"), json_line_int(l, "address_max"),
	    json_line_int(l, "pair"));
	if (json_line_bool(l, "known")) {
		print_label("");
		puts("it has succeeded from this address before");
	}
	if (json_line_bool(l, "exempt")) {
		print_label("");
		puts("the address itself is exempt (limit_exempt)");
	}
}

static void
print_cache(const struct json_line *l)
{
	char age[CTL_DURATION_SIZE], left[CTL_DURATION_SIZE];
	const char *state;

	if (l == NULL)
		return;
	state = json_line_str(l, "state");
	print_label("cache");
	if (!json_line_bool(l, "enabled")) {
		puts("off");
		return;
	}
	if (strcmp(state, "none") == 0) {
		puts("no success of it is remembered");
	} else {
		(void)safe_text_put(stdout, state);
		printf(", stored %s ago", ctl_duration(age,
		    json_line_int(l, "age_sec")));
		if (strcmp(state, "valid") == 0)
			printf(", expires in %s", ctl_duration(left,
			    json_line_int(l, "expires_sec")));
		fputc('\n', stdout);
	}
	if (json_line_int(l, "refusals") == 0)
		return;
	print_label("");
	printf("refused passwords remembered: %" PRId64 ", the latest for "
	    "another %s\n", json_line_int(l, "refusals"), ctl_duration(left,
	    json_line_int(l, "refusals_expire_sec")));
}

static void
print_backend(const struct json_line *l)
{
	char step[LABEL_WIDTH + 1], since[CTL_DURATION_SIZE];

	(void)snprintf(step, sizeof(step), "step %" PRId64,
	    json_line_int(l, "step"));
	print_label(step);
	fputs("backend ", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "name"));
	printf(", %s for %s\n", json_line_bool(l, "up") ? "up" : "DOWN",
	    ctl_duration(since, json_line_int(l, "since_sec")));
	print_label("");
	if (json_line_str(l, "trouble")[0] != '\0') {
		fputs("it cannot be opened: ", stdout);
		(void)safe_text_put(stdout, json_line_str(l, "trouble"));
		fputc('\n', stdout);
		print_label("");
	}
	printf("%" PRId64 " of %" PRId64 " workers busy, %" PRId64
	    " questions waiting\n", json_line_int(l, "workers_busy"),
	    json_line_int(l, "workers_max"), json_line_int(l, "queued"));
	print_label("");
	printf("it %s at the realm and %s at the client address\n",
	    json_line_bool(l, "sees_realm") ? "looks" : "does not look",
	    json_line_bool(l, "sees_address") ? "looks" : "does not look");
	print_label("");
	fputs("then: denied ", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "denied"));
	fputs(", no such user ", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "no_such_user"));
	fputs(", temporary ", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "temporary"));
	fputc('\n', stdout);
}

int
ctl_explain(const struct ctl *c)
{
	/* Without a route there is no more. */
	static const char *const needed[] = { "canonical", "advice", NULL };
	const struct json_line *backend = NULL;
	struct errmsg e = ERRMSG_INIT;
	enum control_outcome outcome;
	struct control_reply r;

	outcome = ctl_collect(c, needed, &r, &e);
	if (outcome != CONTROL_DONE)
		return ctl_fail(c, outcome, &e);
	if (c->json) {
		ctl_print_reply(&r);
	} else {
		print_canonical(control_next(&r, "canonical", NULL));
		print_route(control_next(&r, "route", NULL));
		print_limits(control_next(&r, "limits", NULL));
		print_cache(control_next(&r, "cache", NULL));
		while ((backend = control_next(&r, "backend", backend)) !=
		    NULL)
			print_backend(backend);
		fputc('\n', stdout);
		(void)safe_text_put(stdout, json_line_str(
		    control_next(&r, "advice", NULL), "text"));
		fputc('\n', stdout);
	}
	control_reply_fini(&r);
	return CTL_OK;
}
