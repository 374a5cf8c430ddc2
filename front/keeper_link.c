/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <sysexits.h>
#include <unistd.h>

#include "front/keeper_link.h"
#include "saslauthd/child.h"

#define TELL_MSEC 5000		/* the keeper is busy with a reload at most */

static void
tell_with_fd(enum frame_type type, const struct buf *payload, int fd)
{
	if (frame_send_wait(CHILD_CHANNEL_FD, type, payload, fd,
	    TELL_MSEC) != FRAME_OK)
		_exit(EX_OK);
}

void
keeper_link_tell(enum frame_type type, const struct buf *payload)
{
	tell_with_fd(type, payload, -1);
}

bool
keeper_link_try(enum frame_type type, const struct buf *payload)
{
	return frame_send(CHILD_CHANNEL_FD, type, payload, -1) == FRAME_OK;
}

static void
tell_failed(int status, const char *text)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_u8(&b, (unsigned)status) == 0 &&
	    buf_put_str(&b, text) == 0)
		keeper_link_tell(FRAME_FAILED, &b);
	buf_fini(&b);
}

void
keeper_link_remark(const char *text)
{
	tell_failed(EX_OK, text);
}

void
keeper_link_fatal(int status, const char *text)
{
	tell_failed(status, text);
	_exit(status);
}

void
keeper_link_want_pool(uint32_t generation, const char *backend)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_u32(&b, generation) == 0 && buf_put_str(&b, backend) == 0)
		keeper_link_tell(FRAME_WANT_PEER, &b);
	buf_fini(&b);
}

void
keeper_link_door(int door, const struct stat *file)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_u64(&b, file->st_dev) == 0 &&
	    buf_put_u64(&b, file->st_ino) == 0)
		tell_with_fd(FRAME_DOOR, &b, door);
	buf_fini(&b);
}

void
keeper_link_released(uint32_t generation)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	if (buf_put_u32(&b, generation) == 0)
		keeper_link_tell(FRAME_RELEASED, &b);
	buf_fini(&b);
}
