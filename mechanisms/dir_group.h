/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_group - may this user in, whose password was right? By attribute
 * (compare), by filter, or by Active Directory's nested-group rule.
 */
#ifndef MECHANISMS_DIR_GROUP_H
#define MECHANISMS_DIR_GROUP_H

#include "mechanisms/dir_expand.h"
#include "mechanisms/dir_session.h"
#include "mechanisms/dir_verdict.h"
#include "mechanisms/mech.h"

/* v->user_dn is set. DIR_NEXT_STEP: yes, or no check is wanted. Otherwise the
 * answer is set: not_in_group is denied; a group or attribute that is not
 * there is misconfigured. The user's connection is bound as the user. */
enum dir_next dir_group_check(const struct dir_settings *s,
    struct dir_session *ss, const struct dir_values *v,
    const struct secret *password, struct mech_answer *a);

#endif
