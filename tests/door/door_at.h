/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door_at - how the emulation's two sides find and understand each other.
 *
 * An attached file has DOOR_AT_MAGIC, the mode it had before (what is changed
 * while a door is attached is not the file's), and the name of an abstract
 * socket (see unix(7)). A call is a connection: a size and so many bytes each
 * way, in the machine's own byte order.
 */
#ifndef TESTS_DOOR_DOOR_AT_H
#define TESTS_DOOR_DOOR_AT_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define DOOR_AT_MAGIC "door"
#define DOOR_AT_MAGIC_LEN (sizeof(DOOR_AT_MAGIC) - 1)
#define DOOR_AT_HEAD_LEN (DOOR_AT_MAGIC_LEN + sizeof(mode_t))

struct door_address {
	struct sockaddr_un sun;
	socklen_t len;
	mode_t mode;
};

typedef uint64_t door_size_t;	/* in front of the bytes */

#endif
