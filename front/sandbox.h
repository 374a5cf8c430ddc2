/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox - what the front locks behind itself before it reads a client.
 */
#ifndef FRONT_SANDBOX_H
#define FRONT_SANDBOX_H

#include "common/errmsg.h"

/* Root only: make a directory that is already deleted the root directory, so
 * that it is empty and nothing can ever be made in it. */
int sandbox_empty_root(const char *run_dir, struct errmsg *e);

/*
 * Forbid files (Landlock) and every system call the loop does not need
 * (seccomp); sockets in hand go on working. Where the kernel or the build
 * lacks one, `missing_r` says so and 0 is returned; -1 is a real failure.
 */
int sandbox_enter(struct errmsg *missing_r, struct errmsg *e);

#endif
