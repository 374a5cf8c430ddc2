/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen_file - what clients find at a listener's path: a socket
 * (listen_file_unix.c), or in builds with doors a file with a door
 * (listen_file_door.c).
 */
#ifndef SASLAUTHD_LISTEN_FILE_H
#define SASLAUTHD_LISTEN_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/errmsg.h"
#include "saslauthd/socket_file.h"

/* As socket_file_answers(), _is_held() and _may_replace(). */
bool listen_file_answers(const char *path);
bool listen_file_is_held(const char *path);
bool listen_file_may_replace(const char *path);

/* The mode one is made with, and whether everybody may ask who finds it. */
mode_t listen_file_mode(mode_t configured);
bool listen_file_is_open(mode_t mode);

/* As socket_file_open(), _adopt(), _remove() and _close(). A door is not there
 * before it is attached. */
int listen_file_open(struct socket_file *s,
    const struct socket_file_plan *plan, struct errmsg *e);
int listen_file_adopt(struct socket_file *s, int fd, const char *path,
    struct errmsg *e);
void listen_file_remove(struct socket_file *s);
void listen_file_close(struct socket_file *s);

/* May a front hand in doors? Where not, a descriptor that comes from it is
 * a bad frame. */
bool listen_file_takes_doors(void);

/* This door in the place of one whose server is gone, if there is one. -1 with
 * a message. */
int listen_file_attach(struct socket_file *s, int door, struct errmsg *e);

/* A line in the log, as it always was. */
void listen_file_announce(const struct socket_file *s);

#endif
