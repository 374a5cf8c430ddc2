/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spread - where a 64-bit key goes in a hash table, drawn anew by each
 * process: whoever chose the keys could not know it (two multiplications of
 * Dietzfelbinger's; two keys meet by chance only).
 */
#ifndef FRONT_SPREAD_H
#define FRONT_SPREAD_H

#include <stdint.h>

#include "front/digest.h"

struct spread {
	uint64_t of[DIGEST_KEY_BYTES / sizeof(uint64_t)];
};

/* -1: no randomness. */
static inline int
spread_init(struct spread *s)
{
	return digest_key_fill((unsigned char *)s->of);
}

/* The upper half is the one to be used. */
static inline uint64_t
spread_key(const struct spread *s, uint64_t key)
{
	return (s->of[0] + (key >> 32)) * (s->of[1] + (uint32_t)key);
}

static inline uint64_t
spread_pair(const struct spread *s, uint64_t a, uint64_t b)
{
	return spread_key(s, a) + (s->of[2] + (b >> 32)) *
	    (s->of[3] + (uint32_t)b);
}

#endif
