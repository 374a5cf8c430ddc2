/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testsaslauthd - ask the daemon once, as libsasl2 would, and print its
 * answer. Flags and standard output are those of Cyrus' program of the same
 * name, which scripts compare word for word.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/compat/compat.h"
#include "common/errmsg.h"
#include "common/io.h"
#include "common/secret.h"
#include "common/str.h"
#include "common/wire.h"
#include "tools/ask.h"
#include "tools/password_input.h"

#define FIELD_MAX 65535		/* what a 16-bit length can say */
#define REQUEST_MAX (WIRE_FIELDS * (2 + FIELD_MAX))

/* Cyrus' program ended with -1 for a refusal. */
#define EXIT_REFUSED 255

struct question {
	const char *login, *service, *realm, *socket;
	const char *address;		/* NULL: four strings, no fifth */
	const char *password_file;
	struct secret password;
	bool has_password;
	long repeat;
};

static void
usage(const char *name)
{
	fprintf(stderr,
	    "%s: usage: %s -u username -p password\n"
	    "              [-r realm] [-s servicename]\n"
	    "              [-f socket path] [-R repeatnum]\n"
	    "              [-a clientaddr] [--password-file file]\n",
	    name, name);
}

static int
complain(const struct errmsg *e)
{
	fprintf(stderr, "%s\n", e->text);
	return -1;
}

/* Take a password out of the argument list, where ps(1) shows it. */
static int
take_argument(char *text, struct question *q)
{
	struct errmsg e = ERRMSG_INIT;
	size_t len = strlen(text);
	int rc;

	rc = secret_set(&q->password, text, len);
	explicit_bzero(text, len);
	if (rc == -1) {
		errmsg_set(&e, "out of memory");
		return complain(&e);
	}
	q->has_password = true;
	return 0;
}

/* 0, or -1 when the program is used wrongly. */
static int
parse_options(int argc, char **argv, struct question *q)
{
	static const struct option longs[] = {
		{ "password-file", required_argument, NULL, 'P' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "u:p:r:s:f:R:a:", longs,
	    NULL)) != -1) {
		switch (c) {
		case 'u': q->login = optarg; break;
		case 'r': q->realm = optarg; break;
		case 's': q->service = optarg; break;
		case 'f': q->socket = optarg; break;
		case 'a': q->address = optarg; break;
		case 'P': q->password_file = optarg; break;
		case 'p':
			if (take_argument(optarg, q) == -1)
				return -1;
			break;
		case 'R':
			if (str_to_long(optarg, 0, LONG_MAX,
			    &q->repeat) == -1)
				return -1;
			break;
		default:
			return -1;
		}
	}
	if (q->repeat == 0)
		q->repeat = 1;
	return q->login == NULL ? -1 : 0;
}

static int
get_password(struct question *q, struct errmsg *e)
{
	const char *path = q->password_file;
	int fd, rc;

	if (q->has_password)
		return 0;
	if (path == NULL && isatty(STDIN_FILENO))
		return password_read_tty(STDERR_FILENO, "Password: ",
		    &q->password, e);
	if (path == NULL || strcmp(path, "-") == 0)
		return password_read_line(STDIN_FILENO, FIELD_MAX,
		    &q->password, e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return errmsg_errno(e, errno, "%s", path);
	rc = password_read_line(fd, FIELD_MAX, &q->password, e);
	io_close(&fd);
	return rc;
}

/* Ask once and print; returns the exit status. */
static int
ask_once(const struct question *q, const struct buf *request)
{
	struct errmsg e = ERRMSG_INIT;
	char text[ASK_REPLY_MIN];

	switch (ask(q->socket, request, text, &e)) {
	case ASK_NO_DAEMON:
		(void)complain(&e);
		return EX_UNAVAILABLE;
	case ASK_FAILED:
		printf("NO \"temporary failure\"\n");
		(void)complain(&e);
		return EX_TEMPFAIL;
	case ASK_ANSWERED:
		break;
	}
	if (memcmp(text, "OK", sizeof(text)) != 0) {
		printf("NO \"authentication failed\"\n");
		return EXIT_REFUSED;
	}
	printf("OK \"Success.\"\n");
	return EX_OK;
}

static int
ask_repeatedly(struct question *q)
{
	int status = EX_USAGE;
	struct buf request;
	long i;

	buf_init(&request, REQUEST_MAX);
	if (wire_encode(&request, q->login, &q->password, q->service,
	    q->realm, q->address) == -1) {
		fprintf(stderr, "an argument is longer than %d bytes\n",
		    FIELD_MAX);
		goto out;
	}
	for (i = 0; i < q->repeat; i++) {
		printf("%ld: ", i);
		(void)fflush(stdout);	/* in front of any message */
		status = ask_once(q, &request);
		(void)fflush(stdout);
	}
out:
	buf_fini(&request);
	return status;
}

int
main(int argc, char **argv)
{
	struct question q = { .service = "imap", .realm = "",
	    .socket = RUNDIR "/mux", .repeat = 1 };
	struct errmsg e = ERRMSG_INIT;
	int status = EX_USAGE;

	if (parse_options(argc, argv, &q) == -1)
		usage(argv[0]);
	else if (get_password(&q, &e) == -1)
		(void)complain(&e);
	else
		status = ask_repeatedly(&q);
	secret_wipe(&q.password);
	return status;
}
