/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <sysexits.h>

#include "common/conf_show.h"
#include "common/frame.h"
#include "common/io.h"
#include "saslauthd/child.h"
#include "saslauthd/pool_keeper.h"

/* What is said of a backend goes on to the front, with its name and a number
 * before it. */
#define READY_MAX (FRAME_MAX - 1024)

static void
report_all(void *ctx, int status, const char *text)
{
	(void)ctx;
	pool_keeper_say(status, text);
}

static void
report_refusal(void *ctx, int status, const char *text)
{
	if (status != EX_OK && status != FRAME_REMARK)
		report_all(ctx, status, text);
}

int
pool_keeper_load(struct pool_load *l, bool remarks)
{
	int config_fd = -1, rc = -1;
	enum frame_type type;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (frame_recv(CHILD_CHANNEL_FD, &type, &b, &config_fd) == FRAME_OK &&
	    type == FRAME_SETTINGS)
		rc = pool_load(l, &b, config_fd, remarks ? report_all :
		    report_refusal, NULL);
	io_close(&config_fd);
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

	buf_init(&b, READY_MAX);
	if (buf_put_str(&b, frame_build_id()) == 0 &&
	    buf_put_str(&b, l->mech->name) == 0 &&
	    buf_put_u8(&b, l->mech->sees_address) == 0 &&
	    buf_put_u8(&b, l->mech->sees_realm) == 0 &&
	    buf_put_u32(&b, ready) == 0 && buf_put_u32(&b, max) == 0 &&
	    conf_show_put(&b, &l->config) == 0)
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
