/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * part - one of the keeper's children, over all its lives.
 *
 * One that dies is started again: at once if it was healthy, else after a
 * pause that grows.
 */
#ifndef SASLAUTHD_PART_H
#define SASLAUTHD_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/errmsg.h"
#include "saslauthd/child.h"

struct part {
	const char *what;		/* "front", "pool of ldap" */
	int backoff_max_msec;
	struct child child;
	bool ready;			/* the keeper's to set */
	uint32_t starts;
	int64_t started_msec;		/* monotonic */
	struct deadline restart;	/* while not running */
	int backoff_msec;		/* the next pause */
};

void part_init(struct part *p, const char *what, int backoff_max_msec);

/* -1: it cannot be started now; a restart is due soon. */
int part_start(struct part *p, const char *program, char *title,
    bool keep_stdio, struct errmsg *e);
void part_kill(const struct part *p);

/* It has ended. */
void part_gone(struct part *p);
/* Start it again: in how many milliseconds? */
int part_retry(struct part *p);
/* The same, but never at once: it ended for a reason that stays. */
int part_retry_later(struct part *p);

uint32_t part_restarts(const struct part *p);

#endif
