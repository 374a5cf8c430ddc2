/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_hash - the verdict on a password against the hash field of passwd(5)
 * or shadow(5), and the time it takes.
 *
 * Every path costs one hash, so that the time does not tell whether a user
 * exists. What has no hash of its own to pay with (unknown, locked, empty)
 * pays with the model: a hash of the method that most accounts of this site
 * have.
 */
#ifndef MECHANISMS_UNIX_HASH_H
#define MECHANISMS_UNIX_HASH_H

#include <stdbool.h>

#include "common/secret.h"
#include "mechanisms/mech.h"
#include "mechanisms/nss_user.h"
#include "mechanisms/passhash.h"

struct unix_model {
	char hash[PASSHASH_MAX];	/* "": none seen yet */
};

/* Take the model from a file whose second field, between colons, is the
 * hash. A file that cannot be read or has no hash leaves the model empty;
 * then the first account that is checked gives it. */
void unix_model_read(struct unix_model *m, const char *path);
void unix_model_wipe(struct unix_model *m);

/* Is the password right for this field? On false the answer is filled. */
bool unix_hash_check(struct unix_model *m, const char *stored,
    const struct secret *password, struct mech_answer *a);

/* Deny, after the time one hash takes. */
void unix_hash_deny(const struct unix_model *m,
    const struct secret *password, enum auth_reason reason,
    const char *detail, struct mech_answer *a);

/* Fill the answer for a look-up that did not find the user. */
void unix_hash_not_found(const struct unix_model *m,
    enum nss_user_found found, const struct errmsg *e,
    const struct secret *password, struct mech_answer *a);

#endif
