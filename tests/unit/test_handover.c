/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of handover: what a front gets, and memory that outlives it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/str.h"
#include "saslauthd/handover.h"
#include "tests/unit/unit.h"

#define TRIES_BYTES 65536

static const struct roles roles = {
	.keeper_pid = 1, .front_pid = 2, .owner_uid = 4,
	.front_restarts = 5, .keeper_began_msec = 7, .front_began_msec = 8,
	.pools = {
		{ "ldap", .pid = 3, .restarts = 6, .began_msec = INT64_MAX },
		{ "local", .pid = 0, .restarts = 1, .began_msec = 9 }
	},
	.pool_count = 2
};

static const struct launch launch = { .options = { .foreground = true } };
static const struct plan plan = { .launch = &launch, .number = 7,
    .config_fd = -1 };
static struct sockets sockets;
static struct handover h;
static int channel[2];
static struct errmsg e;

static int
set_up(void **state)
{
	static const char *const names[] = { "default", "postfix" };
	struct sockets_one *one;

	(void)state;
	assert_int_equal(frame_channel(channel), 0);
	h = (struct handover)HANDOVER_INIT;
	for (sockets.count = 0; sockets.count < COUNT_OF(names);
	    sockets.count++) {
		one = &sockets.list[sockets.count];
		(void)str_copy(one->name, sizeof(one->name),
		    names[sockets.count]);
		one->file = (struct socket_file)SOCKET_FILE_INIT;
		one->file.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		assert_true(one->file.fd >= 0);
		one->who = (struct admission){ .uid_count = 1,
		    .uids = malloc(sizeof(uid_t)) };
		assert_non_null(one->who.uids);
		one->who.uids[0] = 42;
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	io_close(&h.control);	/* of the run directory */
	handover_fini(&h);
	sockets_close(&sockets);
	io_close(&channel[0]);
	io_close(&channel[1]);
	return 0;
}

/* The next frame but those with a log socket, which may be missing. */
static int
next(enum frame_type expected, struct buf *b)
{
	enum frame_type type;
	int fd;

	do {
		assert_int_equal(frame_recv(channel[1], &type, b, &fd),
		    FRAME_OK);
		if (type == FRAME_LOG)
			io_close(&fd);
	} while (type == FRAME_LOG);
	assert_int_equal(type, expected);
	return fd;
}

static void
expect_descriptor(enum frame_type type)
{
	struct buf b;
	int fd;

	buf_init(&b, FRAME_MAX);
	fd = next(type, &b);
	assert_true(fd >= 0);
	io_close(&fd);
	buf_fini(&b);
}

/* With a descriptor or without, about a backend of generation 7. */
static void
expect_backend(enum frame_type type, bool with_fd, const char *one,
    const char *two)
{
	uint32_t generation;
	char text[256];
	struct buf b;
	int fd;

	buf_init(&b, FRAME_MAX);
	fd = next(type, &b);
	assert_int_equal(fd >= 0, with_fd);
	io_close(&fd);
	assert_int_equal(buf_get_u32(&b, &generation), 0);
	assert_int_equal(generation, 7);
	assert_int_equal(buf_get_chars(&b, text, sizeof(text)), 0);
	assert_string_equal(text, one);
	assert_int_equal(buf_get_chars(&b, text, sizeof(text)), 0);
	assert_string_equal(text, two);
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
}

/* Of a listener: a name, and who may ask there. */
static void
expect_listener(const char *name)
{
	struct admission who;
	char text[256];
	struct buf b;
	int fd;

	buf_init(&b, FRAME_MAX);
	fd = next(FRAME_LISTENER, &b);
	assert_true(fd >= 0);
	io_close(&fd);
	assert_int_equal(buf_get_chars(&b, text, sizeof(text)), 0);
	assert_string_equal(text, name);
	assert_int_equal(admission_get(&b, &who), 0);
	assert_int_equal(who.uid_count, 1);
	assert_int_equal(who.uids[0], 42);
	admission_fini(&who);
	buf_fini(&b);
}

static void
expect_listeners(void)
{
	expect_listener("default");
	expect_listener("postfix");
}

static void
expect_settings_of(const struct plan *p)
{
	struct conf_entries got = CONF_ENTRIES_INIT;
	struct buf whole, b;
	unsigned foreground;
	uint32_t number;
	int done;

	buf_init(&whole, FRAME_LONG_MAX);
	buf_init(&b, FRAME_MAX);
	do {
		assert_int_equal(next(FRAME_SETTINGS, &b), -1);
		done = frame_take_piece(&whole, &b);
	} while (done == 0);
	assert_int_equal(done, 1);
	assert_int_equal(buf_get_u32(&whole, &number), 0);
	assert_int_equal(number, 7);
	assert_int_equal(buf_get_u8(&whole, &foreground), 0);
	assert_int_equal(foreground, 1);
	assert_int_equal(conf_entries_get(&whole, &got), 0);
	assert_int_equal(got.count, p->own.count);
	conf_entries_fini(&got);
	buf_fini(&whole);
	buf_fini(&b);
}

static void
expect_roles(void)
{
	struct roles got;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	memset(&got, 0, sizeof(got));
	assert_int_equal(next(FRAME_ROLES, &b), -1);
	assert_int_equal(roles_get(&b, &got), 0);
	assert_int_equal(buf_len(&b), 0);
	assert_memory_equal(&got, &roles, sizeof(got));
	buf_fini(&b);
}

static void
expect_plain(enum frame_type type)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(next(type, &b), -1);
	buf_fini(&b);
}

