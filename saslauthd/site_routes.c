/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The routes of a site, and the steps of each.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/site_work.h"

/* ---- one step --------------------------------------------------------- */

/* What may follow the backend in a step's line. */
static const struct condition {
	const char *word;
	size_t offset;		/* of a bool of struct site_step */
	bool value;
} conditions[] = {
#define CONDITION(word, member) \
	{ word "=next", offsetof(struct site_step, member), true }, \
	{ word "=stop", offsetof(struct site_step, member), false }
	CONDITION("denied", next_if_denied),
	CONDITION("no_such_user", next_if_no_such_user),
	CONDITION("temporary", next_if_temporary)
#undef CONDITION
};

#define CONDITION_COUNT (sizeof(conditions) / sizeof(conditions[0]))

static bool
is_backend(const struct site_work *w, const char *word)
{
	return site_find_backend(w->site, word) < w->site->backend_count;
}

static bool
read_condition(struct site_step *step, const char *word)
{
	const struct condition *c;

	for (c = conditions; c < conditions + CONDITION_COUNT; c++)
		if (strcmp(word, c->word) == 0) {
			*(bool *)((char *)step + c->offset) = c->value;
			return true;
		}
	return false;
}

static void
tell_condition(struct site_work *w, const struct conf_entry *en,
    const char *word)
{
	char shown[STR_ESCAPED_SIZE];
	struct conf_near near;
	struct errmsg e;
	size_t i;

	(void)str_escape_log(shown, sizeof(shown), word, strlen(word));
	conf_near_init(&near, word);
	for (i = 0; i < CONDITION_COUNT; i++)
		conf_near_offer(&near, conditions[i].word);
	if (is_backend(w, word))
		(void)errmsg_set(&e, "asks one backend: \"%s\" wants a step "
		    "of its own", shown);
	else if (near.name != NULL)
		(void)errmsg_set(&e, "no condition is called \"%s\"", shown);
	else
		(void)errmsg_set(&e, "wants denied=, no_such_user= or "
		    "temporary= with next or stop, not \"%s\"", shown);
	site_work_tell_entry(w, en, &near, &e);
}

static void
tell_backend(struct site_work *w, const struct conf_entry *en,
    const char *word)
{
	char shown[STR_ESCAPED_SIZE];
	struct conf_near near;
	struct errmsg e;
	size_t i;

	(void)str_escape_log(shown, sizeof(shown), word, strlen(word));
	conf_near_init(&near, word);
	for (i = 0; i < w->site->backend_count; i++)
		conf_near_offer(&near, w->site->backends[i].name);
	if (word[0] == '\0')
		(void)errmsg_set(&e, "wants the name of a backend");
	else if (near.name == NULL && mech_name_find(word) != NULL)
		(void)errmsg_set(&e, "no backend is called \"%s\": that is a "
		    "mechanism; a part \"backend %s {\" with it makes one",
		    shown, shown);
	else
		(void)errmsg_set(&e, "no backend is called \"%s\"", shown);
	site_work_tell_entry(w, en, &near, &e);
}

static struct site_step *
add_step(struct site_work *w, struct site_route *r, const char *backend)
{
	void *list = site_work_grow(w, r->steps, r->step_count,
	    sizeof(*r->steps));

	if (list == NULL)
		return NULL;
	r->steps = list;
	r->steps[r->step_count] = (struct site_step){
		.backend = site_find_backend(w->site, backend),
		.next_if_no_such_user = true
	};
	return &r->steps[r->step_count++];
}

/* One line: BACKEND [denied=next|stop] [no_such_user=...] [temporary=...] */
static void
read_step(struct site_work *w, struct site_route *r,
    const struct conf_entry *en)
{
	const char *line = en->value;
	char word[SITE_WORD_MAX];
	struct site_step *step;

	(void)site_work_next_word(&line, word);
	if (!is_backend(w, word)) {
		tell_backend(w, en, word);
		return;
	}
	step = add_step(w, r, word);
	while (step != NULL && site_work_next_word(&line, word)) {
		if (read_condition(step, word))
			continue;
		tell_condition(w, en, word);
		/* What is written otherwise goes on in its own way. */
		if (strchr(word, '=') == NULL)
			break;
	}
}

