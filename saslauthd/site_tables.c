/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of listeners and routes; those of backends are the daemon's own
 * (settings.c) and their mechanism's.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "saslauthd/site.h"

static const char *const tempfail_words[] = { "daemon", "empty", "no", NULL };

#define OCTAL 8
#define MODE_MAX 0777

static int
check_mode(const char *text, struct errmsg *e)
{
	unsigned long mode;
	char *end;

	mode = strtoul(text, &end, OCTAL);
	if (*text >= '0' && *text <= '7' && *end == '\0' && mode <= MODE_MAX)
		return 0;
	return errmsg_set(e, "wants an octal number from 0 to 0777");
}

#define AT(member) offsetof(struct listener_settings, member)

static const struct conf_key listener_keys[] = {
	{ .name = "path", .type = CONF_PATH, .offset = AT(path), .max = 4096,
	  .help = "the socket; empty for the default one: mux in run_dir" },
	{ .name = "owner", .type = CONF_STRING, .offset = AT(owner),
	  .max = 256, .help = "owner of the socket, a name or a number" },
	{ .name = "group", .type = CONF_STRING, .offset = AT(group),
	  .max = 256, .help = "group of the socket, a name or a number" },
	{ .name = "mode", .type = CONF_STRING, .offset = AT(mode),
	  .def = "0777", .check = check_mode,
	  .help = "mode of the socket, octal" },
	{ .name = "allow_uids", .type = CONF_STRING, .offset = AT(allow_uids),
	  .max = 4096, .help = "users that may ask; empty: all" },
	{ .name = "allow_gids", .type = CONF_STRING, .offset = AT(allow_gids),
	  .max = 4096, .help = "groups that may ask; empty: all" },
	{ .name = "services", .type = CONF_STRING, .offset = AT(services),
	  .max = 4096, .help = "services that may be asked for; empty: all" },
	{ .name = "default_realm", .type = CONF_STRING,
	  .offset = AT(default_realm), .max = 1024,
	  .help = "realm of who sends none" },
	{ .name = "tempfail_reply", .type = CONF_CHOICE,
	  .offset = AT(tempfail_reply), .choices = tempfail_words,
	  .def = "daemon", .help = "answer to an outage on this socket" },
};

const struct conf_table listener_table = {
	.owner = "listener",
	.keys = listener_keys,
	.count = sizeof(listener_keys) / sizeof(listener_keys[0])
};

/* Patterns and addresses look right, and match nothing. */
static int
check_realms(const char *text, struct errmsg *e)
{
	if (strpbrk(text, "*?@") == NULL)
		return 0;
	return errmsg_set(e, "wants realms such as example.org, .example.org "
	    "(all below it) or - (none)");
}

#undef AT
#define AT(member) offsetof(struct route_settings, member)

static const struct conf_key route_keys[] = {
	{ .name = "listener", .type = CONF_STRING, .offset = AT(listeners),
	  .max = 4096, .help = "listeners it is for; empty: all" },
	{ .name = "service", .type = CONF_STRING, .offset = AT(services),
	  .max = 4096, .help = "services it is for; empty: all" },
	{ .name = "realm", .type = CONF_STRING, .offset = AT(realms),
	  .max = 8192, .check = check_realms,
	  .help = "realms it is for: example.org, .example.org (and "
	      "below), - (none); empty: all" },
	{ .name = "client", .type = CONF_NETWORKS, .offset = AT(clients),
	  .help = "client networks it is for; empty: all" },
	{ .name = "step", .type = CONF_LINES, .offset = AT(steps),
	  .max = 4096,
	  .help = "a backend to ask, and what leads on to the next step" },
};

const struct conf_table route_table = {
	.owner = "route",
	.keys = route_keys,
	.count = sizeof(route_keys) / sizeof(route_keys[0])
};
