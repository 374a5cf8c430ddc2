/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_udp - see rad_udp.h.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "common/io.h"
#include "mechanisms/rad_digest.h"
#include "mechanisms/rad_udp.h"

/* One byte more than a packet has: of what is longer, it shows. */
#define DATAGRAM_SIZE (RAD_PACKET_MAX + 1)
#define JITTER_PERCENT 10	/* RFC 5080, section 2.2.1: RAND */

enum heard { HEARD_NOTHING, HEARD_ANSWER, HEARD_REFUSAL };

/* A try's time, between 0.9 and 1.1 of what is set, so that many who began
 * together do not go on together. No doubling: MRT is IRT. */
static int64_t
try_msec(const struct rad_question *q)
{
	const int64_t msec = q->try_msec;
	const int64_t spread = msec * JITTER_PERCENT / 100;
	uint16_t random;

	if (rad_digest_random(&random, sizeof(random)) == -1)
		return msec;
	return msec - spread + 2 * spread * random / UINT16_MAX;
}

/* Says whether there is any use in waiting on. */
static enum heard
refused(struct rad_reply *r, const char *what)
{
	(void)errmsg_errno(&r->trouble, errno, "%s", what);
	return HEARD_REFUSAL;
}

/* Until the answer, or the end of the try. */
static enum heard
listen_for(int fd, const struct rad_question *q, const struct deadline *d,
    struct rad_reply *r)
{
	unsigned char datagram[DATAGRAM_SIZE];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;
	int ready;

	for (;;) {
		ready = poll(&p, 1, deadline_poll_msec(d));
		if (ready == 0)
			return HEARD_NOTHING;
		if (ready == -1 && errno != EINTR)
			return refused(r, "poll");
		if (ready == -1)
			continue;
		n = recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT);
		if (n >= 0 && rad_reply_take(r, q, datagram, (size_t)n))
			return HEARD_ANSWER;
		/* EAGAIN: its checksum was wrong. */
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return refused(r, "receive");
		/* Who keeps us busy does not keep us for longer. */
		if (deadline_passed(d))
			return HEARD_NOTHING;
	}
}

static enum heard
try_once(int fd, const struct rad_question *q, struct rad_reply *r)
{
	const struct deadline d = deadline_min(q->deadline,
	    deadline_in_msec(try_msec(q)));
	enum heard heard = HEARD_NOTHING;

	r->sent++;
	if (send(fd, q->packet->bytes, q->packet->len, MSG_NOSIGNAL) == -1)
		heard = refused(r, "send");
	else
		heard = listen_for(fd, q, &d, r);
	/* A server that is being restarted may answer the next try. */
	if (heard == HEARD_REFUSAL && !q->hurry)
		(void)poll(NULL, 0, deadline_poll_msec(&d));
	return heard;
}

/* All tries at one address. True: the answer is there. */
static bool
ask_address(const struct rad_question *q, const struct rad_address *at,
    bool others, struct rad_reply *r)
{
	struct rad_question mine = *q;
	enum heard heard = HEARD_NOTHING;
	unsigned i;
	int fd = socket(at->at.ss_family,
	    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	mine.hurry = q->hurry || others;
	r->trouble.text[0] = '\0';
	if (fd == -1 || connect(fd, (const struct sockaddr *)&at->at,
	    at->len) == -1)
		heard = refused(r, "connect");
	else
		for (i = 0; i < q->tries && heard != HEARD_ANSWER &&
		    !deadline_passed(&q->deadline) &&
		    !(heard == HEARD_REFUSAL && mine.hurry); i++)
			heard = try_once(fd, &mine, r);
	io_close(&fd);
	return heard == HEARD_ANSWER;
}

void
rad_udp_ask(const struct rad_question *q, struct rad_addresses *a,
    struct rad_reply *r_r)
{
	/* DNS gets what all tries would have had: others may be asked. */
	const struct deadline dns = deadline_min(q->deadline,
	    deadline_in_msec(q->server->timeout_msec * q->tries));
	size_t i, at;

	*r_r = (struct rad_reply)RAD_REPLY_INIT;
	if (rad_addresses_get(a, q->server, &dns, &r_r->trouble) == -1)
		return;
	for (i = 0; i < a->count && !deadline_passed(&q->deadline); i++) {
		at = (a->first + i) % a->count;
		if (ask_address(q, &a->list[at], i + 1 < a->count, r_r)) {
			a->first = at;
			return;
		}
		if (r_r->trouble.text[0] == '\0')
			break;
	}
	rad_addresses_turn(a);
}
