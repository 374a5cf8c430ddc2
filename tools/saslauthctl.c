/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saslauthctl - the operator's tool: asks a running daemon through
 * RUNDIR/control. Its exit statuses are those of monitoring plug-ins.
 */
#include "config.h"

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tools/ctl.h"

#define INTERVAL_SEC_DEFAULT 1
#define INTERVAL_SEC_MAX 3600
#define SAMPLES_MAX 1000000000

/* Options of single commands. */
#define TAKES_INTERVAL 1
#define TAKES_SAMPLES 2
#define TAKES_ALL 4
/* -m and --json, which all take that are not offline. */
#define TAKES_DAEMON 8
#define OFFLINE 16
#define TAKES_TRY 32	/* --listener, --password */
#define ALL_OR_OPERAND 64	/* --all, where it has no operand */

#define FILES_MAX 64	/* as many as there may be listeners */
#define NAMES_MAX 64

struct command {
	const char *name;
	const char *operands;	/* for the usage text */
	size_t min, max;	/* operands */
	unsigned takes;
	int (*run)(const struct ctl *c);
	const char *summary;
};

static const struct command commands[] = {
	{ "status", "", 0, 0, 0, ctl_status,
	    "is it well? exit status and first line for monitoring" },
	{ "watch", "[-i SECONDS] [-n COUNT]", 0, 0,
	    TAKES_INTERVAL | TAKES_SAMPLES, ctl_watch,
	    "rate, latency, cache, queue, live" },
	{ "explain",
	    "[--listener NAME] [--password] USER REALM SERVICE [ADDRESS]",
	    3, 4, TAKES_TRY, ctl_explain,
	    "what would become of a try now; with a password, try it" },
	{ "list", "", 0, 0, 0, ctl_list,
	    "who is in the cache, the oldest first" },
	{ "flush", "USER [REALM] | --all", 0, 2,
	    TAKES_ALL | ALL_OR_OPERAND, ctl_flush,
	    "forget one user, or all of the cache" },
	{ "config", "[--all] [NAME...]", 0, NAMES_MAX, TAKES_ALL, ctl_config,
	    "the settings in force, and where each comes from" },
	{ "metrics", "", 0, 0, 0, ctl_metrics, "counters, as OpenMetrics" },
	{ "log-level", "debug|info", 1, 1, 0, ctl_log_level,
	    "log more, or as usual, until the next restart" },
	{ "reload", "", 0, 0, 0, ctl_reload,
	    "read the settings again; says what came of it" },
	{ "drain", "", 0, 0, 0, ctl_drain,
	    "finish what runs, then end; waits for it" },
	{ "migrate", "[FILE...]", 0, FILES_MAX, OFFLINE, ctl_migrate,
	    "a configuration that does what the old daemon's settings did" }
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option long_options[] = {
	{ "run-dir", required_argument, NULL, 'm' },
	{ "json", no_argument, NULL, 'j' },
	{ "all", no_argument, NULL, 'a' },
	{ "listener", required_argument, NULL, 'l' },
	{ "password", no_argument, NULL, 'p' },
	{ "interval", required_argument, NULL, 'i' },
	{ "count", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static void
print_usage(FILE *to)
{
	const struct command *cmd;

	fputs("usage: saslauthctl [-m RUNDIR] [--json] COMMAND ...\n", to);
	for (cmd = commands; cmd < commands + COMMANDS; cmd++)
		fprintf(to, "  %s%s%s\n      %s\n", cmd->name,
		    cmd->operands[0] == '\0' ? "" : " ", cmd->operands,
		    cmd->summary);
}

static int
wrong_use(const char *what, const char *word)
{
	fprintf(stderr, "saslauthctl: %s%s%s\n", what,
	    word[0] == '\0' ? "" : ": ", word);
	fputs("saslauthctl --help lists the commands.\n", stderr);
	return CTL_UNKNOWN;
}

/* -1 to go on, or an exit status. */
static int
parse_options(int argc, char **argv, struct ctl *c, unsigned *given_r)
{
	int option;

	*given_r = 0;
	while ((option = getopt_long(argc, argv, "m:i:n:hV", long_options,
	    NULL)) != -1) {
		switch (option) {
		case 'm':
			c->server.run_dir = optarg;
			*given_r |= TAKES_DAEMON;
			break;
		case 'j':
			c->json = true;
			*given_r |= TAKES_DAEMON;
			break;
		case 'a':
			c->all = true;
			*given_r |= TAKES_ALL;
			break;
		case 'l':
			c->listener = optarg;
			*given_r |= TAKES_TRY;
			break;
		case 'p':
			c->password = true;
			*given_r |= TAKES_TRY;
			break;
		case 'i':
			if (str_to_long(optarg, 1, INTERVAL_SEC_MAX,
			    &c->interval_sec) == -1)
				return wrong_use("-i takes 1 to 3600 seconds",
				    "");
			*given_r |= TAKES_INTERVAL;
			break;
		case 'n':
			if (str_to_long(optarg, 1, SAMPLES_MAX,
			    &c->samples) == -1)
				return wrong_use("-n takes a number", "");
			*given_r |= TAKES_SAMPLES;
			break;
		case 'h':
			print_usage(stdout);
			return CTL_OK;
		case 'V':
			puts("saslauthctl " PACKAGE_VERSION);
			return CTL_OK;
		default:
			return wrong_use("wrong option", "");
		}
	}
	return -1;
}

static const struct command *
find_command(const char *name)
{
	const struct command *cmd;

	for (cmd = commands; cmd < commands + COMMANDS; cmd++)
		if (strcmp(cmd->name, name) == 0)
			return cmd;
	return NULL;
}

/* -1, or an exit status: what cannot be meant does not reach the daemon. */
static int
check_use(const struct ctl *c, const struct command *cmd, unsigned given)
{
	size_t operands = c->count - 1;
	unsigned takes = cmd->takes;

	if ((takes & OFFLINE) == 0)
		takes |= TAKES_DAEMON;
	if ((given & ~takes) != 0)
		return wrong_use("an option that is not for this command",
		    cmd->name);
	if (operands < cmd->min || operands > cmd->max)
		return wrong_use("it takes other operands", cmd->name);
	if ((cmd->takes & ALL_OR_OPERAND) == 0)
		return -1;
	/* Nobody flushes everything by a forgotten argument. */
	if (((given & TAKES_ALL) != 0) == (operands > 0) ||
	    (operands > 0 && c->words[1][0] == '\0'))
		return wrong_use("flush takes either a user or --all", "");
	return -1;
}

int
main(int argc, char **argv)
{
	struct ctl c = {
		.server = { .run_dir = RUNDIR,
		    .timeout_msec = CONTROL_TIMEOUT_MSEC },
		.interval_sec = INTERVAL_SEC_DEFAULT, .listener = ""
	};
	const struct command *cmd;
	unsigned given;
	int status;

	(void)setlocale(LC_CTYPE, "");
	status = parse_options(argc, argv, &c, &given);
	if (status != -1)
		return status;
	if (optind == argc)
		return wrong_use("what should be done?", "");
	c.words = (const char *const *)(argv + optind);
	c.count = (size_t)(argc - optind);
	cmd = find_command(c.words[0]);
	if (cmd == NULL)
		return wrong_use("no such command", c.words[0]);
	status = check_use(&c, cmd, given);
	if (status == -1)
		status = cmd->run(&c);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		fputs("saslauthctl: the output could not be written\n",
		    stderr);
		return CTL_UNKNOWN;
	}
	return status;
}
