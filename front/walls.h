/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walls - what the front gives up before it reads a client: its rights, its
 * root directory, files, nearly all system calls.
 */
#ifndef FRONT_WALLS_H
#define FRONT_WALLS_H

#include "saslauthd/settings.h"

/* Once all is open that has to be. clients_max is lowered where there are too
 * few descriptors. What cannot be given up ends the process, and so does a wall
 * that cannot be had under `sandbox: require`. */
void walls_close(struct settings *s);

#endif
