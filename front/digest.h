/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * digest - keyed digests for what the front remembers. The only file that
 * knows libsodium.
 *
 * Keys are random and of this run. Who does not know the key can neither
 * fill one chain of a table on purpose nor try passwords against a digest.
 */
#ifndef FRONT_DIGEST_H
#define FRONT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"

#define DIGEST_KEY_BYTES 32
#define DIGEST_VERIFIER_BYTES 16

/* A random key in guarded memory that no core dump has; NULL: no memory. */
unsigned char *digest_key_new(void);
void digest_key_free(unsigned char *key);
/* Fill memory of the caller's with a random key. -1: no randomness. */
int digest_key_fill(unsigned char key[DIGEST_KEY_BYTES]);

/* SipHash-2-4, under the key's first 16 bytes: an index for tables. */
uint64_t digest_index(const unsigned char *key, const void *bytes, size_t n);

/* BLAKE2b over key and password, then over that and the bytes. */
void digest_password(const unsigned char *key, const void *bytes, size_t n,
    const struct secret *password,
    unsigned char to[DIGEST_VERIFIER_BYTES]);

/* The same in two steps that take about as long, for a caller who lets memory
 * be fetched meanwhile. The second wipes what the first left in `half`. */
void digest_begin(const unsigned char *key, const struct secret *password,
    unsigned char half[DIGEST_KEY_BYTES]);
void digest_end(unsigned char half[DIGEST_KEY_BYTES], const void *bytes,
    size_t n, unsigned char to[DIGEST_VERIFIER_BYTES]);

/* In constant time. */
bool digest_equal(const unsigned char a[DIGEST_VERIFIER_BYTES],
    const unsigned char b[DIGEST_VERIFIER_BYTES]);

#endif
