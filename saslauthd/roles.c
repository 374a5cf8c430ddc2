/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "saslauthd/roles.h"

int
roles_put(struct buf *b, const struct roles *r)
{
	if (buf_put_u32(b, r->keeper_pid) == 0 &&
	    buf_put_u32(b, r->front_pid) == 0 &&
	    buf_put_u32(b, r->pool_pid) == 0 &&
	    buf_put_u32(b, r->owner_uid) == 0 &&
	    buf_put_u32(b, r->front_restarts) == 0 &&
	    buf_put_u32(b, r->pool_restarts) == 0 &&
	    buf_put_u64(b, (uint64_t)r->keeper_began_msec) == 0 &&
	    buf_put_u64(b, (uint64_t)r->front_began_msec) == 0 &&
	    buf_put_u64(b, (uint64_t)r->pool_began_msec) == 0)
		return 0;
	return -1;
}

int
roles_get(struct buf *b, struct roles *r_r)
{
	uint64_t keeper, front, pool;

	if (buf_get_u32(b, &r_r->keeper_pid) != 0 ||
	    buf_get_u32(b, &r_r->front_pid) != 0 ||
	    buf_get_u32(b, &r_r->pool_pid) != 0 ||
	    buf_get_u32(b, &r_r->owner_uid) != 0 ||
	    buf_get_u32(b, &r_r->front_restarts) != 0 ||
	    buf_get_u32(b, &r_r->pool_restarts) != 0 ||
	    buf_get_u64(b, &keeper) != 0 || buf_get_u64(b, &front) != 0 ||
	    buf_get_u64(b, &pool) != 0)
		return -1;
	r_r->keeper_began_msec = (int64_t)keeper;
	r_r->front_began_msec = (int64_t)front;
	r_r->pool_began_msec = (int64_t)pool;
	return 0;
}
