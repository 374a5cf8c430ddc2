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
#include "saslauthd/listen_file.h"
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

/* That the default socket is open to all is how it always was. */
static void
warn_if_open(const struct site_listener *l, const struct socket_file *file,
    mode_t mode)
{
	const struct listener_settings *s = &l->settings;

	if (s->path[0] != '\0' && listen_file_is_open(mode) &&
	    s->allow_uids[0] == '\0' && s->allow_gids[0] == '\0' &&
	    way_is_open(file->path))
		log_msg(LOG_WARNING, "keeper", "listener %s: every user of "
		    "this machine can try passwords at %s: set its mode, "
		    "allow_uids or allow_gids, or close the directory",
		    l->name, file->path);
}

/* ---- making them ------------------------------------------------------ */

static int
find_ids(const struct site_listener *l, struct socket_file_plan *plan,
    conf_report *report, void *ctx)
{
	const struct listener_settings *s = &l->settings;
	struct errmsg e = ERRMSG_INIT;
	int rc = 0;

	if (find_owner(s->owner, &plan->owner) != 0) {
		(void)errmsg_set(&e, "owner: no user is called %s", s->owner);
		rc = site_blame(l, &e);
		report(ctx, e.text);
	}
	if (find_group(s->group, &plan->group) != 0) {
		(void)errmsg_set(&e, "group: no group is called %s", s->group);
		rc = site_blame(l, &e);
		report(ctx, e.text);
	}
	return rc;
}

int
sockets_check(const struct site_listener *l, conf_report *report, void *ctx)
{
	struct socket_file_plan plan;
	struct admission who;
	int rc = find_ids(l, &plan, report, ctx);

	if (admission_find(&who, l, report, ctx) != 0)
		rc = -1;
	admission_fini(&who);
	return rc;
}

/* What it takes to make the socket of a listener. */
struct making {
	struct sockets *sockets;
	const struct sockets *now;	/* NULL: a start */
	const struct activation *given;
	const char *run_dir;
};

