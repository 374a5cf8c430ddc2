/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasldblistusers2 - list the users of the user database.
 *
 * Output and exit statuses are those of Cyrus SASL's program of this name;
 * scripts count its lines. --long and --json tell more of each user.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/errmsg.h"
#include "common/json.h"
#include "mechanisms/user_db.h"
#include "tools/safe_text.h"
#include "tools/users_conf.h"

#define TIME_FORMAT "%Y-%m-%dT%H:%M:%SZ"	/* RFC 3339, in UTC */
#define TIME_SIZE 32
#define LINE_MAX_JSON 524288	/* bytes; names of 32767, each byte as \xHH */
#define METHOD_WIDTH 13		/* characters; "gost-yescrypt" */
#define TIME_WIDTH 20

/* Long options without a letter. */
enum { OPT_JSON = 256, OPT_LONG, OPT_REALM };

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "long", no_argument, NULL, OPT_LONG },
	{ "realm", required_argument, NULL, OPT_REALM },
	{ NULL, 0, NULL, 0 }
};

struct listing;
typedef bool print_row(struct listing *l, const struct user_db_row *row);

struct listing {
	const char *path;
	const char *realm;	/* the only one; NULL: all */
	print_row *print;	/* false when the output fails */
	struct buf line;	/* of JSON */
};

static int
usage(void)
{
	fputs("sasldblistusers2: usage: sasldblistusers2 [-v] [[-f] sasldb]\n"
	    "       sasldblistusers2 [--long | --json] [--realm DOM] "
	    "[[-f] sasldb]\n"
	    "\t-f sasldb\tfile of the user database\n"
	    "\t-v\tprint the version and exit\n"
	    "\t--realm DOM\tno users of other realms\n"
	    "\t--long\ta table: how and when each password was stored\n"
	    "\t--json\tthe same as lines of JSON\n", stderr);
	return EXIT_FAILURE;
}

static bool
print_classic(struct listing *l, const struct user_db_row *row)
{
	(void)l;
	return printf("%s@%s: %s\n", row->user, row->realm,
	    row->property) > 0;
}

/* How a password is kept: "plain" or the method of crypt(5). */
static const char *
method_of(const struct user_db_entry *entry)
{
	const char *method;

	if (entry->is_plain)
		return "plain";
	method = passhash_method(entry->hash);
	return method == NULL ? "unknown" : method;
}

/* "" when it is not known. */
static void
format_time(int64_t sec, char text_r[TIME_SIZE])
{
	time_t t = (time_t)sec;
	struct tm tm;

	if (sec == 0 || gmtime_r(&t, &tm) == NULL ||
	    strftime(text_r, TIME_SIZE, TIME_FORMAT, &tm) == 0)
		text_r[0] = '\0';
}

/* The names stand last, as nobody knows their width. */
static bool
print_long(struct listing *l, const struct user_db_row *row)
{
	char changed[TIME_SIZE] = "";

	(void)l;
	if (row->entry != NULL)
		format_time(row->entry->changed_sec, changed);
	printf("%-*s  %-*s  ", METHOD_WIDTH,
	    row->entry == NULL ? "-" : method_of(row->entry), TIME_WIDTH,
	    changed[0] == '\0' ? "-" : changed);
	safe_text_put(stdout, row->user);
	putchar('@');
	safe_text_put(stdout, row->realm);
	if (row->entry == NULL) {
		fputs(": ", stdout);
		safe_text_put(stdout, row->property);
	}
	return putchar('\n') != EOF;
}

static bool
print_json(struct listing *l, const struct user_db_row *row)
{
	char changed[TIME_SIZE];
	struct json j;

	buf_reset(&l->line);
	json_begin(&j, &l->line);
	json_str(&j, "user", row->user);
	json_str(&j, "realm", row->realm);
	json_str(&j, "property", row->property);
	if (row->entry != NULL) {
		json_str(&j, "method", method_of(row->entry));
		format_time(row->entry->changed_sec, changed);
		if (changed[0] != '\0')
			json_str(&j, "changed", changed);
	}
	if (json_end(&j) == -1)
		return false;
	return fwrite(buf_data(&l->line), 1, buf_len(&l->line), stdout) ==
	    buf_len(&l->line);
}

/* -1: go on; else the exit status. */
static int
take(int opt, struct listing *l)
{
	switch (opt) {
	case 'v':
		fprintf(stderr, "sasldblistusers2 %s\n", PACKAGE_VERSION);
		return EXIT_SUCCESS;
	case 'f':
		l->path = optarg;
		return -1;
	case OPT_REALM:
		l->realm = optarg;
		return -1;
	case OPT_LONG:
	case OPT_JSON:
		if (l->print != print_classic)
			return usage();
		l->print = opt == OPT_LONG ? print_long : print_json;
		return -1;
	default:
		return usage();
	}
}

/* -1: go on; else the exit status. */
static int
parse_options(int argc, char **argv, struct listing *l)
{
	int opt, status;

	while ((opt = getopt_long(argc, argv, "vf:", long_options,
	    NULL)) != -1) {
		status = take(opt, l);
		if (status != -1)
			return status;
	}
	if (optind < argc && l->path == NULL)
		l->path = argv[optind++];
	if (optind != argc)
		return usage();
	return -1;
}

/* The daemon's file, if none is named. */
static int
choose_path(struct listing *l, struct errmsg *e)
{
	const struct sasldb_settings *set;

	if (l->path != NULL)
		return 0;
	set = users_conf_read("sasldblistusers2", NULL, e);
	if (set == NULL)
		return -1;
	l->path = set->path[0] != '\0' ? set->path : user_db_default_path();
	return 0;
}

static bool
print(void *ctx, const struct user_db_row *row)
{
	struct listing *l = ctx;

	if (l->realm != NULL && strcmp(row->realm, l->realm) != 0)
		return true;
	return l->print(l, row);
}

static int
list(struct listing *l, struct errmsg *e)
{
	struct user_db *db;
	int rc;

	if (choose_path(l, e) == -1 ||
	    user_db_act_as_owner(l->path, e) == -1 ||
	    user_db_open(l->path, USER_DB_READ, &db, NULL, e) == -1)
		return -1;
	if (l->print == print_long)
		printf("%-*s  %-*s  USER\n", METHOD_WIDTH, "METHOD",
		    TIME_WIDTH, "CHANGED");
	rc = user_db_each(db, print, l, e);
	user_db_close(db);
	return rc;
}

int
main(int argc, char **argv)
{
	struct listing l = { .print = print_classic };
	struct errmsg e = ERRMSG_INIT;
	int status, rc;

	setlocale(LC_CTYPE, "");
	status = parse_options(argc, argv, &l);
	if (status != -1)
		return status;
	buf_init(&l.line, LINE_MAX_JSON);
	rc = list(&l, &e);
	buf_fini(&l.line);
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
