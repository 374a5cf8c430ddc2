/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of frame.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/wire.h"
#include "tests/unit/freed.h"
#include "tests/unit/unit.h"

#define MARK "correct horse battery"
#define MANY_FDS 8

static int channel[2];
static struct buf payload;

static int
set_up(void **state)
{
	(void)state;
	buf_init(&payload, FRAME_MAX);
	return frame_channel(channel);
}

static int
tear_down(void **state)
{
	(void)state;
	io_close(&channel[0]);
	io_close(&channel[1]);
	buf_fini(&payload);
	return 0;
}

/* How many descriptors are open: none may leak. */
static unsigned
open_fds(void)
{
	unsigned n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			n++;
	return n;
}

static void
test_round_trip(void **state)
{
	static const size_t sizes[] = {
		0, 1, 1000, 1023, 1024, 1025, 20000, FRAME_MAX - 1, FRAME_MAX
	};
	enum frame_type type;
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(sizes); i++) {
		buf_init(&out, FRAME_MAX);
		memset(buf_room(&out, sizes[i]), 'a' + (int)i, sizes[i]);
		buf_added(&out, sizes[i]);
		assert_int_equal(frame_send(channel[0], FRAME_ANSWER, &out,
		    -1), FRAME_OK);
		assert_int_equal(frame_recv(channel[1], &type, &payload,
		    NULL), FRAME_OK);
		assert_int_equal(type, FRAME_ANSWER);
		assert_int_equal(buf_len(&payload), sizes[i]);
		if (sizes[i] > 0)
			assert_memory_equal(buf_data(&payload),
			    buf_data(&out), sizes[i]);
		buf_fini(&out);
	}
	assert_int_equal(frame_send(channel[0], FRAME_START, NULL, -1),
	    FRAME_OK);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_OK);
	assert_int_equal(type, FRAME_START);
	assert_int_equal(buf_len(&payload), 0);
}

/* Small frames must leave a small buffer. */
static void
test_stays_small(void **state)
{
	enum frame_type type;

	(void)state;
	assert_int_equal(frame_send(channel[0], FRAME_START, NULL, -1),
	    FRAME_OK);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_OK);
	assert_true(payload.cap <= 4096);
}

static void
test_too_large(void **state)
{
	enum frame_type type;
	struct buf out;
	char *big = calloc(1, FRAME_MAX + 2);

	(void)state;
	assert_non_null(big);
	buf_init(&out, FRAME_MAX + 1);
	assert_int_equal(buf_put(&out, big, FRAME_MAX + 1), 0);
	assert_int_equal(frame_send(channel[0], FRAME_ANSWER, &out, -1),
	    FRAME_BAD);
	buf_fini(&out);
	big[0] = FRAME_ANSWER;
	assert_int_equal(send(channel[0], big, FRAME_MAX + 2, 0),
	    FRAME_MAX + 2);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_BAD);
	assert_int_equal(buf_len(&payload), 0);
	free(big);
}

static void
test_bad_types(void **state)
{
	static const unsigned char types[] = { 0, FRAME_TYPES, 255 };
	enum frame_type type = FRAME_READY;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(types); i++) {
		assert_int_equal(send(channel[0], &types[i], 1, 0), 1);
		assert_int_equal(frame_recv(channel[1], &type, &payload,
		    NULL), FRAME_BAD);
	}
	assert_int_equal(type, FRAME_READY);
	/* no byte at all */
	assert_int_equal(send(channel[0], "", 0, 0), 0);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_EOF);
	assert_int_equal(frame_recv(channel[1] + 100, &type, &payload,
	    NULL), FRAME_BAD);
}

/* Who died with something unread has still said what he said. */
static void
test_last_words(void **state)
{
	enum frame_type type = FRAME_TYPES;

	(void)state;
	assert_int_equal(frame_send(channel[1], FRAME_START, NULL, -1),
	    FRAME_OK);
	assert_int_equal(frame_send(channel[0], FRAME_FAILED, NULL, -1),
	    FRAME_OK);
	io_close(&channel[0]);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_OK);
	assert_int_equal(type, FRAME_FAILED);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_EOF);
}

