/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket_file - a listening Unix socket at a path: made, told from others,
 * removed. What clients find at a path may be of another kind (listen_file.h),
 * which comes and goes the same way.
 *
 * It comes to stand at its path whole: owner, group and mode are set and it
 * listens before anybody can find it there. What is removed is what was made.
 */
#ifndef SASLAUTHD_SOCKET_FILE_H
#define SASLAUTHD_SOCKET_FILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/errmsg.h"

#define SOCKET_FILE_PATH_MAX 128	/* more than sun_path of unix(7) */
#define SOCKET_FILE_OUR_OWNER ((uid_t)-1)	/* chown(2): as it is */
#define SOCKET_FILE_OUR_GROUP ((gid_t)-1)

struct socket_file_plan {
	const char *path;	/* absolute */
	mode_t mode;		/* of 0777 */
	uid_t owner;		/* or SOCKET_FILE_OUR_OWNER */
	gid_t group;		/* or SOCKET_FILE_OUR_GROUP */
};

struct socket_file {
	char path[SOCKET_FILE_PATH_MAX];
	int fd;			/* listens, does not block; -1: none */
	int dir_fd;
	bool made;
	mode_t type;		/* of the name: S_IFSOCK */
	struct stat id;		/* of the name, if made */
};

/* How one is made under a new name in its directory, with no right that `mode`
 * has not, and then put to use. Each -1 with errno. */
struct socket_file_kind {
	const char *what;	/* it is called in messages */
	mode_t type;
	int (*make)(struct socket_file *s, const char *name, mode_t mode);
	int (*begin)(struct socket_file *s);	/* NULL: nothing to do */
};

#define SOCKET_FILE_INIT { .fd = -1, .dir_fd = -1 }

/* Make it; it replaces what stands at the path in one step. Does not block.
 * -1 with a message, and then nothing was changed. */
int socket_file_open(struct socket_file *s,
    const struct socket_file_plan *plan, struct errmsg *e);
/* The same for something of another kind. */
int socket_file_place(struct socket_file *s, const struct socket_file_kind *k,
    const struct socket_file_plan *plan, struct errmsg *e);

/* Give it the plan's owner, group and mode; on the way to them, it is open to
 * nobody it is not open to before or after. -1 with a message. */
int socket_file_dress(struct socket_file *s,
    const struct socket_file_plan *plan, struct errmsg *e);

/* Use a socket that listens already, at `path`, and is somebody else's: a copy
 * of the descriptor, and nothing that would be removed. Does not block. */
int socket_file_adopt(struct socket_file *s, int fd, const char *path,
    struct errmsg *e);

/* Is what stands at its path still the one that was made? */
bool socket_file_stands(const struct socket_file *s);

/* Remove it from its path, unless another one stands there; the socket goes
 * on listening to who found it before. */
void socket_file_remove(struct socket_file *s);

/* Remove and close. */
void socket_file_close(struct socket_file *s);

/* Does a living daemon answer there? Blocks two seconds at most. */
bool socket_file_answers(const char *path);
/* Does somebody listen there, be it that he does not answer now? For a place
 * that no lock of a run directory guards. */
bool socket_file_is_held(const char *path);

/* Is there nothing, or a socket? Anything else is not ours to replace. */
bool socket_file_may_replace(const char *path);

#endif
