/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_codec - packets of RADIUS, written and judged; see rad_codec.h.
 */
#include "config.h"

#include "mechanisms/rad_codec.h"

#include <stdbool.h>
#include <string.h>

#include "common/compat/compat.h"
#include "mechanisms/rad_digest.h"

/* Where what is in the header (RFC 2865, section 3). */
#define CODE 0
#define IDENTIFIER 1
#define LENGTH 2
#define AUTHENTICATOR 4
#define ATTRIBUTES RAD_PACKET_MIN

#define ATTRIBUTE_HEADER 2	/* type and length */
#define VENDOR_HEADER 6		/* vendor, its type and length; section 5.26 */
#define BLOCK 16		/* a password is hidden in blocks of that */

static const unsigned char no_digest[RAD_DIGEST_SIZE];

static size_t
length_of(const unsigned char *packet)
{
	return (size_t)packet[LENGTH] << 8 | packet[LENGTH + 1];
}

static void
set_length(struct rad_packet *p)
{
	p->bytes[LENGTH] = (unsigned char)(p->len >> 8);
	p->bytes[LENGTH + 1] = (unsigned char)p->len;
}

/* ---- writing ---------------------------------------------------------- */

void
rad_codec_begin(struct rad_packet *p, enum rad_code code, unsigned identifier,
    const unsigned char authenticator[RAD_AUTHENTICATOR_SIZE])
{
	p->len = RAD_PACKET_MIN;
	p->bytes[CODE] = (unsigned char)code;
	p->bytes[IDENTIFIER] = (unsigned char)identifier;
	memcpy(p->bytes + AUTHENTICATOR, authenticator,
	    RAD_AUTHENTICATOR_SIZE);
	(void)rad_codec_add(p, RAD_MESSAGE_AUTHENTICATOR, no_digest,
	    sizeof(no_digest));
}

/* Room for a value behind its header; NULL: there is none. */
static unsigned char *
add_header(struct rad_packet *p, unsigned type, size_t len)
{
	unsigned char *at = p->bytes + p->len;

	if (len == 0 || len > RAD_VALUE_MAX ||
	    len + ATTRIBUTE_HEADER > sizeof(p->bytes) - p->len)
		return NULL;
	at[0] = (unsigned char)type;
	at[1] = (unsigned char)(len + ATTRIBUTE_HEADER);
	p->len += len + ATTRIBUTE_HEADER;
	return at + ATTRIBUTE_HEADER;
}

int
rad_codec_add(struct rad_packet *p, unsigned type, const void *value,
    size_t len)
{
	unsigned char *at = add_header(p, type, len);

	if (at == NULL)
		return -1;
	memcpy(at, value, len);
	return 0;
}

int
rad_codec_add_vendor(struct rad_packet *p, uint32_t vendor, unsigned type,
    const void *value, size_t len)
{
	unsigned char *at;

	if (len == 0 || len > RAD_VENDOR_VALUE_MAX)
		return -1;
	at = add_header(p, RAD_VENDOR_SPECIFIC, len + VENDOR_HEADER);
	if (at == NULL)
		return -1;
	at[0] = (unsigned char)(vendor >> 24);
	at[1] = (unsigned char)(vendor >> 16);
	at[2] = (unsigned char)(vendor >> 8);
	at[3] = (unsigned char)vendor;
	at[4] = (unsigned char)type;
	at[5] = (unsigned char)(len + 2);	/* with these two bytes */
	memcpy(at + VENDOR_HEADER, value, len);
	return 0;
}

/* Each block with the digest of the secret and the block before it, for the
 * first one the Request Authenticator. */
int
rad_codec_add_password(struct rad_packet *p, const struct secret *shared,
    const struct secret *password)
{
	const size_t len = (password->len + BLOCK - 1) / BLOCK * BLOCK;
	struct rad_piece pieces[] = { { shared->bytes, shared->len },
	    { p->bytes + AUTHENTICATOR, BLOCK } };
	unsigned char mask[RAD_DIGEST_SIZE];
	unsigned char *at, *block;
	size_t i;

	at = password->len > RAD_PASSWORD_MAX ? NULL :
	    add_header(p, RAD_USER_PASSWORD, len);
	if (at == NULL)
		return -1;
	memset(at, 0, len);
	memcpy(at, password->bytes, password->len);
	for (block = at; block < at + len; block += BLOCK) {
		if (rad_digest_md5(pieces, 2, mask) == -1) {
			explicit_bzero(at, len);
			p->len -= len + ATTRIBUTE_HEADER;
			return -1;
		}
		for (i = 0; i < BLOCK; i++)
			block[i] ^= mask[i];
		pieces[1].bytes = block;
	}
	explicit_bzero(mask, sizeof(mask));
	return 0;
}

/* RFC 3579, section 3.2. begin() has put zeros at its place. */
int
rad_codec_sign(struct rad_packet *p, const struct secret *shared)
{
	const struct rad_piece key = { shared->bytes, shared->len };
	const struct rad_piece text = { p->bytes, p->len };
	unsigned char digest[RAD_DIGEST_SIZE];

	set_length(p);
	memset(p->bytes + ATTRIBUTES + ATTRIBUTE_HEADER, 0, sizeof(digest));
	if (rad_digest_hmac(&key, &text, digest) == -1)
		return -1;
	memcpy(p->bytes + ATTRIBUTES + ATTRIBUTE_HEADER, digest,
	    sizeof(digest));
	return 0;
}

