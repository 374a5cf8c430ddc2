/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_watch - have the files behind PAM changed?
 *
 * Watched are pam.conf(5), the pam.d directories and their files, the
 * modules in the system's module directories, and modules that a service
 * names by an absolute path.
 */
#ifndef MECHANISMS_PAM_WATCH_H
#define MECHANISMS_PAM_WATCH_H

#include <stdbool.h>

struct pam_watch;

/* Find the directories and remember the present state. NULL when out of
 * memory. Keeps no descriptor. */
struct pam_watch *pam_watch_new(void);
void pam_watch_free(struct pam_watch *w);

/* True once for each change since the last call; some hundred calls of
 * stat(2), no blocking beyond the file system. */
bool pam_watch_changed(struct pam_watch *w);

#endif
