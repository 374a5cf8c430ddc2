/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of rad_codec, with the packets that RFC 2865, section 7.1, and
 * RFC 5997, section 6.1, print.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mechanisms/rad_codec.h"
#include "mechanisms/rad_digest.h"
#include "tests/unit/unit.h"

#define IDENTIFIER 218
#define SIGNATURE 22		/* where it is in a request: header, two */
#define PASSWORD 40		/* behind Message-Authenticator: its value */

static const unsigned char nemo_authenticator[] = {
	0x0f, 0x40, 0x3f, 0x94, 0x73, 0x97, 0x80, 0x57, 0xbd, 0x83, 0xd5,
	0xcb, 0x98, 0xf4, 0x22, 0x7a
};
static const unsigned char nemo_hidden[] = {
	0x0d, 0xbe, 0x70, 0x8d, 0x93, 0xd4, 0x13, 0xce, 0x31, 0x96, 0xe4,
	0x3f, 0x78, 0x2a, 0x0a, 0xee
};
static const unsigned char nemo_accept[] = {
	0x02, 0x00, 0x00, 0x26, 0x86, 0xfe, 0x22, 0x0e, 0x76, 0x24, 0xba,
	0x2a, 0x10, 0x05, 0xf6, 0xbf, 0x9b, 0x55, 0xe0, 0xb2, 0x06, 0x06,
	0x00, 0x00, 0x00, 0x01, 0x0f, 0x06, 0x00, 0x00, 0x00, 0x00, 0x0e,
	0x06, 0xc0, 0xa8, 0x01, 0x03
};
static const unsigned char status_request[] = {
	0x0c, 0xda, 0x00, 0x26, 0x8a, 0x54, 0xf4, 0x68, 0x6f, 0xb3, 0x94,
	0xc5, 0x28, 0x66, 0xe3, 0x02, 0x18, 0x5d, 0x06, 0x23, 0x50, 0x12,
	0x5a, 0x66, 0x5e, 0x2e, 0x1e, 0x84, 0x11, 0xf3, 0xe2, 0x43, 0x82,
	0x20, 0x97, 0xc8, 0x4f, 0xa3
};
static const unsigned char status_answer[] = {
	0x02, 0xda, 0x00, 0x14, 0xef, 0x0d, 0x55, 0x2a, 0x4b, 0xf2, 0xd6,
	0x93, 0xec, 0x2b, 0x6f, 0xe8, 0xb5, 0x41, 0x1d, 0x66
};

static struct secret shared = SECRET_INIT;

static int
set_up(void **state)
{
	(void)state;
	return secret_set(&shared, "xyzzy5461", 9);
}

static int
tear_down(void **state)
{
	(void)state;
	secret_wipe(&shared);
	return 0;
}

/* ---- requests --------------------------------------------------------- */

static void
test_status_server_of_rfc_5997(void **state)
{
	struct rad_packet p;

	(void)state;
	rad_codec_begin(&p, RAD_STATUS_SERVER, IDENTIFIER,
	    status_request + 4);
	assert_int_equal(rad_codec_sign(&p, &shared), 0);
	assert_int_equal(p.len, sizeof(status_request));
	assert_memory_equal(p.bytes, status_request, sizeof(status_request));
	assert_int_equal(rad_codec_judge(&p, status_answer,
	    sizeof(status_answer), &shared), RAD_NOT_SIGNED);
}

static void
test_password_of_rfc_2865(void **state)
{
	struct secret password = SECRET_INIT;
	struct rad_packet p;

	(void)state;
	assert_int_equal(secret_set(&password, "arctangent", 10), 0);
	rad_codec_begin(&p, RAD_ACCESS_REQUEST, 0, nemo_authenticator);
	assert_int_equal(rad_codec_add_password(&p, &shared, &password), 0);
	assert_int_equal(p.bytes[PASSWORD - 2], RAD_USER_PASSWORD);
	assert_int_equal(p.bytes[PASSWORD - 1], 18);
	assert_memory_equal(p.bytes + PASSWORD, nemo_hidden,
	    sizeof(nemo_hidden));
	assert_int_equal(rad_codec_judge(&p, nemo_accept,
	    sizeof(nemo_accept), &shared), RAD_NOT_SIGNED);
	secret_wipe(&password);
}

