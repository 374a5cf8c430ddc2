/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "common/io.h"
#include "common/log.h"
#include "common/str.h"
#include "saslauthd/rundir.h"
#include "saslauthd/sockets.h"

#define ID_MAX (UINT_MAX - 1L)	/* -1 means "no change" to chown(2) */

/* ---- names and numbers ------------------------------------------------ */

static int
find_owner(const char *text, uid_t *uid_r)
{
	const struct passwd *pw;
	long id;

	*uid_r = SOCKET_FILE_OUR_OWNER;
	if (text[0] == '\0')
		return 0;
	pw = getpwnam(text);
	if (pw != NULL)
		*uid_r = pw->pw_uid;
	else if (str_to_long(text, 0, ID_MAX, &id) == 0)
		*uid_r = (uid_t)id;
	else
		return -1;
	return 0;
}

static int
find_group(const char *text, gid_t *gid_r)
{
	const struct group *gr;
	long id;

	*gid_r = SOCKET_FILE_OUR_GROUP;
	if (text[0] == '\0')
		return 0;
	gr = getgrnam(text);
	if (gr != NULL)
		*gid_r = gr->gr_gid;
	else if (str_to_long(text, 0, ID_MAX, &id) == 0)
		*gid_r = (gid_t)id;
	else
		return -1;
	return 0;
}

/* ---- who gets in ------------------------------------------------------ */

/* Can everybody walk through all directories above it? */
static bool
way_is_open(const char *path)
{
	char real[PATH_MAX], dir[SOCKET_FILE_PATH_MAX];
	struct stat sb;
	char *slash;

	(void)str_copy(dir, sizeof(dir), path);
	strrchr(dir, '/')[1] = '\0';
	if (realpath(dir, real) == NULL)
		return false;
	for (;;) {
		if (stat(real[0] != '\0' ? real : "/", &sb) != 0 ||
		    (sb.st_mode & S_IXOTH) == 0)
			return false;
		slash = strrchr(real, '/');
		if (slash == NULL)
			return true;
		*slash = '\0';
	}
}

/* unix(7): to connect takes the right to write. That the default socket is
 * open to all is how it always was. */
static void
warn_if_open(const struct site_listener *l, const struct socket_file *file,
    mode_t mode)
{
	const struct listener_settings *s = &l->settings;

	if (s->path[0] != '\0' && (mode & S_IWOTH) != 0 &&
	    s->allow_uids[0] == '\0' && s->allow_gids[0] == '\0' &&
	    way_is_open(file->path))
		log_msg(LOG_WARNING, "keeper", "listener %s: every user of "
		    "this machine can try passwords at %s: set its mode, "
		    "allow_uids or allow_gids, or close the directory",
		    l->name, file->path);
}

/* ---- making them ------------------------------------------------------ */

static int
find_ids(const struct listener_settings *s, uid_t *uid_r, gid_t *gid_r,
    struct errmsg *e)
{
	if (find_owner(s->owner, uid_r) != 0)
		return errmsg_set(e, "owner: no user is called %s", s->owner);
	if (find_group(s->group, gid_r) != 0)
		return errmsg_set(e, "group: no group is called %s", s->group);
	return 0;
}

int
sockets_check(const struct site_listener *l, struct errmsg *e)
{
	uid_t uid;
	gid_t gid;

	if (find_ids(&l->settings, &uid, &gid, e) != 0)
		return errmsg_prefix(e, "listener %s", l->name);
	return 0;
}

/* Where it is to stand, and whether it may. */
static enum sockets_status
make_plan(const struct site_listener *l, const char *path,
    struct socket_file_plan *plan_r, struct errmsg *e)
{
	const struct listener_settings *s = &l->settings;

