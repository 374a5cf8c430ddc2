/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_options - see passwd_options.h.
 */
#include "config.h"

#include "tools/passwd_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mechanisms/passhash.h"
#include "tools/users_conf.h"

/* Long options without a letter. */
enum {
	OPT_CONVERT = 256,
	OPT_EXPORT,
	OPT_HASH,
	OPT_IMPORT,
	OPT_LAYOUT,
	OPT_PLAIN,
	OPT_VERIFY
};

static const struct option long_options[] = {
	{ "convert", required_argument, NULL, OPT_CONVERT },
	{ "export", required_argument, NULL, OPT_EXPORT },
	{ "hash", required_argument, NULL, OPT_HASH },
	{ "import", required_argument, NULL, OPT_IMPORT },
	{ "layout", required_argument, NULL, OPT_LAYOUT },
	{ "plain", no_argument, NULL, OPT_PLAIN },
	{ "realm", required_argument, NULL, 'u' },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	{ NULL, 0, NULL, 0 }
};

int
passwd_complain(int status, const char *text)
{
	fprintf(stderr, "saslpasswd2: %s\n", text);
	return status;
}

static int
usage(void)
{
	fputs("saslpasswd2: usage: saslpasswd2 [-v] [-c [-p] [-n]] [-d] "
	    "[-a appname] [-f sasldb] [-u DOM] userid\n"
	    "       saslpasswd2 --verify [-p] [-f sasldb] [-u DOM] userid\n"
	    "       saslpasswd2 --import FORMAT [-f sasldb] [-u DOM] FILE|-\n"
	    "       saslpasswd2 --export FORMAT [-f sasldb] [-u DOM]\n"
	    "       saslpasswd2 --convert LAYOUT [-f sasldb]\n"
	    "\t-p\tpipe mode: no prompt, the password is read from standard "
	    "input\n"
	    "\t-c\tcreate the user (so does every change)\n"
	    "\t-d\tdelete the user\n"
	    "\t-n\tstore no password, that is: nothing\n"
	    "\t-f sasldb\tfile of the user database\n"
	    "\t-a appname\taccepted and not used\n"
	    "\t-u DOM, --realm DOM\trealm of a user that names none; of an "
	    "export, the only one\n"
	    "\t-v\tprint the version and exit\n"
	    "\t--hash METHOD\tkeep a hash (yescrypt, bcrypt, sha512crypt "
	    "...)\n"
	    "\t--plain\tkeep the password in clear\n"
	    "\t--layout LAYOUT\tof a file that is made: hashed, berkeley, "
	    "gdbm, lmdb\n"
	    "\tFORMAT is cyrus, htpasswd, passwd-file or csv\n", stderr);
	return PASSWD_EXIT_FAIL;
}

static void
set_action(struct passwd_options *o, enum passwd_action action)
{
	o->action = action;
	o->actions++;
}

static int
set_layout(struct passwd_options *o, const char *name)
{
	struct errmsg e = ERRMSG_INIT;

	o->has_layout = true;
	return user_db_layout_parse(name, &o->layout, &e) == -1 ?
	    passwd_complain(PASSWD_EXIT_FAIL, e.text) : -1;
}

static int
set_format(struct passwd_options *o, enum passwd_action action,
    const char *name)
{
	set_action(o, action);
	o->format = user_format_find(name);
	return o->format == NULL ?
	    passwd_complain(PASSWD_EXIT_FAIL, "no such format; there are "
	    "cyrus, htpasswd, passwd-file and csv") : -1;
}

/* Only trying tells whether crypt(3) makes hashes of this method. */
static int
set_hash(struct passwd_options *o, const char *method)
{
	struct secret trial = SECRET_INIT;
	struct errmsg e = ERRMSG_INIT;
	char hash[PASSHASH_MAX];
	int rc;

	o->hash = method;
	rc = passhash_make(method, 0, &trial, hash, sizeof(hash), &e);
	secret_wipe(&trial);
	return rc == -1 ? passwd_complain(PASSWD_EXIT_FAIL, e.text) : -1;
}

/* -1: go on. */
static int
take_long(int opt, struct passwd_options *o)
{
	switch (opt) {
	case OPT_CONVERT:
		set_action(o, PASSWD_CONVERT);
		return set_layout(o, optarg);
	case OPT_EXPORT:
		return set_format(o, PASSWD_EXPORT, optarg);
	case OPT_HASH:
		return set_hash(o, optarg);
	case OPT_IMPORT:
		return set_format(o, PASSWD_IMPORT, optarg);
	case OPT_LAYOUT:
		return set_layout(o, optarg);
	case OPT_PLAIN:
		o->plain = true;
		return -1;
	case OPT_VERIFY:
		set_action(o, PASSWD_VERIFY);
		return -1;
	default:
		return usage();
	}
}

/* -1: go on. */
static int
take(int opt, struct passwd_options *o)
{
	switch (opt) {
	case 'v':
		fprintf(stderr, "saslpasswd2 %s\n", PACKAGE_VERSION);
		return EXIT_SUCCESS;
	case 'c':
		o->create = true;
		return -1;
	case 'd':
		set_action(o, PASSWD_DELETE);
		return -1;
	case 'n':
		o->no_store = true;
		return -1;
	case 'p':
		o->pipe = true;
		return -1;
	case 'a':
		o->app = optarg;
		return -1;
	case 'f':
		o->path = optarg;
		return -1;
	case 'u':
		o->realm = optarg;
		return -1;
	default:
		return take_long(opt, o);
	}
}

/* Options that have a meaning for no more than some of the actions. Those of
 * Cyrus SASL's program go together as they always did. */
static bool
fit_together(const struct passwd_options *o, int operands)
{
	bool named = o->action != PASSWD_EXPORT &&
	    o->action != PASSWD_CONVERT;
	bool stores = o->action == PASSWD_SET || o->action == PASSWD_IMPORT;

	if (o->actions > 1 || operands != (named ? 1 : 0))
		return false;
	if (o->create && o->action != PASSWD_SET)
		return false;
	if (o->plain && (o->hash != NULL || !stores))
		return false;
	if (o->hash != NULL && (o->action == PASSWD_DELETE ||
	    o->action == PASSWD_VERIFY))
		return false;
	return !o->has_layout || stores || o->action == PASSWD_CONVERT;
}

/* What was not said, as the daemon has it. -1: go on. */
static int
complete(struct passwd_options *o)
{
	struct errmsg e = ERRMSG_INIT;
	const struct sasldb_settings *set =
	    users_conf_read("saslpasswd2", o->path, &e);

	if (set == NULL)
		return passwd_complain(PASSWD_EXIT_FAIL, e.text);
	if (o->path == NULL && set->path[0] != '\0')
		o->path = set->path;
	o->path_chosen = o->path != NULL;
	if (o->path == NULL)
		o->path = user_db_default_path();
	o->default_realm = set->default_realm;
	return -1;
}

int
passwd_options_parse(int argc, char **argv, struct passwd_options *o_r)
{
	int opt, status;

	*o_r = (struct passwd_options){ .action = PASSWD_SET };
	while ((opt = getopt_long(argc, argv, "vcdnpa:f:u:", long_options,
	    NULL)) != -1) {
		status = take(opt, o_r);
		if (status != -1)
			return status;
	}
	if (o_r->app != NULL && strchr(o_r->app, '/') != NULL) {
		fputs("appname must not contain /\n", stderr);
		return PASSWD_EXIT_FAIL;
	}
	if (!fit_together(o_r, argc - optind))
		return usage();
	o_r->operand = argv[optind];
	return complete(o_r);
}
