/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask - one question to the daemon, as libsasl2 asks it: at its socket
 * (ask_unix.c), or in builds with doors at its door (ask_door.c).
 */
#ifndef TOOLS_ASK_H
#define TOOLS_ASK_H

#include "common/buf.h"
#include "common/errmsg.h"

#define ASK_REPLY_MIN 2		/* "OK", "NO" */

enum ask_status {
	ASK_ANSWERED,
	ASK_NO_DAEMON,		/* nobody can be reached there */
	ASK_FAILED		/* no answer, or one that is none: that is how
				 * the daemon says that it could not ask */
};

/* The first bytes of the reply. With a message unless ASK_ANSWERED, in the
 * words of Cyrus' program where it had some. */
enum ask_status ask(const char *path, const struct buf *request,
    char text_r[ASK_REPLY_MIN], struct errmsg *e);

#endif
