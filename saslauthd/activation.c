/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/io.h"
#include "common/str.h"
#include "saslauthd/activation.h"
#include "saslauthd/rundir.h"

#define FIRST_FD 3		/* SD_LISTEN_FDS_START */
#define NAME_SEPARATOR ':'
#define UNIT_SUFFIX ".socket"
#define NO_NAME "unknown"	/* sd_listen_fds_with_names(3) */

/* ---- what was passed -------------------------------------------------- */

/* Of text, up to the separator or the end; *rest_r is NULL after the last. */
static int
next_name(const char *text, char *name, size_t size, const char **rest_r)
{
	const char *end = strchr(text, NAME_SEPARATOR);

	*rest_r = end != NULL ? end + 1 : NULL;
	return str_copy_n(name, size, text,
	    end != NULL ? (size_t)(end - text) : strlen(text));
}

static int
read_names(struct activation *a, const char *names, struct errmsg *e)
{
	size_t i;

	for (i = 0; i < a->count && names != NULL; i++)
		if (next_name(names, a->list[i].name,
		    sizeof(a->list[i].name), &names) != 0)
			return errmsg_set(e, "LISTEN_FDNAMES: a name is "
			    "longer than %d bytes", ACTIVATION_NAME_MAX);
	if (i < a->count || names != NULL)
		return errmsg_set(e, "LISTEN_FDNAMES: there must be as many "
		    "names as LISTEN_FDS says, %zu", a->count);
	return 0;
}

static int
option_of(int fd, int option)
{
	socklen_t len;
	int value;

	len = sizeof(value);
	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ?
	    value : -1;
}

static void
read_path(struct activation_one *one)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	size_t n;

	memset(&sun, 0, sizeof(sun));
	if (getsockname(one->fd, (struct sockaddr *)&sun, &len) != 0 ||
	    len <= offsetof(struct sockaddr_un, sun_path))
		return;
	n = len - offsetof(struct sockaddr_un, sun_path);
	/* unix(7): a path may or may not end in a NUL; an abstract name is
	 * all bytes there are. */
	if (sun.sun_path[0] == '\0')
		sun.sun_path[0] = '@';
	else
		n = strnlen(sun.sun_path, n);
	(void)str_copy_n(one->path, sizeof(one->path), sun.sun_path, n);
}

static int
judge(struct activation_one *one, struct errmsg *e)
{
	const char *what = NULL;

	if (option_of(one->fd, SO_TYPE) < 0)
		what = "is no socket";
	else if (option_of(one->fd, SO_DOMAIN) != AF_UNIX ||
	    option_of(one->fd, SO_TYPE) != SOCK_STREAM)
		what = "is no Unix stream socket";
	else if (option_of(one->fd, SO_ACCEPTCONN) != 1)
		what = "does not listen";
	if (what != NULL)
		return errmsg_set(e, "LISTEN_FDS: descriptor %d (%s) %s",
		    one->fd, one->name[0] != '\0' ? one->name : "no name",
		    what);
	(void)io_set_cloexec(one->fd, true);
	read_path(one);
	return 0;
}

static int
take(struct activation *a, struct errmsg *e)
{
	const char *pid_text = getenv("LISTEN_PID");
	const char *count_text = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	long pid, count;
	size_t i;

	/* Of another process, which forgot to remove it. */
	if (pid_text == NULL || count_text == NULL ||
	    str_to_long(pid_text, 1, INT_MAX, &pid) != 0 ||
	    pid != (long)getpid())
		return 0;
	if (str_to_long(count_text, 0, SITE_LISTENERS_MAX, &count) != 0)
		return errmsg_set(e, "LISTEN_FDS: must be a number from 0 to "
		    "%d", SITE_LISTENERS_MAX);
	a->count = (size_t)count;
	for (i = 0; i < a->count; i++)
		a->list[i].fd = FIRST_FD + (int)i;
	if (a->count > 0 && names != NULL && read_names(a, names, e) != 0)
		return -1;
	for (i = 0; i < a->count; i++)
		if (judge(&a->list[i], e) != 0)
			return -1;
	return 0;
}

int
activation_take(struct activation *a, struct errmsg *e)
{
	int rc;

	memset(a, 0, sizeof(*a));
	rc = take(a, e);
	if (rc != 0)
		a->count = 0;
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return rc;
}

/* ---- whose it is ------------------------------------------------------ */

/* A unit that gives no name passes its own (systemd.socket(5)). */
static bool
has_name(const struct activation_one *one)
{
	size_t len = strlen(one->name), suffix = strlen(UNIT_SUFFIX);

	return len > 0 && strcmp(one->name, NO_NAME) != 0 &&
	    (len < suffix ||
	    strcmp(one->name + len - suffix, UNIT_SUFFIX) != 0);
}

/* By whatever names of directories: /var/run is often a link to /run. */
static bool
is_at(const struct activation_one *one, const char *path)
{
	struct stat a, b;

	return strcmp(one->path, path) == 0 || (one->path[0] == '/' &&
	    stat(one->path, &a) == 0 && stat(path, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

static const char *
find_by_path(const struct activation_one *one, const struct site *site)
{
	const struct site_listener *l;
	char mux[PATH_MAX];
	size_t i;

	for (i = 0; i < site->listener_count; i++) {
		l = &site->listeners[i];
		(void)str_format(mux, sizeof(mux), "%s/" RUNDIR_MUX,
		    site->settings.run_dir);
		if (is_at(one, l->settings.path[0] != '\0' ?
		    l->settings.path : mux))
			return l->name;
	}
	return NULL;
}

static const char *
find_listener(const struct activation *a, const struct activation_one *one,
    const struct site *site)
{
	size_t i = site_find_listener(site, one->name);
	const char *name;

	if (i < site->listener_count)
		return site->listeners[i].name;
	if (has_name(one))
		return NULL;
	name = find_by_path(one, site);
	return name == NULL && a->count == 1 ? SITE_LISTENER_DEFAULT : name;
}

int
activation_assign(struct activation *a, const struct site *site,
    struct errmsg *e)
{
	struct activation_one *one;
	const char *name;
	size_t i;

	for (i = 0; i < a->count; i++) {
		one = &a->list[i];
		name = find_listener(a, one, site);
		if (name == NULL)
			return errmsg_set(e, "LISTEN_FDS: descriptor %d (%s) "
			    "at %s: no listener has this %s", one->fd,
			    one->name[0] != '\0' ? one->name : "no name",
			    one->path, has_name(one) ? "name" : "path");
		if (activation_find(a, name) != NULL)
			return errmsg_set(e, "LISTEN_FDS: descriptor %d is a "
			    "second socket for listener %s", one->fd, name);
		one->listener = name;
	}
	return 0;
}

const struct activation_one *
activation_find(const struct activation *a, const char *listener)
{
	size_t i;

	for (i = 0; a != NULL && i < a->count; i++)
		if (a->list[i].listener != NULL &&
		    strcmp(a->list[i].listener, listener) == 0)
			return &a->list[i];
	return NULL;
}

const struct activation_one *
activation_at(const struct activation *a, const char *path)
{
	size_t i;

	for (i = 0; a != NULL && i < a->count; i++)
		if (is_at(&a->list[i], path))
			return &a->list[i];
	return NULL;
}
