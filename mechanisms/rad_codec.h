/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_codec - packets of RADIUS (RFC 2865): what is asked, what an answer
 * says, and whether it is one. A pure function of bytes: it does no I/O, keeps
 * nothing, and gets its random bytes from the caller.
 */
#ifndef MECHANISMS_RAD_CODEC_H
#define MECHANISMS_RAD_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

#define RAD_PACKET_MIN 20	/* RFC 2865, section 3 */
#define RAD_PACKET_MAX 4096
#define RAD_AUTHENTICATOR_SIZE 16
#define RAD_VALUE_MAX 253	/* bytes of an attribute; section 5 */
#define RAD_VENDOR_VALUE_MAX 247	/* the same, of a vendor's */
#define RAD_PASSWORD_MAX 128	/* section 5.2 */

enum rad_code {
	RAD_ACCESS_REQUEST = 1,
	RAD_ACCESS_ACCEPT = 2,
	RAD_ACCESS_REJECT = 3,
	RAD_ACCESS_CHALLENGE = 11,
	RAD_STATUS_SERVER = 12	/* RFC 5997 */
};

/* Attributes that are spoken of outside the dictionary. */
enum {
	RAD_USER_NAME = 1,
	RAD_USER_PASSWORD = 2,
	RAD_NAS_IP_ADDRESS = 4,
	RAD_SERVICE_TYPE = 6,
	RAD_REPLY_MESSAGE = 18,
	RAD_VENDOR_SPECIFIC = 26,
	RAD_CALLED_STATION_ID = 30,
	RAD_CALLING_STATION_ID = 31,
	RAD_NAS_IDENTIFIER = 32,
	RAD_NAS_PORT_TYPE = 61,
	RAD_MESSAGE_AUTHENTICATOR = 80,
	RAD_NAS_IPV6_ADDRESS = 95
};

struct rad_packet {
	size_t len;
	unsigned char bytes[RAD_PACKET_MAX];
};

/*
 * A request, put together in this order: begin, any number of add, sign.
 * Message-Authenticator is its first attribute, so that nothing a stranger
 * chose stands in front of it (CVE-2024-3596).
 */
void rad_codec_begin(struct rad_packet *p, enum rad_code code,
    unsigned identifier, const unsigned char
    authenticator[RAD_AUTHENTICATOR_SIZE]);
/* -1: empty, longer than an attribute's value may be, or the packet is full;
 * nothing was added then. */
int rad_codec_add(struct rad_packet *p, unsigned type, const void *value,
    size_t len);
int rad_codec_add_vendor(struct rad_packet *p, uint32_t vendor, unsigned type,
    const void *value, size_t len);
/* Hidden by the shared secret (RFC 2865, section 5.2); -1 also when libcrypto
 * refuses. */
int rad_codec_add_password(struct rad_packet *p, const struct secret *shared,
    const struct secret *password);
/* Fill in length and Message-Authenticator; -1 when libcrypto refuses. */
int rad_codec_sign(struct rad_packet *p, const struct secret *shared);

enum rad_judgement {
	RAD_MALFORMED = 0,	/* no packet of RADIUS */
	RAD_NO_ANSWER,		/* another identifier, or a code that is none
				 * of an answer's */
	RAD_FORGED,		/* the Response Authenticator does not fit */
	RAD_NOT_SIGNED,		/* it fits, and there is no
				 * Message-Authenticator, */
	RAD_BADLY_SIGNED,	/* or a wrong one */
	RAD_GENUINE,
	RAD_CANNOT_TELL		/* libcrypto refuses */
};

/* What is this, as an answer to that request? `bytes` may go on behind the
 * packet (RFC 2865, section 3: padding). The first that applies, from top to
 * bottom. From RAD_NOT_SIGNED on, length and attributes are sound. */
enum rad_judgement rad_codec_judge(const struct rad_packet *request,
    const void *bytes, size_t len, const struct secret *shared);

/* Of what was judged from RAD_NOT_SIGNED to RAD_GENUINE. */
enum rad_code rad_codec_code(const void *bytes);
/* All values of a type, with a blank between them, cut to size with its NUL;
 * control characters inside become blanks. */
void rad_codec_text(const void *bytes, unsigned type, char *to_r,
    size_t size);

#endif
