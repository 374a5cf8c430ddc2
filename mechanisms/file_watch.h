/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_watch - was a file written or replaced since it was looked at last?
 */
#ifndef MECHANISMS_FILE_WATCH_H
#define MECHANISMS_FILE_WATCH_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct file_watch {
	const char *path;	/* not copied; "": there is no file */
	dev_t dev;
	ino_t ino;		/* 0: not there */
	off_t size;
	struct timespec mtime;
};

/* Looks at it for the first time: do so before it is read, so that what is
 * written meanwhile shows later. */
void file_watch_init(struct file_watch *w, const char *path);
bool file_watch_changed(struct file_watch *w);

#endif
