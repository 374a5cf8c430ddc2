/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs - who a process is to become, decided before and verified after.
 */
#ifndef SASLAUTHD_PRIVS_H
#define SASLAUTHD_PRIVS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/errmsg.h"

#define PRIVS_GROUPS_MAX 2
#define PRIVS_NAME_MAX 64

struct privs {
	bool change;		/* false: keep the starting identity */
	uid_t uid;
	gid_t gid;
	gid_t groups[PRIVS_GROUPS_MAX];	/* supplementary */
	int ngroups;
	bool no_new_privs;	/* no set-uid program helps from now on */
	char name[PRIVS_NAME_MAX];	/* for the log */
};

bool privs_are_root(void);

/*
 * Look a user up: `name`, or when it is empty the first of saslauth, sasl
 * and nobody that exists (*fallback_r is set for nobody). Without root the
 * starting identity is kept: change is false. Call before any chroot.
 */
int privs_find(struct privs *p, const char *name, bool *fallback_r,
    struct errmsg *e);

/* Add a supplementary group. */
void privs_add_group(struct privs *p, gid_t gid);

/* Become it, for good, and verify. -1 when anything is not as it should be;
 * the caller must end then. */
int privs_drop(const struct privs *p, struct errmsg *e);

/* After the last change of identity: no core dump, no ptrace(2) by others of
 * the same user. */
int privs_seal(struct errmsg *e);

/* Die with SIGKILL when the parent does; call after privs_drop. `parent` is
 * getppid() as it was before the fork: -1 if it is gone already. */
int privs_die_with_parent(pid_t parent, struct errmsg *e);

#endif
