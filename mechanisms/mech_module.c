/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_module - finds, judges and loads a module; see mech_module.h.
 */
#include "config.h"

#include "mechanisms/mech_module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/str.h"
#include "mechanisms/mech.h"

static const char *only_dir;	/* mech_module_set_dir() */

void
mech_module_set_dir(const char *dir)
{
	only_dir = dir;
}

static int
path_in(const char *dir, const char *name, char path_r[PATH_MAX],
    struct errmsg *e)
{
	if (str_format(path_r, PATH_MAX, "%s/mech_%s.so", dir, name) != 0)
		return errmsg_set(e, "the path to its module is too long");
	return 0;
}

/* ---- trust ------------------------------------------------------------ */

static int
judge_owner(const char *path, const struct stat *sb, struct errmsg *e)
{
	if (sb->st_uid != 0 && sb->st_uid != geteuid())
		return errmsg_set(e, "%s belongs to user id %lu, not to root: "
		    "not loaded", path, (unsigned long)sb->st_uid);
	if ((sb->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return errmsg_set(e, "%s may be written by others than its "
		    "owner: not loaded", path);
	return 0;
}

static int
not_there(const char *path, struct errmsg *e)
{
	return errmsg_set(e, "%s: %s (is the package with it installed?)",
	    path, strerror(errno));
}

/* The directory is judged where it really is: /lib may be a link. The file
 * itself may not be one, which would lead out of what was judged. */
static int
find_installed(const char *name, char path_r[PATH_MAX], struct errmsg *e)
{
	char dir[PATH_MAX];
	struct stat sb;

	if (realpath(MODULEDIR, dir) == NULL || stat(dir, &sb) != 0)
		return not_there(MODULEDIR, e);
	if (judge_owner(dir, &sb, e) != 0 ||
	    path_in(dir, name, path_r, e) != 0)
		return -1;
	if (lstat(path_r, &sb) != 0)
		return not_there(path_r, e);
	if (!S_ISREG(sb.st_mode))
		return errmsg_set(e, "%s is no regular file: not loaded",
		    path_r);
	return judge_owner(path_r, &sb, e);
}

/* Beside the running program, as in a build tree. Its owner is not asked for:
 * who can write there can replace the program. */
static bool
find_beside(const char *name, char path_r[PATH_MAX])
{
	char dir[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	struct errmsg e;
	char *slash;

	if (n <= 0)
		return false;
	dir[n] = '\0';
	slash = strrchr(dir, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return path_in(dir, name, path_r, &e) == 0 &&
	    access(path_r, F_OK) == 0;
}

static int
find(const char *name, char path_r[PATH_MAX], struct errmsg *e)
{
	if (only_dir != NULL)
		return path_in(only_dir, name, path_r, e);
	if (find_beside(name, path_r))
		return 0;
	return find_installed(name, path_r, e);
}

/* ---- loading ---------------------------------------------------------- */

static const struct mech *
judge_module(const struct mech_module *m, const char *name, const char *path,
    struct errmsg *e)
{
	if (strcmp(m->build_id, frame_build_id()) != 0 ||
	    m->mech_size != sizeof(struct mech)) {
		(void)errmsg_set(e, "%s is of another build (%s) than this "
		    "program (%s)", path, m->build_id, frame_build_id());
		return NULL;
	}
	if (strcmp(m->mech->name, name) != 0) {
		(void)errmsg_set(e, "%s is mechanism \"%s\"", path,
		    m->mech->name);
		return NULL;
	}
	return m->mech;
}

/* RTLD_NOW: a symbol that is missing shows here, not at a login. */
const struct mech *
mech_module_load(const char *name, struct errmsg *e)
{
	const struct mech_module *m;
	char path[PATH_MAX];
	void *handle;

	if (find(name, path, e) != 0)
		return NULL;
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		(void)errmsg_set(e, "%s does not load: %s", path, dlerror());
		return NULL;
	}
	m = dlsym(handle, MECH_MODULE_SYMBOL);
	if (m == NULL) {
		(void)errmsg_set(e, "%s is no mechanism: it has no symbol %s",
		    path, MECH_MODULE_SYMBOL);
		return NULL;
	}
	return judge_module(m, name, path, e);
}
