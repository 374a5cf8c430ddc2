/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_sasl - what libsasl2 asks for in a SASL bind. The only file that
 * includes sasl/sasl.h.
 */
#ifndef MECHANISMS_DIR_SASL_H
#define MECHANISMS_DIR_SASL_H

#include <stdbool.h>

#include "common/secret.h"

struct dir_sasl_login {
	/* Words libsasl2 may choose from; "" for the library's own choice,
	 * which is for the service account only. */
	const char *mechs;
	const char *secprops;	/* "" : the library's */
	const char *id, *authz_id, *realm;	/* "" : none */
	const struct secret *password;	/* borrowed; NULL: there is none */
	bool password_asked;	/* set when it was handed out */
};

/* Answer a list of sasl_interact_t (as ldap.h's callback gets it) from a
 * login. Returns 0, or -1 when something is asked that we do not have. */
int dir_sasl_fill(void *interact, struct dir_sasl_login *login);

/* Of the mechanisms a server offers those that take a password and check it,
 * strongest first, separated by blanks; `only` (ldap_mech) limits it to one.
 * -1: there is none. Compared without regard to case. */
int dir_sasl_choose(const struct secret *offered, size_t count,
    const char *only, char *to, size_t size);

/* Does the mechanism prove who a user is by the password we were given? */
bool dir_sasl_takes_password(const char *mech);

#endif