/* As a server takes it apart, from the last block on. */
static void
reveal(unsigned char *bytes, size_t len)
{
	unsigned char mask[RAD_DIGEST_SIZE];
	struct rad_piece pieces[] = { { shared.bytes, shared.len },
	    { NULL, 16 } };
	size_t i;

	while (len > 0) {
		len -= 16;
		pieces[1].bytes = len > 0 ? bytes + len - 16 :
		    nemo_authenticator;
		assert_int_equal(rad_digest_md5(pieces, 2, mask), 0);
		for (i = 0; i < 16; i++)
			bytes[len + i] ^= mask[i];
	}
}

static void
test_lengths_of_passwords(void **state)
{
	static const struct { size_t len, hidden; } rows[] = {
		{ 1, 16 }, { 15, 16 }, { 16, 16 }, { 17, 32 }, { 32, 32 },
		{ 33, 48 }, { 127, 128 }, { 128, 128 }
	};
	unsigned char text[RAD_PASSWORD_MAX + 1], padded[RAD_PASSWORD_MAX];
	struct secret password = SECRET_INIT;
	struct rad_packet p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)(255 - i);	/* 8-bit */
	for (i = 0; i < COUNT_OF(rows); i++) {
		rad_codec_begin(&p, RAD_ACCESS_REQUEST, 0,
		    nemo_authenticator);
		assert_int_equal(secret_set(&password, text, rows[i].len), 0);
		assert_int_equal(rad_codec_add_password(&p, &shared,
		    &password), 0);
		assert_int_equal(p.len, PASSWORD + rows[i].hidden);
		assert_int_equal(p.bytes[PASSWORD - 1], rows[i].hidden + 2);
		reveal(p.bytes + PASSWORD, rows[i].hidden);
		memset(padded, 0, sizeof(padded));
		memcpy(padded, text, rows[i].len);
		assert_memory_equal(p.bytes + PASSWORD, padded,
		    rows[i].hidden);
	}
	assert_int_equal(secret_set(&password, text, 129), 0);
	assert_int_equal(rad_codec_add_password(&p, &shared, &password), -1);
	secret_wipe(&password);
	assert_int_equal(rad_codec_add_password(&p, &shared, &password), -1);
}

static void
test_attributes(void **state)
{
	static const unsigned char vendor[] = { 26, 11, 0x12, 0x34, 0x56,
	    0x78, 9, 5, 'a', 'b', 'c' };
	unsigned char longest[RAD_VALUE_MAX + 1] = { 1 };
	struct rad_packet p;
	size_t len;

	(void)state;
	rad_codec_begin(&p, RAD_ACCESS_REQUEST, 1, nemo_authenticator);
	assert_int_equal(p.bytes[20], RAD_MESSAGE_AUTHENTICATOR);
	assert_int_equal(rad_codec_add(&p, RAD_USER_NAME, "", 0), -1);
	assert_int_equal(rad_codec_add(&p, RAD_USER_NAME, longest, 254), -1);
	assert_int_equal(rad_codec_add(&p, RAD_USER_NAME, longest, 253), 0);
	len = p.len;
	assert_int_equal(rad_codec_add_vendor(&p, 0x12345678, 9, "abc", 3),
	    0);
	assert_memory_equal(p.bytes + len, vendor, sizeof(vendor));
	assert_int_equal(p.len, len + sizeof(vendor));
	assert_int_equal(rad_codec_add_vendor(&p, 9, 1, "", 0), -1);
	assert_int_equal(rad_codec_add_vendor(&p, 9, 1, longest, 248), -1);
	assert_int_equal(rad_codec_add_vendor(&p, 9, 1, longest, 247), 0);
}