static void
test_front_gets_all(void **state)
{
	(void)state;
	h.control = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(handover_make_tries(&h, TRIES_BYTES, &e), 0);
	assert_int_equal(handover_to_front(&h, channel[0], &plan,
	    &sockets, &roles, &e), 0);
	expect_settings_of(&plan);
	expect_descriptor(FRAME_CONTROL);
	expect_descriptor(FRAME_TRIES);
	expect_roles();
	expect_listeners();
	expect_plain(FRAME_START);
}

static void
test_front_gets_what_there_is(void **state)
{
	(void)state;
	assert_int_equal(handover_to_front(&h, channel[0], &plan,
	    &sockets, &roles, &e), 0);
	expect_settings_of(&plan);
	expect_roles();
	expect_listeners();
	expect_plain(FRAME_START);
}

static void
test_roles(void **state)
{
	static struct roles all;
	struct roles got;
	struct buf b;

	(void)state;
	all.pool_count = SITE_BACKENDS_MAX;
	memset(all.pools[SITE_BACKENDS_MAX - 1].name, 'x', CONF_NAME_MAX);
	buf_init(&b, FRAME_MAX);
	assert_int_equal(roles_put(&b, &all), 0);
	assert_int_equal(roles_get(&b, &got), 0);
	assert_int_equal(got.pool_count, SITE_BACKENDS_MAX);
	assert_int_equal(strlen(got.pools[SITE_BACKENDS_MAX - 1].name),
	    CONF_NAME_MAX);
	/* More than there is room for. */
	all.pool_count = 0;
	assert_int_equal(roles_put(&b, &all), 0);
	b.bytes[b.end - 1] = SITE_BACKENDS_MAX + 1;
	assert_int_equal(roles_get(&b, &got), -1);
	buf_fini(&b);
}

static void
test_pool_gets_its_name(void **state)
{
	char config[] = "/etc/some.conf", user[] = "who";
	struct launch of = { .options = { .foreground = true } };
	const struct plan here = { .launch = &of, .config = config,
	    .site = { .settings = { .user = user } },
	    .config_fd = open("/dev/null", O_RDONLY | O_CLOEXEC) };
	struct conf_entries got = CONF_ENTRIES_INIT;
	char text[256];
	unsigned foreground;
	struct buf b;
	int fd;

	(void)state;
	buf_init(&b, FRAME_MAX);
	assert_int_equal(conf_add(&of.options.entries, "workers", "3", "-n",
	    &e), 0);
	assert_int_equal(handover_put_pool(&b, &here, "local"), 0);
	assert_int_equal(handover_to_pool(channel[0], &b, &here, &e), 0);
	fd = here.config_fd;
	io_close(&fd);
	fd = next(FRAME_SETTINGS, &b);
	assert_true(fd >= 0);
	io_close(&fd);
	assert_int_equal(buf_get_u8(&b, &foreground), 0);
	assert_int_equal(foreground, 1);
	assert_int_equal(buf_get_chars(&b, text, sizeof(text)), 0);
	assert_string_equal(text, "/etc/some.conf");
	assert_int_equal(buf_get_chars(&b, text, sizeof(text)), 0);
	assert_string_equal(text, "local");
	assert_int_equal(conf_entries_get(&b, &got), 0);
	assert_int_equal(got.count, 1);
	assert_int_equal(buf_get_chars(&b, text, sizeof(text)), 0);
	assert_string_equal(text, "who");
	conf_entries_fini(&got);
	conf_entries_fini(&of.options.entries);
	buf_fini(&b);
}