/* ---- judging ---------------------------------------------------------- */

/* The attribute at *at, which is moved behind it; NULL at the end, or when
 * what is there is none. */
static const unsigned char *
next_attribute(const unsigned char *packet, size_t len, size_t *at)
{
	const unsigned char *attribute = packet + *at;

	if (len - *at < ATTRIBUTE_HEADER ||
	    attribute[1] < ATTRIBUTE_HEADER || attribute[1] > len - *at)
		return NULL;
	*at += attribute[1];
	return attribute;
}

/* Is it a packet, whole, with attributes to its end? A
 * Message-Authenticator, *signature_r, stands there once at most. */
static bool
is_sound(const unsigned char *packet, size_t n, size_t *signature_r)
{
	const unsigned char *a;
	size_t at = ATTRIBUTES, len;

	*signature_r = 0;
	if (n < RAD_PACKET_MIN)
		return false;
	len = length_of(packet);
	if (len < RAD_PACKET_MIN || len > RAD_PACKET_MAX || len > n)
		return false;
	while ((a = next_attribute(packet, len, &at)) != NULL) {
		if (a[0] != RAD_MESSAGE_AUTHENTICATOR)
			continue;
		if (*signature_r != 0 ||
		    a[1] != ATTRIBUTE_HEADER + RAD_DIGEST_SIZE)
			return false;
		*signature_r = (size_t)(a - packet) + ATTRIBUTE_HEADER;
	}
	return at == len;
}

static bool
is_answer_code(unsigned code)
{
	return code == RAD_ACCESS_ACCEPT || code == RAD_ACCESS_REJECT ||
	    code == RAD_ACCESS_CHALLENGE;
}

/* RFC 2865, section 3: Response Authenticator. */
static int
respond(const struct rad_packet *request, const unsigned char *packet,
    const struct secret *shared, unsigned char digest_r[RAD_DIGEST_SIZE])
{
	const struct rad_piece pieces[] = {
		{ packet, AUTHENTICATOR },
		{ request->bytes + AUTHENTICATOR, RAD_AUTHENTICATOR_SIZE },
		{ packet + ATTRIBUTES, length_of(packet) - ATTRIBUTES },
		{ shared->bytes, shared->len }
	};

	return rad_digest_md5(pieces, sizeof(pieces) / sizeof(pieces[0]),
	    digest_r);
}

/* RFC 3579, section 3.2: of the answer with the request's authenticator, and
 * zeros where the result stands. */
static int
countersign(const struct rad_packet *request, const unsigned char *packet,
    size_t signature, const struct secret *shared,
    unsigned char digest_r[RAD_DIGEST_SIZE])
{
	const struct rad_piece key = { shared->bytes, shared->len };
	unsigned char copy[RAD_PACKET_MAX];
	const struct rad_piece text = { copy, length_of(packet) };

	memcpy(copy, packet, text.len);
	memcpy(copy + AUTHENTICATOR, request->bytes + AUTHENTICATOR,
	    RAD_AUTHENTICATOR_SIZE);
	memset(copy + signature, 0, RAD_DIGEST_SIZE);
	return rad_digest_hmac(&key, &text, digest_r);
}

enum rad_judgement
rad_codec_judge(const struct rad_packet *request, const void *bytes,
    size_t len, const struct secret *shared)
{
	const unsigned char *packet = bytes;
	unsigned char digest[RAD_DIGEST_SIZE];
	size_t signature;

	if (!is_sound(packet, len, &signature))
		return RAD_MALFORMED;
	if (packet[IDENTIFIER] != request->bytes[IDENTIFIER] ||
	    !is_answer_code(packet[CODE]))
		return RAD_NO_ANSWER;
	if (respond(request, packet, shared, digest) == -1)
		return RAD_CANNOT_TELL;
	if (!secret_equal_bytes(packet + AUTHENTICATOR, digest,
	    sizeof(digest)))
		return RAD_FORGED;
	if (signature == 0)
		return RAD_NOT_SIGNED;
	if (countersign(request, packet, signature, shared, digest) == -1)
		return RAD_CANNOT_TELL;
	return secret_equal_bytes(packet + signature, digest,
	    sizeof(digest)) ? RAD_GENUINE : RAD_BADLY_SIGNED;
}

enum rad_code
rad_codec_code(const void *bytes)
{
	return (enum rad_code)((const unsigned char *)bytes)[CODE];
}

void
rad_codec_text(const void *bytes, unsigned type, char *to_r, size_t size)
{
	const unsigned char *packet = bytes, *a;
	const size_t len = length_of(packet);
	size_t at = ATTRIBUTES, used = 0, i;

	while ((a = next_attribute(packet, len, &at)) != NULL) {
		if (a[0] != type)
			continue;
		if (used > 0 && used + 1 < size)
			to_r[used++] = ' ';
		for (i = ATTRIBUTE_HEADER; i < a[1] && used + 1 < size; i++)
			to_r[used++] = a[i] >= ' ' ? (char)a[i] : ' ';
	}
	to_r[used] = '\0';
}
