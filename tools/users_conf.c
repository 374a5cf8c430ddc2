/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * users_conf - see users_conf.h.
 */
#include "config.h"

#include "tools/users_conf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/conf.h"

#define CONFIG_FILE SYSCONFDIR "/saslauthd.conf"
#define MECHANISM "sasldb"

/* The daemon's --check tells of bad values. */
static void
pass_over(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* What stands in no part is of the backend that -a names, and holds for the
 * others where they say nothing themselves. */
static void
take_part(struct conf_entries *es, size_t part, struct sasldb_settings *set_r)
{
	*set_r = (struct sasldb_settings){ NULL, NULL };
	conf_defaults(&sasldb_settings_table, set_r);
	(void)conf_apply(&sasldb_settings_table, es, set_r, pass_over, NULL);
	if (part != 0)
		(void)conf_apply_part(&sasldb_settings_table, es, part, set_r,
		    pass_over, NULL);
}

static bool
is_users(const struct conf_entries *es, size_t part)
{
	const struct conf_entry *en = conf_find_in(es, part, "mechanism");

	return strcmp(es->parts[part - 1].kind, "backend") == 0 &&
	    en != NULL && strcasecmp(en->value, MECHANISM) == 0;
}

/* 0, or -1: path is NULL, and there are several files. */
static int
choose(struct conf_entries *es, const char *path,
    struct sasldb_settings *set_r)
{
	struct sasldb_settings one;
	size_t part, found = 0;

	take_part(es, 0, set_r);
	for (part = 1; part <= es->part_count; part++) {
		if (!is_users(es, part))
			continue;
		take_part(es, part, &one);
		if (path == NULL && found > 0 &&
		    strcmp(one.path, set_r->path) != 0) {
			conf_fini(&sasldb_settings_table, &one);
			return -1;
		}
		if (found == 0 ||
		    (path != NULL && strcmp(one.path, path) == 0)) {
			conf_fini(&sasldb_settings_table, set_r);
			*set_r = one;
		} else
			conf_fini(&sasldb_settings_table, &one);
		found++;
	}
	return 0;
}

const struct sasldb_settings *
users_conf_read(const char *program, const char *path, struct errmsg *e)
{
	static struct sasldb_settings set;
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg why = ERRMSG_INIT;
	int rc, errnum = 0;

	if (conf_read_file(&es, CONFIG_FILE, &errnum, &why) == -1 &&
	    errnum != ENOENT && path == NULL)
		fprintf(stderr, "%s: warning: %s; if it has a sasldb_path, "
		    "name that with -f\n", program, why.text);
	conf_fini(&sasldb_settings_table, &set);
	rc = choose(&es, path, &set);
	conf_entries_fini(&es);
	if (rc == 0)
		return &set;
	errmsg_set(e, "%s has several user databases; choose one with -f",
	    CONFIG_FILE);
	return NULL;
}
