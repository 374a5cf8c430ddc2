/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classic flags keep their letters (reference: saslauthd(8) of Cyrus
 * 2.1.28); what is new has long names only.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/str.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/options.h"

enum { OPT_CHECK = 256, OPT_CONFIG, OPT_SET, OPT_TRY };

static const struct option long_options[] = {
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "set", required_argument, NULL, OPT_SET },
	{ "try", no_argument, NULL, OPT_TRY },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 }
};

static const char usage_text[] =
    "usage: saslauthd [options]\n"
    "\n"
    "option information:\n"
    "  -a <mech>      Selects the authentication mechanism to use, or\n"
    "                 several to ask in turn: -a ldap,sasldb.\n"
    "  -c             Enable credential caching.\n"
    "  -d             Debugging (don't detach from tty, implies -V).\n"
    "  -f             Stay in the foreground.\n"
    "  -r             Combine the realm with the login.\n"
    "  -O <option>    Optional argument to pass to the mechanism.\n"
    "  -l             Accepted for compatibility, without effect.\n"
    "  -m <path>      Run directory: socket and pid file.\n"
    "  -n <procs>     Number of workers kept ready (0: one per request).\n"
    "  -s <kilobytes> Size of the credential cache.\n"
    "  -t <seconds>   Time a cached credential is valid.\n"
    "  -V             Enable verbose logging.\n"
    "  -v             Display version information and mechanisms.\n"
    "  -h             Display this message.\n"
    "  --config FILE  Read settings from FILE.\n"
    "  --set KEY=VAL  Set one setting (see saslauthd.conf(5)).\n"
    "  --check        Check the configuration and exit.\n"
    "  --try          With --check: also open each backend.\n"
    "\n";

/* The second line is what scripts parse. */
static void
print_version(void)
{
	size_t i;

	fprintf(stderr, "saslauthd %s\nauthentication mechanisms:",
	    PACKAGE_VERSION);
	for (i = 0; i < mech_names_count; i++)
		if (mech_names[i].built)
			fprintf(stderr, " %s", mech_names[i].name);
	fprintf(stderr, "\nthis is the replacement daemon, "
	    "not Cyrus saslauthd\n\n");
}

static void
print_usage(void)
{
	fputs(usage_text, stderr);
	print_version();
}

struct parse {
	struct options *o;
	bool mech_seen, check, try_too, done;
	int status;
};

static void
wrong_use(struct parse *p, const char *text)
{
	log_msg(LOG_ERR, "main", "%s", text);
	print_usage();
	p->done = true;
	p->status = EX_USAGE;
}

static void
add(struct parse *p, const char *key, const char *value, const char *flag)
{
	struct errmsg e = ERRMSG_INIT;

	if (conf_add(&p->o->entries, key, value, flag, &e) != 0)
		wrong_use(p, e.text);
}

static void
one_option(struct parse *p, int c)
{
	struct errmsg e = ERRMSG_INIT;

	switch (c) {
	case 'a':
		if (p->mech_seen)
			wrong_use(p, "-a may be given only once");
		p->mech_seen = true;
		add(p, "mechanism", optarg, "-a");
		break;
	case 'c': add(p, "cache", "yes", "-c"); break;
	case 'd':
		add(p, "verbose", "yes", "-d");
		/* FALLTHROUGH */
	case 'f': p->o->foreground = true; break;
	case 'O': p->o->mech_option = optarg; break;
	case 'l': break;	/* there is no accept lock to leave out */
	case 'm': add(p, "run_dir", optarg, "-m"); break;
	case 'n': add(p, "workers", optarg, "-n"); break;
	case 'r': add(p, "append_realm", "yes", "-r"); break;
	case 's': add(p, "cache_size", optarg, "-s"); break;
	case 't': add(p, "cache_ttl", optarg, "-t"); break;
	case 'V': add(p, "verbose", "yes", "-V"); break;
	case 'v': print_version(); p->done = true; break;
	case 'h': print_usage(); p->done = true; break;
	case OPT_CHECK: p->check = true; break;
	case OPT_TRY: p->try_too = true; break;
	case OPT_CONFIG: p->o->config = optarg; break;
	case OPT_SET:
		if (conf_add_set(&p->o->entries, optarg, &e) != 0)
			wrong_use(p, e.text);
		break;
	default:
		wrong_use(p, "unknown option or missing argument");
		break;
	}
}

enum options_action
options_parse(int argc, char **argv, struct options *o, int *status_r)
{
	struct parse p = { .o = o };
	int c;

	memset(o, 0, sizeof(*o));
	/* Options behind an operand count: MECHANISMS="pam shadow" of a Debian
	 * defaults file puts one in the middle of the line. */
	while (!p.done && (c = getopt_long(argc, argv, "a:cdfhO:lm:n:rs:t:vV",
	    long_options, NULL)) != -1)
		one_option(&p, c);
	if (!p.done && p.try_too && !p.check)
		wrong_use(&p, "--try goes with --check");
	*status_r = p.status;
	if (p.done)
		return OPTIONS_EXIT;
	if (optind < argc)
		o->stray = argv[optind];
	if (p.try_too)
		return OPTIONS_TRY;
	return p.check ? OPTIONS_CHECK : OPTIONS_RUN;
}

void
options_fini(struct options *o)
{
	conf_entries_fini(&o->entries);
}
