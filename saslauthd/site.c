/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "mechanisms/mech_names.h"
#include "saslauthd/site.h"

#define LIST_BLANKS " \t,"
#define WORD_MAX 256
#define MODE_MAX 0777

struct build {
	struct site *site;
	struct conf_entries *entries;
	conf_report *report;
	void *ctx;
	bool failed;		/* the site cannot be used */
};

/* ---- words ------------------------------------------------------------ */

/* The next word of a list into `to`; false at the end. One that does not fit
 * is cut, and no name is as long. */
static bool
next_word(const char **list, char *to, size_t size)
{
	size_t len;

	*list += strspn(*list, LIST_BLANKS);
	len = strcspn(*list, LIST_BLANKS);
	if (len == 0)
		return false;
	(void)str_copy_n(to, size, *list, len);
	*list += len;
	return true;
}

bool
site_list_has(const char *list, const char *word)
{
	const char *at = list;
	size_t len = strlen(word), n;

	for (;;) {
		at += strspn(at, LIST_BLANKS);
		n = strcspn(at, LIST_BLANKS);
		if (n == 0)
			return at == list + strspn(list, LIST_BLANKS);
		if (n == len && memcmp(at, word, len) == 0)
			return true;
		at += n;
	}
}

/* The next name of a chain: commas are between them, as in "ldap,sasldb". */
static bool
next_of_chain(const char **chain, char *to, size_t size)
{
	const char *from;
	size_t len;

	*chain += strspn(*chain, LIST_BLANKS);
	from = *chain;
	len = strcspn(from, ",");
	*chain += len;
	while (len > 0 && str_is_blank(from[len - 1]))
		len--;
	if (len == 0)
		return false;
	(void)str_copy_n(to, size, from, len);
	return true;
}

/* ---- telling ---------------------------------------------------------- */

