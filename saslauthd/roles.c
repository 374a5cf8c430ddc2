/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "saslauthd/roles.h"

static int
put_pool(struct buf *b, const struct roles_pool *p)
{
	if (buf_put_str(b, p->name) == 0 && buf_put_u32(b, p->pid) == 0 &&
	    buf_put_u32(b, p->restarts) == 0 &&
	    buf_put_u64(b, (uint64_t)p->began_msec) == 0)
		return 0;
	return -1;
}

int
roles_put(struct buf *b, const struct roles *r)
{
	size_t i;

	if (buf_put_u32(b, r->keeper_pid) != 0 ||
	    buf_put_u32(b, r->front_pid) != 0 ||
	    buf_put_u32(b, r->owner_uid) != 0 ||
	    buf_put_u32(b, r->front_restarts) != 0 ||
	    buf_put_u64(b, (uint64_t)r->keeper_began_msec) != 0 ||
	    buf_put_u64(b, (uint64_t)r->front_began_msec) != 0 ||
	    buf_put_u32(b, (uint32_t)r->pool_count) != 0)
		return -1;
	for (i = 0; i < r->pool_count; i++)
		if (put_pool(b, &r->pools[i]) != 0)
			return -1;
	return 0;
}

static int
get_pool(struct buf *b, struct roles_pool *p_r)
{
	uint64_t began;

	if (buf_get_chars(b, p_r->name, sizeof(p_r->name)) != 0 ||
	    buf_get_u32(b, &p_r->pid) != 0 ||
	    buf_get_u32(b, &p_r->restarts) != 0 ||
	    buf_get_u64(b, &began) != 0)
		return -1;
	p_r->began_msec = (int64_t)began;
	return 0;
}

int
roles_get(struct buf *b, struct roles *r_r)
{
	uint64_t keeper, front;
	uint32_t count;
	size_t i;

	if (buf_get_u32(b, &r_r->keeper_pid) != 0 ||
	    buf_get_u32(b, &r_r->front_pid) != 0 ||
	    buf_get_u32(b, &r_r->owner_uid) != 0 ||
	    buf_get_u32(b, &r_r->front_restarts) != 0 ||
	    buf_get_u64(b, &keeper) != 0 || buf_get_u64(b, &front) != 0 ||
	    buf_get_u32(b, &count) != 0 || count > SITE_BACKENDS_MAX)
		return -1;
	for (i = 0; i < count; i++)
		if (get_pool(b, &r_r->pools[i]) != 0)
			return -1;
	r_r->pool_count = count;
	r_r->keeper_began_msec = (int64_t)keeper;
	r_r->front_began_msec = (int64_t)front;
	return 0;
}