static void
read_steps(struct site_work *w, struct site_route *r, size_t part)
{
	const struct conf_entry *en;
	size_t i;

	for (i = 0; i < w->entries->count; i++) {
		en = &w->entries->list[i];
		if (en->part == part && strcmp(en->key, "step") == 0)
			read_step(w, r, en);
	}
	if (site_work_lacks(w, part, &route_table, "step"))
		site_work_tell(w, "%s: route %s: step is missing",
		    site_work_origin(w, part), r->name);
}

/* ---- routes ----------------------------------------------------------- */

/* Its name for cache and status: "ldap,local". What is unusual about a step
 * is a part of it: two routes share what is remembered only if they come to
 * the same verdicts. */
static void
name_chain(struct site_work *w, struct site_route *r)
{
	const struct site_step *s;
	char *chain = NULL, *longer;
	bool last;
	size_t i;

	for (i = 0; i < r->step_count; i++) {
		s = &r->steps[i];
		last = i + 1 == r->step_count;
		longer = str_dup_format("%s%s%s%s%s%s", i > 0 ? chain : "",
		    i > 0 ? "," : "", w->site->backends[s->backend].name,
		    !last && s->next_if_denied ? " denied=next" : "",
		    !last && !s->next_if_no_such_user ?
		    " no_such_user=stop" : "",
		    !last && s->next_if_temporary ? " temporary=next" : "");
		free(chain);
		chain = longer;
		if (chain == NULL) {
			site_work_tell(w, "out of memory");
			return;
		}
	}
	r->chain = chain;
}

static struct site_route *
add_route(struct site_work *w, const char *name)
{
	struct site *site = w->site;
	struct site_route *r;
	void *list;

	list = site_work_grow(w, site->routes, site->route_count,
	    sizeof(*site->routes));
	if (list == NULL)
		return NULL;
	site->routes = list;
	r = &site->routes[site->route_count++];
	r->name = strdup(name);
	conf_defaults(&route_table, &r->settings);
	if (r->name == NULL)
		site_work_tell(w, "out of memory");
	return r->name != NULL ? r : NULL;
}

static void
judge_listeners(struct site_work *w, const struct site_route *r, size_t part)
{
	const char *list = r->settings.listeners;
	char word[SITE_WORD_MAX], shown[STR_ESCAPED_SIZE];
	struct conf_near near;
	struct errmsg e;
	size_t i;

	while (site_work_next_word(&list, word)) {
		if (site_find_listener(w->site, word) <
		    w->site->listener_count)
			continue;
		conf_near_init(&near, word);
		for (i = 0; i < w->site->listener_count; i++)
			conf_near_offer(&near, w->site->listeners[i].name);
		(void)str_escape_log(shown, sizeof(shown), word,
		    strlen(word));
		(void)errmsg_set(&e, "no listener is called \"%s\"", shown);
		site_work_tell_entry(w,
		    conf_find_in(w->entries, part, "listener"), &near, &e);
	}
}

bool
site_routes_read(struct site_work *w, size_t part)
{
	struct site_route *r =
	    add_route(w, w->entries->parts[part - 1].name);

	if (r == NULL)
		return false;
	(void)conf_apply_part(&route_table, w->entries, part, &r->settings,
	    site_work_bad_value, w);
	site_work_judge_keys(w, part, &route_table);
	judge_listeners(w, r, part);
	if (networks_parse(&r->clients, r->settings.clients, NULL) != 0)
		w->failed = true;	/* told with the value */
	read_steps(w, r, part);
	name_chain(w, r);
	return true;
}

bool
site_routes_default(struct site_work *w)
{
	const struct site *site = w->site;
	const char *list = site->settings.mechanism;
	char word[SITE_WORD_MAX];
	struct site_route *r;

	if (list[0] == '\0' && site->backend_count > 1) {
		site_work_tell(w, "%s: backend %s: no route says which of "
		    "the %zu backends are asked: add a part \"route NAME {\" "
		    "with a step for each",
		    site_work_origin(w, site->backends[1].part),
		    site->backends[1].name, site->backend_count);
		return false;
	}
	if (list[0] == '\0' && site->backend_count == 1)
		list = site->backends[0].name;
	r = add_route(w, "default");
	if (r == NULL)
		return false;
	while (site_work_next_of_chain(&list, word))
		if (add_step(w, r, site_backends_called(w, word)) == NULL)
			return false;
	if (r->step_count > 0)
		name_chain(w, r);
	return true;
}