static void say(struct build *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct build *b, const char *fmt, ...)
{
	char text[ERRMSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (b->report != NULL)
		b->report(b->ctx, text);
	b->failed = true;
}

/* A bad value. What is new is judged strictly. */
static void
on_bad_value(void *ctx, const char *text)
{
	struct build *b = ctx;

	if (b->report != NULL)
		b->report(b->ctx, text);
	if (b->site->named)
		b->failed = true;
}

/* They are the same entries as the daemon's, which told already. */
static void
on_known_value(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static const char *
origin_of(const struct build *b, size_t part)
{
	return part == 0 ? "-a" : b->entries->parts[part - 1].origin;
}

/* ---- parts ------------------------------------------------------------ */

/* What stands in a part and in no table. */
static void
judge_keys(struct build *b, size_t part, const struct conf_table *t)
{
	const struct conf_entry *en;
	const char *near;
	size_t i;

	for (i = 0; i < b->entries->count; i++) {
		en = &b->entries->list[i];
		if (en->part != part || conf_key_find(t, en->key) != NULL)
			continue;
		near = conf_nearest(t, en->key);
		say(b, "%s: %s: no key of a %s%s%s%s", en->origin, en->key,
		    t->owner, near != NULL ? " (did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?)" : "");
	}
}

static void
judge_scope(struct build *b, size_t part)
{
	const struct conf_entry *en;
	const struct conf_key *k;
	size_t i;

	for (i = 0; i < b->entries->count; i++) {
		en = &b->entries->list[i];
		if (en->part != part)
			continue;
		k = conf_key_find(&settings_table, en->key);
		if (k != NULL && (k->scope & SETTINGS_BACKEND) == 0)
			say(b, "%s: %s: is for the whole daemon: it stands "
			    "outside of backends", en->origin, en->key);
	}
}

static void *
grow(struct build *b, void *list, size_t count, size_t size)
{
	void *more = reallocarray(list, count + 1, size);

	if (more == NULL)
		say(b, "out of memory");
	else
		memset((char *)more + count * size, 0, size);
	return more;
}

static bool
add_backend(struct build *b, const char *name, size_t part)
{
	struct site *site = b->site;
	struct site_backend *sb;
	void *list;

	if (site->backend_count == SITE_BACKENDS_MAX) {
		say(b, "%s: more than %d backends", origin_of(b, part),
		    SITE_BACKENDS_MAX);
		return false;
	}
	list = grow(b, site->backends, site->backend_count,
	    sizeof(*site->backends));
	if (list == NULL)
		return false;
	site->backends = list;
	sb = &site->backends[site->backend_count++];
	sb->part = part;
	sb->name = strdup(name);
	conf_defaults(&settings_table, &sb->settings);
	(void)conf_apply(&settings_table, b->entries, &sb->settings,
	    on_known_value, NULL);
	free(sb->settings.mechanism);
	sb->settings.mechanism = strdup(part == 0 ? name : "");
	if (sb->name == NULL || sb->settings.mechanism == NULL) {
		say(b, "out of memory");
		return false;
	}
	if (part == 0)
		return true;
	judge_scope(b, part);
	(void)conf_apply_part(&settings_table, b->entries, part,
	    &sb->settings, on_bad_value, b);
	if (sb->settings.mechanism[0] == '\0')
		say(b, "%s: backend %s: mechanism is missing",
		    origin_of(b, part), name);
	return true;
}

static void
read_mode(struct build *b, struct site_listener *l, size_t part)
{
	const char *text = l->settings.mode;
	unsigned long mode;
	char *end;

	mode = strtoul(text, &end, 8);
	if (*text < '0' || *text > '7' || *end != '\0' || mode > MODE_MAX)
		say(b, "%s: listener %s: mode: wants an octal number from 0 "
		    "to 0777, not '%s'", origin_of(b, part), l->name, text);
	l->mode = (mode_t)mode;
}

static bool
add_listener(struct build *b, const char *name, size_t part)
{
	struct site *site = b->site;
	struct site_listener *l;
	void *list;

	if (site->listener_count == SITE_LISTENERS_MAX) {
		say(b, "%s: more than %d listeners", origin_of(b, part),
		    SITE_LISTENERS_MAX);
		return false;
	}
	list = grow(b, site->listeners, site->listener_count,
	    sizeof(*site->listeners));
	if (list == NULL)
		return false;
	site->listeners = list;
	l = &site->listeners[site->listener_count++];
	l->name = strdup(name);
	conf_defaults(&listener_table, &l->settings);
	if (l->name == NULL) {
		say(b, "out of memory");
		return false;
	}
	if (part != 0) {
		(void)conf_apply_part(&listener_table, b->entries, part,
		    &l->settings, on_bad_value, b);
		judge_keys(b, part, &listener_table);
		if (l->settings.path[0] == '\0' &&
		    strcmp(name, SITE_LISTENER_DEFAULT) != 0)
			say(b, "%s: listener %s: path is missing",
			    origin_of(b, part), name);
	}
	read_mode(b, l, part);
	return true;
}

/* ---- routes ----------------------------------------------------------- */

static bool
read_then(const char *text, bool *next_r)
{
	*next_r = strcmp(text, "next") == 0;
	return *next_r || strcmp(text, "stop") == 0;
}

/* "denied=next" and the like. */
static bool
read_condition(struct site_step *step, const char *word)
{
	if (str_starts(word, "denied="))
		return read_then(word + strlen("denied="),
		    &step->next_if_denied);
	if (str_starts(word, "no_such_user="))
		return read_then(word + strlen("no_such_user="),
		    &step->next_if_no_such_user);
	if (str_starts(word, "temporary="))
		return read_then(word + strlen("temporary="),
		    &step->next_if_temporary);
	return false;
}

static bool
add_step(struct build *b, struct site_route *r, const char *backend,
    const char *where)
{
	size_t i = site_find_backend(b->site, backend);
	void *list;

	if (i == b->site->backend_count) {
		say(b, "%s: no backend is called %s", where, backend);
		return false;
	}
	list = grow(b, r->steps, r->step_count, sizeof(*r->steps));
	if (list == NULL)
		return false;
	r->steps = list;
	r->steps[r->step_count++] = (struct site_step){
		.backend = i, .next_if_no_such_user = true
	};
	return true;
}

/* One line: BACKEND [denied=next|stop] [no_such_user=...] [temporary=...] */
static void
read_step(struct build *b, struct site_route *r, const char *line,
    const char *where)
{
	char word[WORD_MAX];

	if (!next_word(&line, word, sizeof(word))) {
		say(b, "%s: step: wants the name of a backend", where);
		return;
	}
	if (!add_step(b, r, word, where))
		return;
	while (next_word(&line, word, sizeof(word)))
		if (!read_condition(&r->steps[r->step_count - 1], word))
			say(b, "%s: step: wants denied=, no_such_user= or "
			    "temporary= with next or stop, not '%s'", where,
			    word);
}

/* Its name for cache and status: "ldap,local". What is unusual about a step
 * is a part of it: two routes share what is remembered only if they come to
 * the same verdicts. */
static void
name_chain(struct build *b, struct site_route *r)
{
	const struct site_step *s;
	char *chain = NULL, *longer;
	bool last;
	size_t i;

	for (i = 0; i < r->step_count; i++) {
		s = &r->steps[i];
		last = i + 1 == r->step_count;
		longer = str_dup_format("%s%s%s%s%s%s", i > 0 ? chain : "",
		    i > 0 ? "," : "", b->site->backends[s->backend].name,
		    !last && s->next_if_denied ? " denied=next" : "",
		    !last && !s->next_if_no_such_user ?
		    " no_such_user=stop" : "",
		    !last && s->next_if_temporary ? " temporary=next" : "");
		free(chain);
		chain = longer;
		if (chain == NULL) {
			say(b, "out of memory");
			return;
		}
	}
	r->chain = chain;
}

static struct site_route *
add_route(struct build *b, const char *name)
{
	struct site *site = b->site;
	struct site_route *r;
	void *list;

	list = grow(b, site->routes, site->route_count,
	    sizeof(*site->routes));
	if (list == NULL)
		return NULL;
	site->routes = list;
	r = &site->routes[site->route_count++];
	r->name = strdup(name);
	conf_defaults(&route_table, &r->settings);
	if (r->name == NULL)
		say(b, "out of memory");
	return r->name != NULL ? r : NULL;
}

static void
judge_listeners(struct build *b, const struct site_route *r,
    const char *where)
{
	const char *list = r->settings.listeners;
	char word[WORD_MAX];

	while (next_word(&list, word, sizeof(word)))
		if (site_find_listener(b->site, word) ==
		    b->site->listener_count)
			say(b, "%s: listener: none is called %s", where,
			    word);
}

static void
read_route(struct build *b, const char *name, size_t part)
{
	struct site_route *r = add_route(b, name);
	char where[WORD_MAX + CONF_NAME_MAX], line[WORD_MAX];
	const char *at;
	size_t len;

	if (r == NULL)
		return;
	if (str_format(where, sizeof(where), "%.*s: route %s", WORD_MAX - 32,
	    origin_of(b, part), name) != 0)
		return;
	(void)conf_apply_part(&route_table, b->entries, part, &r->settings,
	    on_bad_value, b);
	judge_keys(b, part, &route_table);
	judge_listeners(b, r, where);
	if (networks_parse(&r->clients, r->settings.clients, NULL) != 0)
		b->failed = true;	/* told with the value */
	for (at = r->settings.steps; *at != '\0'; at += strspn(at, "\n")) {
		len = strcspn(at, "\n");
		if (str_copy_n(line, sizeof(line), at, len) != 0)
			say(b, "%s: step: too long", where);
		else
			read_step(b, r, line, where);
		at += len;
	}
	if (r->step_count == 0)
		say(b, "%s: step is missing", where);
	else
		name_chain(b, r);
}

/* What a name of a chain means: a backend of the file's, or a mechanism,
 * which is written as its table has it. */
static const char *
backend_called(const struct build *b, const char *word)
{
	const struct mech_name *mech = mech_name_find(word);

	return mech == NULL || site_find_backend(b->site, word) <
	    b->site->backend_count ? word : mech->name;
}

/* Without routes: one for all, through the backends of -a or, without it,
 * through the only one there is. */
static void
make_route(struct build *b)
{
	const char *list = b->site->settings.mechanism;
	char word[WORD_MAX];
	struct site_route *r;

	if (list[0] == '\0' && b->site->backend_count == 1)
		list = b->site->backends[0].name;
	else if (list[0] == '\0' && b->site->backend_count > 1)
		say(b, "no route says which of the backends are asked");
	r = add_route(b, "default");
	if (r == NULL)
		return;
	while (next_of_chain(&list, word, sizeof(word)))
		(void)add_step(b, r, backend_called(b, word), "-a");
	if (r->step_count > 0)
		name_chain(b, r);
}

/* ---- the whole -------------------------------------------------------- */

/* -a names backends of parts, or mechanisms, which become backends. */
static void
make_backends(struct build *b)
{
	const char *list = b->site->settings.mechanism;
	const char *name;
	char word[WORD_MAX];

	while (next_of_chain(&list, word, sizeof(word))) {
		name = backend_called(b, word);
		if (site_find_backend(b->site, name) ==
		    b->site->backend_count && !add_backend(b, name, 0))
			return;
	}
}

static void
read_parts(struct build *b)
{
	const struct conf_entries *es = b->entries;
	const struct conf_part *p;
	size_t i;

	for (i = 1; i <= es->part_count; i++) {
		p = &es->parts[i - 1];
		if (strcmp(p->kind, "backend") == 0)
			(void)add_backend(b, p->name, i);
		else if (strcmp(p->kind, "listener") == 0)
			;
		else if (strcmp(p->kind, "route") != 0)
			say(b, "%s: no part is called %s: there are backend, "
			    "listener and route", p->origin, p->kind);
	}
	make_backends(b);
	(void)add_listener(b, SITE_LISTENER_DEFAULT,
	    conf_find_part(es, "listener", SITE_LISTENER_DEFAULT));
	for (i = 1; i <= es->part_count; i++) {
		p = &es->parts[i - 1];
		if (strcmp(p->kind, "listener") == 0 &&
		    strcmp(p->name, SITE_LISTENER_DEFAULT) != 0)
			(void)add_listener(b, p->name, i);
	}
	for (i = 1; i <= es->part_count; i++)
		if (strcmp(es->parts[i - 1].kind, "route") == 0)
			read_route(b, es->parts[i - 1].name, i);
	if (b->site->route_count == 0)
		make_route(b);
}

int
site_build(struct site *site, struct conf_entries *entries,
    conf_report *report, void *ctx)
{
	struct build b = {
		.site = site, .entries = entries, .report = report, .ctx = ctx
	};

	memset(site, 0, sizeof(*site));
	conf_defaults(&settings_table, &site->settings);
	(void)conf_apply(&settings_table, entries, &site->settings,
	    report != NULL ? report : on_known_value, ctx);
	site->named = entries->part_count > 0;
	read_parts(&b);
	if (!b.failed)
		return 0;
	site_fini(site);
	return -1;
}

void
site_fini(struct site *site)
{
	size_t i;

	for (i = 0; i < site->backend_count; i++) {
		free(site->backends[i].name);
		conf_fini(&settings_table, &site->backends[i].settings);
	}
	for (i = 0; i < site->listener_count; i++) {
		free(site->listeners[i].name);
		conf_fini(&listener_table, &site->listeners[i].settings);
	}
	for (i = 0; i < site->route_count; i++) {
		free(site->routes[i].name);
		conf_fini(&route_table, &site->routes[i].settings);
		networks_fini(&site->routes[i].clients);
		free(site->routes[i].steps);
		free(site->routes[i].chain);
	}
	free(site->backends);
	free(site->listeners);
	free(site->routes);
	conf_fini(&settings_table, &site->settings);
	memset(site, 0, sizeof(*site));
}

size_t
site_find_backend(const struct site *site, const char *name)
{
	size_t i = 0;

	while (i < site->backend_count &&
	    strcmp(site->backends[i].name, name) != 0)
		i++;
	return i;
}

size_t
site_find_listener(const struct site *site, const char *name)
{
	size_t i = 0;

	while (i < site->listener_count &&
	    strcmp(site->listeners[i].name, name) != 0)
		i++;
	return i;
}
