/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_address - by getaddrinfo(3).
 */
#include "config.h"

#include <netdb.h>
#include <string.h>

#include "common/deadline.h"
#include "mechanisms/rad_address.h"

/* Before DNS is asked again that did not answer, or gave a silent server. */
#define RETRY_MSEC 5000

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

int
rad_addresses_get(struct rad_addresses *a, const struct rad_server *s,
    struct errmsg *e)
{
	const struct addrinfo wanted = { .ai_socktype = SOCK_DGRAM,
	    .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found;
	int code;

	if (a->ask_msec > deadline_now_msec())
		return a->count > 0 ? 0 : errmsg_set(e, "%s is not known",
		    s->host);
	code = getaddrinfo(s->host, s->port, &wanted, &found);
	if (code == 0) {
		keep(a, found);
		freeaddrinfo(found);
		a->ask_msec = deadline_now_msec() + RAD_ADDRESS_MSEC;
	} else
		a->ask_msec = deadline_now_msec() + RETRY_MSEC;
	return a->count > 0 ? 0 : errmsg_set(e, "%s: %s", s->host,
	    gai_strerror(code));
}
