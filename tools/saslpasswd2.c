/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saslpasswd2 - set, delete, verify, import and export the passwords of the
 * user database.
 *
 * Flags, prompts and exit statuses are those of Cyrus SASL's program of this
 * name; scripts and web mailers call it.
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "common/errmsg.h"
#include "common/str.h"
#include "tools/passwd_convert.h"
#include "tools/passwd_export.h"
#include "tools/passwd_import.h"
#include "tools/passwd_options.h"
#include "tools/passwd_store.h"
#include "tools/passwd_user.h"

struct account {
	char *user;
	char *realm;
};

/* user@dom, else the realm of who has none. */
static int
account_parse(const struct passwd_options *o, struct account *a,
    struct errmsg *e)
{
	const char *at = strchr(o->operand, '@');
	const char *realm;

	realm = at != NULL ? at + 1 : passwd_store_realm(o, e);
	if (realm == NULL)
		return -1;
	a->user = at != NULL ?
	    strndup(o->operand, (size_t)(at - o->operand)) :
	    strdup(o->operand);
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

/* What is done with the one user of the command line. */
static int
with_account(const struct passwd_options *o,
    int (*act)(const struct passwd_options *o, const char *user,
    const char *realm), bool logged)
{
	struct account a = { NULL, NULL };
	struct errmsg e = ERRMSG_INIT;
	int status;

	if (account_parse(o, &a, &e) == -1) {
		status = passwd_complain(PASSWD_EXIT_FAIL, e.text);
		goto out;
	}
	status = act(o, a.user, a.realm);
	if (logged)
		log_outcome(&a, status);
out:
	account_fini(&a);
	return status;
}

int
main(int argc, char **argv)
{
	struct passwd_options o;
	int status;

	status = passwd_options_parse(argc, argv, &o);
	if (status != -1)
		return status;
	switch (o.action) {
	case PASSWD_SET:
		return with_account(&o, passwd_user_set, !o.no_store);
	case PASSWD_DELETE:
		return with_account(&o, passwd_user_delete, !o.no_store);
	case PASSWD_VERIFY:
		return with_account(&o, passwd_user_verify, false);
	case PASSWD_IMPORT:
		return passwd_import(&o);
	case PASSWD_EXPORT:
		return passwd_export(&o);
	case PASSWD_CONVERT:
		break;
	}
	return passwd_convert(&o);
}
