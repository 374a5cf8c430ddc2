/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door_caller - a client of a door, on a thread of its own.
 */
#ifndef TESTS_UNIT_DOOR_CALLER_H
#define TESTS_UNIT_DOOR_CALLER_H

#include <stdbool.h>
#include <stddef.h>

struct door_caller;

/* It calls at the file with these bytes (borrowed). What fails ends the
 * test. */
struct door_caller *door_caller_start(const char *path, const void *bytes,
    size_t n);
/* Has it its reply? */
bool door_caller_is_done(const struct door_caller *c);
/* The reply's text, "outage" for one that is too long for libsasl2, "failed"
 * for no reply. Waits, without running the loop. Frees it. */
const char *door_caller_reply(struct door_caller *c);

#endif
