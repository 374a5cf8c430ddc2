/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commands - what the operator may ask at the control socket, and what he
 * gets: lines of flat JSON (common/json.h).
 *
 * Knows nothing of sockets. A reply is written piece by piece, so that a
 * long one neither needs memory nor holds the event loop.
 */
#ifndef FRONT_COMMANDS_H
#define FRONT_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/secret.h"

#define COMMAND_WORDS_MAX 8
/* A piece of a reply, unless a single line is longer. */
#define COMMAND_PIECE (16 * 1024)

struct command;
struct front;

/* Is the last word of this command a password? It is then none of its words,
 * and never to lie in memory that nobody wipes. */
bool command_has_password(const char *word);

/* What to call when there is more to write, after COMMAND_LATER. */
struct command_waker {
	void (*fn)(void *arg);
	void *arg;
};

/* Take over n allocated words, n <= COMMAND_WORDS_MAX, and the password (that
 * may be empty); what is no command becomes one whose reply says so. NULL
 * when out of memory. `uid` is who asks, for the log. */
struct command *command_new(struct front *f, uid_t uid, char *const *words,
    size_t n, struct secret *password, const struct command_waker *waker);
void command_free(struct command *c);

enum command_progress {
	COMMAND_LAST,		/* that was the last piece */
	COMMAND_MORE,		/* there is another one */
	COMMAND_LATER		/* nothing yet: the waker is called */
};

/* Append the next piece to an empty buffer. If memory is short, the line
 * "end" is missing. */
enum command_progress command_write(struct command *c, struct buf *to);

/* The keeper says what became of a reload: tell those who wait for that and
 * are of the first so many who asked. It had read the file when others came. */
void commands_reloaded(struct front *f, uint32_t asked, bool ok,
    const char *text);

/* The last line of a reply to what did not work. */
int command_error(struct buf *to, const char *text);

#endif
