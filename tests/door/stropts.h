/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stropts - attach a door to a file; see fattach(3C) of Solaris. For tests
 * only: the file's bytes then say where the door is.
 */
#ifndef TESTS_DOOR_STROPTS_H
#define TESTS_DOOR_STROPTS_H

/* -1 with errno: EBUSY when there is one attached, EINVAL when fd is no door
 * or none is attached. */
int fattach(int fd, const char *path);
int fdetach(const char *path);

#endif
