/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_user - see passwd_user.h.
 */
#include "config.h"

#include "tools/passwd_user.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "tools/passwd_store.h"
#include "tools/password_input.h"

#define PASSWORD_MAX 2048	/* bytes; what the program always read */

/* On standard output, where programs that type for people look for it. */
static int
ask(const char *prompt, struct secret *pw, struct errmsg *e)
{
	return password_read_tty(STDOUT_FILENO, prompt, pw, e);
}

static int
ask_twice(struct secret *pw, struct errmsg *e)
{
	struct secret again = SECRET_INIT;
	int rc = -1;

	if (ask("Password: ", pw, e) == -1 ||
	    ask("Again (for verification): ", &again, e) == -1)
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
obtain_password(const struct passwd_options *o, struct secret *pw,
    struct errmsg *e)
{
	int rc;

	if (o->pipe || !isatty(STDIN_FILENO))
		rc = password_read_fd(STDIN_FILENO, PASSWORD_MAX, pw, e);
	else if (o->action == PASSWD_VERIFY)
		rc = ask("Password: ", pw, e);
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
store(const struct passwd_options *o, enum user_db_layout layout,
    const char *user, const char *realm, const struct user_db_entry *entry,
    struct errmsg *e)
{
	struct user_db *db;
	int rc;

	if (passwd_store_open(o, layout, &db, e) == -1)
		return -1;
	rc = user_db_put(db, user, realm, entry, e);
	user_db_close(db);
	return rc;
}

int
passwd_user_set(const struct passwd_options *o, const char *user,
    const char *realm)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct secret pw = SECRET_INIT;
	struct errmsg e = ERRMSG_INIT;
	enum user_db_layout layout;
	int status = PASSWD_EXIT_BADPARAM;

	if (obtain_password(o, &pw, &e) == -1) {
		passwd_complain(status, e.text);
		goto out;
	}
	if (o->no_store) {
		status = passwd_complain(EXIT_SUCCESS, "nothing was stored, "
		    "as -n asked for");
		goto out;
	}
	if (passwd_store_layout(o, &layout, &e) == -1) {
		status = passwd_complain(PASSWD_EXIT_FAIL, e.text);
	} else if (passwd_store_entry(o, passwd_store_keeps_plain(o, layout),
	    &pw, &entry, &e) == -1) {
		passwd_complain(status, e.text);
	} else if (store(o, layout, user, realm, &entry, &e) == -1) {
		status = passwd_complain(PASSWD_EXIT_FAIL, e.text);
	} else {
		passwd_store_remarks(o, entry.is_plain ? 1 : 0);
		status = EXIT_SUCCESS;
	}
out:
	user_db_entry_fini(&entry);
	secret_wipe(&pw);
	return status;
}

static int
judge(const struct user_db_entry *entry, const struct secret *pw)
{
	struct errmsg e = ERRMSG_INIT;

	if (entry->is_plain)
		return secret_equal(&entry->plain, pw) ? EXIT_SUCCESS :
		    passwd_complain(PASSWD_EXIT_BADAUTH, "wrong password");
	switch (passhash_verify(entry->hash, pw, &e)) {
	case PASSHASH_MATCH:
		return EXIT_SUCCESS;
	case PASSHASH_MISMATCH:
		return passwd_complain(PASSWD_EXIT_BADAUTH, "wrong password");
	case PASSHASH_UNKNOWN:
	case PASSHASH_ERROR:
	case PASSHASH_UNSET:
		break;
	}
	return passwd_complain(PASSWD_EXIT_FAIL, e.text);
}

static enum user_db_found
look_up(const struct passwd_options *o, const char *user, const char *realm,
    struct user_db_entry *entry_r, struct errmsg *e)
{
	enum user_db_found found;
	struct user_db *db;

	if (user_db_act_as_owner(o->path, e) == -1 ||
	    user_db_open(o->path, USER_DB_READ, &db, NULL, e) == -1)
		return USER_DB_ERROR;
	found = user_db_get(db, user, realm, entry_r, e);
	user_db_close(db);
	return found;
}

int
passwd_user_verify(const struct passwd_options *o, const char *user,
    const char *realm)
{
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct secret pw = SECRET_INIT;
	struct errmsg e = ERRMSG_INIT;
	int status;

	if (obtain_password(o, &pw, &e) == -1) {
		status = passwd_complain(PASSWD_EXIT_BADPARAM, e.text);
		goto out;
	}
	status = PASSWD_EXIT_FAIL;
	switch (look_up(o, user, realm, &entry, &e)) {
	case USER_DB_FOUND:
		status = judge(&entry, &pw);
		break;
	case USER_DB_ABSENT:
		status = passwd_complain(PASSWD_EXIT_NOUSER, "no such user");
		break;
	case USER_DB_ERROR:
		passwd_complain(status, e.text);
		break;
	}
out:
	user_db_entry_fini(&entry);
	secret_wipe(&pw);
	return status;
}

/* Nobody is in a database that is not there yet. A directory that is missing
 * is a mistake, but for our own, which is made with the first user. */
static bool
is_nobody_there(const char *path, int errnum)
{
	char copy[PATH_MAX];

	if (errnum == ENODATA)
		return true;
	return errnum == ENOENT && (strcmp(path, USER_DB_DEFAULT_PATH) == 0 ||
	    (str_copy(copy, sizeof(copy), path) == 0 &&
	    access(dirname(copy), F_OK) == 0));
}

int
passwd_user_delete(const struct passwd_options *o, const char *user,
    const char *realm)
{
	enum user_db_found found = USER_DB_ERROR;
	struct errmsg e = ERRMSG_INIT;
	struct user_db *db;
	int errnum = 0;

	if (user_db_act_as_owner(o->path, &e) == 0 &&
	    user_db_open(o->path, USER_DB_WRITE, &db, &errnum, &e) == 0) {
		found = user_db_delete(db, user, realm, &e);
		user_db_close(db);
	}
	if (found != USER_DB_ERROR || is_nobody_there(o->path, errnum))
		return EXIT_SUCCESS;
	return passwd_complain(PASSWD_EXIT_FAIL, e.text);
}
