/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of limits: its memory. Bounded, taken over by the next process,
 * and never trusted. test_limits.c has the rules.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "front/limits.h"
#include "tests/unit/unit.h"

#define DEFAULT_BYTES (8192 * 1024)
#define SMALL_BYTES (64 * 1024)
#define LEAST_BYTES (36 * 1024)
#define IDENTITY_LIMIT 3
#define ADDRESS_LIMIT 4
#define WINDOW_MSEC 600000
#define CORRUPTIONS 10000
#define KILLS 100
#define A "192.0.2.1"
/* As tries.c lays them out. */
#define HEADER_BYTES 48
#define ENTRY_BYTES 32
#define PAIR_BYTES 24
#define B "2001:db8::1"

/* A sanitizer's own memory is not ours. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static struct networks exempt;
static struct limits *limits;
static int64_t now;

static struct limits_config
config_of(size_t bytes)
{
	return (struct limits_config){
		bytes, IDENTITY_LIMIT, ADDRESS_LIMIT, 0, WINDOW_MSEC, &exempt
	};
}

static int
memory_of(size_t bytes)
{
	int fd = memfd_create("test_limits", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static void
begin(size_t bytes, int fd)
{
	struct limits_config config = config_of(bytes);

	limits = limits_new(&config, fd, NULL);
	assert_non_null(limits);
}

/* As after a crash: the next one begins, and the old one is just gone. */
static void
take_over(size_t bytes, int fd)
{
	struct limits *old = limits;

	begin(bytes, fd);
	limits_free(old);
}

static void
end(void)
{
	limits_free(limits);
	limits = NULL;
}

static void
wrong(const char *identity, const char *address, unsigned password)
{
	const struct limits_who w = { identity, address };
	struct secret s = { (unsigned char *)&password, sizeof(password), 0 };

	limits_wrong(limits, &w, &s, now);
}

static void
right(const char *identity, const char *address)
{
	const struct limits_who w = { identity, address };

	limits_right(limits, &w, now);
}

static struct limits_state
state_of(const char *identity, const char *address)
{
	const struct limits_who w = { identity, address };
	struct limits_state s;

	limits_state(limits, &w, now, &s);
	return s;
}

static struct limits_stats
stats(void)
{
	struct limits_stats s;

	limits_stats(limits, now, &s);
	return s;
}

static const char *
name_of(unsigned i)
{
	static char name[16];

	(void)snprintf(name, sizeof(name), "user%u", i);
	return name;
}

static const char *
address_of(unsigned i)
{
	static char text[16];

	(void)snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255,
	    i >> 8 & 255, i & 255);
	return text;
}

/* The oldest tries go, known pairs stay. */
static void
test_flood(void **state)
{
	size_t max, i;

	(void)state;
	begin(SMALL_BYTES, -1);
	now = 1;
	right("joe", A);
	max = stats().tries_max;
	for (i = 0; i < max; i++, now++)
		wrong(name_of((unsigned)i), address_of((unsigned)i), 0);
	assert_int_equal(stats().tries, max);
	assert_int_equal(stats().evicted, 0);
	/* Seen again: no longer the oldest. */
	wrong(name_of(0), address_of(0), 0);
	for (; i < 3 * max - 1; i++, now++) {
		wrong(name_of((unsigned)i), address_of((unsigned)i), 0);
		assert_int_equal(stats().tries, max);
		assert_int_equal(stats().evicted, i + 1 - max);
		/* The oldest, now and before. */
		assert_int_equal(state_of(name_of((unsigned)(i - max + 1)),
		    "").identity, i < 2 * max - 1 ? 0 : 1);
		assert_int_equal(state_of(name_of(0), "").identity,
		    i < 2 * max - 1 ? 1 : 0);
	}
	assert_true(state_of("joe", A).known);
	assert_int_equal(stats().identities_over, 0);
	end();
}

/* Only successes push known pairs out: the one not used for longest. */
static void
test_pairs_are_bounded(void **state)
{
	size_t max, i;

	(void)state;
	begin(SMALL_BYTES, -1);
	now = 1;
	max = stats().tries_max;
	for (i = 0; i < max; i++, now++)
		right(name_of((unsigned)i), A);
	right(name_of(0), A);
	assert_true(state_of(name_of(1), A).known);
	right("joe", A);
	assert_true(state_of(name_of(0), A).known);
	assert_false(state_of(name_of(1), A).known);
	assert_true(state_of(name_of(2), A).known);
	assert_true(state_of("joe", A).known);
	end();
}

/* Exact, other than the statm of proc(5), and without the libraries. */
static size_t
resident(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	unsigned long kb, sum = 0;
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Pss_Anon: %lu kB", &kb) == 1 ||
		    sscanf(line, "Pss_Shmem: %lu kB", &kb) == 1)
			sum += kb;
	(void)fclose(f);
	assert_true(sum > 0);
	return sum * 1024;
}

static void
fill(size_t count)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		wrong(name_of(i), address_of(i), 0);
		right(name_of(i), address_of(i));
	}
}