	plan_r->path = path;
	plan_r->mode = l->mode;
	if (find_ids(s, &plan_r->owner, &plan_r->group, e) != 0)
		return SOCKETS_CONFIG;
	if (s->path[0] == '\0')
		return SOCKETS_OK;	/* rundir_claim() looked */
	if (!socket_file_may_replace(path)) {
		(void)errmsg_set(e, "path: what stands at %s is no socket",
		    path);
		return SOCKETS_CONFIG;
	}
	if (socket_file_answers(path) || socket_file_is_held(path)) {
		(void)errmsg_set(e, "Another instance of saslauthd is "
		    "currently running (somebody listens at %s)", path);
		return SOCKETS_BUSY;
	}
	return SOCKETS_OK;
}

/* Two listeners at one path, by whatever names of directories. */
static const char *
find_replaced(const struct sockets *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->list[i].file.made &&
		    !socket_file_stands(&s->list[i].file))
			return s->list[i].name;
	return NULL;
}

static enum sockets_status
fail_shared(const char *path, const char *other, struct errmsg *e)
{
	(void)errmsg_set(e, "path: %s is that of listener %s, too", path,
	    other);
	return SOCKETS_CONFIG;
}

/* Its mode and owner are those of who made it. */
static enum sockets_status
use_given(struct sockets *s, const struct site_listener *l,
    const struct activation_one *given, struct errmsg *e)
{
	struct sockets_one *one = &s->list[s->count];
	struct stat sb;

	if (socket_file_adopt(&one->file, given->fd, given->path, e) != 0)
		return SOCKETS_FAILED;
	s->count++;
	if (given->path[0] == '/' && stat(given->path, &sb) == 0)
		warn_if_open(l, &one->file, sb.st_mode);
	return SOCKETS_OK;
}

static bool
is_control(const char *path, const char *run_dir)
{
	char control[PATH_MAX];

	return str_format(control, sizeof(control), "%s/" RUNDIR_CONTROL,
	    run_dir) == 0 && strcmp(path, control) == 0;
}

enum sockets_status
sockets_add(struct sockets *s, const struct site_listener *l,
    const char *run_dir, struct errmsg *e)
{
	struct sockets_one *one = &s->list[s->count];
	const struct activation_one *given;
	struct socket_file_plan plan;
	enum sockets_status st;
	char path[PATH_MAX];
	const char *replaced;

	one->file = (struct socket_file)SOCKET_FILE_INIT;
	(void)str_copy(one->name, sizeof(one->name), l->name);
	given = activation_find(s->given, l->name);
	if (given != NULL) {
		st = use_given(s, l, given, e);
		goto out;
	}
	if (l->settings.path[0] != '\0')
		(void)str_copy(path, sizeof(path), l->settings.path);
	else
		(void)str_format(path, sizeof(path), "%s/" RUNDIR_MUX,
		    run_dir);
	if (is_control(path, run_dir)) {
		st = SOCKETS_CONFIG;
		(void)errmsg_set(e, "path: %s is the control socket's", path);
		goto out;
	}
	given = activation_at(s->given, path);
	st = given != NULL ? fail_shared(path, given->listener, e) :
	    make_plan(l, path, &plan, e);
	if (st != SOCKETS_OK)
		goto out;
	st = strlen(path) > io_unix_path_max() ? SOCKETS_CONFIG :
	    SOCKETS_FAILED;
	if (socket_file_open(&one->file, &plan, e) != 0)
		goto out;
	replaced = find_replaced(s);
	s->count++;
	st = replaced != NULL ? fail_shared(path, replaced, e) : SOCKETS_OK;
	if (st == SOCKETS_OK)
		warn_if_open(l, &one->file, l->mode);
out:
	if (st != SOCKETS_OK)
		(void)errmsg_prefix(e, "listener %s", l->name);
	return st;
}

enum sockets_status
sockets_open(struct sockets *s, const struct site *site, struct errmsg *e)
{
	enum sockets_status st = SOCKETS_OK;
	size_t i;

	s->count = 0;
	for (i = 0; i < site->listener_count && st == SOCKETS_OK; i++)
		st = sockets_add(s, &site->listeners[i],
		    site->settings.run_dir, e);
	return st;
}

void
sockets_remove(struct sockets *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		socket_file_remove(&s->list[i].file);
}

void
sockets_close(struct sockets *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		socket_file_close(&s->list[i].file);
	s->count = 0;
}
