/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The backends of a site: the parts of a file, and what -a names.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mechanisms/mech_names.h"
#include "saslauthd/settings.h"
#include "saslauthd/site_work.h"

/* They are the same entries as the daemon's, which told already. */
static void
ignore_value(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static void
judge_scope(struct site_work *w, size_t part)
{
	const struct conf_entry *en;
	const struct conf_key *k;
	size_t i;

	for (i = 0; i < w->entries->count; i++) {
		en = &w->entries->list[i];
		if (en->part != part)
			continue;
		k = conf_key_find(&settings_table, en->key);
		if (k != NULL && (k->scope & SETTINGS_BACKEND) == 0)
			site_work_tell(w, "%s: %s: is for the whole daemon: "
			    "write it above the parts", en->origin, en->key);
	}
}

static void
judge_mechanism(struct site_work *w, const struct site_backend *sb)
{
	const struct conf_entry *en =
	    conf_find_in(w->entries, sb->part, "mechanism");

	if (en == NULL)
		site_work_tell(w, "%s: backend %s: mechanism is missing",
		    site_work_origin(w, sb->part), sb->name);
	else if (sb->settings.mechanism[0] == '\0')
		site_work_tell(w, "%s: mechanism: must not be empty",
		    en->origin);
}

static bool
add_backend(struct site_work *w, const char *name, size_t part)
{
	struct site *site = w->site;
	struct site_backend *sb;
	void *list;

	if (site->backend_count == SITE_BACKENDS_MAX) {
		site_work_tell(w, "%s: more than %d backends",
		    site_work_origin(w, part), SITE_BACKENDS_MAX);
		return false;
	}
	list = site_work_grow(w, site->backends, site->backend_count,
	    sizeof(*site->backends));
	if (list == NULL)
		return false;
	site->backends = list;
	sb = &site->backends[site->backend_count++];
	sb->part = part;
	sb->name = strdup(name);
	conf_defaults(&settings_table, &sb->settings);
	(void)conf_apply(&settings_table, w->entries, &sb->settings,
	    ignore_value, NULL);
	free(sb->settings.mechanism);
	sb->settings.mechanism = strdup(part == 0 ? name : "");
	if (sb->name == NULL || sb->settings.mechanism == NULL) {
		site_work_tell(w, "out of memory");
		return false;
	}
	return true;
}

bool
site_backends_read(struct site_work *w, size_t part)
{
	struct site_backend *sb;

	if (!add_backend(w, w->entries->parts[part - 1].name, part))
		return false;
	sb = &w->site->backends[w->site->backend_count - 1];
	judge_scope(w, part);
	(void)conf_apply_part(&settings_table, w->entries, part,
	    &sb->settings, site_work_bad_value, w);
	judge_mechanism(w, sb);
	return true;
}

const char *
site_backends_called(const struct site_work *w, const char *word)
{
	const struct mech_name *mech = mech_name_find(word);

	return mech == NULL || site_find_backend(w->site, word) <
	    w->site->backend_count ? word : mech->name;
}

bool
site_backends_of_flag(struct site_work *w)
{
	const char *list = w->site->settings.mechanism;
	const char *name;
	char word[SITE_WORD_MAX];

	while (site_work_next_of_chain(&list, word)) {
		name = site_backends_called(w, word);
		if (site_find_backend(w->site, name) ==
		    w->site->backend_count && !add_backend(w, name, 0))
			return false;
	}
	return true;
}
