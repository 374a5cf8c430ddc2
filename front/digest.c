/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <sodium.h>
#include <string.h>

#include "front/digest.h"

unsigned char *
digest_key_new(void)
{
	unsigned char *key;

	if (sodium_init() < 0 ||
	    (key = sodium_malloc(DIGEST_KEY_BYTES)) == NULL)
		return NULL;
	randombytes_buf(key, DIGEST_KEY_BYTES);
	return key;
}

void
digest_key_free(unsigned char *key)
{
	sodium_free(key);
}

int
digest_key_fill(unsigned char key[DIGEST_KEY_BYTES])
{
	if (sodium_init() < 0)
		return -1;
	randombytes_buf(key, DIGEST_KEY_BYTES);
	return 0;
}

uint64_t
digest_index(const unsigned char *key, const void *bytes, size_t n)
{
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t index;

	(void)crypto_shorthash(out, bytes, n, key);
	memcpy(&index, out, sizeof(index));
	return index;
}

/*
 * The key has a fixed length and stands in front: BLAKE2 needs no more to be
 * a keyed function (RFC 7693 section 2.1), and a key given to libsodium would
 * take a block, a third of a microsecond, of its own.
 */
static void
keyed(const unsigned char key[DIGEST_KEY_BYTES], const void *bytes, size_t n,
    unsigned char *to, size_t size)
{
	crypto_generichash_state st;

	(void)crypto_generichash_init(&st, NULL, 0, size);
	(void)crypto_generichash_update(&st, key, DIGEST_KEY_BYTES);
	(void)crypto_generichash_update(&st, bytes, n);
	(void)crypto_generichash_final(&st, to, size);
	sodium_memzero(&st, sizeof(st));
}

void
digest_begin(const unsigned char *key, const struct secret *password,
    unsigned char half[DIGEST_KEY_BYTES])
{
	keyed(key, password->bytes, password->len, half, DIGEST_KEY_BYTES);
}

void
digest_end(unsigned char half[DIGEST_KEY_BYTES], const void *bytes, size_t n,
    unsigned char to[DIGEST_VERIFIER_BYTES])
{
	keyed(half, bytes, n, to, DIGEST_VERIFIER_BYTES);
	sodium_memzero(half, DIGEST_KEY_BYTES);
}

void
digest_password(const unsigned char *key, const void *bytes, size_t n,
    const struct secret *password, unsigned char to[DIGEST_VERIFIER_BYTES])
{
	unsigned char half[DIGEST_KEY_BYTES];

	digest_begin(key, password, half);
	digest_end(half, bytes, n, to);
}

bool
digest_equal(const unsigned char a[DIGEST_VERIFIER_BYTES],
    const unsigned char b[DIGEST_VERIFIER_BYTES])
{
	return sodium_memcmp(a, b, DIGEST_VERIFIER_BYTES) == 0;
}