/* Both ends of one channel; the front's with what the pool said. */
static void
test_link(void **state)
{
	static const struct handover_backend of = { 7, "local" };
	struct buf said;
	int pool[2];

	(void)state;
	assert_int_equal(frame_channel(pool), 0);
	buf_init(&said, FRAME_MAX);
	assert_int_equal(buf_put_str(&said, "pam"), 0);
	assert_int_equal(handover_link(channel[0], pool[0], &of, &said,
	    &e), 0);
	expect_backend(FRAME_PEER, true, "local", "pam");
	io_close(&pool[1]);
	assert_int_equal(handover_link(channel[0], pool[0], &of, &said,
	    &e), -1);
	io_close(&pool[0]);
	buf_fini(&said);

	expect_backend(FRAME_PEER, true, "local", "pam");
	assert_int_equal(handover_trouble(channel[0], &of, "no file",
	    &e), 0);
	expect_backend(FRAME_BACKEND, false, "local", "no file");
}

/* What does not fit into one frame, through a channel nobody has emptied. */
static void
test_long_settings(void **state)
{
	struct plan all = plan;
	char value[4096];
	size_t i;

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (i = 0; i < 30; i++)
		assert_int_equal(conf_add(&all.own, "user", value, "here",
		    &e), 0);
	assert_int_equal(handover_begin(channel[0], &all, &e), 0);
	assert_int_equal(handover_switch(channel[0], &sockets, &e), 0);
	expect_settings_of(&all);
	expect_listeners();
	expect_plain(FRAME_START);
	conf_entries_fini(&all.own);
}

static void
test_reloaded(void **state)
{
	uint32_t asked = 0;
	char text[256];
	unsigned done;
	struct buf b;

	(void)state;
	buf_init(&b, FRAME_MAX);
	assert_int_equal(handover_reloaded(channel[0], 7, false, "line 3",
	    &e), 0);
	assert_int_equal(next(FRAME_RELOADED, &b), -1);
	assert_int_equal(buf_get_u32(&b, &asked), 0);
	assert_int_equal(asked, 7);
	assert_int_equal(buf_get_u8(&b, &done), 0);
	assert_int_equal(done, 0);
	assert_int_equal(buf_get_chars(&b, text, sizeof(text)), 0);
	assert_string_equal(text, "line 3");
	buf_fini(&b);
}

static void
test_stop(void **state)
{
	uint32_t msec = 0;
	struct buf b;

	(void)state;
	buf_init(&b, FRAME_MAX);
	assert_int_equal(handover_stop(channel[0], 3600000, &e), 0);
	assert_int_equal(next(FRAME_STOP, &b), -1);
	assert_int_equal(buf_get_u32(&b, &msec), 0);
	assert_int_equal(msec, 3600000);
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
	/* To nobody. */
	io_close(&channel[1]);
	assert_int_equal(handover_stop(channel[0], 1, &e), -1);
	assert_int_equal(handover_roles(-1, &roles, NULL), -1);
}

/* What one front wrote the next one reads; none can change the size under
 * another's feet. */
static void
test_tries(void **state)
{
	struct stat sb;
	char *one, *two;

	(void)state;
	assert_int_equal(handover_make_tries(&h, TRIES_BYTES, &e), 0);
	assert_int_equal(fstat(h.tries, &sb), 0);
	assert_int_equal(sb.st_size, TRIES_BYTES);
	assert_true((fcntl(h.tries, F_GETFD) & FD_CLOEXEC) != 0);
	one = mmap(NULL, TRIES_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
	    h.tries, 0);
	assert_true(one != MAP_FAILED);
	assert_int_equal(one[TRIES_BYTES - 1], 0);
	one[TRIES_BYTES - 1] = 'x';
	assert_int_equal(munmap(one, TRIES_BYTES), 0);

	assert_int_equal(ftruncate(h.tries, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(h.tries, 2 * TRIES_BYTES), -1);
	assert_int_equal(fcntl(h.tries, F_ADD_SEALS, F_SEAL_WRITE), -1);

	two = mmap(NULL, TRIES_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
	    h.tries, 0);
	assert_true(two != MAP_FAILED);
	assert_int_equal(two[TRIES_BYTES - 1], 'x');
	assert_int_equal(munmap(two, TRIES_BYTES), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_front_gets_all, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_front_gets_what_there_is,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_roles, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_pool_gets_its_name,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_settings, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_reloaded, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tries, set_up,
		    tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
