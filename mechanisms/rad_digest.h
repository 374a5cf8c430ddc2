/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_digest - what RADIUS takes from libcrypto: MD5, HMAC-MD5, random bytes.
 *
 * Each returns -1 when the library refuses: MD5 is not to be had where only
 * approved algorithms are (FIPS 140).
 */
#ifndef MECHANISMS_RAD_DIGEST_H
#define MECHANISMS_RAD_DIGEST_H

#include <stddef.h>

#define RAD_DIGEST_SIZE 16

struct rad_piece {
	const void *bytes;
	size_t len;
};

/* Of the pieces one after the other. */
int rad_digest_md5(const struct rad_piece *pieces, size_t count,
    unsigned char digest_r[RAD_DIGEST_SIZE]);
int rad_digest_hmac(const struct rad_piece *key, const struct rad_piece *text,
    unsigned char digest_r[RAD_DIGEST_SIZE]);

int rad_digest_random(void *bytes_r, size_t len);

#endif