static void
test_again_and_eof(void **state)
{
	enum frame_status status;
	enum frame_type type;
	unsigned i;

	(void)state;
	assert_int_equal(io_set_nonblock(channel[0], true), 0);
	assert_int_equal(io_set_nonblock(channel[1], true), 0);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_AGAIN);
	for (i = 0; i < 1000000; i++) {
		status = frame_send(channel[0], FRAME_START, NULL, -1);
		if (status != FRAME_OK)
			break;
	}
	assert_int_equal(status, FRAME_AGAIN);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_OK);
	io_close(&channel[1]);
	assert_int_equal(frame_send(channel[0], FRAME_START, NULL, -1),
	    FRAME_EOF);
	/* closed with frames unread: reset, then end of file */
	assert_int_equal(frame_recv(channel[0], &type, &payload, NULL),
	    FRAME_EOF);
	assert_int_equal(frame_recv(channel[0], &type, &payload, NULL),
	    FRAME_EOF);
}

static void
test_descriptor(void **state)
{
	const unsigned before = open_fds();
	enum frame_type type;
	int pipes[2], got;
	char byte;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(buf_put_u32(&payload, 4711), 0);
	assert_int_equal(frame_send(channel[0], FRAME_WORKER, &payload,
	    pipes[1]), FRAME_OK);
	assert_int_equal(frame_recv(channel[1], &type, &payload, &got),
	    FRAME_OK);
	assert_int_equal(buf_len(&payload), 4);
	assert_true(got >= 0);
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(got, "x", 1), 1);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	io_close(&got);

	assert_int_equal(frame_send(channel[0], FRAME_START, NULL, -1),
	    FRAME_OK);
	assert_int_equal(frame_recv(channel[1], &type, &payload, &got),
	    FRAME_OK);
	assert_int_equal(got, -1);

	/* one that nobody expects */
	assert_int_equal(frame_send(channel[0], FRAME_START, NULL, pipes[1]),
	    FRAME_OK);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_BAD);
	io_close(&pipes[0]);
	io_close(&pipes[1]);
	assert_int_equal(open_fds(), before);
}

/* A packet with n copies of fd, which frame_send() would never make. */
static void
send_fds(unsigned char type, int fd, int n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MANY_FDS * sizeof(int))];
	} control;
	struct iovec iov = { &type, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	int i;

	memset(&control, 0, sizeof(control));
	m.msg_control = &control;
	m.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	for (i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &fd,
		    sizeof(fd));
	assert_int_equal(sendmsg(channel[0], &m, 0), 1);
}

static void
test_bad_descriptors(void **state)
{
	const unsigned before = open_fds();
	static const int counts[] = { 2, 4, 5, MANY_FDS };
	enum frame_type type;
	size_t i;
	int got;

	(void)state;
	for (i = 0; i < COUNT_OF(counts); i++) {
		send_fds(FRAME_WORKER, channel[0], counts[i]);
		got = 7;
		assert_int_equal(frame_recv(channel[1], &type, &payload,
		    &got), FRAME_BAD);
		assert_int_equal(got, -1);
		assert_int_equal(open_fds(), before);
	}
	send_fds(0, channel[0], 1);	/* of no type */
	assert_int_equal(frame_recv(channel[1], &type, &payload, &got),
	    FRAME_BAD);
	assert_int_equal(got, -1);
	assert_int_equal(open_fds(), before);
}

/* Out of descriptors, the kernel drops what came and only says so. */
static void
test_dropped_descriptor(void **state)
{
	struct rlimit limit, before;
	enum frame_type type;
	int lowest, got;

	(void)state;
	/* Its descriptors are beyond the limit that it shows us. */
	if (RUNNING_ON_VALGRIND)
		return;
	send_fds(FRAME_WORKER, channel[0], 1);
	lowest = dup(channel[0]);
	assert_true(lowest >= 0);
	(void)close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(frame_recv(channel[1], &type, &payload, &got),
	    FRAME_BAD);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(got, -1);
}

