/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * site - what a configuration comes to: backends, listeners and routes.
 *
 * Flags and flat files make the same structures as named parts do: -a gives
 * a backend for each mechanism and one route for all, the run directory's
 * socket is the listener "default". Every role builds the site from the same
 * entries and so knows the same names in the same order.
 *
 * A backend's settings are the daemon's with those of its own part on top.
 */
#ifndef SASLAUTHD_SITE_H
#define SASLAUTHD_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/conf.h"
#include "common/errmsg.h"
#include "common/network.h"
#include "saslauthd/settings.h"

#define SITE_LISTENER_DEFAULT "default"
#define SITE_BACKENDS_MAX 64
#define SITE_LISTENERS_MAX 64

struct site_backend {
	char *name;
	size_t part;		/* of the entries; 0: made by -a */
	struct settings settings;
};

/* Keys of a listener part. Lists are words separated by commas or blanks; an
 * empty one means everybody. */
struct listener_settings {
	char *path;		/* of the default one: RUNDIR/mux if empty */
	char *owner, *group;	/* names or numbers; "": the keeper's */
	char *mode;		/* octal */
	char *allow_uids, *allow_gids;	/* names or numbers */
	char *services;
	char *default_realm;
	int tempfail_reply;	/* enum settings_tempfail_of */
};

extern const struct conf_table listener_table;

enum settings_tempfail_of { TEMPFAIL_AS_DAEMON = 0, TEMPFAIL_OF_EMPTY,
    TEMPFAIL_OF_NO };

struct site_listener {
	char *name;
	struct listener_settings settings;
	mode_t mode;
	char **places;		/* "FILE:LINE" of each key of listener_table,
				 * in its order, NULL where it is not set;
				 * NULL: it has no part */
};

/* Keys of a route part. */
struct route_settings {
	char *listeners, *services;	/* lists; empty: all */
	char *realms;		/* list: example.org, .example.org, - (none) */
	char *clients;		/* networks; empty: all, and without address */
	char *steps;		/* lines: BACKEND [denied=next] ... */
};

extern const struct conf_table route_table;

/* What follows a verdict that is none for good. */
struct site_step {
	size_t backend;		/* index */
	bool next_if_denied;	/* wrong password and the like; default no */
	bool next_if_no_such_user;	/* default yes */
	bool next_if_temporary;	/* outage; default no */
};

struct site_route {
	char *name;
	struct route_settings settings;
	struct networks clients;
	struct site_step *steps;
	size_t step_count;
	char *chain;		/* "ldap,local denied=next,old": its steps */
};

struct site {
	struct settings settings;	/* the daemon's own */
	struct site_backend *backends;
	size_t backend_count;
	struct site_listener *listeners;	/* the default one first */
	size_t listener_count;
	struct site_route *routes;	/* in the file's order */
	size_t route_count;
	bool named;		/* there are named parts: judged strictly */
};

/*
 * Build it; `entries` are all of the daemon's (settings_filter()), whose
 * `used` marks are set. Each problem goes to `report` (NULL: dropped) with
 * its origin in front; problems of a value are told apart from what makes
 * the site unusable by the return value: -1, and `site` has what could be
 * read, which serves to find what else is wrong. A bad value in a flat file
 * leaves its default and is no failure here. site_fini() in every case.
 */
int site_build(struct site *site, struct conf_entries *entries,
    conf_report *report, void *ctx);
void site_fini(struct site *site);

/* Index of a backend (listener), or the count when there is none. */
size_t site_find_backend(const struct site *site, const char *name);
size_t site_find_listener(const struct site *site, const char *name);

/* Put the listener's name in front of what is wrong with it and, where the
 * text begins with "KEY: ", the place of that key as well. Returns -1. */
int site_blame(const struct site_listener *l, struct errmsg *e);

/* Is the word one of the list? An empty list holds every word. */
bool site_list_has(const char *list, const char *word);

#endif
