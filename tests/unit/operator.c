/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operator - the test as the operator at a control socket.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/frame.h"
#include "common/io.h"
#include "front/cache.h"
#include "front/control.h"
#include "front/loop.h"
#include "tests/unit/fake.h"
#include "tests/unit/operator.h"
#include "tests/unit/unit.h"

#define PATIENCE_MSEC 20000
#define REPLY_ROOM (32 * 1024 * 1024)
/* Ahead of the real clock, so that what is old is not before its start. */
#define CLOCK_AHEAD_MSEC 100000000

const char *operator_socket;
struct buf operator_heard;
unsigned operator_drains, operator_reloads;
int operator_hurry = 1;
int64_t operator_now_msec;

static char dir[32], path[64];

void __wrap_loop_timer_set(struct loop_timer *t, int64_t msec);
void __real_loop_timer_set(struct loop_timer *t, int64_t msec);

void
__wrap_loop_timer_set(struct loop_timer *t, int64_t msec)
{
	__real_loop_timer_set(t, msec / operator_hurry);
}

int64_t __wrap_deadline_now_msec(void);

int64_t
__wrap_deadline_now_msec(void)
{
	return operator_now_msec;
}

void
front_set_verbose(struct front *f, bool verbose)
{
	f->now->site.settings.verbose = verbose;
}

bool
front_reload(struct front *f)
{
	assert_ptr_equal(f, &fake_front);
	operator_reloads++;
	return true;
}

void
front_drain(struct front *f)
{
	assert_ptr_equal(f, &fake_front);
	operator_drains++;
}

int
operator_open(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (fake_open(state) != 0)
		return -1;
	(void)snprintf(dir, sizeof(dir), "/tmp/unit-control-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/control", dir);
	operator_socket = path;
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(listen(fd, 64), 0);
	fake_front.control = control_new(&fake_front, fd);
	return fake_front.control != NULL ? 0 : -1;
}

int
operator_close(void **state)
{
	(void)state;
	return unlink(path) != 0 || rmdir(dir) != 0;
}

int
operator_set_up(void **state)
{
	operator_hurry = 1;
	operator_drains = operator_reloads = 0;
	operator_now_msec = deadline_now_usec() / 1000 + CLOCK_AHEAD_MSEC;
	fake_front.roles = (struct roles){
		.keeper_pid = 100, .front_pid = 101,
		.pools = { { .name = FAKE_MECH, .pid = 102 } },
		.pool_count = 1,
		.owner_uid = (uint32_t)geteuid(), .front_restarts = 3,
		.keeper_began_msec = operator_now_msec - 5000,
		.front_began_msec = operator_now_msec - 4000
	};
	buf_init(&operator_heard, REPLY_ROOM);
	return fake_set_up(state);
}

int
operator_tear_down(void **state)
{
	buf_fini(&operator_heard);
	return fake_tear_down(state);
}

/* ---- as the operator -------------------------------------------------- */

int
operator_dial(void)
{
	struct errmsg e = ERRMSG_INIT;
	int fd = io_unix_connect(path, NULL, NULL, &e);

	assert_true(fd >= 0);
	assert_int_equal(io_set_nonblock(fd, true), 0);
	return fd;
}

void
operator_say(int fd, const void *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

static void
put_words(struct buf *b, const char *const *words)
{
	unsigned n = 0;

	while (words[n] != NULL)
		n++;
	assert_int_equal(buf_put_u16(b, n), 0);
	for (n = 0; words[n] != NULL; n++)
		assert_int_equal(buf_put_str(b, words[n]), 0);
}

int
operator_ask(const char *const *words)
{
	struct buf b;
	int fd = operator_dial();

	buf_init(&b, FRAME_MAX);
	put_words(&b, words);
	operator_say(fd, buf_data(&b), buf_len(&b));
	buf_fini(&b);
	return fd;
}

/* Into `operator_heard`; true at the end of the reply. */
bool
operator_hear(int fd)
{
	char chunk[65536];
	ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n > 0)
		assert_int_equal(buf_put(&operator_heard, chunk, (size_t)n), 0);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* The whole reply as a string; closes. */
const char *
operator_reply(int fd)
{
	struct deadline end = deadline_in_msec(PATIENCE_MSEC);

	buf_reset(&operator_heard);
	while (!operator_hear(fd)) {
		assert_false(deadline_passed(&end));
		fake_run(0);
	}
	assert_int_equal(buf_put_u8(&operator_heard, 0), 0);
	io_close(&fd);
	fake_settle();
	return (const char *)buf_data(&operator_heard);
}

void
operator_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

void
operator_is_error(const char *text, const char *part)
{
	assert_memory_equal(text, "{\"kind\":\"error\",", 16);
	operator_has(text, part);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

void
operator_is_whole(const char *text)
{
	static const char end[] = "{\"kind\":\"end\"}\n";

	assert_true(strlen(text) >= strlen(end));
	assert_string_equal(text + strlen(text) - strlen(end), end);
}

void
operator_make_cache(size_t bytes)
{
	const struct cache_config config = {
		.bytes = bytes, .life[0].ttl_sec = 3600,
		.life[0].grace_sec = 600,
		.life[0].negative_ttl_sec = 60
	};
	struct errmsg e = ERRMSG_INIT;

	fake_backend->cache_ttl_sec = config.life[0].ttl_sec;
	fake_backend->cache_grace_sec = config.life[0].grace_sec;
	fake_front.cache = cache_new(&config, &e);
	assert_non_null(fake_front.cache);
}

void
operator_remember(const char *login, const char *realm, int64_t age_sec)
{
	const struct cache_key k = {
		.chain = fake_front.now->editions.chains[0], .login = login,
		.realm = realm,
		.service = "smtp", .address = ""
	};
	struct secret pw = SECRET_INIT;

	assert_int_equal(secret_set(&pw, "s3cret", 6), 0);
	cache_store(fake_front.cache, &k, &pw, 0,
	    operator_now_msec / 1000 - age_sec);
	secret_wipe(&pw);
}

