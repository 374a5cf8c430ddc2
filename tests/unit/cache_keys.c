/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "common/errmsg.h"
#include "tests/unit/cache_keys.h"

struct cache *
cache_keys_new(const struct cache_config *config)
{
	struct errmsg e = ERRMSG_INIT;
	struct cache *c = cache_new(config, &e);

	assert_non_null(c);
	assert_string_equal(e.text, "");
	return c;
}

void
store(struct cache *c, const struct cache_key *k, const char *password,
    int64_t now_sec)
{
	struct secret pw = SECRET_INIT;

	assert_int_equal(secret_set(&pw, password, strlen(password)), 0);
	cache_store(c, k, &pw, 0, now_sec);
	secret_wipe(&pw);
}

void
refuse(struct cache *c, const struct cache_key *k, const char *password,
    enum auth_reason reason, int64_t now_sec)
{
	struct secret pw = SECRET_INIT;

	assert_int_equal(secret_set(&pw, password, strlen(password)), 0);
	cache_refuse(c, k, &pw, &(struct cache_found){ .reason = reason }, 0,
	    now_sec);
	secret_wipe(&pw);
}

enum cache_verdict
look_up(struct cache *c, const struct cache_key *k, const char *password,
    int64_t now_sec)
{
	struct secret pw = SECRET_INIT;
	struct cache_found found = { .reason = REASON_NONE };
	enum cache_verdict verdict;

	assert_int_equal(secret_set(&pw, password, strlen(password)), 0);
	verdict = cache_lookup(c, k, &pw, now_sec, &found);
	assert_int_equal(verdict == CACHE_REFUSED,
	    found.reason != REASON_NONE);
	secret_wipe(&pw);
	return verdict;
}

size_t
flush_identity(struct cache *c, const char *identity)
{
	struct cache_flush f = { 0, 0, 0, 0 };

	while (cache_flush_identity(c, identity, &f))
		;
	return f.gone;
}
