/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockets - the clients' sockets: one for each listener of the site.
 *
 * The keeper makes, holds and removes them; fronts come and go and are given
 * copies.
 */
#ifndef SASLAUTHD_SOCKETS_H
#define SASLAUTHD_SOCKETS_H

#include <stddef.h>

#include "common/conf.h"
#include "common/errmsg.h"
#include "saslauthd/activation.h"
#include "saslauthd/site.h"
#include "saslauthd/socket_file.h"

struct sockets_one {
	char name[CONF_NAME_MAX + 1];	/* of its listener */
	struct socket_file file;
};

struct sockets {
	struct sockets_one list[SITE_LISTENERS_MAX];	/* as the site's */
	size_t count;
	const struct activation *given;	/* NULL: none. Used, not made */
};

enum sockets_status {
	SOCKETS_OK,
	SOCKETS_BUSY,		/* another daemon answers there */
	SOCKETS_CONFIG,		/* settings that cannot work */
	SOCKETS_FAILED
};

/* Does its owner, does its group exist? */
int sockets_check(const struct site_listener *l, struct errmsg *e);

/* Make the socket of one listener, or use the given one; a warning goes to
 * the log when it lets everybody in. Blocks as socket_file_answers() does. */
enum sockets_status sockets_add(struct sockets *s,
    const struct site_listener *l, const char *run_dir, struct errmsg *e);

/* All of the site's. What was made before a failure stays until
 * sockets_close(). */
enum sockets_status sockets_open(struct sockets *s, const struct site *site,
    struct errmsg *e);

/* Remove all from their paths, for a stop; then close them. */
void sockets_remove(struct sockets *s);
void sockets_close(struct sockets *s);

#endif
