/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/str.h"
#include "saslauthd/privs.h"

bool
privs_are_root(void)
{
	return geteuid() == 0;
}

static int
take_user(struct privs *p, const struct passwd *pw, struct errmsg *e)
{
	if (pw->pw_uid == 0)
		return errmsg_set(e, "user %s is root: "
		    "name an unprivileged one", pw->pw_name);
	p->change = true;
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
	p->no_new_privs = true;
	(void)str_copy(p->name, sizeof(p->name), pw->pw_name);
	return 0;
}

int
privs_find(struct privs *p, const char *name, bool *fallback_r,
    struct errmsg *e)
{
	static const char *const defaults[] = { "saslauth", "sasl", "nobody" };
	const size_t last = sizeof(defaults) / sizeof(defaults[0]) - 1;
	const struct passwd *pw;
	size_t i;

	memset(p, 0, sizeof(*p));
	*fallback_r = false;
	if (!privs_are_root())
		return 0;
	if (name[0] != '\0') {
		pw = getpwnam(name);
		if (pw == NULL)
			return errmsg_set(e, "no user \"%s\" on this system",
			    name);
		return take_user(p, pw, e);
	}
	for (i = 0; i <= last; i++) {
		pw = getpwnam(defaults[i]);
		if (pw == NULL || pw->pw_uid == 0)
			continue;
		*fallback_r = i == last;
		return take_user(p, pw, e);
	}
	return errmsg_set(e, "none of the users saslauth, sasl and nobody "
	    "exists: make one, or name one with `user:'");
}

void
privs_add_group(struct privs *p, gid_t gid)
{
	if (p->ngroups < PRIVS_GROUPS_MAX)
		p->groups[p->ngroups++] = gid;
}

static int
verify(const struct privs *p, struct errmsg *e)
{
	gid_t gr, gs, geff, groups[PRIVS_GROUPS_MAX + 1];
	uid_t r, s, eff;

	if (getresuid(&r, &eff, &s) != 0 || getresgid(&gr, &geff, &gs) != 0)
		return errmsg_errno(e, errno, "getresuid");
	if (r != p->uid || eff != p->uid || s != p->uid || gr != p->gid ||
	    geff != p->gid || gs != p->gid)
		return errmsg_set(e, "ids are not those of %s", p->name);
	if (getgroups(PRIVS_GROUPS_MAX + 1, groups) != p->ngroups)
		return errmsg_set(e, "supplementary groups were kept");
	if (setuid(0) == 0 || seteuid(0) == 0)
		return errmsg_set(e, "root could be had back");
	return 0;
}

int
privs_drop(const struct privs *p, struct errmsg *e)
{
	if (p->change) {
		if (setgroups((size_t)p->ngroups, p->groups) != 0)
			return errmsg_errno(e, errno, "setgroups");
		if (setresgid(p->gid, p->gid, p->gid) != 0)
			return errmsg_errno(e, errno, "setresgid");
		if (setresuid(p->uid, p->uid, p->uid) != 0)
			return errmsg_errno(e, errno, "setresuid");
		if (verify(p, e) != 0)
			return -1;
	}
	if (p->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return errmsg_errno(e, errno, "PR_SET_NO_NEW_PRIVS");
	return 0;
}

int
privs_seal(struct errmsg *e)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return errmsg_errno(e, errno, "RLIMIT_CORE");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return errmsg_errno(e, errno, "PR_SET_DUMPABLE");
	return 0;
}

int
privs_die_with_parent(pid_t parent, struct errmsg *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return errmsg_errno(e, errno, "PR_SET_PDEATHSIG");
	if (getppid() != parent)
		return errmsg_set(e, "the parent is gone");
	return 0;
}
