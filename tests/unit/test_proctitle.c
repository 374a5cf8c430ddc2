/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of compat/proctitle.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/compat/proctitle.h"
#include "tests/unit/unit.h"

#define SHOWN_SIZE 65536

static char comm_before[64];

/* A file of /proc as a string: what counts ends at the first NUL. */
static void
read_proc(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, to, size - 1);
	assert_true(n >= 0);
	to[n] = 0;
	(void)close(fd);
}

static void
test_shown(void **state)
{
	char shown[SHOWN_SIZE];

	(void)state;
	proctitle_set("saslauthd: %s %d", "worker", 12);
	read_proc("/proc/self/cmdline", shown, sizeof(shown));
	assert_string_equal(shown, "saslauthd: worker 12");
	proctitle_set("short");
	read_proc("/proc/self/cmdline", shown, sizeof(shown));
	assert_string_equal(shown, "short");
}

static void
test_longer_than_argv(void **state)
{
	char shown[SHOWN_SIZE], title[200];

	(void)state;
	memset(title, 'x', sizeof(title) - 1);
	title[sizeof(title) - 1] = 0;
	proctitle_set("%s", title);
	read_proc("/proc/self/cmdline", shown, sizeof(shown));
	assert_string_equal(shown, title);
}

/* One that fits nowhere is cut and hurts nobody. */
static void
test_too_long(void **state)
{
	static char title[4 * 1024 * 1024];
	char shown[SHOWN_SIZE];

	(void)state;
	memset(title, 'y', sizeof(title) - 1);
	proctitle_set("%s", title);
	read_proc("/proc/self/cmdline", shown, sizeof(shown));
	assert_memory_equal(shown, "yyyyyyyyyy", 10);
}

static void
test_rest_unharmed(void **state)
{
	char comm[64];

	(void)state;
	assert_string_equal(getenv("PROCTITLE_FIRST"), "one");
	assert_int_equal(setenv("PROCTITLE_SECOND", "two", 1), 0);
	assert_string_equal(getenv("PROCTITLE_SECOND"), "two");
	read_proc("/proc/self/comm", comm, sizeof(comm));
	assert_string_equal(comm, comm_before);
}

int
main(int argc, char **argv)
{
	static char filler[400];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_longer_than_argv),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_rest_unharmed)
	};

	/* Run once more with an environment of a known size. */
	if (getenv("PROCTITLE_FIRST") == NULL) {
		memset(filler, 'f', sizeof(filler) - 1);
		(void)setenv("PROCTITLE_FILLER", filler, 1);
		(void)setenv("PROCTITLE_FIRST", "one", 1);
		(void)execv(argv[0], argv);
		return 1;
	}
	proctitle_set("nothing yet");	/* before init: without effect */
	proctitle_init(argc, argv);
	read_proc("/proc/self/comm", comm_before, sizeof(comm_before));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
