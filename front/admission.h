/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * admission - which users and groups of this machine may ask on a listener.
 *
 * Two lists of names and numbers: whom one of them has may ask. Where both
 * are empty everybody may, and nobody is asked who he is.
 */
#ifndef FRONT_ADMISSION_H
#define FRONT_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/errmsg.h"

struct admission {
	uid_t *uids;
	size_t uid_count;
	gid_t *gids;
	size_t gid_count;
};

/* Look the names up; not possible in the sandbox. -1 with a message that
 * tells the key and the word; nothing is kept then. `forgiving`: a name that
 * is not found lets nobody in and is no failure, but is told in e. */
int admission_parse(struct admission *a_r, const char *uids,
    const char *gids, bool forgiving, struct errmsg *e);
void admission_fini(struct admission *a);

/* May the peer of this connected socket ask? It was who it was when it
 * connected, with its supplementary groups. *uid_r: who it is, (uid_t)-1 if
 * unknown. */
bool admission_allows(const struct admission *a, int fd, uid_t *uid_r);

#endif
