/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door - what the daemon uses of Solaris doors (libdoor(3LIB)), for a system
 * that has none: threads that wait at Unix sockets. For tests only.
 *
 * A door is a listening socket without a name in the file system. A file it
 * is attached to (stropts.h) says where it is. Unlike a real door, a call may
 * fail when the server is out of descriptors, and arguments are copied.
 */
#ifndef TESTS_DOOR_DOOR_H
#define TESTS_DOOR_DOOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ucred.h"

#define DOOR_REFUSE_DESC 0x40U	/* nobody can pass descriptors here anyway */
#define DOOR_NO_CANCEL 0x80U	/* nor is a thread ever cancelled */
#define DOOR_REVOKED 0x04U	/* of door_info(): nobody serves it */

typedef struct door_desc {
	unsigned int d_attributes;
} door_desc_t;

typedef struct door_info {
	pid_t di_target;	/* who serves it; -1: nobody */
	unsigned int di_attributes;
} door_info_t;

typedef struct door_arg {
	char *data_ptr;
	size_t data_size;
	door_desc_t *desc_ptr;
	unsigned int desc_num;
	char *rbuf;
	size_t rsize;
} door_arg_t;

typedef void door_server_procedure_t(void *cookie, char *argp,
    size_t arg_size, door_desc_t *dp, unsigned int n_desc);
typedef void door_server_func_t(door_info_t *info);

int door_create(door_server_procedure_t *procedure, void *cookie,
    unsigned int attributes);
int door_revoke(int door);
/* Who makes threads. The one there was, NULL: none, and no call is served. */
door_server_func_t *door_server_create(door_server_func_t *create);
/* Returns only if it fails. */
int door_return(char *data, size_t size, door_desc_t *dp,
    unsigned int n_desc);
/* Who called, for the thread that serves the call. Made anew, though a real
 * one would fill what *info points to. */
int door_ucred(ucred_t **info);

int door_info(int fd, door_info_t *info);
int door_call(int fd, door_arg_t *params);

#endif
