/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_watch - by identity, size and time of change.
 */
#include "config.h"

#include <sys/stat.h>

#include "mechanisms/file_watch.h"

static struct file_watch
look(const char *path)
{
	struct stat st;

	if (path[0] == '\0' || stat(path, &st) != 0)
		return (struct file_watch){ .path = path };
	return (struct file_watch){ .path = path, .dev = st.st_dev,
	    .ino = st.st_ino, .size = st.st_size, .mtime = st.st_mtim };
}

void
file_watch_init(struct file_watch *w, const char *path)
{
	*w = look(path);
}

bool
file_watch_changed(struct file_watch *w)
{
	const struct file_watch was = *w;

	*w = look(was.path);
	return w->dev != was.dev || w->ino != was.ino ||
	    w->size != was.size || w->mtime.tv_sec != was.mtime.tv_sec ||
	    w->mtime.tv_nsec != was.mtime.tv_nsec;
}
