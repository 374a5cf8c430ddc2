/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shell_vars - the KEY=value files that start scripts read.
 *
 * /etc/default and /etc/sysconfig are written for a shell, and a shell may do
 * anything there. Read is what they have in practice: one assignment a line,
 * with quotes and backslashes as the shell takes them (POSIX, Shell Command
 * Language, 2.2), comments, empty lines. Anything else is an error: nothing is
 * executed and nothing is guessed. What systemd reads in the place of a shell
 * differs in a value without quotes, which goes to the end of its line
 * (systemd.exec(5), EnvironmentFile).
 */
#ifndef TOOLS_SHELL_VARS_H
#define TOOLS_SHELL_VARS_H

#include <stddef.h>

#include "common/errmsg.h"

struct shell_var {
	char *name;
	char *value;
	char *origin;		/* "FILE:LINE" */
};

struct shell_vars {
	struct shell_var *list;	/* as they stand in the file */
	size_t count;
};

#define SHELL_VARS_INIT { NULL, 0 }

/* A file that sets `for_shell` is one for a shell, any other is systemd's. -1
 * with "FILE:LINE: reason", or why the file cannot be read. The reason has
 * nothing of the line but a key. */
int shell_vars_read(struct shell_vars *vars, const char *path,
    const char *for_shell, struct errmsg *e);
void shell_vars_fini(struct shell_vars *vars);

/* The last one of the name, which is the one that counts, or NULL. */
const struct shell_var *shell_vars_find(const struct shell_vars *vars,
    const char *name);

#endif
