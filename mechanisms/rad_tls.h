/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_tls - a question and its answer over TLS (RadSec, RFC 6614). The only
 * file that knows libssl.
 *
 * A worker keeps one connection. One that the server has dropped meanwhile is
 * made again, once; nothing is asked twice over the same one (RFC 6613,
 * section 2.6.1).
 */
#ifndef MECHANISMS_RAD_TLS_H
#define MECHANISMS_RAD_TLS_H

#include "common/errmsg.h"
#include "mechanisms/rad_address.h"
#include "mechanisms/rad_reply.h"
#include "mechanisms/rad_settings.h"

struct rad_tls;

/* In the pool, before any fork: reads certificates and key. */
struct rad_tls *rad_tls_new(const struct rad_settings *s, struct errmsg *e);
/* Drops the connection, too. */
void rad_tls_free(struct rad_tls *t);

/* Blocks until an answer is there, the time of all tries is over, or the
 * deadline. */
void rad_tls_ask(struct rad_tls *t, const struct rad_question *q,
    struct rad_addresses *a, struct rad_reply *r_r);

#endif
