/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pass_argon2 - see pass_argon2.h.
 */
#include "config.h"

#include "mechanisms/pass_argon2.h"

#ifdef WITH_ARGON2
#include <argon2.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"

/* Values of RFC 9106's parameters beyond which a worker would be busy or
 * swapping until its deadline. */
#define MEMORY_MAX_KIB (1024UL * 1024)
#define PASSES_MAX 100
#define LANES_MAX 255		/* each is a thread */

/* Of each number so many digits that it fits. */
#define COSTS "$m=%9lu,t=%9lu,p=%9lu$"

static bool
is_affordable(const char *encoded)
{
	const char *costs = strstr(encoded, "$m=");
	unsigned long memory, passes, lanes;

	return costs != NULL &&
	    sscanf(costs, COSTS, &memory, &passes, &lanes) == 3 &&
	    memory <= MEMORY_MAX_KIB && passes <= PASSES_MAX &&
	    lanes <= LANES_MAX;
}

static int
type_of(const char *encoded)
{
	if (str_starts(encoded, "$argon2id$"))
		return Argon2_id;
	if (str_starts(encoded, "$argon2i$"))
		return Argon2_i;
	return str_starts(encoded, "$argon2d$") ? Argon2_d : -1;
}

enum pass_verdict
pass_argon2_verify(const char *encoded, const struct secret *pw,
    struct errmsg *e)
{
	const int type = type_of(encoded);
	int rc;

	if (type == -1 || !is_affordable(encoded)) {
		(void)errmsg_set(e, "the stored value is no argon2 hash, or "
		    "a far too expensive one");
		return PASS_UNKNOWN;
	}
	rc = argon2_verify(encoded, secret_cstr(pw), pw->len,
	    (argon2_type)type);
	if (rc == ARGON2_OK)
		return PASS_MATCH;
	if (rc == ARGON2_VERIFY_MISMATCH)
		return PASS_MISMATCH;
	(void)errmsg_set(e, "argon2: %s", argon2_error_message(rc));
	return rc == ARGON2_MEMORY_ALLOCATION_ERROR ||
	    rc == ARGON2_THREAD_FAIL ? PASS_ERROR : PASS_UNKNOWN;
}

#else

enum pass_verdict
pass_argon2_verify(const char *encoded, const struct secret *pw,
    struct errmsg *e)
{
	(void)encoded;
	(void)pw;
	(void)errmsg_set(e, "this build has no libargon2");
	return PASS_UNKNOWN;
}

#endif
