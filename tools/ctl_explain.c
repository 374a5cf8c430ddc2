/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_explain - saslauthctl explain: what would become of a try now; with a
 * password, what becomes of it.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"
#include "tools/ctl.h"
#include "tools/password_input.h"
#include "tools/safe_text.h"

#define PASSWORD_MAX 65535	/* what a 16-bit length can say */
#define MSEC_PER_SEC 1000
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

/* An empty list means everybody. */
static void
print_list(const char *what, const char *list)
{
	print_label("");
	printf("%s: ", what);
	(void)safe_text_put(stdout, list[0] != '\0' ? list : "all");
	fputc('\n', stdout);
}

static void
print_listener(const struct json_line *l)
{
	const char *uids = json_line_str(l, "allow_uids");
	const char *gids = json_line_str(l, "allow_gids");

	print_label("listener");
	(void)safe_text_put(stdout, json_line_str(l, "name"));
	fputc('\n', stdout);
	print_list("services", json_line_str(l, "services"));
	if (uids[0] == '\0' && gids[0] == '\0') {
		print_list("who may connect to it", "");
		return;
	}
	print_label("");
	fputs("who may connect to it: users (", stdout);
	(void)safe_text_put(stdout, uids);
	fputs("), groups (", stdout);
	(void)safe_text_put(stdout, gids);
	puts(")");
}

/* Which is taken, why, and why not those before it. */
static void
print_routes(const struct control_reply *r)
{
	const struct json_line *l = NULL;

	while ((l = control_next(r, "passed", l)) != NULL) {
		print_label("not route");
		(void)safe_text_put(stdout, json_line_str(l, "name"));
		fputs(": ", stdout);
		(void)safe_text_put(stdout, json_line_str(l, "text"));
		fputc('\n', stdout);
	}
	print_label("route");
	l = control_next(r, "route", NULL);
	if (l == NULL) {
		puts("(none)");
		return;
	}
	(void)safe_text_put(stdout, json_line_str(l, "name"));
	fputs(": ", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "chain"));
	fputc('\n', stdout);
	l = NULL;
	while ((l = control_next(r, "because", l)) != NULL) {
		print_label("");
		fputs("because ", stdout);
		(void)safe_text_put(stdout, json_line_str(l, "text"));
		fputc('\n', stdout);
	}
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

static void
print_explained(const struct control_reply *r)
{
	const struct json_line *backend = NULL;

	print_canonical(control_next(r, "canonical", NULL));
	print_listener(control_next(r, "listener", NULL));
	print_routes(r);
	print_limits(control_next(r, "limits", NULL));
	print_cache(control_next(r, "cache", NULL));
	while ((backend = control_next(r, "backend", backend)) != NULL)
		print_backend(backend);
	fputc('\n', stdout);
	(void)safe_text_put(stdout, json_line_str(
	    control_next(r, "advice", NULL), "text"));
	fputc('\n', stdout);
}

/* ---- with a password -------------------------------------------------- */

/* "denied, bad_password: text" */
static void
print_answer(const struct json_line *l)
{
	const char *reason = json_line_str(l, "reason");
	const char *detail = json_line_str(l, "detail");

	(void)safe_text_put(stdout, json_line_str(l, "result"));
	if (reason[0] != '\0') {
		fputs(", ", stdout);
		(void)safe_text_put(stdout, reason);
	}
	if (detail[0] != '\0') {
		fputs(": ", stdout);
		(void)safe_text_put(stdout, detail);
	}
	fputc('\n', stdout);
}

static void
print_step(const struct json_line *l)
{
	char step[LABEL_WIDTH + 1];

	(void)snprintf(step, sizeof(step), "step %" PRId64,
	    json_line_int(l, "step"));
	print_label(step);
	(void)safe_text_put(stdout, json_line_str(l, "name"));
	fputs(" (", stdout);
	(void)safe_text_put(stdout, json_line_str(l, "mech"));
	fputs("): ", stdout);
	print_answer(l);
	print_label("");
	printf("%.1f ms in the queue", json_line_real(l, "queue_ms"));
	if (json_line_has(l, "worker_ms"))
		printf(", %.1f ms at a worker",
		    json_line_real(l, "worker_ms"));
	else
		fputs(", at no worker", stdout);
	printf("; then: %s\n", strcmp(json_line_str(l, "then"), "next") == 0 ?
	    "the next step" : "stop");
}

