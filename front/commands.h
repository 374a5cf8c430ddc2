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

#define COMMAND_WORDS_MAX 8
/* A piece of a reply, unless a single line is longer. */
#define COMMAND_PIECE (16 * 1024)

struct command;
struct front;

/* Take over n allocated words, n <= COMMAND_WORDS_MAX; what is no command
 * becomes one whose reply says so. NULL when out of memory. `uid` is who
 * asks, for the log. */
struct command *command_new(struct front *f, uid_t uid, char *const *words,
    size_t n);
void command_free(struct command *c);

/* Append the next piece to an empty buffer. False: that was the last one; if
 * memory is short, the line "end" is missing. */
bool command_write(struct command *c, struct buf *to);

/* The last line of a reply to what did not work. */
int command_error(struct buf *to, const char *text);

#endif