static void
test_request(void **state)
{
	struct frame_request out, in;

	(void)state;
	memset(&out, 0, sizeof(out));
	out.id = 0x123456789abcdef0;
	out.left_msec = 30000;
	out.verbose = true;
	out.login = strdup("joe");
	out.service = strdup("smtp");
	out.realm = strdup("");
	out.address = strdup("192.0.2.1;4711");
	assert_int_equal(secret_set(&out.password, "pass\377word", 9), 0);
	assert_int_equal(frame_put_request(&payload, &out), 0);
	assert_int_equal(frame_get_request(&payload, &in), 0);
	assert_true(in.id == out.id);
	assert_int_equal(in.left_msec, 30000);
	assert_true(in.verbose);
	assert_string_equal(in.login, "joe");
	assert_string_equal(in.service, "smtp");
	assert_string_equal(in.realm, "");
	assert_string_equal(in.address, "192.0.2.1;4711");
	assert_true(secret_equal(&in.password, &out.password));
	frame_request_fini(&in);
	frame_request_fini(&in);
	frame_request_fini(&out);
}

/* Every field as long as the settings can allow fits into one frame. */
static void
test_request_largest(void **state)
{
	static char name[WIRE_NAME_MAX_LIMIT + 1];
	static char login[2 * WIRE_NAME_MAX_LIMIT + 2];
	static char password[WIRE_PASSWORD_MAX_LIMIT + 1];
	struct frame_request out, in;
	size_t extra;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	memset(login, 'l', sizeof(login) - 1);
	memset(password, 'p', sizeof(password));
	memset(&out, 0, sizeof(out));
	out.login = login;
	out.service = out.realm = out.address = name;
	for (extra = 0; extra < 2; extra++) {
		assert_int_equal(secret_set(&out.password, password,
		    WIRE_PASSWORD_MAX_LIMIT + extra), 0);
		buf_reset(&payload);
		assert_int_equal(frame_put_request(&payload, &out), 0);
		assert_int_equal(frame_get_request(&payload, &in),
		    extra == 0 ? 0 : -1);
		frame_request_fini(&in);
	}
	secret_wipe(&out.password);
}

/* Id, time left, no debug messages. */
#define HEAD "\1\2\3\4\5\6\7\10" "\0\0\0\1" "\0"

static void
test_request_bad(void **state)
{
	static const char good[] = HEAD
	    "\0\1a" "\0\1b" "\0\1c" "\0\1d" "\0\1e";
	static const struct { const char *name, *bytes; size_t n; } rows[] = {
#define ROW(name, literal) { name, literal, sizeof(literal) - 1 }
		ROW("left over", HEAD
		    "\0\1a" "\0\1b" "\0\1c" "\0\1d" "\0\1e" "x"),
		ROW("NUL in login", HEAD
		    "\0\1\0" "\0\1b" "\0\1c" "\0\1d" "\0\1e"),
		ROW("NUL in address", HEAD
		    "\0\1a" "\0\1b" "\0\1c" "\0\2d\0" "\0\1e"),
		ROW("length beyond the end", HEAD
		    "\0\1a" "\0\1b" "\0\1c" "\0\1d" "\0\2e"),
		ROW("huge length", HEAD "\377\377a"),
		ROW("a flag that is none", "\1\2\3\4\5\6\7\10" "\0\0\0\1"
		    "\2" "\0\1a" "\0\1b" "\0\1c" "\0\1d" "\0\1e")
	};
	struct frame_request in;
	size_t i;

	(void)state;
	for (i = 0; i <= sizeof(good) - 1; i++) {
		buf_reset(&payload);
		assert_int_equal(buf_put(&payload, good, i), 0);
		assert_int_equal(frame_get_request(&payload, &in),
		    i == sizeof(good) - 1 ? 0 : -1);
		frame_request_fini(&in);
	}
	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&payload);
		assert_int_equal(buf_put(&payload, rows[i].bytes, rows[i].n),
		    0);
		assert_row(rows[i].name,
		    frame_get_request(&payload, &in) == -1);
		frame_request_fini(&in);
	}
}

static void
test_answer(void **state)
{
	static const struct frame_answer answers[] = {
		{ 1, AUTH_OK, REASON_NONE, 0, false, false, "" },
		{ UINT64_MAX, AUTH_DENIED, REASON_BAD_PASSWORD, UINT32_MAX,
		    true, false, "detail" },
		{ 2, AUTH_TEMPFAIL, REASON_INTERNAL, 1, false, true, "x" }
	};
	struct frame_answer in, longest;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(answers); i++) {
		assert_int_equal(frame_put_answer(&payload, &answers[i]), 0);
		assert_int_equal(frame_get_answer(&payload, &in), 0);
		assert_true(in.id == answers[i].id);
		assert_int_equal(in.result, answers[i].result);
		assert_int_equal(in.reason, answers[i].reason);
		assert_true(in.delay_msec == answers[i].delay_msec);
		assert_true(in.one_time == answers[i].one_time);
		assert_true(in.retire == answers[i].retire);
		assert_string_equal(in.detail, answers[i].detail);
	}
	longest = answers[0];
	memset(longest.detail, 'd', FRAME_DETAIL_MAX - 1);
	longest.detail[FRAME_DETAIL_MAX - 1] = 0;
	assert_int_equal(frame_put_answer(&payload, &longest), 0);
	assert_int_equal(frame_get_answer(&payload, &in), 0);
	assert_string_equal(in.detail, longest.detail);
}