static void
test_a_packet_is_full(void **state)
{
	unsigned char value[RAD_VALUE_MAX] = { 1 };
	struct rad_packet p;
	size_t left;

	(void)state;
	rad_codec_begin(&p, RAD_ACCESS_REQUEST, 1, nemo_authenticator);
	while (rad_codec_add(&p, 25, value, sizeof(value)) == 0)
		;
	left = RAD_PACKET_MAX - p.len;
	assert_true(left > 2 && left < 255);
	assert_int_equal(rad_codec_add(&p, 25, value, left - 1), -1);
	assert_int_equal(rad_codec_add(&p, 25, value, left - 2), 0);
	assert_int_equal(p.len, RAD_PACKET_MAX);
	assert_int_equal(rad_codec_add(&p, 25, value, 1), -1);
	assert_int_equal(rad_codec_sign(&p, &shared), 0);
	assert_int_equal(p.bytes[2] << 8 | p.bytes[3], RAD_PACKET_MAX);
}

/* ---- answers ---------------------------------------------------------- */

struct answer {
	size_t len;
	unsigned char bytes[RAD_PACKET_MAX + 1];
};

static struct rad_packet request;

/* Of a server that does everything right, or leaves the signature out. */
static void
make_answer(struct answer *a, enum rad_code code, const char *message,
    bool sign)
{
	struct rad_packet p;
	struct rad_piece pieces[] = { { p.bytes, 0 },
	    { shared.bytes, shared.len } };

	rad_codec_begin(&request, RAD_ACCESS_REQUEST, IDENTIFIER,
	    nemo_authenticator);
	rad_codec_begin(&p, code, IDENTIFIER, nemo_authenticator);
	if (!sign)
		p.len = RAD_PACKET_MIN;
	if (message[0] != '\0')
		assert_int_equal(rad_codec_add(&p, RAD_REPLY_MESSAGE,
		    message, strlen(message)), 0);
	if (sign)
		assert_int_equal(rad_codec_sign(&p, &shared), 0);
	p.bytes[2] = (unsigned char)(p.len >> 8);
	p.bytes[3] = (unsigned char)p.len;
	pieces[0].len = p.len;
	assert_int_equal(rad_digest_md5(pieces, 2, p.bytes + 4), 0);
	memcpy(a->bytes, p.bytes, p.len);
	a->len = p.len;
}

static enum rad_judgement
judge(const struct answer *a)
{
	return rad_codec_judge(&request, a->bytes, a->len, &shared);
}

/* Make the Response Authenticator fit what is there now. */
static void
respond_again(struct answer *a)
{
	const struct rad_piece pieces[] = { { a->bytes, a->len },
	    { shared.bytes, shared.len } };
	unsigned char digest[RAD_DIGEST_SIZE];

	a->bytes[2] = (unsigned char)(a->len >> 8);
	a->bytes[3] = (unsigned char)a->len;
	memcpy(a->bytes + 4, nemo_authenticator, 16);
	assert_int_equal(rad_digest_md5(pieces, 2, digest), 0);
	memcpy(a->bytes + 4, digest, sizeof(digest));
}

static void
test_genuine(void **state)
{
	static const enum rad_code codes[] = { RAD_ACCESS_ACCEPT,
	    RAD_ACCESS_REJECT, RAD_ACCESS_CHALLENGE };
	struct answer a;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(codes); i++) {
		make_answer(&a, codes[i], "hello", true);
		assert_int_equal(judge(&a), RAD_GENUINE);
		assert_int_equal(rad_codec_code(a.bytes), codes[i]);
		make_answer(&a, codes[i], "hello", false);
		assert_int_equal(judge(&a), RAD_NOT_SIGNED);
	}
	make_answer(&a, RAD_ACCESS_ACCEPT, "", true);
	a.bytes[a.len++] = 0;	/* padding */
	assert_int_equal(judge(&a), RAD_GENUINE);
	make_answer(&a, RAD_ACCESS_REQUEST, "", true);
	assert_int_equal(judge(&a), RAD_NO_ANSWER);
	make_answer(&a, RAD_STATUS_SERVER, "", true);
	assert_int_equal(judge(&a), RAD_NO_ANSWER);
}

