/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper_link - what the front says to the keeper.
 *
 * A keeper that hears nothing any more is gone, and the front ends, too.
 */
#ifndef FRONT_KEEPER_LINK_H
#define FRONT_KEEPER_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/frame.h"

/* payload: NULL for none. Ends the process when the keeper does not take it
 * for long; _try() does not wait, and is false then. */
bool keeper_link_try(enum frame_type type, const struct buf *payload);
void keeper_link_tell(enum frame_type type, const struct buf *payload);

/* A line for the log, which is not the front's yet; the same, and the end. */
void keeper_link_remark(const char *text);
void keeper_link_fatal(int status, const char *text)
    __attribute__((noreturn));

/* The channel to this backend's pool broke and no other one came: ask for
 * one. */
void keeper_link_want_pool(uint32_t generation, const char *backend);

/* Attach this door to the file. */
void keeper_link_door(int door, const struct stat *file);

/* Nothing is left of this generation. */
void keeper_link_released(uint32_t generation);

#endif
