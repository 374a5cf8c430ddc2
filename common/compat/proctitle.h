/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proctitle - what ps(1) shows as the command line of a process.
 *
 * The process name (comm) stays as it is; start-stop-daemon and killall go
 * by that one.
 */
#ifndef COMMON_COMPAT_PROCTITLE_H
#define COMMON_COMPAT_PROCTITLE_H

/* Call first thing in main(): remembers where the arguments are and moves
 * the environment out of their way. Strings in argv stay readable until the
 * first proctitle_set(), so copy what is needed later. */
void proctitle_init(int argc, char **argv);

/* Overwrite the command line, cut where the room ends. Nothing happens
 * without a proctitle_init() that found room. */
void proctitle_set(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

#endif
