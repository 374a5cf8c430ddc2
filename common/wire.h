/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire - the clients' protocol: four or five counted strings in, one out.
 *
 * A counted string is a 16-bit big-endian length and that many bytes. The
 * order is login, password, service, realm and, from newer clients, the
 * client's address ("192.0.2.1;4711"). The reply is one counted string that
 * begins with OK or NO; length 0 means "could not ask" to libsasl2.
 */
#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/secret.h"

enum wire_field {
	WIRE_LOGIN = 0,
	WIRE_PASSWORD,
	WIRE_SERVICE,
	WIRE_REALM,
	WIRE_ADDRESS,
	WIRE_FIELDS
};

#define WIRE_REQUIRED 4		/* fields every client sends */
#define WIRE_NAME_MAX_DEFAULT 1024
#define WIRE_PASSWORD_MAX_DEFAULT 8192
#define WIRE_NAME_MAX_LIMIT 4096	/* what settings may raise them to */
#define WIRE_PASSWORD_MAX_LIMIT 16384
#define WIRE_REPLY_MAX 1023	/* text bytes libsasl2 reads */

struct wire_limits {
	size_t name_max;	/* each of login, service, realm, address */
	size_t password_max;
};

struct wire_request {
	char *login, *service, *realm, *address;	/* set when DECODED */
	struct secret password;
};

enum wire_state {
	WIRE_MORE,		/* not complete yet */
	WIRE_COMPLETE,		/* the four fields are there */
	WIRE_TOO_LONG		/* *field_r names the field */
};

/* How far is the request in these bytes? Looks only, consumes nothing; cheap
 * to call again after each read. *used_r: bytes of the four fields. */
enum wire_state wire_scan(const void *bytes, size_t n,
    const struct wire_limits *l, size_t *used_r, enum wire_field *field_r);

/* The fifth string: is it there, begun, or absent? Takes the n bytes behind
 * the four fields (n may be 0). One whose length is over the limit counts as
 * WHOLE: there is nothing to wait for. */
enum wire_fifth { WIRE_FIFTH_NONE, WIRE_FIFTH_BEGUN, WIRE_FIFTH_WHOLE };
enum wire_fifth wire_scan_fifth(const void *bytes, size_t n,
    const struct wire_limits *l);

enum wire_decoded {
	WIRE_DECODED,
	WIRE_NUL,		/* a NUL byte in *field_r */
	WIRE_NO_MEMORY
};

/*
 * Take the four fields out of a buffer that wire_scan found complete, and the
 * fifth if it is whole and valid; anything else behind is surplus, left in
 * the buffer, and *surplus_r is set. req is freed by wire_request_fini() in
 * every case.
 */
enum wire_decoded wire_decode(struct buf *b, const struct wire_limits *l,
    struct wire_request *req, bool *surplus_r, enum wire_field *field_r);
void wire_request_fini(struct wire_request *req);

/* "IPv4", "IPv6", each with an optional ";port" (libsasl2's
 * SASL_IPREMOTEPORT). */
bool wire_address_valid(const char *s, size_t n);

/* Append a request (address NULL: four fields); -1 if it does not fit. */
int wire_encode(struct buf *b, const char *login, const struct secret *pw,
    const char *service, const char *realm, const char *address);

const char *wire_field_name(enum wire_field f);	/* "login", ... */

#endif
