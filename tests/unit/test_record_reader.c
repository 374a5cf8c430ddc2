/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_reader: records however the bytes arrive, lines counted, and nothing
 * longer than the block believed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/record_reader.h"

/* A descriptor on which text arrives `piece` bytes at a time. */
static int
arriving(const char *text, size_t len, size_t piece, pid_t *pid_r)
{
	int fds[2];
	size_t n;

	assert_int_equal(pipe(fds), 0);
	*pid_r = fork();
	assert_true(*pid_r != -1);
	if (*pid_r > 0) {
		close(fds[1]);
		return fds[0];
	}
	for (; len > 0; text += n, len -= n) {
		n = len < piece ? len : piece;
		if (write(fds[1], text, n) != (ssize_t)n)
			_exit(1);
	}
	_exit(0);
}

static void
finish(struct record_reader *r, pid_t pid)
{
	record_reader_fini(r);
	close(r->fd);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
expect(struct record_reader *r, bool quotes, const char *wanted,
    unsigned long line)
{
	struct errmsg e = ERRMSG_INIT;
	char *text;
	size_t len;

	assert_int_equal(record_reader_next(r, quotes, &text, &len, &e), 1);
	assert_int_equal(len, strlen(wanted));
	assert_string_equal(text, wanted);
	assert_int_equal(r->line, line);
}

static void
expect_end(struct record_reader *r, bool quotes)
{
	char *text;
	size_t len;

	assert_int_equal(record_reader_next(r, quotes, &text, &len, NULL), 0);
	assert_int_equal(record_reader_next(r, quotes, &text, &len, NULL), 0);
}

static void
test_lines(void **state)
{
	static const char text[] = "one\n\ntwo\r\n\"three\nfour\rfive\nsix";
	size_t piece;

	(void)state;
	for (piece = 1; piece <= sizeof(text); piece++) {
		pid_t pid;
		struct record_reader r = RECORD_READER_INIT(
		    arriving(text, strlen(text), piece, &pid));

		expect(&r, false, "one", 1);
		expect(&r, false, "", 2);
		expect(&r, false, "two", 3);
		expect(&r, false, "\"three", 4);
		expect(&r, false, "four\rfive", 5);
		expect(&r, false, "six", 6);
		expect_end(&r, false);
		finish(&r, pid);
	}
}

static void
test_quotes(void **state)
{
	static const char text[] = "a,\"b\nc\"\n\"\"\"\n\"\"\",d\ne\n";
	size_t piece;

	(void)state;
	for (piece = 1; piece <= sizeof(text); piece++) {
		pid_t pid;
		struct record_reader r = RECORD_READER_INIT(
		    arriving(text, strlen(text), piece, &pid));

		expect(&r, true, "a,\"b\nc\"", 1);
		expect(&r, true, "\"\"\"\n\"\"\",d", 3);
		expect(&r, true, "e", 5);
		expect_end(&r, true);
		finish(&r, pid);
	}
}

static void
refused(const char *text, size_t len, bool quotes, const char *words)
{
	struct errmsg e = ERRMSG_INIT;
	char *record;
	size_t n;
	pid_t pid;
	struct record_reader r = RECORD_READER_INIT(
	    arriving(text, len, len, &pid));

	assert_int_equal(record_reader_next(&r, quotes, &record, &n, &e), -1);
	assert_non_null(strstr(e.text, words));
	finish(&r, pid);
}

static void
test_refused(void **state)
{
	char *text = malloc(RECORD_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', RECORD_MAX + 1);
	refused(text, RECORD_MAX + 1, false, "longer than");
	refused("a,\"b\nc\n", 7, true, "never closed");
	free(text);
}

/* Records of the greatest length, one behind the other. */
static void
test_longest(void **state)
{
	char *text = malloc(3 * (RECORD_MAX + 1)), *got;
	struct errmsg e = ERRMSG_INIT;
	size_t i, len;
	pid_t pid;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 3 * (RECORD_MAX + 1));
	for (i = 1; i <= 3; i++)
		text[i * (RECORD_MAX + 1) - 1] = '\n';
	struct record_reader r = RECORD_READER_INIT(
	    arriving(text, 3 * (RECORD_MAX + 1), 4096, &pid));

	for (i = 1; i <= 3; i++) {
		assert_int_equal(record_reader_next(&r, false, &got, &len,
		    &e), 1);
		assert_int_equal(len, RECORD_MAX);
		assert_int_equal(strlen(got), RECORD_MAX);
	}
	expect_end(&r, false);
	finish(&r, pid);
	free(text);
}

static void
test_empty(void **state)
{
	pid_t pid;
	struct record_reader r = RECORD_READER_INIT(
	    arriving("", 0, 1, &pid));

	(void)state;
	expect_end(&r, true);
	finish(&r, pid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
