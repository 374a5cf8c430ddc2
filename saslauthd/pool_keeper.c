/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <sysexits.h>

#include "common/frame.h"
#include "saslauthd/child.h"
#include "saslauthd/pool_keeper.h"

static void
report_all(void *ctx, int status, const char *text)
{
	(void)ctx;
	pool_keeper_say(status, text);
}

static void
report_refusal(void *ctx, int status, const char *text)
{
	if (status != EX_OK)
		report_all(ctx, status, text);
}

int
pool_keeper_load(struct pool_load *l, bool remarks)
{
	enum frame_type type;
	struct buf b;
	int rc = -1;

	buf_init(&b, FRAME_MAX);
	if (frame_recv(CHILD_CHANNEL_FD, &type, &b, NULL) == FRAME_OK &&
	    type == FRAME_SETTINGS)
		rc = pool_load(l, &b, remarks ? report_all : report_refusal,
		    NULL);
	buf_fini(&b);
	return rc;
}

void
pool_keeper_say(int status, const char *text)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_u8(&b, (unsigned)status) == 0 &&
	    buf_put_str(&b, text) == 0)
		(void)frame_send(CHILD_CHANNEL_FD, FRAME_FAILED, &b, -1);
	buf_fini(&b);
}

void
pool_keeper_ready(const struct pool_load *l, unsigned ready, unsigned max)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_str(&b, frame_build_id()) == 0 &&
	    buf_put_str(&b, l->mech->name) == 0 &&
	    buf_put_u8(&b, l->mech->sees_address) == 0 &&
	    buf_put_u8(&b, l->mech->sees_realm) == 0 &&
	    buf_put_u32(&b, ready) == 0 && buf_put_u32(&b, max) == 0)
		(void)frame_send(CHILD_CHANNEL_FD, FRAME_READY, &b, -1);
	buf_fini(&b);
}

void
pool_keeper_signal(int sig)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_u8(&b, (unsigned)sig) == 0)
		(void)frame_send(CHILD_CHANNEL_FD, FRAME_SIGNAL, &b, -1);
	buf_fini(&b);
}
