/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canonical - the one form of login and realm that routes, limits, cache,
 * backends and the log see.
 *
 * In this order, each off by default: blanks around the login go
 * (trim_blanks); who sent no realm, and no '@', gets one (default_realm);
 * letters become lower case (fold_case, ASCII); the login is made anew
 * (login_template, -r). A template that asks for a realm or a domain there
 * is none of leaves the login alone, and its "@%r" adds nothing to a login
 * that ends so already.
 */
#ifndef FRONT_CANONICAL_H
#define FRONT_CANONICAL_H

#include "common/wire.h"
#include "saslauthd/site.h"

/* A login with its realm behind it, as long as both may be. */
#define CANONICAL_LOGIN_MAX (2 * WIRE_NAME_MAX_LIMIT + 1)

enum canonical_outcome {
	CANONICAL_DONE = 0,
	CANONICAL_EMPTY,	/* nothing is left of the login */
	CANONICAL_TOO_LONG,	/* the template makes too much of it */
	CANONICAL_NO_MEMORY
};

struct canonical {
	char *login, *realm;
};

/* Both as a client sent them on this listener. The result is fresh, and empty
 * unless it is CANONICAL_DONE. */
enum canonical_outcome canonical_form(const struct settings *s,
    const struct site_listener *l, const char *login, const char *realm,
    struct canonical *to_r);
void canonical_fini(struct canonical *c);

#endif
