/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io - descriptors: flags, Unix sockets, whole reads and writes in a time.
 */
#ifndef COMMON_IO_H
#define COMMON_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/deadline.h"
#include "common/errmsg.h"

/* Longest socket path, without its NUL (sun_path of unix(7)). */
size_t io_unix_path_max(void);

int io_set_nonblock(int fd, bool on);
int io_set_cloexec(int fd, bool on);

/* Open /dev/null where standard input, output or error is closed, so that no
 * socket of ours gets its number. -1 when there is no /dev/null. */
int io_fill_stdio(void);

/* Close unless negative, and set to -1. Keeps errno. */
void io_close(int *fd);

/* Connected stream socket, close-on-exec, blocking; -1 with errno kept in
 * *errnum_r (may be NULL). Gives up at the deadline with ETIMEDOUT. */
int io_unix_connect(const char *path, const struct deadline *d,
    int *errnum_r, struct errmsg *e);

/* Write all, read exactly n. SIGPIPE is not raised on sockets.
 * read: 1 all there, 0 end of file before the first byte, -1 error, short
 * end of file (errno EPIPE) or the deadline (errno ETIMEDOUT). */
int io_write_all(int fd, const void *bytes, size_t n,
    const struct deadline *d);
int io_read_all(int fd, void *bytes, size_t n, const struct deadline *d);

/* Whole small file into a fresh NUL-terminated string; -1 with a message
 * that names the path, errno kept. Refuses more than max bytes (EFBIG). A
 * caller who reads secrets this way wipes the text before freeing it. */
int io_read_file(const char *path, size_t max, char **text_r, size_t *len_r,
    struct errmsg *e);

/* The same of a file that is open, from its beginning wherever others have
 * read it to. -1 with errno. */
int io_read_fd(int fd, size_t max, char **text_r, size_t *len_r);

/* Memory that is passed like a file, close-on-exec: empty, or a copy of a
 * file of at most max bytes that nobody can change any more. -1 with errno. */
int io_memory(const char *name);
int io_copy_file(const char *path, size_t max, const char *name);

/* Close every descriptor from `first` up but those in keep[] (sorted). */
void io_close_from(int first, const int *keep, size_t nkeep);

#endif
