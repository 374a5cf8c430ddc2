/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * old_defaults - an instance of the old daemon, as a start script's file
 * describes it: /etc/default/saslauthd* of Debian, /etc/sysconfig/saslauthd
 * of Red Hat and SUSE, /etc/conf.d/saslauthd of Gentoo and Arch.
 */
#ifndef TOOLS_OLD_DEFAULTS_H
#define TOOLS_OLD_DEFAULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/errmsg.h"
#include "tools/draft.h"
#include "tools/old_flags.h"

struct old_instance {
	char *path;		/* of its file */
	char name[CONF_NAME_MAX + 1];	/* for parts; "" to begin with */
	struct old_flags flags;
	const char *run_dir;	/* the old daemon's without -m */
	bool off;		/* the start script did not start it */
};

/* Read it into a zeroed struct, and tell in the draft what is dropped. -1:
 * "FILE:LINE: reason". */
int old_instance_read(struct old_instance *in, const char *path,
    struct draft *d, struct errmsg *e);
void old_instance_fini(struct old_instance *in);

/* Paths of all instances where a system has them, sorted; the caller frees
 * each and the list. -1: there is none. */
int old_instance_find(char ***paths_r, size_t *count_r, struct errmsg *e);

#endif
