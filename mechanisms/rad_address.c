/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_address - by rad_lookup.
 */
#include "config.h"

#include <netdb.h>
#include <string.h>

#include "common/deadline.h"
#include "mechanisms/rad_address.h"
#include "mechanisms/rad_lookup.h"

/* Before DNS is asked again that did not answer, or gave a silent server. */
#define RETRY_MSEC 5000
/* For what DNS says now a request that knows addresses waits so long. */
#define AGAIN_MSEC 300

static void
keep(struct rad_addresses *a, const struct addrinfo *found)
{
	a->count = 0;
	for (; found != NULL && a->count < RAD_ADDRESSES_MAX;
	    found = found->ai_next) {
		if (found->ai_addrlen > sizeof(a->list[0].at))
			continue;
		memcpy(&a->list[a->count].at, found->ai_addr,
		    found->ai_addrlen);
		a->list[a->count++].len = found->ai_addrlen;
	}
	if (a->first >= a->count)
		a->first = 0;
}

void
rad_addresses_turn(struct rad_addresses *a)
{
	const int64_t soon = deadline_now_msec() + RETRY_MSEC;

	a->first = (a->first + 1) % a->count;
	if (a->ask_msec > soon)
		a->ask_msec = soon;
}

/* What came of the lookup, if anything did until then. */
static void
take(struct rad_addresses *a, const struct rad_server *s,
    const struct deadline *d, struct errmsg *e)
{
	const struct addrinfo *found;
	int code;

	if (!rad_lookup_wait(a->lookup, d, &code, &found)) {
		(void)errmsg_set(e, "%s: DNS does not answer", s->host);
		return;
	}
	if (code == 0) {
		keep(a, found);
		a->ask_msec = deadline_now_msec() + RAD_ADDRESS_MSEC;
	} else {
		(void)errmsg_set(e, "%s: %s", s->host, gai_strerror(code));
		a->ask_msec = deadline_now_msec() + RETRY_MSEC;
	}
	rad_lookup_free(a->lookup);
	a->lookup = NULL;
}

int
rad_addresses_get(struct rad_addresses *a, const struct rad_server *s,
    const struct deadline *d, struct errmsg *e)
{
	/* One that runs already has been waited for. */
	struct deadline until = deadline_in_msec(a->lookup == NULL ?
	    AGAIN_MSEC : 0);
	struct errmsg why = ERRMSG_INIT;

	(void)errmsg_set(&why, "%s is not known", s->host);
	if (a->count == 0)
		until = *d;
	if (a->lookup == NULL && a->ask_msec <= deadline_now_msec()) {
		a->lookup = rad_lookup_start(s->host, s->port);
		if (a->lookup == NULL)
			(void)errmsg_set(&why, "%s: DNS cannot be asked",
			    s->host);
	}
	until = deadline_min(until, *d);
	if (a->lookup != NULL)
		take(a, s, &until, &why);
	return a->count > 0 ? 0 : errmsg_set(e, "%s", why.text);
}

void
rad_addresses_fini(struct rad_addresses *a)
{
	rad_lookup_free(a->lookup);
	a->lookup = NULL;
}
