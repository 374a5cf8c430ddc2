/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucred - who calls at a door; see ucred_get(3C) of Solaris. For tests only.
 */
#ifndef TESTS_DOOR_UCRED_H
#define TESTS_DOOR_UCRED_H

#include <sys/types.h>

typedef struct ucred_of_caller ucred_t;

void ucred_free(ucred_t *uc);
pid_t ucred_getpid(const ucred_t *uc);
uid_t ucred_geteuid(const ucred_t *uc);
gid_t ucred_getegid(const ucred_t *uc);
/* The groups besides that one; -1: unknown. */
int ucred_getgroups(const ucred_t *uc, const gid_t **groups);

#endif
