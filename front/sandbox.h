/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox - the walls the front puts up around itself before it reads a
 * client. Sockets in hand go on working.
 *
 * Each may be out of reach: the kernel or the build lacks it, or a policy of
 * the system (a container, AppArmor, SELinux) forbids it. That is not the same
 * as a wall that failed for want of memory, room or descriptors, which the
 * next try may have. The text says why.
 */
#ifndef FRONT_SANDBOX_H
#define FRONT_SANDBOX_H

#include "common/errmsg.h"

enum sandbox_result { SANDBOX_UP, SANDBOX_REFUSED, SANDBOX_FAILED };

/* Root only: make a directory that is already deleted the root directory, so
 * that it is empty and nothing can ever be made in it. */
enum sandbox_result sandbox_empty_root(const char *run_dir, struct errmsg *e);

/* No rights by execve(2) any more; who is not root needs that for the other
 * two. */
enum sandbox_result sandbox_gain_nothing(struct errmsg *e);

/* Forbid every file and directory (Landlock). */
enum sandbox_result sandbox_forbid_files(struct errmsg *e);

/* Forbid every system call the loop does not need (seccomp); the last wall,
 * since the others need some of those. */
enum sandbox_result sandbox_filter_calls(struct errmsg *e);

#endif
