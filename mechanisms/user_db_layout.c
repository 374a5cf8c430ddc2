/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_layout - the layouts by name, and which a file is made with.
 */
#include "config.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/str.h"
#include "mechanisms/user_db.h"

/* Whether a library is in this build is known at compile time. */
#ifdef WITH_BERKELEY
#define HAVE_BERKELEY true
#else
#define HAVE_BERKELEY false
#endif
#ifdef WITH_GDBM
#define HAVE_GDBM true
#else
#define HAVE_GDBM false
#endif

static const struct {
	const char *name;
	bool built;
} layouts[USER_DB_LAYOUTS] = {
	[USER_DB_HASHED] = { "hashed", true },
	[USER_DB_BERKELEY] = { "berkeley", HAVE_BERKELEY },
	[USER_DB_GDBM] = { "gdbm", HAVE_GDBM },
	[USER_DB_LMDB] = { "lmdb", true },
};

const char *
user_db_layout_name(enum user_db_layout layout)
{
	return layouts[layout].name;
}

int
user_db_layout_parse(const char *name, enum user_db_layout *layout_r,
    struct errmsg *e)
{
	size_t i;

	for (i = 0; i < USER_DB_LAYOUTS; i++)
		if (strcmp(name, layouts[i].name) == 0)
			break;
	if (i == USER_DB_LAYOUTS)
		return errmsg_set(e, "%s is no layout; there are hashed, "
		    "berkeley, gdbm and lmdb", name);
	if (!layouts[i].built)
		return errmsg_set(e, "layout %s is not in this build", name);
	*layout_r = (enum user_db_layout)i;
	return 0;
}

const char *
user_db_system_path(void)
{
	return SASLDB2_PATH;
}

enum user_db_layout
user_db_system_layout(void)
{
	return SASLDB2_LAYOUT;
}

const char *
user_db_default_path(void)
{
	struct stat st;

	/* A link to what is missing is meant for that file, too. */
	return lstat(SASLDB2_PATH, &st) == 0 ? SASLDB2_PATH :
	    USER_DB_DEFAULT_PATH;
}

/* The name of a file, which may be missing, without links, dots and double
 * slashes. NULL when there is no such directory. */
static char *
real_name(const char *path)
{
	char copy[PATH_MAX];
	char *real = realpath(path, NULL), *dir;
	const char *slash = strrchr(path, '/');

	if (real != NULL || errno != ENOENT ||
	    str_copy(copy, sizeof(copy), path) == -1)
		return real;
	dir = realpath(dirname(copy), NULL);
	if (dir == NULL)
		return NULL;
	real = str_dup_format("%s/%s", strcmp(dir, "/") == 0 ? "" : dir,
	    slash == NULL ? path : slash + 1);
	free(dir);
	return real;
}

bool
user_db_is_system_path(const char *path)
{
	char *real, *system;
	bool same;

	if (strcmp(path, SASLDB2_PATH) == 0)
		return true;
	real = real_name(path);
	system = real_name(SASLDB2_PATH);
	same = real != NULL && system != NULL && strcmp(real, system) == 0;
	free(real);
	free(system);
	return same;
}

enum user_db_layout
user_db_layout_for(const char *path)
{
	return user_db_is_system_path(path) ? SASLDB2_LAYOUT : USER_DB_HASHED;
}