/* No byte of an answer, and none of what it answers, may be another. */
static void
test_every_byte_counts(void **state)
{
	struct answer a;
	size_t i;

	(void)state;
	make_answer(&a, RAD_ACCESS_ACCEPT, "hello", true);
	for (i = 0; i < a.len; i++) {
		a.bytes[i] ^= 1;
		assert_true(judge(&a) < RAD_NOT_SIGNED);
		a.bytes[i] ^= 1;
	}
	request.bytes[4] ^= 1;
	assert_int_equal(judge(&a), RAD_FORGED);
	request.bytes[4] ^= 1;
	request.bytes[1] ^= 1;
	assert_int_equal(judge(&a), RAD_NO_ANSWER);
	request.bytes[1] ^= 1;
	shared.bytes[0] ^= 1;
	assert_int_equal(judge(&a), RAD_FORGED);
	shared.bytes[0] ^= 1;
	assert_int_equal(judge(&a), RAD_GENUINE);
}

static void
test_signature(void **state)
{
	struct answer a;

	(void)state;
	make_answer(&a, RAD_ACCESS_ACCEPT, "hello", true);
	a.bytes[SIGNATURE] ^= 1;
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_BADLY_SIGNED);

	/* Two of them, even of the right value. */
	make_answer(&a, RAD_ACCESS_ACCEPT, "", true);
	memcpy(a.bytes + a.len, a.bytes + 20, 18);
	a.len += 18;
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_MALFORMED);

	/* A short one. */
	make_answer(&a, RAD_ACCESS_ACCEPT, "", true);
	a.bytes[21]--;
	a.len--;
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_MALFORMED);
}

static void
test_malformed(void **state)
{
	struct answer a;
	size_t i;

	(void)state;
	make_answer(&a, RAD_ACCESS_ACCEPT, "hello", true);
	for (i = 0; i < a.len; i++)
		assert_int_equal(rad_codec_judge(&request, a.bytes, i,
		    &shared), RAD_MALFORMED);
	a.bytes[21] = 1;	/* shorter than its header */
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_MALFORMED);
	a.bytes[21] = 0;
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_MALFORMED);

	make_answer(&a, RAD_ACCESS_ACCEPT, "hello", true);
	a.bytes[a.len++] = RAD_REPLY_MESSAGE;	/* half a header */
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_MALFORMED);
	a.bytes[a.len++] = 3;	/* one byte more than there is */
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_MALFORMED);
	a.bytes[2] = 0;
	a.bytes[3] = RAD_PACKET_MIN - 1;
	assert_int_equal(judge(&a), RAD_MALFORMED);
}

static void
test_longest(void **state)
{
	struct answer a;

	(void)state;
	make_answer(&a, RAD_ACCESS_ACCEPT, "", false);
	while (a.len + 2 <= RAD_PACKET_MAX) {
		a.bytes[a.len] = RAD_REPLY_MESSAGE;
		a.bytes[a.len + 1] = 2;
		a.len += 2;
	}
	assert_int_equal(a.len, RAD_PACKET_MAX);
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_NOT_SIGNED);
	a.bytes[a.len - 1] = 3;
	a.bytes[a.len++] = 'x';
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_MALFORMED);
}

static void
test_text(void **state)
{
	struct answer a;
	char text[64], little[8];

	(void)state;
	make_answer(&a, RAD_ACCESS_REJECT, "go", true);
	rad_codec_text(a.bytes, RAD_REPLY_MESSAGE, text, sizeof(text));
	assert_string_equal(text, "go");
	memcpy(a.bytes + a.len, "\022\007a\0way\031\003x\022\003!", 13);
	a.len += 13;
	respond_again(&a);
	assert_int_equal(judge(&a), RAD_BADLY_SIGNED);
	rad_codec_text(a.bytes, RAD_REPLY_MESSAGE, text, sizeof(text));
	assert_string_equal(text, "go a way !");
	rad_codec_text(a.bytes, RAD_REPLY_MESSAGE, little, sizeof(little));
	assert_string_equal(little, "go a wa");
	rad_codec_text(a.bytes, RAD_USER_NAME, text, sizeof(text));
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_server_of_rfc_5997),
		cmocka_unit_test(test_password_of_rfc_2865),
		cmocka_unit_test(test_lengths_of_passwords),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_a_packet_is_full),
		cmocka_unit_test(test_genuine),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
