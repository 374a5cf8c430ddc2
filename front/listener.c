/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "common/deadline.h"
#include "common/log.h"
#include "front/listener.h"

bool
listener_may_say(int64_t *until_msec)
{
	int64_t now = deadline_now_msec();

	if (now < *until_msec)
		return false;
	*until_msec = now + LISTENER_QUIET_MSEC;
	return true;
}

void
listener_refused(struct listener_refusals *r, const struct site_listener *of,
    uid_t uid)
{
	r->count++;
	if (!listener_may_say(&r->until_msec))
		return;
	log_msg(LOG_NOTICE, "listener", "uid %ld may not ask on listener %s; "
	    "connections refused: %lu", (long)uid, of->name, r->count);
	r->count = 0;
}

bool
listener_tempfail_is_no(const struct settings *s,
    const struct site_listener *of)
{
	switch ((enum settings_tempfail_of)of->settings.tempfail_reply) {
	case TEMPFAIL_OF_EMPTY:
		return false;
	case TEMPFAIL_OF_NO:
		return true;
	case TEMPFAIL_AS_DAEMON:
		break;
	}
	return s->tempfail_reply == TEMPFAIL_NO;
}
