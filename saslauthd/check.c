/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "saslauthd/check.h"
#include "saslauthd/child.h"
#include "saslauthd/handover.h"

#define CHECK_SECONDS 30	/* a mechanism's open does no network I/O */

/* Log what the child says until it is through; 0, or the status it asks
 * for, or -1 when it went away without a verdict. */
static int
listen_to(int channel, bool warnings_count)
{
	char text[ERRMSG_MAX];
	enum frame_type type;
	struct buf b;
	unsigned status;
	int worst = EX_OK;
	bool done = false;

	buf_init(&b, FRAME_MAX);
	while (!done && frame_recv(channel, &type, &b, NULL) == FRAME_OK) {
		if (type == FRAME_READY) {
			done = true;
			continue;
		}
		if (type != FRAME_FAILED || buf_get_u8(&b, &status) != 0 ||
		    buf_get_chars(&b, text, sizeof(text)) != 0)
			break;
		log_msg(status == 0 ? LOG_WARNING : LOG_ERR, "main", "%s",
		    text);
		if (status == 0 && warnings_count)
			status = EX_CONFIG;
		if (worst == EX_OK)
			worst = (int)status;
	}
	buf_fini(&b);
	return done || worst != EX_OK ? worst : -1;
}

int
check_backend(const struct keeper_plan *plan, bool warnings_count)
{
	char title[] = "saslauthd-pool", flag[] = "--check";
	char *argv[] = { title, flag, NULL };
	const struct timeval patience = { CHECK_SECONDS, 0 };
	struct child c = CHILD_INIT;
	struct handover h;
	struct errmsg e = ERRMSG_INIT;
	int wstatus, status = EX_OSERR;

	if (handover_init(&h, plan) != 0)
		goto out;
	if (child_spawn(&c, plan->pool, argv, true, &e) != 0 ||
	    handover_to_pool(&h, c.channel, &e) != 0) {
		log_msg(LOG_ERR, "main", "cannot run %s: %s", plan->pool,
		    e.text);
		goto out;
	}
	(void)io_set_nonblock(c.channel, false);
	(void)setsockopt(c.channel, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	status = listen_to(c.channel, warnings_count);
	if (status < 0) {
		log_msg(LOG_ERR, "main", "%s did not say whether the "
		    "settings are good: is it installed?", plan->pool);
		status = EX_OSERR;
	}
out:
	child_release(&c);
	if (c.pid > 0) {
		(void)kill(c.pid, SIGKILL);
		(void)waitpid(c.pid, &wstatus, 0);
	}
	handover_fini(&h);
	return status;
}
