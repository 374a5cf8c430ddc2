/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl - what saslauthctl's commands share.
 *
 * Each command is a function that asks, prints and returns the exit status.
 */
#ifndef TOOLS_CTL_H
#define TOOLS_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "tools/control_client.h"

/* Those of monitoring plug-ins, for every command. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_WARNING = 1,
	CTL_CRITICAL = 2,
	CTL_UNKNOWN = 3
};

struct ctl {
	struct control_server server;
	bool json;
	bool all;		/* --all */
	long interval_sec;	/* -i */
	long samples;		/* -n; 0: without end */
	bool password;		/* --password */
	const char *listener;	/* --listener; "": the default one */
	const char *const *words;	/* the command and its operands */
	size_t count;
};

int ctl_status(const struct ctl *c);
int ctl_watch(const struct ctl *c);
int ctl_metrics(const struct ctl *c);
int ctl_config(const struct ctl *c);
int ctl_explain(const struct ctl *c);
int ctl_list(const struct ctl *c);
int ctl_flush(const struct ctl *c);
int ctl_log_level(const struct ctl *c);
int ctl_reload(const struct ctl *c);
int ctl_drain(const struct ctl *c);
int ctl_migrate(const struct ctl *c);

/* "OK", "WARNING" ... */
const char *ctl_exit_name(enum ctl_exit status);

/* What an outcome other than DONE means for the exit status: no daemon, or
 * one that does not answer, is critical. */
enum ctl_exit ctl_exit_of(enum control_outcome outcome);

/* Say it on standard error. */
void ctl_complain(const struct errmsg *e);
/* "error":[{"text":"..."}] */
void ctl_print_error(const struct errmsg *e);

/* Say on standard error, with --json also on standard output, why it did not
 * work; the exit status. */
int ctl_fail(const struct ctl *c, enum control_outcome outcome,
    const struct errmsg *e);

/* Send the words. DONE: the reply, which is the caller's to free, has a line
 * of each kind in needed[], which NULL ends. */
enum control_outcome ctl_collect(const struct ctl *c,
    const char *const *needed, struct control_reply *r_r, struct errmsg *e);

/* The same with one kind: CTL_OK, or the exit status of a failure told. */
int ctl_ask(const struct ctl *c, const char *needed,
    struct control_reply *r_r);

/* "kind":[{...},...],...: the reply's lines by kind, in its order, without
 * the braces around. */
void ctl_print_kinds(const struct control_reply *r);
/* The same as an object, for --json. */
void ctl_print_reply(const struct control_reply *r);
/* The members of one line, without its kind, as an object. */
void ctl_print_object(const struct json_line *l);

/* "45s", "12m 5s", "3h 20m", "4d 7h" into `to`, which is returned. */
#define CTL_DURATION_SIZE 48
const char *ctl_duration(char to[CTL_DURATION_SIZE], int64_t sec);

#endif