/* All of it, with everything full, and next to nothing when empty. */
static void
test_memory(void **state)
{
	int fd = memory_of(DEFAULT_BYTES);
	size_t before, max;

	(void)state;
	now = 1;
	/* So that what the libraries need is there. */
	begin(SMALL_BYTES, -1);
	fill(2 * stats().tries_max);
	end();
	before = resident();
	begin(DEFAULT_BYTES, fd);
	if (!RUNNING_ON_VALGRIND)
		assert_true(resident() - before < 256 * 1024);
	max = stats().tries_max;
	assert_true(max >= 50000);
	fill(max);
	assert_int_equal(stats().tries, max);
	assert_int_equal(stats().evicted, 0);
	if (!SANITIZED && !RUNNING_ON_VALGRIND)
		assert_true(resident() - before < DEFAULT_BYTES);
	end();
	(void)close(fd);
}

static void
test_take_over(void **state)
{
	int fd = memory_of(SMALL_BYTES);

	(void)state;
	begin(SMALL_BYTES, fd);
	now = 1000;
	wrong("joe", A, 1);
	wrong("joe", A, 2);
	wrong("ann", "", 1);
	now += 10;
	wrong("joe", B, 1);
	wrong("joe", B, 3);
	right("joe", A);
	wrong("gone", A, 1);
	limits_forget(limits, "gone");
	take_over(SMALL_BYTES, fd);
	assert_int_equal(stats().tries, 5);
	assert_int_equal(stats().identities_over, 1);
	assert_int_equal(state_of("joe", A).identity, 3);
	assert_int_equal(state_of("joe", A).pair, 2);
	assert_int_equal(state_of("joe", A).address, 2);
	assert_int_equal(state_of("joe", B).address, 2);
	assert_int_equal(state_of("ann", "").identity, 1);
	assert_int_equal(state_of("gone", A).identity, 0);
	assert_true(state_of("joe", A).known);
	assert_false(state_of("joe", B).known);
	/* The order is as before, the window, too. */
	wrong("joe", A, 2);
	assert_int_equal(stats().tries, 5);
	now = 1001 + WINDOW_MSEC;
	assert_int_equal(stats().tries, 3);
	assert_int_equal(state_of("joe", A).identity, 3);
	take_over(SMALL_BYTES, fd);
	assert_int_equal(state_of("joe", A).identity, 3);
	now += 10;
	assert_int_equal(stats().tries, 0);
	assert_true(state_of("joe", A).known);
	end();
	(void)close(fd);
}

static void
expect_empty(void)
{
	assert_int_equal(stats().tries, 0);
	assert_int_equal(stats().identities_over, 0);
	assert_int_equal(stats().addresses_over, 0);
	assert_int_equal(state_of("joe", A).identity, 0);
	assert_false(state_of("joe", A).known);
	/* And it works. */
	wrong("joe", A, 1);
	assert_int_equal(state_of("joe", A).identity, 1);
}

/* Times ahead of the clock are not of this run of the machine. */
static void
test_future(void **state)
{
	int fd = memory_of(SMALL_BYTES), i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin(SMALL_BYTES, fd);
		now = 5000;
		if (i == 0)
			wrong("joe", A, 1);
		right("joe", A);
		now = 4999;
		take_over(SMALL_BYTES, fd);
		expect_empty();
		take_over(SMALL_BYTES, fd);
		assert_int_equal(state_of("joe", A).identity, 1);
		end();
		(void)close(fd);
		fd = memory_of(SMALL_BYTES);
	}
	(void)close(fd);
}

/* Another size, and what was never ours. */
static void
test_not_ours(void **state)
{
	static char junk[SMALL_BYTES];
	int fd = memory_of(DEFAULT_BYTES);

	(void)state;
	begin(SMALL_BYTES, fd);
	now = 1000;
	wrong("joe", A, 1);
	right("joe", A);
	take_over(SMALL_BYTES + 1000, fd);
	expect_empty();
	take_over(DEFAULT_BYTES, fd);
	expect_empty();
	memset(junk, 'x', sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 0), sizeof(junk));
	take_over(DEFAULT_BYTES, fd);
	expect_empty();
	end();
	(void)close(fd);
}

/* What was damaged into a copy of another is not counted twice. */
static void
test_duplicates(void **state)
{
	unsigned char entry[ENTRY_BYTES];
	int fd = memory_of(SMALL_BYTES);
	size_t pairs;

	(void)state;
	begin(SMALL_BYTES, fd);
	now = 1000;
	wrong("joe", A, 1);
	right("joe", A);
	pairs = HEADER_BYTES + stats().tries_max * ENTRY_BYTES;
	assert_int_equal(pread(fd, entry, ENTRY_BYTES, HEADER_BYTES),
	    ENTRY_BYTES);
	assert_int_equal(pwrite(fd, entry, ENTRY_BYTES, HEADER_BYTES +
	    7 * ENTRY_BYTES), ENTRY_BYTES);
	assert_int_equal(pread(fd, entry, PAIR_BYTES, (off_t)pairs),
	    PAIR_BYTES);
	assert_int_equal(pwrite(fd, entry, PAIR_BYTES, (off_t)pairs +
	    7 * PAIR_BYTES), PAIR_BYTES);
	take_over(SMALL_BYTES, fd);
	assert_int_equal(stats().tries, 1);
	assert_int_equal(state_of("joe", A).pair, 1);
	assert_true(state_of("joe", A).known);
	end();
	(void)close(fd);
}

