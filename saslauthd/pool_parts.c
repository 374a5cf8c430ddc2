/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_parts - how the servers of a pool's backend stand.
 */
#include "config.h"

#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "saslauthd/pool_parts.h"

/* A mechanism knows nothing of frames, nor a front of mechanisms. */
_Static_assert(MECH_PARTS_MAX <= FRAME_PARTS_MAX &&
    MECH_PART_NAME_MAX <= FRAME_PART_NAME_MAX &&
    MECH_PART_WHY_MAX <= FRAME_PART_WHY_MAX,
    "what a mechanism says must fit into a frame");

static void
take(struct frame_part *to, const struct mech_part *from)
{
	*to = (struct frame_part){ .up = from->up,
	    .since_msec = from->since_msec };
	(void)str_copy(to->name, sizeof(to->name), from->name);
	(void)str_copy(to->why, sizeof(to->why), from->why);
}

static const struct frame_part *
find(const struct pool_parts *pp, const char *name)
{
	size_t i;

	for (i = 0; i < pp->count; i++)
		if (strcmp(pp->list[i].name, name) == 0)
			return &pp->list[i];
	return NULL;
}

/* One that has always been up is no news. */
static void
tell_change(const char *backend, const struct frame_part *before,
    const struct frame_part *now)
{
	char name[STR_ESCAPED_SIZE], why[STR_ESCAPED_SIZE];

	if (before == NULL ? now->up : before->up == now->up)
		return;
	(void)str_escape_log(name, sizeof(name), now->name,
	    strlen(now->name));
	if (now->up) {
		log_msg(LOG_NOTICE, "backend", "backend %s: %s is up after "
		    "%lld s", backend, name, (long long)(now->since_msec -
		    before->since_msec) / 1000);
		return;
	}
	(void)str_escape_log(why, sizeof(why), now->why, strlen(now->why));
	log_msg(LOG_NOTICE, "backend", "backend %s: %s is down%s%s", backend,
	    name, why[0] != '\0' ? ": " : "", why);
}

static bool
is_same(const struct frame_part *a, const struct frame_part *b)
{
	return a->up == b->up && a->since_msec == b->since_msec &&
	    strcmp(a->name, b->name) == 0 && strcmp(a->why, b->why) == 0;
}

bool
pool_parts_look(struct pool_parts *pp, const struct pool_load *l,
    void *mech_ctx)
{
	struct mech_part said[MECH_PARTS_MAX];
	struct pool_parts now = { .count = 0 };
	bool same;
	size_t i;

	if (l->mech->parts == NULL)
		return false;
	now.count = l->mech->parts(mech_ctx, said, MECH_PARTS_MAX);
	same = now.count == pp->count;
	for (i = 0; i < now.count; i++) {
		take(&now.list[i], &said[i]);
		tell_change(l->name, find(pp, now.list[i].name),
		    &now.list[i]);
		same = same && is_same(&now.list[i], &pp->list[i]);
	}
	*pp = now;
	return !same;
}

int
pool_parts_put(const struct pool_parts *pp, struct buf *b)
{
	return frame_put_parts(b, pp->list, pp->count);
}
