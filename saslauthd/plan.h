/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan - what the daemon is to do: the command line and the file, read, judged
 * and put together. There is one for the start, and one for each reload.
 */
#ifndef SASLAUTHD_PLAN_H
#define SASLAUTHD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/errmsg.h"
#include "saslauthd/activation.h"
#include "saslauthd/notify.h"
#include "saslauthd/options.h"
#include "saslauthd/site.h"

/* How the daemon was started: the same for all plans. */
struct launch {
	struct options options;
	struct activation given;	/* sockets not to be made */
	char *config;			/* --config, absolute; NULL: default */
	char *self, *pool;		/* the two programs */
	bool checking;			/* --check */
	bool trying;			/* --try with it */
};

struct plan {
	const struct launch *launch;
	uint32_t number;		/* of its generation: 1, 2, ... */
	struct conf_entries own;	/* without a mechanism's: front */
	struct site site;
	struct activation given;	/* assigned to the site's listeners */
	char *config;			/* the file's name, or NULL */
	int config_fd;			/* and itself, as it was read; or -1 */
	bool complete;			/* each mechanism is there to be asked
					 * for more */
	unsigned errors, warnings;	/* logged */
	struct errmsg why, warned;	/* the first of each */
	struct errmsg waits;		/* keys for the next start, or "" */
};

/*
 * Read and judge all the daemon itself can judge. The file is read once, and
 * kept as it was in memory that is only handed to the pools, which may start
 * at any time: it has secrets of mechanisms. plan_fini() also when it is
 * refused. Returns EX_OK, or the status to exit with. Blocks on files and on
 * the system's users and groups.
 */
int plan_load(struct plan *p, const struct launch *l);
/* Before that, where others wait meanwhile: is it a file to read at once? -1
 * and a complaint: to read a pipe, say, may take for ever. */
int plan_is_readable_now(struct plan *p, const struct launch *l);

/*
 * Have the pools judge the rest; for a start or a reload. The same status.
 * Blocks for seconds at worst; who supervises a daemon that serves hears from
 * it meanwhile (NULL: none does).
 */
int plan_check(struct plan *p, struct notify *beat);

/*
 * What a running daemon cannot change stays as it is in `now`; a line in the
 * log says so.
 */
void plan_keep_fixed(struct plan *p, const struct plan *now);

/* What is new is judged strictly: a warning refuses it. */
bool plan_is_strict(const struct plan *p);

/* Log an error (a warning), and keep it if it is the first one. */
void plan_complain(struct plan *p, const char *text);
void plan_warn(struct plan *p, const char *text);
/* In a line, why it was refused. */
void plan_tell_why(const struct plan *p, struct errmsg *e_r);

void plan_fini(struct plan *p);

#endif
