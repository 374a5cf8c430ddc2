/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loglines - what the code under test logs, line by line.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io.h"
#include "common/log.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define LINE_SIZE (LOG_LINE_MAX + 200)	/* with priority, time, ident */

static int ends[2] = { -1, -1 };
static int priority;

void
loglines_open(bool verbose)
{
	loglines_close();
	/* Not SOCK_DGRAM: the kernel keeps but ten datagrams. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, ends), 0);
	log_open_fd("saslauthd", false, verbose, ends[0], NULL);
}

void
loglines_close(void)
{
	log_open_fd("saslauthd", false, false, -1, NULL);
	io_close(&ends[0]);
	io_close(&ends[1]);
}

const char *
loglines_next(void)
{
	static char line[LINE_SIZE];
	const char *text;
	ssize_t n;

	n = read(ends[1], line, sizeof(line) - 1);
	if (n <= 0)
		return "";
	line[n] = '\0';
	priority = (int)strtol(line + 1, NULL, 10) & LOG_PRIMASK;
	text = strstr(line, "]: ");
	assert_non_null(text);
	return text + 3;
}

int
loglines_priority(void)
{
	return priority;
}

unsigned
loglines_count(const char *text)
{
	unsigned count = 0;
	const char *line;

	while ((line = loglines_next())[0] != '\0')
		if (strstr(line, text) != NULL)
			count++;
	return count;
}
