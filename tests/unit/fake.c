/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake - a front without a process of its own.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io.h"
#include "common/wire.h"
#include "front/cache.h"
#include "front/client.h"
#include "front/dispatch.h"
#include "front/keeper_link.h"
#include "front/limits.h"
#include "front/loop.h"
#include "front/metrics.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define PATIENCE_MSEC 10000
/* A worker's hello is seen in the turn after the one that brings it. */
#define SETTLE_TURNS 5

struct front fake_front;
struct settings *fake_backend;
unsigned fake_gone;
bool fake_sees_address;
const char *fake_address;
char fake_server[] = "one";
unsigned fake_pools_wanted;
uint32_t fake_released;
int fake_door = -1;
struct stat fake_door_file;

static struct loop_timer *timer;
static int pool = -1;

void
keeper_link_want_pool(uint32_t generation, const char *backend)
{
	assert_int_equal(generation, fake_front.now->number);
	assert_string_equal(backend, FAKE_MECH);
	fake_pools_wanted++;
}

void
keeper_link_released(uint32_t generation)
{
	fake_released = generation;
}

void
keeper_link_door(int door, const struct stat *file)
{
	fake_door = door;
	fake_door_file = *file;
}

void
keeper_link_fatal(int status, const char *text)
{
	(void)status;
	fail_msg("%s", text);
	abort();
}

void
front_client_gone(struct front *f)
{
	assert_ptr_equal(f, &fake_front);
	fake_gone++;
}

static void
on_time(void *arg)
{
	(void)arg;
	loop_stop();
}

void
fake_run(int64_t msec)
{
	loop_timer_set(timer, msec);
	loop_run();
}

void
fake_settle(void)
{
	int i;

	for (i = 0; i < SETTLE_TURNS; i++)
		fake_run(0);
}

static bool
readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static void
wait_readable(int fd)
{
	struct deadline end = deadline_in_msec(PATIENCE_MSEC);

	while (!readable(fd)) {
		assert_false(deadline_passed(&end));
		fake_run(1);
	}
}

static int
prepare(uint32_t number, const char *config)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e = ERRMSG_INIT;
	int rc;

	rc = conf_read_text(&es, "conf", config, strlen(config), &e);
	if (rc == 0)
		rc = generation_prepare(&fake_front, number, &es, &e);
	conf_entries_fini(&es);
	return rc;
}

static int
begin(void)
{
	struct errmsg e = ERRMSG_INIT;

	if (generation_begin(&fake_front, &e) != 0)
		return -1;
	fake_backend = &fake_front.now->site.backends[0].settings;
	return 0;
}

/* Each test has its own. */
static void
forget(void)
{
	cache_free(fake_front.cache);
	fake_front.cache = NULL;
	limits_free(fake_front.limits);
	fake_front.limits = NULL;
}

/* One front for the whole program: it is never freed in real life, either.
 * A new link to a pool makes a new start of it. */
int
fake_open(void **state)
{
	(void)state;
	if (loop_init() != 0)
		return -1;
	(void)signal(SIGPIPE, SIG_IGN);
	timer = loop_timer_new(on_time, NULL);
	fake_front.tries = -1;
	fake_front.metrics = metrics_new();
	fake_front.clients = clients_new(&fake_front);
	if (timer == NULL || fake_front.metrics == NULL ||
	    fake_front.clients == NULL || generation_open(&fake_front) != 0 ||
	    prepare(1, FAKE_CONFIG) != 0 || begin() != 0)
		return -1;
	forget();
	return 0;
}

int
fake_set_up(void **state)
{
	struct settings *s = &fake_front.now->site.settings;

	(void)state;
	fake_backend->workers = 1;
	fake_backend->worker_idle_sec = 60;
	s->request_timeout_sec = 30;
	fake_backend->backend_timeout_sec = 10;
	s->client_timeout_sec = 10;
	s->clients_max = 1000;
	fake_backend->queue_max = 1000;
	s->limit_peer = 0;
	fake_backend->join = true;
	s->limits = LIMITS_OBSERVE;
	s->verbose = false;
	s->append_realm = false;
	s->tempfail_reply = TEMPFAIL_EMPTY;
	s->log_success = SUCCESS_ALL;
	fake_front.now->wire_limits.name_max = 256;
	fake_front.now->wire_limits.password_max = 512;
	fake_front.stopping = false;
	fake_sees_address = false;
	fake_address = NULL;
	loglines_open(false);
	fake_link(1, 2);
	fake_gone = 0;
	fake_pools_wanted = 0;
	fake_released = 0;
	return 0;
}