static void
print_tried(const struct control_reply *r)
{
	const struct json_line *step = NULL;
	const struct json_line *l = control_next(r, "verdict", NULL);
	const char *reply = json_line_str(l, "reply");

	puts("\nAsked with this password, past limits and cache:");
	while ((step = control_next(r, "step", step)) != NULL)
		print_step(step);
	print_label("verdict");
	print_answer(l);
	print_label("reply");
	if (reply[0] == '\0')
		fputs("of length 0", stdout);
	else
		(void)safe_text_put(stdout, reply);
	printf(", after %.1f ms\n", json_line_real(l, "ms"));
}

static int
read_password(struct secret *password, struct errmsg *e)
{
	if (!isatty(STDIN_FILENO))
		return password_read_line(STDIN_FILENO, PASSWORD_MAX,
		    password, e);
	(void)fflush(stdout);
	/* Standard output is for the answer, which may be JSON. */
	return password_read_tty(STDERR_FILENO, "Password: ", password, e);
}

/* It answers when the last step has, which has the time of a request. */
static enum control_outcome
try_password(const struct ctl *c, const char *const *words,
    int64_t request_sec, struct control_reply *r_r, struct errmsg *e)
{
	static const char *const needed[] = { "verdict", NULL };
	struct secret password = SECRET_INIT;
	enum control_outcome outcome = CONTROL_ERROR;
	struct ctl try = *c;
	const char *with[] = { "try", words[1], words[2], words[3], words[4],
	    words[5], NULL };

	if (read_password(&password, e) != 0)
		return CONTROL_ERROR;
	if (secret_has_nul(&password)) {
		(void)errmsg_set(e, "a NUL byte is in the password");
		goto out;
	}
	with[6] = secret_cstr(&password);
	try.words = with;
	try.count = 7;
	try.server.timeout_msec += (int)request_sec * MSEC_PER_SEC;
	outcome = ctl_collect(&try, needed, r_r, e);
out:
	secret_wipe(&password);
	return outcome;
}

static int
explain_and_try(const struct ctl *c, const char *const *words,
    const struct control_reply *explained)
{
	const struct json_line *route =
	    control_next(explained, "route", NULL);
	struct errmsg e = ERRMSG_INIT;
	enum control_outcome outcome;
	struct control_reply r;

	outcome = try_password(c, words, route != NULL ?
	    json_line_int(route, "timeout_sec") : 0, &r, &e);
	if (outcome != CONTROL_DONE)
		return ctl_fail(c, outcome, &e);
	if (c->json) {
		fputc('{', stdout);
		ctl_print_kinds(explained);
		fputc(',', stdout);
		ctl_print_kinds(&r);
		puts("}");
	} else {
		print_tried(&r);
	}
	control_reply_fini(&r);
	return CTL_OK;
}

int
ctl_explain(const struct ctl *c)
{
	/* Without a route there is no more. */
	static const char *const needed[] = { "canonical", "listener",
	    "advice", NULL };
	const char *const words[] = { "explain", c->words[1], c->words[2],
	    c->words[3], c->count > 4 ? c->words[4] : "", c->listener };
	struct errmsg e = ERRMSG_INIT;
	enum control_outcome outcome;
	struct ctl asked = *c;
	struct control_reply r;
	int status = CTL_OK;

	asked.words = words;
	asked.count = sizeof(words) / sizeof(words[0]);
	outcome = ctl_collect(&asked, needed, &r, &e);
	if (outcome != CONTROL_DONE)
		return ctl_fail(c, outcome, &e);
	if (!c->json)
		print_explained(&r);
	if (c->password)
		status = explain_and_try(c, words, &r);
	else if (c->json)
		ctl_print_reply(&r);
	control_reply_fini(&r);
	return status;
}
