/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory - what cache and limits know of a request, and learn from it.
 */
#ifndef FRONT_MEMORY_H
#define FRONT_MEMORY_H

#include <stdbool.h>

#include "common/frame.h"
#include "common/secret.h"
#include "front/cache.h"
#include "front/limits.h"

struct front;
struct generation;
struct request;
struct site_route;

/* Make cache and limits what the current generation wants, with or without
 * what they hold. -1 with a message: no memory. */
int memory_follow(struct front *f, struct errmsg *e);

/* Does the cache remember what this route says? */
bool memory_is_cacheable(const struct generation *g,
    const struct site_route *route);
/* Under which key. `host` is room for the address and must live as long as
 * the key. */
#define MEMORY_HOST_SIZE 64	/* an IPv6 literal with a zone fits */
struct cache_key memory_key(const struct generation *g,
    const struct site_route *route, const struct frame_request *question,
    char host[MEMORY_HOST_SIZE]);

/* Under which identity limits count it. Valid until the next call. */
const char *memory_identity(const struct generation *g,
    const struct site_route *route, const char *login, const char *realm);

/* May the request be compared with anything? Takes from a trickle. */
enum limits_verdict memory_try(const struct request *r);
/* *found_r as by cache_lookup(); *step_r is the step of the route that said
 * so. */
enum cache_verdict memory_lookup(const struct request *r,
    struct cache_found *found_r, size_t *step_r);

/* The same as memory_try() and memory_lookup() told, but of now, and taking
 * nothing: were there no trickle; when the success was stored (-1: none). */
enum limits_verdict memory_judge(const struct request *r);
int64_t memory_stored_sec(const struct request *r);

/* The route's verdict about this password: once for all who asked alike;
 * and for each of them (NULL: it was compared with nothing). */
void memory_learn(const struct request *r, const struct frame_answer *a,
    const struct secret *password);
void memory_count_guess(const struct request *r,
    const struct frame_answer *a, const struct secret *password);

#endif
