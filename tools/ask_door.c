/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <door.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "common/io.h"
#include "common/wire.h"
#include "tools/ask.h"

static int
judge(const door_arg_t *arg, char text_r[ASK_REPLY_MIN], struct errmsg *e)
{
	if (arg->data_size > WIRE_REPLY_MAX)
		return errmsg_set(e, "saslauthd sent an overly long "
		    "response");
	if (arg->data_size < ASK_REPLY_MIN)
		return errmsg_set(e, "bad response from saslauthd");
	memcpy(text_r, arg->rbuf, ASK_REPLY_MIN);
	return 0;
}

/* The system passes the request on by itself, and changes nothing in it.
 * EBADF: no door, or nobody serves it any more. */
static enum ask_status
call(int fd, const struct buf *request, char text_r[ASK_REPLY_MIN],
    struct errmsg *e)
{
	char reply[WIRE_REPLY_MAX + 1];
	door_arg_t arg = {
		.data_ptr = (char *)request->bytes + request->start,
		.data_size = buf_len(request),
		.rbuf = reply, .rsize = sizeof(reply)
	};
	int rc;

	if (door_call(fd, &arg) != 0) {
		rc = errno == EBADF;
		(void)errmsg_errno(e, errno, "door_call");
		return rc ? ASK_NO_DAEMON : ASK_FAILED;
	}
	rc = judge(&arg, text_r, e);
	if (arg.rbuf != reply)	/* the reply was too long for it */
		(void)munmap(arg.rbuf, arg.rsize);
	return rc == 0 ? ASK_ANSWERED : ASK_FAILED;
}

enum ask_status
ask(const char *path, const struct buf *request,
    char text_r[ASK_REPLY_MIN], struct errmsg *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum ask_status st;

	if (fd == -1) {
		(void)errmsg_set(e, "open() : %s", strerror(errno));
		return ASK_NO_DAEMON;
	}
	st = call(fd, request, text_r, e);
	io_close(&fd);
	return st;
}