#define ID "\1\2\3\4\5\6\7\10"

static void
test_answer_bad(void **state)
{
	static const char good[] = ID "\1" "\0" "\0" "\0\0\0\0" "\0\1d";
	static const struct { const char *name, *bytes; size_t n; } rows[] = {
		ROW("unset", ID "\0" "\0" "\0" "\0\0\0\0" "\0\1d"),
		ROW("no result", ID "\5" "\0" "\0" "\0\0\0\0" "\0\1d"),
		ROW("no reason", ID "\1" "\377" "\0" "\0\0\0\0" "\0\1d"),
		ROW("unknown flag", ID "\1" "\0" "\4" "\0\0\0\0" "\0\1d"),
		ROW("NUL in detail", ID "\1" "\0" "\0" "\0\0\0\0" "\0\1\0"),
		ROW("short detail", ID "\1" "\0" "\0" "\0\0\0\0" "\0\2d"),
		ROW("left over", ID "\1" "\0" "\0" "\0\0\0\0" "\0\1dx")
	};
	static const char filler[FRAME_DETAIL_MAX] = "x";
	struct frame_answer in;
	size_t i;

	(void)state;
	for (i = 0; i <= sizeof(good) - 1; i++) {
		buf_reset(&payload);
		assert_int_equal(buf_put(&payload, good, i), 0);
		assert_int_equal(frame_get_answer(&payload, &in),
		    i == sizeof(good) - 1 ? 0 : -1);
		if (i < sizeof(good) - 1)
			assert_int_equal(in.result, AUTH_UNSET);
	}
	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&payload);
		assert_int_equal(buf_put(&payload, rows[i].bytes, rows[i].n),
		    0);
		assert_row(rows[i].name,
		    frame_get_answer(&payload, &in) == -1);
		assert_row(rows[i].name, in.result == AUTH_UNSET);
	}
	buf_reset(&payload);
	assert_int_equal(buf_put(&payload, good, sizeof(good) - 4), 0);
	assert_int_equal(buf_put_counted(&payload, filler, sizeof(filler)),
	    0);
	assert_int_equal(frame_get_answer(&payload, &in), -1);
}

extern char __bss_start[], _end[];	/* given by the linker */

/* Is it anywhere in the static storage of this program? Byte by byte and
 * unchecked: AddressSanitizer forbids to look between the variables. */
__attribute__((no_sanitize_address))
static bool
in_static_storage(const char *text, size_t n)
{
	const volatile char *p;
	size_t i;

	for (p = __bss_start; p + n <= _end; p++) {
		for (i = 0; i < n && p[i] == text[i]; i++)
			;
		if (i == n)
			return true;
	}
	return false;
}

static void
test_wiped(void **state)
{
	static char big[5000];
	struct secret s = SECRET_INIT;
	enum frame_type type;
	struct buf out;

	(void)state;
	freed_watch(MARK);
	memset(big, 'x', sizeof(big));
	memcpy(big + 3000, MARK, strlen(MARK));
	buf_init(&out, FRAME_MAX);
	assert_int_equal(buf_put_counted(&out, big, sizeof(big)), 0);
	assert_int_equal(frame_send(channel[0], FRAME_REQUEST, &out, -1),
	    FRAME_OK);
	buf_fini(&out);
	assert_int_equal(frame_recv(channel[1], &type, &payload, NULL),
	    FRAME_OK);
	assert_int_equal(buf_get_secret(&payload, sizeof(big), &s), 0);
	assert_non_null(memmem(s.bytes, s.len, MARK, strlen(MARK)));
	secret_wipe(&s);
	buf_fini(&payload);
	assert_int_equal(freed_finds(), 0);
	freed_watch(NULL);
	assert_true(in_static_storage(MARK, strlen(MARK)));
	memset(big, 0, sizeof(big));
	assert_false(in_static_storage(MARK, strlen(MARK)));
}

