/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_client - ask a running daemon through RUNDIR/control.
 *
 * The request is the number of words and a counted string for each; the reply
 * is lines of flat JSON, each with a "kind", the last of kind "end" or
 * "error" (front/control.h).
 */
#ifndef TOOLS_CONTROL_CLIENT_H
#define TOOLS_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/errmsg.h"
#include "tools/json_line.h"

/* Without a byte from the daemon. Monitoring systems wait for 10 s, as a
 * rule. */
#define CONTROL_TIMEOUT_MSEC 8000

enum control_outcome {
	CONTROL_DONE = 0,
	CONTROL_DOWN,		/* no daemon there */
	CONTROL_SILENT,		/* it does not answer in time */
	CONTROL_DENIED,		/* it does not answer us */
	CONTROL_ERROR,		/* it said no, or cannot be asked */
	CONTROL_GARBAGE		/* its reply cannot be understood */
};

struct control_server {
	const char *run_dir;
	int timeout_msec;
};

/* Called for each line but the last; it may keep line->text, and then sets it
 * to NULL. False: out of memory. */
typedef bool control_line_fn(struct json_line *line, void *arg);

/* Ask and read the whole reply; blocks. Unless DONE, the message is a
 * sentence for the operator; it may hold any bytes. */
enum control_outcome control_ask(const struct control_server *server,
    const char *const *words, size_t count, control_line_fn *on_line,
    void *arg, struct errmsg *e);

/* Is a daemon there, as far as connecting tells? Does not wait. */
bool control_listening(const struct control_server *server);

/* A short reply, kept. */
struct control_reply {
	struct json_line *lines;
	size_t count, room;
};
enum control_outcome control_collect(const struct control_server *server,
    const char *const *words, size_t count, struct control_reply *r_r,
    struct errmsg *e);
void control_reply_fini(struct control_reply *r);

/* The first line of a kind behind `after` (NULL: of all), NULL if none. */
const struct json_line *control_next(const struct control_reply *r,
    const char *kind, const struct json_line *after);

/* All lookups that a line of kind "cache" counts. */
int64_t control_lookups(const struct json_line *cache);

#endif
