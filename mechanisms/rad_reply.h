/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_reply - a question to one server, and what came of it: shared by the
 * ways there are to put it (rad_udp, rad_tls).
 */
#ifndef MECHANISMS_RAD_REPLY_H
#define MECHANISMS_RAD_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/errmsg.h"
#include "mechanisms/rad_codec.h"
#include "mechanisms/rad_servers.h"

#define RAD_MESSAGE_SIZE 200	/* of Reply-Message, with NUL: for the log */

struct rad_question {
	const struct rad_server *server;
	const struct rad_packet *packet;
	unsigned tries;
	int64_t try_msec;	/* of each, before the next; over UDP */
	bool any_signature;	/* an answer is good without one */
	bool hurry;		/* others could be asked: no waiting for a
				 * server that refuses */
	struct deadline deadline;
};

struct rad_reply {
	bool answered;
	enum rad_code code;	/* if answered; so the next */
	char message[RAD_MESSAGE_SIZE];
	unsigned sent;
	unsigned unsigned_answers;	/* that were not taken for that */
	unsigned badly_signed;
	unsigned forged;	/* whose authenticator does not fit */
	unsigned ignored;	/* and everything else */
	bool no_digest;		/* libcrypto refuses */
	struct errmsg trouble;	/* of the way there; "" */
};

#define RAD_REPLY_INIT { .answered = false }

/* Something came from the server. True: it is the answer. */
bool rad_reply_take(struct rad_reply *r, const struct rad_question *q,
    const void *bytes, size_t len);

/* In words, why there is no answer. */
void rad_reply_explain(const struct rad_reply *r, struct errmsg *e);

#endif
