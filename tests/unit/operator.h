/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operator - the test as the operator at a control socket, with the fake
 * front (fake.h) behind it.
 */
#ifndef TESTS_UNIT_OPERATOR_H
#define TESTS_UNIT_OPERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* How often a stop, and a reload, was asked for since operator_set_up(). */
extern unsigned operator_drains, operator_reloads;
/* Timers run so many times faster; 1 in each new test. */
extern int operator_hurry;
/* The time by deadline_now_msec(), which stands still. A program that links
 * this file wraps that function and loop_timer_set() (ld(1)). */
extern int64_t operator_now_msec;
/* What was heard last. */
extern struct buf operator_heard;
extern const char *operator_socket;

/* For cmocka, as fake_open() and the like, which they call. */
int operator_open(void **state);
int operator_close(void **state);
int operator_set_up(void **state);
int operator_tear_down(void **state);

/* A connection; with these words, NULL at their end, sent. */
int operator_dial(void);
int operator_ask(const char *const *words);
void operator_say(int fd, const void *bytes, size_t n);

/* Take what there is into operator_heard; true at the end of the reply. */
bool operator_hear(int fd);
/* Run the front until the reply is whole, and return it; closes. Valid until
 * the next one. */
const char *operator_reply(int fd);

#define ASK(...) operator_reply(operator_ask( \
    (const char *const[]){ __VA_ARGS__, NULL }))

/* Fail the test unless the reply has this part; is one line that says this
 * error; ends as it should. */
void operator_has(const char *text, const char *part);
void operator_is_error(const char *text, const char *part);
void operator_is_whole(const char *text);

/* Give the front a cache (ttl 3600 s, grace 600 s); a success of service
 * smtp that is so old. The oldest come first. */
void operator_make_cache(size_t bytes);
void operator_remember(const char *login, const char *realm,
    int64_t age_sec);

#endif
