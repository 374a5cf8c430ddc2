/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * freed - do secrets survive in memory that is given back?
 *
 * A test linked with freed.c and -Wl,--wrap=free,--wrap=malloc names a text,
 * and every block that the code under test frees is searched for it.
 */
#ifndef TESTS_UNIT_FREED_H
#define TESTS_UNIT_FREED_H

/* Watch for a text from now on (NULL: no more) and forget earlier finds. */
void freed_watch(const char *text);
/* In how many freed blocks was it? */
unsigned freed_finds(void);

#endif
