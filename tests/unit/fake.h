/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake - a front without a process of its own: real clients, requests and
 * dispatch, between socket pairs whose other ends the test holds.
 *
 * The test is the client, the pool and the workers; the loop runs while it
 * waits for something. What fails ends the test.
 */
#ifndef TESTS_UNIT_FAKE_H
#define TESTS_UNIT_FAKE_H

#include <stdint.h>
#include <sys/stat.h>

#include "common/frame.h"
#include "front/front.h"

#define FAKE_MECH "pam"
#define FAKE_CONFIG "mechanism: " FAKE_MECH "\ncache: yes\n"

extern struct front fake_front;
/* Settings of its only backend. */
extern struct settings *fake_backend;
/* How often a client has gone since fake_set_up(). */
extern unsigned fake_gone;
/* How often the front has asked for a pool since fake_set_up(). */
extern unsigned fake_pools_wanted;
/* The last generation it said to have nothing left of; 0: none. */
extern uint32_t fake_released;
/* The last door it wanted attached, and to which file; -1: none. */
extern int fake_door;
extern struct stat fake_door_file;
/* For fake_link(): may verdicts depend on the address? For fake_ask(): the
 * fifth string, NULL for none. No and none in each new test. */
extern bool fake_sees_address;
extern const char *fake_address;
/* For fake_link(): a setting of the pool's, three bytes. */
extern char fake_server[];

/* For cmocka: once per program; before and after each test. The first two
 * make a front with default settings, linked to a pool of 1 to 2 workers. */
int fake_open(void **state);
int fake_set_up(void **state);
int fake_tear_down(void **state);

/* Run the loop: for some time; until all that lies there is dealt with. */
void fake_run(int64_t msec);
void fake_settle(void);

/* ---- as a client ---- */

/* A connection whose first bytes are there when it is accepted. */
int fake_connect(const void *bytes, size_t n);
/* A whole request: service smtp, realm example.org. */
int fake_ask(const char *login, const char *password);
/* Has a reply (or the end) come? */
bool fake_answered(int client);
/* The reply's text; "closed" for a connection that ended without one. Waits,
 * sees that the end follows, and closes. */
const char *fake_reply(int client);

/* ---- as the pool ---- */

/* A new pool that has started none of its workers; as fake_link_begins(),
 * and it has said that no more will come unasked. */
void fake_link(unsigned ready, unsigned max);
void fake_link_begins(unsigned ready, unsigned max);
/* New settings, as in the file, and a new pool for them as by fake_link(1, 2).
 * The channel of the old pool is the caller's to close. */
int fake_reload(const char *config);
void fake_unlink(void);		/* the pool, or the channel to it, is gone */
/* A worker's channel; without its hello it is not ready. */
int fake_worker(uint64_t id);
void fake_hello(int worker, const char *build_id);
int fake_ready_worker(uint64_t id);
void fake_tell(enum frame_type type, uint64_t id, uint32_t msec);
void fake_tell_parts(const struct frame_part *list, size_t count);
/* A payload of the test's own; -1: no descriptor with it. */
void fake_tell_raw(enum frame_type type, const struct buf *b, int fd);
/* The next frame for the pool is of this type and, for FRAME_KILL, about
 * this worker. */
void fake_pool_hears(enum frame_type type, uint64_t id);
void fake_pool_hears_nothing(void);
/* The front has closed its channel. */
void fake_pool_hears_end(void);

/* ---- as a worker ---- */

/* Is there a request, or the end of the channel? */
bool fake_has_work(int worker);
/* The next request's id; it has this login. */
uint64_t fake_take(int worker, const char *login);
void fake_answer(int worker, const struct frame_answer *a);
/* That id, that result, nothing else. */
void fake_verdict(int worker, uint64_t id, enum auth_result result,
    enum auth_reason reason);
/* The front has let it go. Closes it. */
void fake_expect_end(int worker);

#endif