int
fake_tear_down(void **state)
{
	(void)state;
	dispatch_abandon(fake_front.now->dispatches[0]);
	clients_drop_incomplete(fake_front.clients);
	assert_int_equal(clients_count(fake_front.clients), 0);
	io_close(&pool);
	forget();
	loglines_close();
	return 0;
}

/* ---- as a client ------------------------------------------------------ */

int
fake_connect(const void *bytes, size_t n)
{
	struct deadline never = deadline_never();
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    ends), 0);
	assert_int_equal(io_set_nonblock(ends[0], true), 0);
	assert_int_equal(io_write_all(ends[1], bytes, n, &never), 0);
	client_start(fake_front.now, &fake_front.now->site.listeners[0],
	    ends[0]);
	return ends[1];
}

int
fake_ask(const char *login, const char *password)
{
	struct secret pw = SECRET_INIT;
	struct buf b;
	int fd;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(secret_set(&pw, password, strlen(password)), 0);
	assert_int_equal(wire_encode(&b, login, &pw, "smtp", "example.org",
	    fake_address), 0);
	fd = fake_connect(buf_data(&b), buf_len(&b));
	secret_wipe(&pw);
	buf_fini(&b);
	return fd;
}

bool
fake_answered(int client)
{
	return readable(client);
}

const char *
fake_reply(int client)
{
	static char text[WIRE_REPLY_MAX + 1];
	struct deadline d = deadline_in_msec(PATIENCE_MSEC);
	unsigned char len[2], more;
	size_t n;
	int rc;

	wait_readable(client);
	rc = io_read_all(client, len, sizeof(len), &d);
	assert_true(rc >= 0);
	if (rc == 0) {
		io_close(&client);
		return "closed";
	}
	n = (size_t)len[0] << 8 | len[1];
	assert_true(n < sizeof(text));
	text[n] = '\0';
	if (n > 0)
		assert_int_equal(io_read_all(client, text, n, &d), 1);
	assert_int_equal(io_read_all(client, &more, 1, &d), 0);
	io_close(&client);
	return text;
}

/* ---- as the pool ------------------------------------------------------ */

static void
put_description(struct buf *b, unsigned ready, unsigned max)
{
	static char key[] = "server", origin[] = "conf:1";
	struct conf_shown server = { .key = key, .origin = origin,
	    .value = fake_server };
	const struct conf_show config = { &server, 1 };

	assert_int_equal(buf_put_str(b, FAKE_MECH), 0);
	assert_int_equal(buf_put_u8(b, fake_sees_address), 0);
	assert_int_equal(buf_put_u8(b, true), 0);	/* the realm */
	assert_int_equal(buf_put_u32(b, ready), 0);
	assert_int_equal(buf_put_u32(b, max), 0);
	assert_int_equal(conf_show_put(b, &config), 0);
}

/* For the generation that is coming, if there is one. */
void
fake_link_begins(unsigned ready, unsigned max)
{
	const struct generation *g = fake_front.coming != NULL ?
	    fake_front.coming : fake_front.now;
	struct buf b;
	int ends[2];

	io_close(&pool);
	assert_int_equal(frame_channel(ends), 0);
	buf_init(&b, FRAME_MAX);
	put_description(&b, ready, max);
	assert_int_equal(dispatch_link(g->dispatches[0], &b, ends[0]), 0);
	buf_fini(&b);
	pool = ends[1];
}

int
fake_reload(const char *config)
{
	int old_pool = pool;

	pool = -1;
	assert_int_equal(prepare(fake_front.now->number + 1, config), 0);
	fake_link(1, 2);
	assert_int_equal(begin(), 0);
	return old_pool;
}

void
fake_tell_raw(enum frame_type type, const struct buf *b, int fd)
{
	assert_int_equal(frame_send(pool, type, b, fd), FRAME_OK);
	fake_settle();
}