/* Of somebody else? The lock of its run directory guards the default one. */
static enum sockets_status
find_rival(const struct making *m, const struct site_listener *l,
    const char *path, struct errmsg *e)
{
	if (m->now == NULL && l->settings.path[0] == '\0')
		return SOCKETS_OK;	/* rundir_claim() looked */
	if (!listen_file_may_replace(path)) {
		(void)errmsg_set(e, "path: what stands at %s is no socket",
		    path);
		return SOCKETS_CONFIG;
	}
	if (listen_file_answers(path) || listen_file_is_held(path)) {
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
use_given(struct sockets_one *one, const struct site_listener *l,
    const struct activation_one *given, struct errmsg *e)
{
	struct stat sb;

	if (listen_file_adopt(&one->file, given->fd, given->path, e) != 0)
		return SOCKETS_FAILED;
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

/* Which of those there are stands at this path? */
static size_t
find_standing(const struct sockets *now, const char *path)
{
	const struct socket_file *f;
	struct stat sb;
	size_t i;

	if (now == NULL || lstat(path, &sb) != 0)
		return SOCKETS_NEW;
	for (i = 0; i < now->count; i++) {
		f = &now->list[i].file;
		if (f->made && f->id.st_dev == sb.st_dev &&
		    f->id.st_ino == sb.st_ino)
			return i;
	}
	return SOCKETS_NEW;
}

static enum sockets_status
keep(const struct making *m, struct sockets_one *one, size_t which,
    struct errmsg *e)
{
	const struct sockets *s = m->sockets;
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->list[i].kept == which)
			return fail_shared(m->now->list[which].file.path,
			    s->list[i].name, e);
	one->kept = which;
	return SOCKETS_OK;
}

static enum sockets_status
make(const struct making *m, struct sockets_one *one,
    const struct site_listener *l, struct errmsg *e)
{
	const char *path = one->plan.path, *replaced;
	enum sockets_status st = find_rival(m, l, path, e);

	if (st != SOCKETS_OK)
		return st;
	if (listen_file_open(&one->file, &one->plan, e) != 0)
		return strlen(path) > io_unix_path_max() ? SOCKETS_CONFIG :
		    SOCKETS_FAILED;
	replaced = find_replaced(m->sockets);
	if (replaced != NULL)
		return fail_shared(path, replaced, e);
	warn_if_open(l, &one->file, l->mode);
	return SOCKETS_OK;
}

/* At its path: make it, or keep the one that is there. */
static enum sockets_status
place(const struct making *m, struct sockets_one *one,
    const struct site_listener *l, struct errmsg *e)
{
	const struct activation_one *given;
	enum sockets_status st;
	char path[PATH_MAX];
	size_t which;

	if (l->settings.path[0] != '\0')
		(void)str_copy(path, sizeof(path), l->settings.path);
	else
		(void)str_format(path, sizeof(path), "%s/" RUNDIR_MUX,
		    m->run_dir);
	if (is_control(path, m->run_dir)) {
		(void)errmsg_set(e, "path: %s is the control socket's", path);
		return SOCKETS_CONFIG;
	}
	given = activation_at(m->given, path);
	if (given != NULL)
		return fail_shared(path, given->listener, e);
	one->plan.path = path;
	one->plan.mode = listen_file_mode(l->mode);
	which = find_standing(m->now, path);
	if (which != SOCKETS_NEW)
		warn_if_open(l, &m->now->list[which].file, l->mode);
	st = which != SOCKETS_NEW ? keep(m, one, which, e) :
	    make(m, one, l, e);
	one->plan.path = NULL;
	return st;
}

static void
keep_problem(void *ctx, const char *text)
{
	(void)errmsg_set(ctx, "%s", text);
}

static enum sockets_status
add(const struct making *m, const struct site_listener *l, struct errmsg *e)
{
	struct sockets_one *one = &m->sockets->list[m->sockets->count];
	const struct activation_one *given;
	enum sockets_status st;

	*one = (struct sockets_one){ .file = SOCKET_FILE_INIT,
	    .kept = SOCKETS_NEW };
	(void)str_copy(one->name, sizeof(one->name), l->name);
	if (find_ids(l, &one->plan, keep_problem, e) != 0 ||
	    admission_find(&one->who, l, keep_problem, e) != 0)
		return SOCKETS_CONFIG;
	given = activation_find(m->given, l->name);
	st = given != NULL ? use_given(one, l, given, e) :
	    place(m, one, l, e);
	m->sockets->count++;
	if (st != SOCKETS_OK)
		(void)site_blame(l, e);
	return st;
}

enum sockets_status
sockets_prepare(struct sockets *next, const struct sockets *now,
    const struct site *site, const struct activation *given,
    struct errmsg *e)
{
	const struct making m = { .sockets = next, .now = now,
	    .given = given, .run_dir = site->settings.run_dir };
	enum sockets_status st = SOCKETS_OK;
	size_t i;

	next->count = 0;
	for (i = 0; i < site->listener_count && st == SOCKETS_OK; i++)
		st = add(&m, &site->listeners[i], e);
	return st;
}

enum sockets_status
sockets_open(struct sockets *s, const struct site *site,
    const struct activation *given, struct errmsg *e)
{
	return sockets_prepare(s, NULL, site, given, e);
}

/* It moves over, and is not closed with the others. */
static void
take_kept(struct sockets_one *one, struct sockets_one *old,
    struct errmsg *failed)
{
	struct errmsg e = ERRMSG_INIT;

	one->file = old->file;
	one->kept = SOCKETS_NEW;
	old->file = (struct socket_file)SOCKET_FILE_INIT;
	if ((one->plan.mode != old->plan.mode ||
	    one->plan.owner != old->plan.owner ||
	    one->plan.group != old->plan.group) &&
	    socket_file_dress(&one->file, &one->plan, &e) != 0) {
		(void)errmsg_set(failed, "listener %s: %s", one->name, e.text);
		log_msg(LOG_ERR, "keeper", "%s", failed->text);
	}
}

void
sockets_change(struct sockets *now, struct sockets *next,
    struct errmsg *failed)
{
	struct sockets_one *one;
	size_t i;

	for (i = 0; i < next->count; i++) {
		one = &next->list[i];
		if (one->kept != SOCKETS_NEW)
			take_kept(one, &now->list[one->kept], failed);
		else if (one->file.made)
			listen_file_announce(&one->file);
	}
	sockets_close(now);
	*now = *next;
	next->count = 0;
}

int
sockets_attach(struct sockets *s, dev_t device, ino_t inode, int door,
    struct errmsg *e)
{
	struct stat sb;
	size_t i;

	for (i = 0; i < s->count; i++)
		if (fstat(s->list[i].file.fd, &sb) == 0 &&
		    sb.st_dev == device && sb.st_ino == inode)
			return listen_file_attach(&s->list[i].file, door, e);
	return 0;
}

void
sockets_remove(struct sockets *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		listen_file_remove(&s->list[i].file);
}

void
sockets_close(struct sockets *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		listen_file_close(&s->list[i].file);
		admission_fini(&s->list[i].who);
	}
	s->count = 0;
}
