/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * child - a program of ours, started by the keeper.
 *
 * A child gets two descriptors and nothing else: its channel to the keeper
 * and its lifeline, the read end of a pipe only the keeper can write. End of
 * file on either means that the keeper is gone or wants the child gone.
 */
#ifndef SASLAUTHD_CHILD_H
#define SASLAUTHD_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/errmsg.h"

#define CHILD_CHANNEL_FD 3
#define CHILD_LIFELINE_FD 4

struct child {
	pid_t pid;		/* 0: not running */
	int channel;		/* non-blocking end of the keeper, or -1 */
	int lifeline;		/* write end, or -1 */
};

#define CHILD_INIT { 0, -1, -1 }

/*
 * Execute the program at an absolute path with this argv. -1 when it cannot
 * be forked; a failing exec shows as a child that ends with EX_OSERR. Without
 * keep_stdio the standard streams are /dev/null: a daemon's children must
 * not hold the terminal or a pipe of the starting command.
 */
int child_spawn(struct child *c, const char *program, char *const argv[],
    bool keep_stdio, struct errmsg *e);

/* Cut channel and lifeline: the child ends by itself. */
void child_release(struct child *c);

/* Where our two programs are: the running one, and saslauthd-pool beside it
 * (a build tree) or in LIBEXECDIR. Fresh strings; NULL when out of memory. */
char *child_self_path(void);
char *child_pool_path(const char *self);

#endif
