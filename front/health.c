/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/str.h"
#include "front/health.h"

#define QUIET_MSEC 10000	/* between two lines about "down" */

/* Which failures say that the backend itself cannot be asked? */
static bool
is_outage(enum auth_result result, enum auth_reason reason)
{
	return result == AUTH_TEMPFAIL && (reason == REASON_BACKEND_DOWN ||
	    reason == REASON_BACKEND_ERROR || reason == REASON_NO_ACCESS ||
	    reason == REASON_DEADLINE ||
	    reason == REASON_NOT_SIGNED);
}

void
health_init(struct health *h)
{
	*h = (struct health){ .changed_msec = deadline_now_msec() };
}

void
health_note(struct health *h, const char *name, enum auth_result result,
    enum auth_reason reason, const char *detail)
{
	int64_t now = deadline_now_msec();
	char shown[STR_ESCAPED_SIZE];

	if (result == AUTH_OK || result == AUTH_DENIED) {
		if (h->told)
			log_msg(LOG_NOTICE, "backend", "backend %s up after "
			    "%lld s", name,
			    (long long)(now - h->since_msec) / 1000);
		if (h->down)
			h->changed_msec = now;
		h->down = h->told = false;
		return;
	}
	if (!is_outage(result, reason))
		return;
	if (!h->down)
		h->changed_msec = now;
	h->down = true;
	if (h->told ||
	    (h->since_msec != 0 && now - h->since_msec < QUIET_MSEC))
		return;
	h->told = true;
	h->since_msec = now;
	(void)str_escape_log(shown, sizeof(shown), detail, strlen(detail));
	log_msg(LOG_WARNING, "backend", "backend %s down: %s%s%s", name,
	    auth_reason_name(reason), shown[0] != '\0' ? ": " : "", shown);
}
