/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_print - what this build has, for those who ask the program.
 */
#ifndef SASLAUTHD_POOL_PRINT_H
#define SASLAUTHD_POOL_PRINT_H

/* Print the mechanisms of this build with their summaries, on stderr. */
void pool_print_mechanisms(void);

/* Print a mechanism's keys, one a line: name, type, range, default, help. */
int pool_print_keys(const char *name);

#endif
