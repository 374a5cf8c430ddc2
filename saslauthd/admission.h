/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * admission - which users and groups of this machine may ask on a listener.
 *
 * Two lists of names and numbers: whom one of them has may ask. Where both
 * are empty everybody may, and nobody is asked who he is. The keeper looks
 * the names up; the front, which cannot in its sandbox, gets numbers.
 */
#ifndef SASLAUTHD_ADMISSION_H
#define SASLAUTHD_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/conf.h"
#include "saslauthd/site.h"

struct admission {
	uid_t *uids;
	size_t uid_count;
	gid_t *gids;
	size_t gid_count;
};

#define ADMISSION_INIT { NULL, 0, NULL, 0 }

/* What the listener's allow_uids and allow_gids come to. -1: each word that is
 * nobody's was reported, with the listener and the key; nothing is kept then.
 * Blocks on the system's users and groups. */
int admission_find(struct admission *a_r, const struct site_listener *l,
    conf_report *report, void *ctx);
void admission_fini(struct admission *a);

/* Through a frame. */
int admission_put(struct buf *b, const struct admission *a);
int admission_get(struct buf *b, struct admission *a_r);

/* May who has this uid and these groups ask? */
bool admission_allows_ids(const struct admission *a, uid_t uid,
    const gid_t *gids, size_t count);

/* May the peer of this connected socket ask? It was who it was when it
 * connected, with its supplementary groups. *uid_r: who it is, (uid_t)-1 if
 * unknown. */
bool admission_allows(const struct admission *a, int fd, uid_t *uid_r);

#endif
