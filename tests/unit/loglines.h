/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loglines - what the code under test logs, line by line.
 *
 * The lines take the way of the front: log.c sends them to a socket pair
 * whose other end is read here.
 */
#ifndef TESTS_UNIT_LOGLINES_H
#define TESTS_UNIT_LOGLINES_H

#include <stdbool.h>

/* From now on nothing goes to the system's log. Forgets earlier lines. */
void loglines_open(bool verbose);
void loglines_close(void);

/* The next line, from "FUNC            : " on, or "" when there is none.
 * Valid until the next call. */
const char *loglines_next(void);

/* Priority (LOG_INFO ...) of the line last returned. */
int loglines_priority(void);

/* How many lines are left that have this text in them? Takes them all. */
unsigned loglines_count(const char *text);

#endif
