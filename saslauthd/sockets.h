/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets - the clients' sockets, or doors: one for each listener of the
 * site.
 *
 * The keeper makes, holds and removes them; fronts come and go and are given
 * copies.
 */
#ifndef SASLAUTHD_SOCKETS_H
#define SASLAUTHD_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/errmsg.h"
#include "saslauthd/activation.h"
#include "saslauthd/admission.h"
#include "saslauthd/site.h"
#include "saslauthd/socket_file.h"

struct sockets_one {
	char name[CONF_NAME_MAX + 1];	/* of its listener */
	struct socket_file file;
	struct socket_file_plan plan;	/* but for the path, which is file's */
	struct admission who;	/* may ask there */
	size_t kept;		/* of a change: which one it is going to be */
};

#define SOCKETS_NEW SIZE_MAX	/* kept: none */

struct sockets {
	struct sockets_one list[SITE_LISTENERS_MAX];	/* as the site's */
	size_t count;
};

enum sockets_status {
	SOCKETS_OK,
	SOCKETS_BUSY,		/* another daemon answers there */
	SOCKETS_CONFIG,		/* settings that cannot work */
	SOCKETS_FAILED
};

/* Do the users and groups exist that it names? -1: each that does not was
 * reported. */
int sockets_check(const struct site_listener *l, conf_report *report,
    void *ctx);

/* All of the site's: made, or those of `given` used; a warning goes to the
 * log when one lets everybody in. What was made before a failure stays until
 * sockets_close(). Blocks as listen_file_answers() does. */
enum sockets_status sockets_open(struct sockets *s, const struct site *site,
    const struct activation *given, struct errmsg *e);

/*
 * Change to those of another site. First all that can fail: sockets that are
 * not among those of `now` are made in *next; those that are, at whatever name
 * of their directory, are going to be kept. Then either sockets_change(), which
 * gives those that are kept their new owner and mode, removes the others and
 * leaves *now as all there is, and tells of one whose owner or mode could not
 * be changed; or sockets_close(next), and nothing has changed.
 */
enum sockets_status sockets_prepare(struct sockets *next,
    const struct sockets *now, const struct site *site,
    const struct activation *given, struct errmsg *e);
void sockets_change(struct sockets *now, struct sockets *next,
    struct errmsg *failed);

/* Attach a door to the one whose file this is; if it is of none, it is of a
 * listener that is gone. -1 with a message. */
int sockets_attach(struct sockets *s, dev_t device, ino_t inode, int door,
    struct errmsg *e);

/* Remove all from their paths, for a stop; then close them. */
void sockets_remove(struct sockets *s);
void sockets_close(struct sockets *s);

#endif
