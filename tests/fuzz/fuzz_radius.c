/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: what a RADIUS server sends. The first byte says what is done
 * before it is judged: nothing, or its authenticators are made to fit, so that
 * what is behind them is reached, too.
 */
#include "config.h"

#include <string.h>

#include "mechanisms/rad_codec.h"
#include "mechanisms/rad_digest.h"
#include "tests/fuzz/fuzz.h"

#define AUTHENTICATOR 4		/* offset in a packet */
#define TEXT_SIZE 64

enum { FIT = 1, SIGN = 2 };

static const unsigned char authenticator[RAD_AUTHENTICATOR_SIZE] = "16 bytes";
static struct secret shared;
static struct rad_packet request;

static void
make_request(void)
{
	if (request.len != 0)
		return;
	MUST(secret_set(&shared, "fuzz", 4) == 0);
	rad_codec_begin(&request, RAD_ACCESS_REQUEST, 0, authenticator);
	MUST(rad_codec_sign(&request, &shared) == 0);
}

/* As a server signs that has put the attribute first. */
static void
sign(struct rad_packet *p)
{
	const struct rad_piece key = { shared.bytes, shared.len };
	const struct rad_piece text = { p->bytes, p->len };
	unsigned char digest[RAD_DIGEST_SIZE];

	if (p->len < RAD_PACKET_MIN + 2 + sizeof(digest))
		return;
	memcpy(p->bytes + AUTHENTICATOR, authenticator,
	    sizeof(authenticator));
	memset(p->bytes + RAD_PACKET_MIN + 2, 0, sizeof(digest));
	MUST(rad_digest_hmac(&key, &text, digest) == 0);
	memcpy(p->bytes + RAD_PACKET_MIN + 2, digest, sizeof(digest));
}

static void
fit(struct rad_packet *p)
{
	const struct rad_piece pieces[] = { { p->bytes, p->len },
	    { shared.bytes, shared.len } };

	if (p->len < RAD_PACKET_MIN)
		return;
	memcpy(p->bytes + AUTHENTICATOR, authenticator,
	    sizeof(authenticator));
	MUST(rad_digest_md5(pieces, 2, p->bytes + AUTHENTICATOR) == 0);
}

/* Whatever is taken says so of itself. */
static void
check(const struct rad_packet *p)
{
	const enum rad_judgement judgement = rad_codec_judge(&request,
	    p->bytes, p->len, &shared);
	char text[TEXT_SIZE];

	MUST(judgement != RAD_CANNOT_TELL);
	if (judgement < RAD_NOT_SIGNED)
		return;
	MUST(p->bytes[1] == 0);
	MUST(rad_codec_code(p->bytes) == RAD_ACCESS_ACCEPT ||
	    rad_codec_code(p->bytes) == RAD_ACCESS_REJECT ||
	    rad_codec_code(p->bytes) == RAD_ACCESS_CHALLENGE);
	rad_codec_text(p->bytes, RAD_REPLY_MESSAGE, text, sizeof(text));
	MUST(strlen(text) < sizeof(text));
	rad_codec_text(p->bytes, RAD_MESSAGE_AUTHENTICATOR, text,
	    sizeof(text));
	MUST((strlen(text) == RAD_DIGEST_SIZE) ==
	    (judgement != RAD_NOT_SIGNED));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	/* On the heap and no longer than it is, so that a read behind its end
	 * is one. */
	struct rad_packet *p;

	if (n == 0 || n - 1 > RAD_PACKET_MAX)
		return 0;
	make_request();
	p = malloc(offsetof(struct rad_packet, bytes) + n);
	MUST(p != NULL);
	p->len = n - 1;
	memcpy(p->bytes, bytes + 1, n - 1);
	if ((bytes[0] & SIGN) != 0)
		sign(p);
	if ((bytes[0] & FIT) != 0)
		fit(p);
	check(p);
	free(p);
	return 0;
}
