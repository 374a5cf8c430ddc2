/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasldblistusers2 - list the users of the user database.
 *
 * Output and exit statuses are those of Cyrus SASL's program of this name;
 * scripts count its lines.
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/errmsg.h"
#include "mechanisms/user_db.h"

static int
usage(void)
{
	fputs("sasldblistusers2: usage: sasldblistusers2 [-v] [[-f] sasldb]\n"
	    "\t-f sasldb\tfile of the user database\n"
	    "\t-v\tprint the version and exit\n", stderr);
	return EXIT_FAILURE;
}

/* -1: go on; else the exit status. */
static int
parse_options(int argc, char **argv, const char **path_r)
{
	int opt;

	*path_r = NULL;
	while ((opt = getopt(argc, argv, "vf:")) != -1)
		switch (opt) {
		case 'v':
			fprintf(stderr, "sasldblistusers2 %s\n",
			    PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'f':
			*path_r = optarg;
			break;
		default:
			return usage();
		}
	if (optind < argc && *path_r == NULL)
		*path_r = argv[optind++];
	if (optind != argc)
		return usage();
	if (*path_r == NULL)
		*path_r = USER_DB_DEFAULT_PATH;
	return -1;
}

static bool
print_user(void *ctx, const char *user, const char *realm,
    const struct user_db_entry *entry)
{
	(void)ctx;
	(void)entry;
	/* The property under which Cyrus SASL keeps a password. */
	return printf("%s@%s: userPassword\n", user, realm) > 0;
}

int
main(int argc, char **argv)
{
	struct errmsg e = ERRMSG_INIT;
	struct user_db *db;
	const char *path;
	int status, rc = -1;

	status = parse_options(argc, argv, &path);
	if (status != -1)
		return status;
	if (user_db_act_as_owner(path, &e) == 0 &&
	    user_db_open(path, USER_DB_READ, &db, NULL, &e) == 0) {
		rc = user_db_each(db, print_user, NULL, &e);
		user_db_close(db);
	}
	if (rc == -1) {
		/* Scripts rely on status 0 where there is no file yet. */
		fprintf(stderr, "sasldblistusers2: %s\nlistusers failed\n",
		    e.text);
		return EXIT_SUCCESS;
	}
	if (fflush(stdout) == EOF || ferror(stdout)) {
		fprintf(stderr, "sasldblistusers2: output: %s\n",
		    strerror(errno));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
