/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask FILE - call at the door there as libsasl2 does, with standard input,
 * and write the reply to standard output.
 *
 * Exit status: 0, 3 when the reply is longer than libsasl2 takes, 4 when the
 * call failed, 5 when the file cannot be opened: standard error has errno.
 */
#include "config.h"

#include <door.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPLY_SIZE 1024		/* libsasl2's buffer */
#define REQUEST_MAX (1024 * 1024)

static char request[REQUEST_MAX], reply[REPLY_SIZE];

static int
fail(int status)
{
	fprintf(stderr, "%d", errno);
	return status;
}

static size_t
read_request(void)
{
	size_t size = 0;
	ssize_t n;

	while ((n = read(STDIN_FILENO, request + size,
	    sizeof(request) - size)) > 0)
		size += (size_t)n;
	return size;
}

int
main(int argc, char **argv)
{
	door_arg_t arg = { .data_ptr = request, .rbuf = reply,
	    .rsize = sizeof(reply) };
	int fd;

	if (argc != 2)
		return EXIT_FAILURE;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(5);
	arg.data_size = read_request();
	if (door_call(fd, &arg) != 0)
		return fail(4);
	if (arg.rbuf != reply || arg.data_size >= sizeof(reply))
		return 3;
	return fwrite(reply, 1, arg.data_size, stdout) == arg.data_size &&
	    fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