static void
test_parts(void **state)
{
	static struct frame_part out[FRAME_PARTS_MAX + 1];
	struct frame_part *in;
	size_t i, n;

	(void)state;
	for (i = 0; i <= FRAME_PARTS_MAX; i++) {
		memset(out[i].name, 'n', sizeof(out[i].name) - 1);
		memset(out[i].why, 'w', sizeof(out[i].why) - 1);
		out[i].up = i % 2 == 0;
		out[i].since_msec = INT64_MAX - (int64_t)i;
	}
	assert_int_equal(frame_put_parts(&payload, out, FRAME_PARTS_MAX), 0);
	assert_int_equal(frame_get_parts(&payload, &in, &n), 0);
	assert_int_equal(n, FRAME_PARTS_MAX);
	for (i = 0; i < n; i++) {
		assert_string_equal(in[i].name, out[i].name);
		assert_string_equal(in[i].why, out[i].why);
		assert_int_equal(in[i].up, out[i].up);
		assert_true(in[i].since_msec == out[i].since_msec);
	}
	free(in);
	assert_int_equal(frame_put_parts(&payload, out, n + 1), 0);
	assert_int_equal(frame_get_parts(&payload, &in, &n), -1);
	assert_null(in);
	buf_reset(&payload);
	assert_int_equal(frame_put_parts(&payload, NULL, 0), 0);
	assert_int_equal(frame_get_parts(&payload, &in, &n), 0);
	assert_null(in);
	assert_int_equal(n, 0);
}

static void
test_parts_bad(void **state)
{
	static const char good[] = "\0\0\0\2"
	    "\0\1a" "\1" "\0\0\0\0\0\0\0\7" "\0\0"
	    "\0\1b" "\0" "\0\0\0\0\0\0\0\7" "\0\1w";
	static const struct { const char *name, *bytes; size_t n; } rows[] = {
		ROW("left over", "\0\0\0\0" "x"),
		ROW("neither up nor down", "\0\0\0\1"
		    "\0\1a" "\2" "\0\0\0\0\0\0\0\7" "\0\0"),
		ROW("before time began", "\0\0\0\1"
		    "\0\1a" "\1" "\200\0\0\0\0\0\0\0" "\0\0"),
		ROW("NUL in name", "\0\0\0\1"
		    "\0\1\0" "\1" "\0\0\0\0\0\0\0\7" "\0\0"),
		ROW("more than memory", "\377\377\377\377")
	};
	struct frame_part *in;
	size_t i, n;

	(void)state;
	for (i = 0; i <= sizeof(good) - 1; i++) {
		buf_reset(&payload);
		assert_int_equal(buf_put(&payload, good, i), 0);
		assert_int_equal(frame_get_parts(&payload, &in, &n),
		    i == sizeof(good) - 1 ? 0 : -1);
		assert_int_equal(n, i == sizeof(good) - 1 ? 2 : 0);
		free(in);
	}
	for (i = 0; i < COUNT_OF(rows); i++) {
		buf_reset(&payload);
		assert_int_equal(buf_put(&payload, rows[i].bytes, rows[i].n),
		    0);
		assert_row(rows[i].name,
		    frame_get_parts(&payload, &in, &n) == -1);
		assert_null(in);
	}
}

static void
test_build_id(void **state)
{
	(void)state;
	assert_non_null(strstr(frame_build_id(), PACKAGE_VERSION));
	assert_ptr_equal(frame_build_id(), frame_build_id());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_stays_small),
		TEST(test_too_large),
		TEST(test_bad_types),
		TEST(test_last_words),
		TEST(test_again_and_eof),
		TEST(test_descriptor),
		TEST(test_bad_descriptors),
		TEST(test_dropped_descriptor),
		TEST(test_request),
		TEST(test_request_largest),
		TEST(test_request_bad),
		TEST(test_answer),
		TEST(test_answer_bad),
		TEST(test_parts),
		TEST(test_parts_bad),
		TEST(test_wiped),
		TEST(test_build_id)
	};

	/* The promise is that no SIGPIPE comes; it stays deadly here. */
	(void)signal(SIGPIPE, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
