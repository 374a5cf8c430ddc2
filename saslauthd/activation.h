/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * activation - listening sockets the daemon was started with, as
 * sd_listen_fds(3) has them: from descriptor 3 on, told by LISTEN_FDS,
 * LISTEN_PID and LISTEN_FDNAMES.
 *
 * Who made them owns their paths and modes, and keeps them listening between
 * two of our lives.
 */
#ifndef SASLAUTHD_ACTIVATION_H
#define SASLAUTHD_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/errmsg.h"
#include "saslauthd/site.h"
#include "saslauthd/socket_file.h"

#define ACTIVATION_NAME_MAX 255	/* FileDescriptorName= of systemd.socket(5) */

struct activation_one {
	int fd;
	char name[ACTIVATION_NAME_MAX + 1];	/* "": it has none */
	char path[SOCKET_FILE_PATH_MAX];	/* "@NAME": abstract */
	const char *listener;	/* the site's name; NULL: not assigned */
};

struct activation {
	struct activation_one list[SITE_LISTENERS_MAX];
	size_t count;
};

/*
 * Take what is meant for this process, before anything else opens a
 * descriptor, and remove LISTEN_* from the environment: children get none.
 * -1 with a message when something passed is no listening Unix stream
 * socket.
 */
int activation_take(struct activation *a, struct errmsg *e);

/*
 * Whose is each? That of the listener of its name; without a name that of
 * the listener at its path, or of the default one if there is just one
 * socket. -1 with a message when one is nobody's, or two are somebody's.
 * The site must live as long.
 */
int activation_assign(struct activation *a, const struct site *site,
    struct errmsg *e);

/* The socket of this listener, or at this path; NULL when there is none. An
 * `a` of NULL has none. */
const struct activation_one *activation_find(const struct activation *a,
    const char *listener);
const struct activation_one *activation_at(const struct activation *a,
    const char *path);

#endif
