/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "common/deadline.h"
#include "common/io.h"
#include "common/wire.h"
#include "tools/ask.h"

#define ANSWER_MSEC 60000	/* longer than any request_timeout in use */

static int
exchange(int fd, const struct buf *request, const struct deadline *d,
    char text_r[ASK_REPLY_MIN], struct errmsg *e)
{
	unsigned char rest[WIRE_REPLY_MAX], head[2];
	size_t n;

	/* A daemon that refuses early may have closed before all was sent;
	 * its reply is there to be read all the same. */
	if (io_write_all(fd, buf_data(request), buf_len(request), d) == -1 &&
	    errno != EPIPE && errno != ECONNRESET)
		return errmsg_errno(e, errno, "write failed");
	if (io_read_all(fd, head, sizeof(head), d) != 1)
		return errmsg_set(e, "size read failed");
	n = (size_t)head[0] << 8 | head[1];
	if (n < ASK_REPLY_MIN)
		return errmsg_set(e, "bad response from saslauthd");
	if (n > sizeof(rest))
		n = sizeof(rest);
	if (io_read_all(fd, rest, n, d) != 1)
		return errmsg_set(e, "read failed");
	memcpy(text_r, rest, ASK_REPLY_MIN);
	return 0;
}

enum ask_status
ask(const char *path, const struct buf *request,
    char text_r[ASK_REPLY_MIN], struct errmsg *e)
{
	struct deadline d = deadline_in_msec(ANSWER_MSEC);
	int fd, rc, errnum;

	fd = io_unix_connect(path, &d, &errnum, NULL);
	if (fd == -1) {
		(void)errmsg_set(e, "connect() : %s", strerror(errnum));
		return ASK_NO_DAEMON;
	}
	rc = exchange(fd, request, &d, text_r, e);
	io_close(&fd);
	return rc == 0 ? ASK_ANSWERED : ASK_FAILED;
}