void
fake_tell_parts(const struct frame_part *list, size_t count)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(frame_put_parts(&b, list, count), 0);
	fake_tell_raw(FRAME_PARTS, &b, -1);
	buf_fini(&b);
}

static void
tell(enum frame_type type, uint64_t id, uint32_t msec, int fd)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(buf_put_u64(&b, id), 0);
	assert_int_equal(buf_put_u32(&b, msec), 0);
	assert_int_equal(buf_put_str(&b, ""), 0);
	fake_tell_raw(type, &b, fd);
	buf_fini(&b);
}

void
fake_link(unsigned ready, unsigned max)
{
	fake_link_begins(ready, max);
	fake_tell(FRAME_FILLED, 0, 0);
}

void
fake_tell(enum frame_type type, uint64_t id, uint32_t msec)
{
	tell(type, id, msec, -1);
}

void
fake_unlink(void)
{
	io_close(&pool);
}

int
fake_worker(uint64_t id)
{
	int ends[2];

	assert_int_equal(frame_channel(ends), 0);
	tell(FRAME_WORKER, id, 0, ends[0]);
	io_close(&ends[0]);
	return ends[1];
}

void
fake_hello(int worker, const char *build_id)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(buf_put_str(&b, build_id), 0);
	assert_int_equal(frame_send(worker, FRAME_HELLO, &b, -1), FRAME_OK);
	buf_fini(&b);
	fake_settle();
}

int
fake_ready_worker(uint64_t id)
{
	int worker = fake_worker(id);

	fake_hello(worker, frame_build_id());
	return worker;
}

void
fake_pool_hears(enum frame_type type, uint64_t id)
{
	enum frame_type got = FRAME_TYPES;
	uint64_t about = 0;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	wait_readable(pool);
	assert_int_equal(frame_recv(pool, &got, &b, NULL), FRAME_OK);
	assert_int_equal(got, type);
	if (type == FRAME_KILL) {
		assert_int_equal(buf_get_u64(&b, &about), 0);
		assert_int_equal(about, id);
	}
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
}

void
fake_pool_hears_nothing(void)
{
	fake_settle();
	assert_false(readable(pool));
}

void
fake_pool_hears_end(void)
{
	enum frame_type type;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	wait_readable(pool);
	assert_int_equal(frame_recv(pool, &type, &b, NULL), FRAME_EOF);
	buf_fini(&b);
}

/* ---- as a worker ------------------------------------------------------ */

bool
fake_has_work(int worker)
{
	fake_settle();
	return readable(worker);
}

uint64_t
fake_take(int worker, const char *login)
{
	enum frame_type type = FRAME_TYPES;
	struct frame_request r;
	struct buf b;
	uint64_t id;

	buf_init(&b, FRAME_MAX);
	wait_readable(worker);
	assert_int_equal(frame_recv(worker, &type, &b, NULL), FRAME_OK);
	assert_int_equal(type, FRAME_REQUEST);
	assert_int_equal(frame_get_request(&b, &r), 0);
	assert_string_equal(r.login, login);
	assert_string_equal(r.service, "smtp");
	assert_string_equal(r.realm, "example.org");
	assert_true(r.left_msec <=
	    fake_backend->backend_timeout_sec * 1000);
	id = r.id;
	frame_request_fini(&r);
	buf_fini(&b);
	return id;
}

void
fake_answer(int worker, const struct frame_answer *a)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(frame_put_answer(&b, a), 0);
	assert_int_equal(frame_send(worker, FRAME_ANSWER, &b, -1), FRAME_OK);
	buf_fini(&b);
	fake_settle();
}

void
fake_verdict(int worker, uint64_t id, enum auth_result result,
    enum auth_reason reason)
{
	const struct frame_answer a = {
		.id = id, .result = result, .reason = reason
	};

	fake_answer(worker, &a);
}

void
fake_expect_end(int worker)
{
	enum frame_type type;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	wait_readable(worker);
	assert_int_equal(frame_recv(worker, &type, &b, NULL), FRAME_EOF);
	buf_fini(&b);
	io_close(&worker);
}
