/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_link - dir_link without a directory. What is asked over which link is
 * written down in short words; every question is answered with success unless
 * the test has said otherwise.
 */
#ifndef TESTS_UNIT_FAKE_LINK_H
#define TESTS_UNIT_FAKE_LINK_H

#include <stdbool.h>

#include "common/deadline.h"
#include "mechanisms/dir_link.h"

enum fake_call {
	FAKE_OPEN, FAKE_BIND, FAKE_SASL, FAKE_WHOAMI, FAKE_SEARCH, FAKE_COMPARE
};

/* Forget all; links of an earlier test must be closed. */
void fake_link_reset(void);

/* The next calls of this kind are answered like that, in this order. */
void fake_link_fail(enum fake_call call, enum dir_trouble trouble);
void fake_link_code(enum fake_call call, int code);

/* The server drops all links that are open: they are stale. */
void fake_link_drop_all(void);

/* What happened since the last call: "open1 bind1(cn=svc) search1 close1"
 * (the number is the link's). A broken link that is used fails the test. */
const char *fake_link_trace(void);
unsigned fake_link_open_count(void);
/* The deadline of the last question, and what it went to. */
struct deadline fake_link_deadline(void);
const char *fake_link_uri(void);

/* Values of a search, "" for none; words separated by blanks. */
void fake_link_values(const char *words);
/* Whether SASL exchanges ask for the password. */
void fake_link_password_used(bool used);

#endif
