/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_form - what an Access-Request says beside the password: attributes by
 * the settings, with what is known of the request put into their templates.
 *
 * Tokens: %u the login, %U what of it is before its @, %d what is behind it
 * (without an @, the realm), %r the realm, %s the service, %a the client's
 * address, %% a percent sign. Pure.
 */
#ifndef MECHANISMS_RAD_FORM_H
#define MECHANISMS_RAD_FORM_H

#include "common/errmsg.h"
#include "mechanisms/mech.h"
#include "mechanisms/rad_codec.h"
#include "mechanisms/rad_settings.h"

struct rad_form;

/* -1: an attribute or a template makes no sense. */
struct rad_form *rad_form_new(const struct rad_settings *s,
    struct errmsg *e);
void rad_form_free(struct rad_form *f);

enum rad_filled {
	RAD_FILL_UNSET = 0,
	RAD_FILLED,
	RAD_FILL_BAD_NAME,	/* no User-Name can be made of this login */
	RAD_FILL_BAD_PASSWORD,	/* longer than RAD_PASSWORD_MAX */
	RAD_FILL_TOO_LONG,	/* for an attribute, or for the packet */
	RAD_FILL_FAILED		/* libcrypto refuses */
};

/* A whole Access-Request, signed. e says what is wrong; it has no secret. */
enum rad_filled rad_form_fill(const struct rad_form *f,
    const struct mech_request *req, const struct secret *shared,
    unsigned identifier,
    const unsigned char authenticator[RAD_AUTHENTICATOR_SIZE],
    struct rad_packet *p_r, struct errmsg *e);

#endif
