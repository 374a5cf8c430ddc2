/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doors - what the front gives up before it reads a client: its rights, its
 * root directory, files, nearly all system calls.
 */
#ifndef FRONT_DOORS_H
#define FRONT_DOORS_H

#include "saslauthd/settings.h"

/* Once all is open that has to be. clients_max is lowered where there are too
 * few descriptors. What cannot be locked ends the process. */
void doors_lock(struct settings *s);

#endif
