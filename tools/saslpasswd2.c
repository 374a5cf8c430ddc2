/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saslpasswd2 - set or delete a password in the user database.
 *
 * Flags, prompts and exit statuses are those of Cyrus SASL's program of this
 * name; scripts and web mailers call it.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/errmsg.h"
#include "common/secret.h"
#include "common/str.h"
#include "mechanisms/passhash.h"
#include "mechanisms/user_db.h"
#include "tools/password_input.h"

/* The absolute values of libsasl2's error codes (sasl.h). */
#define EXIT_FAIL 1
#define EXIT_BADPARAM 7

#define PASSWORD_MAX 2048	/* bytes; what the program always read */

struct options {
	bool delete, create, no_store, pipe;
	const char *app, *path, *domain;
	const char *userid;
};

struct account {
	char *user;
	char *realm;
};

static int
complain(int status, const char *text)
{
	fprintf(stderr, "saslpasswd2: %s\n", text);
	return status;
}

static int
usage(void)
{
	fputs("saslpasswd2: usage: saslpasswd2 [-v] [-c [-p] [-n]] [-d] "
	    "[-a appname] [-f sasldb] [-u DOM] userid\n"
	    "\t-p\tpipe mode: no prompt, the password is read from standard "
	    "input\n"
	    "\t-c\tcreate the user (so does every change)\n"
	    "\t-d\tdelete the user\n"
	    "\t-n\tstore no password, that is: nothing\n"
	    "\t-f sasldb\tfile of the user database\n"
	    "\t-a appname\taccepted and not used\n"
	    "\t-u DOM\trealm of the user, if userid has none\n"
	    "\t-v\tprint the version and exit\n", stderr);
	return EXIT_FAIL;
}