static void
test_too_small(void **state)
{
	struct limits_config config = config_of(DEFAULT_BYTES);
	struct errmsg e = ERRMSG_INIT;
	int fd = memory_of(SMALL_BYTES);

	(void)state;
	assert_null(limits_new(&config, fd, &e));
	assert_string_equal(e.text, "the memory for tries is too small");
	assert_int_equal(close(fd), 0);
	assert_null(limits_new(&config, fd, &e));
	/* Less than anything: it holds one try. */
	begin(1, -1);
	now = 1;
	wrong("joe", A, 1);
	wrong("ann", A, 1);
	assert_int_equal(stats().tries, 1);
	assert_int_equal(stats().tries_max, 1);
	assert_int_equal(state_of("ann", A).identity, 1);
	end();
}

/* One try after the other until killed; *done: how many are complete. */
static void
guess(int fd, volatile unsigned *done)
{
	unsigned i;

	begin(SMALL_BYTES, fd);
	for (i = 1;; i++) {
		now = i;
		wrong(name_of(i % 1000), address_of(i), i);
		right(name_of(i), A);
		*done = i;
	}
}

/* Killed anywhere, it loses at most what was not complete. */
static void
test_killed(void **state)
{
	const struct timespec nap = { 0, 300000 };
	volatile unsigned *done;
	unsigned n, i, max, last;
	pid_t pid;
	int fd;

	(void)state;
	done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(done != MAP_FAILED);
	for (n = 0; n < KILLS; n++) {
		fd = memory_of(SMALL_BYTES);
		*done = 0;
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			guess(fd, done);
		/* Past the first round, where tries push others out. */
		while (*done < 500 + n) {
			assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
			(void)nanosleep(&nap, NULL);
		}
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		last = *done;
		now = last + 1;
		begin(SMALL_BYTES, fd);
		max = (unsigned)stats().tries_max;
		assert_in_range(stats().tries, max - 1, max);
		for (i = last; i > last + 1 - max; i--) {
			assert_int_equal(state_of("", address_of(i)).address,
			    1);
			assert_true(state_of(name_of(i), A).known);
		}
		end();
		(void)close(fd);
	}
	(void)munmap((void *)done, sizeof(*done));
}

static void
use(unsigned rounds)
{
	unsigned i;

	for (i = 0; i < rounds; i++, now++) {
		const struct limits_who w = {
			name_of((unsigned)random() % 8),
			random() % 4 == 0 ? "" :
			    address_of((unsigned)random() % 8)
		};

		switch (random() % 8) {
		case 0:
			limits_right(limits, &w, now);
			break;
		case 1:
			limits_forget(limits, w.identity);
			break;
		case 2:
			(void)limits_try(limits, &w, now);
			break;
		default:
			wrong(w.identity, w.address,
			    (unsigned)random() % 8);
			break;
		}
	}
	assert_true(stats().tries <= stats().tries_max);
}

/* Entries copied over others, besides flipped bytes: duplicates. */
static void
corrupt(int fd, size_t used)
{
	unsigned char bytes[64];
	size_t n = (size_t)random() % sizeof(bytes) + 1, i;
	off_t to = random() % (off_t)(used - sizeof(bytes));

	if (random() % 2 == 0) {
		for (i = 0; i < n; i++)
			bytes[i] = (unsigned char)random();
	} else {
		n = sizeof(bytes);
		assert_int_equal(pread(fd, bytes, n, random() %
		    (off_t)(used - n) / 16 * 16), n);
		to = to / 16 * 16;
	}
	/* The header is a small part, and all of it is to be hit. */
	if (random() % 4 == 0)
		to %= 64;
	assert_int_equal(pwrite(fd, bytes, n, to), n);
}

static void
test_corrupted(void **state)
{
	unsigned i, j, rounds = RUNNING_ON_VALGRIND ? 500 : CORRUPTIONS;
	int fd = memory_of(LEAST_BYTES);

	(void)state;
	srandom(2);
	now = 1000000;
	begin(LEAST_BYTES, fd);
	for (i = 0; i < rounds; i++) {
		use(40);
		for (j = (unsigned)random() % 4; j <= 4; j++)
			/* Where entries lie: a third, for the least. */
			corrupt(fd, 1200);
		take_over(LEAST_BYTES, fd);
		now += random() % 1000;
	}
	use(1000);
	end();
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_pairs_are_bounded),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_take_over),
		cmocka_unit_test(test_future),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_corrupted)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
