/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_udp - a question and its answer in datagrams.
 *
 * Each question has a socket of its own, connected: its port is one that the
 * kernel draws at random, the kernel drops what comes from elsewhere, and an
 * answer that is late finds nobody. Tries repeat the same packet (RFC 5080,
 * section 2.2.1).
 */
#ifndef MECHANISMS_RAD_UDP_H
#define MECHANISMS_RAD_UDP_H

#include "mechanisms/rad_address.h"
#include "mechanisms/rad_reply.h"

/* Blocks until an answer is there, all tries are used up, or the deadline. */
void rad_udp_ask(const struct rad_question *q, struct rad_addresses *a,
    struct rad_reply *r_r);

#endif
