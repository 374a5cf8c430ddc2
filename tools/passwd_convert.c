/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_convert - see passwd_convert.h.
 */
#include "config.h"

#include "tools/passwd_convert.h"

#include <stdlib.h>

#include "tools/passwd_store.h"

struct convert {
	const struct passwd_options *o;
	unsigned long plain;
};

static int
hash_plain(void *ctx, const char *user, const char *realm,
    struct user_db_entry *entry, struct errmsg *e)
{
	struct convert *c = ctx;

	if (!entry->is_plain)
		return 0;
	if (passwd_store_keeps_plain(c->o, c->o->layout)) {
		c->plain++;
		return 0;
	}
	if (passwd_store_hash(c->o->hash, entry, e) == -1)
		return errmsg_prefix(e, "%s@%s", user, realm);
	return 0;
}

int
passwd_convert(const struct passwd_options *o)
{
	struct convert c = { .o = o };
	struct errmsg e = ERRMSG_INIT;

	if (user_db_act_as_owner(o->path, &e) == -1 ||
	    user_db_rewrite(o->path, o->layout, hash_plain, &c, &e) == -1)
		return passwd_complain(PASSWD_EXIT_FAIL, e.text);
	passwd_store_remarks(o, c.plain);
	return EXIT_SUCCESS;
}
