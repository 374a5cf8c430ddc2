/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl_screen - the terminal while saslauthctl watch has it.
 *
 * Plain ECMA-48 sequences, which every terminal in use understands: no
 * library. Whatever ends the program, the terminal is as it was before.
 */
#ifndef TOOLS_CTL_SCREEN_H
#define TOOLS_CTL_SCREEN_H

#include <stddef.h>

#include "common/deadline.h"

struct ctl_size {
	int columns, rows;
};

/* Take the terminal of standard output (and of standard input, for keys, if
 * that is one). -1: it is none. */
int ctl_screen_enter(void);
/* Give it back; then a signal that asked us to end does so. */
void ctl_screen_leave(void);

struct ctl_size ctl_screen_size(void);

/* Show these lines, each cut at the screen's width, from its top. */
void ctl_screen_show(const char *text);

enum ctl_event {
	CTL_TIME,		/* the deadline has passed */
	CTL_RESIZED,		/* draw again */
	CTL_QUIT		/* a key or a signal says so */
};
enum ctl_event ctl_screen_wait(const struct deadline *until);

#endif
