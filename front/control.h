/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control - RUNDIR/control, where the operator asks.
 *
 * A client sends one request: the number of its words (16 bits, big-endian)
 * and a counted string (common/wire.h's shape) per word, the command first.
 * It gets lines of flat JSON, each with a member "kind"; the last line's kind
 * is "end", or "error" with a "text". Who hangs up before an answer that takes
 * its time is not waited for. Served are uid 0 and the uid that started the
 * daemon, by the socket's peer credentials.
 */
#ifndef FRONT_CONTROL_H
#define FRONT_CONTROL_H

struct control;
struct front;

/* Accept on a listening, non-blocking socket, which it owns from now on; -1:
 * there is none, and nobody is served. NULL when out of memory. */
struct control *control_new(struct front *f, int fd);

#endif