/* -1: go on; else the exit status. */
static int
parse_options(int argc, char **argv, struct options *o)
{
	int opt;

	while ((opt = getopt(argc, argv, "vcdnpa:f:u:")) != -1)
		switch (opt) {
		case 'v':
			fprintf(stderr, "saslpasswd2 %s\n", PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'c':
			o->create = true;
			break;
		case 'd':
			o->delete = true;
			break;
		case 'n':
			o->no_store = true;
			break;
		case 'p':
			o->pipe = true;
			break;
		case 'a':
			o->app = optarg;
			break;
		case 'f':
			o->path = optarg;
			break;
		case 'u':
			o->domain = optarg;
			break;
		default:
			return usage();
		}
	if (o->app != NULL && strchr(o->app, '/') != NULL) {
		fputs("appname must not contain /\n", stderr);
		return EXIT_FAIL;
	}
	if (optind != argc - 1 || (o->create && o->delete))
		return usage();
	o->userid = argv[optind];
	return -1;
}

/* user@dom, else the option, else this host's name. */
static int
account_parse(const struct options *o, struct account *a, struct errmsg *e)
{
	const char *at = strchr(o->userid, '@');
	char host[HOST_NAME_MAX + 1];
	const char *realm;

	if (at != NULL)
		realm = at + 1;
	else if (o->domain != NULL && o->domain[0] != '\0')
		realm = o->domain;
	else if (gethostname(host, sizeof(host)) == 0)
		realm = host;
	else
		return errmsg_errno(e, errno, "gethostname");
	a->user = at != NULL ?
	    strndup(o->userid, (size_t)(at - o->userid)) : strdup(o->userid);
	a->realm = strdup(realm);
	if (a->user == NULL || a->realm == NULL)
		return errmsg_errno(e, ENOMEM, "account");
	return 0;
}

static void
account_fini(struct account *a)
{
	free(a->user);
	free(a->realm);
}

static int
ask_twice(struct secret *pw, struct errmsg *e)
{
	struct secret again = SECRET_INIT;
	int rc = -1;

	if (password_read_tty("Password: ", pw, e) == -1 ||
	    password_read_tty("Again (for verification): ", &again, e) == -1)
		goto out;
	if (secret_equal(pw, &again))
		rc = 0;
	else
		errmsg_set(e, "passwords don't match; aborting");
out:
	secret_wipe(&again);
	return rc;
}

static int
obtain_password(const struct options *o, struct secret *pw, struct errmsg *e)
{
	int rc;

	if (o->pipe || !isatty(STDIN_FILENO))
		rc = password_read_fd(STDIN_FILENO, PASSWORD_MAX, pw, e);
	else
		rc = ask_twice(pw, e);
	if (rc == -1)
		return -1;
	if (pw->len == 0)
		return errmsg_set(e, "invalid parameter supplied");
	if (secret_has_nul(pw))
		return errmsg_set(e, "the password has a NUL byte in it");
	return 0;
}

static int
store(const struct options *o, const struct account *a,
    const struct user_db_entry *entry, struct errmsg *e)
{
	struct user_db *db;
	int rc;

	if (user_db_act_as_owner(o->path, e) == -1 ||
	    user_db_open(o->path, USER_DB_CREATE, &db, NULL, e) == -1)
		return -1;
	rc = user_db_put(db, a->user, a->realm, entry, e);
	user_db_close(db);
	return rc;
}

/* An exit status. */
static int
set_password(const struct options *o, const struct account *a)
{
	struct secret pw = SECRET_INIT;
	struct user_db_entry entry;
	struct errmsg e = ERRMSG_INIT;
	int status = EXIT_BADPARAM;

	if (obtain_password(o, &pw, &e) == -1) {
		complain(status, e.text);
		goto out;
	}
	if (o->no_store) {
		status = complain(EXIT_SUCCESS, "nothing was stored, as -n "
		    "asked for");
		goto out;
	}
	entry.changed_sec = (int64_t)time(NULL);
	if (passhash_make(NULL, 0, &pw, entry.hash, sizeof(entry.hash),
	    &e) == -1)
		complain(status, e.text);
	else if (store(o, a, &entry, &e) == -1)
		status = complain(EXIT_FAIL, e.text);
	else
		status = EXIT_SUCCESS;
out:
	secret_wipe(&pw);
	return status;
}

/* An exit status. That the user was not there is none of our business. */
static int
delete_user(const struct options *o, const struct account *a)
{
	enum user_db_found found = USER_DB_ERROR;
	struct errmsg e = ERRMSG_INIT;
	struct user_db *db;
	int errnum = 0;

	if (user_db_act_as_owner(o->path, &e) == 0 &&
	    user_db_open(o->path, USER_DB_WRITE, &db, &errnum, &e) == 0) {
		found = user_db_delete(db, a->user, a->realm, &e);
		user_db_close(db);
	}
	/* Nobody is in a database that is not there. */
	if (errnum == ENOENT)
		return EXIT_SUCCESS;
	if (found == USER_DB_ERROR)
		return complain(EXIT_FAIL, e.text);
	return EXIT_SUCCESS;
}

/* The lines that Cyrus SASL left in the log. */
static void
log_outcome(const struct account *a, int status)
{
	char user[STR_ESCAPED_SIZE];

	str_escape_log(user, sizeof(user), a->user, strlen(a->user));
	openlog("saslpasswd2", LOG_PID, LOG_AUTH);
	if (status == EXIT_SUCCESS)
		syslog(LOG_NOTICE, "setpass succeeded for %s", user);
	else
		syslog(LOG_NOTICE, "setpass failed for %s", user);
}

int
main(int argc, char **argv)
{
	struct options o = { .path = USER_DB_DEFAULT_PATH };
	struct account a = { NULL, NULL };
	struct errmsg e = ERRMSG_INIT;
	int status;

	status = parse_options(argc, argv, &o);
	if (status != -1)
		return status;
	if (account_parse(&o, &a, &e) == -1) {
		status = complain(EXIT_FAIL, e.text);
		goto out;
	}
	status = o.delete ? delete_user(&o, &a) : set_password(&o, &a);
	if (!o.no_store)
		log_outcome(&a, status);
out:
	account_fini(&a);
	return status;
}
