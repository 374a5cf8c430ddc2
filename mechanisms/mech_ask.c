/* SPDX-License-Identifier: BSD-2-Clause */
/* What every caller of a mechanism has to mind, in one place. */
#include "config.h"

#include <string.h>

#include "mechanisms/mech.h"

void
mech_ask(const struct mech *m, void *ctx, bool *ready,
    const struct mech_request *req, struct mech_answer *a)
{
	struct errmsg e = ERRMSG_INIT;

	memset(a, 0, sizeof(*a));
	/* The front refuses these; a mechanism may rely on it. An empty
	 * password, for one, is an anonymous bind to a directory. */
	if (req->password->len == 0 || secret_has_nul(req->password)) {
		mech_answer_set(a, AUTH_DENIED, REASON_EMPTY_PASSWORD, "%s",
		    "");
		return;
	}
	if (!*ready)
		*ready = m->ready == NULL || m->ready(ctx, &e) == 0;
	if (!*ready) {
		mech_answer_set(a, AUTH_TEMPFAIL, REASON_BACKEND_DOWN, "%s",
		    e.text);
		return;
	}
	m->check(ctx, req, a);
	if (a->result == AUTH_UNSET)
		mech_answer_set(a, AUTH_TEMPFAIL, REASON_INTERNAL,
		    "BUG: mechanism %s gave no answer", m->name);
}
