/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache_keys - the cache, asked with plain strings for passwords.
 */
#ifndef TESTS_UNIT_CACHE_KEYS_H
#define TESTS_UNIT_CACHE_KEYS_H

#include "front/cache.h"
#include "tests/unit/unit.h"

/* Is this run slow, and its memory not that of the program alone? */
#if defined(__SANITIZE_ADDRESS__)
#define INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INSTRUMENTED 1
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED RUNNING_ON_VALGRIND
#endif

/* Never NULL. */
struct cache *cache_keys_new(const struct cache_config *config);

void store(struct cache *c, const struct cache_key *k, const char *password,
    int64_t now_sec);
void refuse(struct cache *c, const struct cache_key *k, const char *password,
    enum auth_reason reason, int64_t now_sec);
size_t flush_identity(struct cache *c, const char *identity);
enum cache_verdict look_up(struct cache *c, const struct cache_key *k,
    const char *password, int64_t now_sec);

#endif
