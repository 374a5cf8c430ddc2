/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * servers - which server to ask; see servers.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mechanisms/servers.h"

/* Before DNS is asked again that did not answer. */
#define QUERY_RETRY_MSEC 5000

/* A name of the list: one server, or several that DNS knows. */
struct source {
	char *domain;		/* NULL: one server */
	int64_t ask_msec;	/* when DNS is to be asked again */
	size_t slots[SERVERS_MAX];
	size_t count;
};

struct servers {
	const struct servers_kind *kind;
	struct server_health *health;	/* shared; the rest is our own */
	struct source *sources;
	size_t source_count;
	struct source *asked;	/* whose query() runs */
	size_t list[SERVERS_MAX];	/* slots, by preference */
	size_t count;
	unsigned generation;	/* of the list; from 1 on */
	size_t marked;		/* slot of the mark below */
	int64_t mark;		/* 0: we left none */
	struct errmsg why;	/* what DNS said last, if it failed */
};

static bool
is_listed(const struct servers *sv, size_t slot)
{
	size_t i;

	for (i = 0; i < sv->count; i++)
		if (sv->list[i] == slot)
			return true;
	return false;
}

/* From all sources, each server once. */
static void
make_list(struct servers *sv)
{
	const struct source *src;
	size_t i, k;

	sv->count = 0;
	sv->generation++;
	for (i = 0; i < sv->source_count; i++) {
		src = &sv->sources[i];
		for (k = 0; k < src->count && sv->count < SERVERS_MAX; k++)
			if (!is_listed(sv, src->slots[k]))
				sv->list[sv->count++] = src->slots[k];
	}
}

struct servers *
servers_new(const struct servers_kind *kind, struct errmsg *e)
{
	struct servers *sv = calloc(1, sizeof(*sv));

	if (sv == NULL) {
		errmsg_set(e, "out of memory");
		return NULL;
	}
	sv->kind = kind;
	sv->health = server_health_new(kind->stuck_msec, e);
	if (sv->health == NULL) {
		servers_free(sv);
		return NULL;
	}
	return sv;
}

int
servers_add(struct servers *sv, const char *name, struct errmsg *e)
{
	struct source *list, *src;

	if (sv->source_count == SERVERS_MAX)
		return errmsg_set(e, "more than %d servers", SERVERS_MAX);
	list = realloc(sv->sources, (sv->source_count + 1) * sizeof(*list));
	if (list == NULL)
		return errmsg_set(e, "out of memory");
	sv->sources = list;
	src = &list[sv->source_count];
	*src = (struct source){ 0 };
	if (sv->kind->is_domain != NULL && sv->kind->is_domain(name)) {
		src->domain = strdup(name);
		if (src->domain == NULL)
			return errmsg_set(e, "out of memory");
	} else {
		if (server_health_slot(sv->health, name, true,
		    &src->slots[0], e) == -1)
			return -1;
		src->count = 1;
	}
	sv->source_count++;
	make_list(sv);
	return 0;
}

void
servers_free(struct servers *sv)
{
	size_t i;

	if (sv == NULL)
		return;
	for (i = 0; i < sv->source_count; i++)
		free(sv->sources[i].domain);
	free(sv->sources);
	server_health_free(sv->health);
	free(sv);
}

void
servers_found(struct servers *sv, const char *name)
{
	struct source *src = sv->asked;
	size_t slot;

	if (src->count < SERVERS_MAX && server_health_slot(sv->health, name,
	    false, &slot, &sv->why) == 0)
		src->slots[src->count++] = slot;
}

/* Ask DNS. What was known is used on when it does not answer. */
static void
ask_source(struct servers *sv, struct source *src, const struct deadline *d)
{
	const size_t known = src->count;
	int64_t good_msec;

	sv->asked = src;
	src->count = 0;
	good_msec = sv->kind->query(src->domain, d, sv, &sv->why);
	if (good_msec == -1) {
		src->count = known;
		good_msec = QUERY_RETRY_MSEC;
	}
	src->ask_msec = deadline_now_msec() + good_msec;
}

static void
refresh(struct servers *sv, const struct deadline *d)
{
	struct source *src;
	bool asked = false;
	size_t i;

	for (i = 0; i < sv->source_count; i++) {
		src = &sv->sources[i];
		if (src->domain != NULL &&
		    src->ask_msec <= deadline_now_msec()) {
			ask_source(sv, src, d);
			asked = true;
		}
	}
	if (asked)
		make_list(sv);
}

static bool
is_up(const struct servers *sv, size_t slot)
{
	return server_health_down_since(sv->health, slot) == 0;
}

/* The first one that is up; or that was not probed for so long that this
 * request has to do it. */
static bool
find_usable(struct servers *sv, const struct servers_round *round,
    size_t *i_r, bool *probe_r)
{
	size_t i;

	for (i = 0; i < sv->count; i++) {
		if (round->offered[i] != 0)
			continue;
		*i_r = i;
		*probe_r = !is_up(sv, sv->list[i]);
		if (!*probe_r || server_health_claim(sv->health, sv->list[i],
		    sv->kind->overdue_msec))
			return true;
	}
	*probe_r = false;
	return false;
}

/* When all are down, the one that has been down longest. */
static bool
find_last_resort(struct servers *sv, const struct servers_round *round,
    size_t *i_r)
{
	int64_t since, oldest = INT64_MAX;
	size_t i;

	for (i = 0; i < sv->count; i++) {
		since = server_health_down_since(sv->health, sv->list[i]);
		if (since == 0)
			return false;
		if (round->offered[i] == 0 && since < oldest) {
			oldest = since;
			*i_r = i;
		}
	}
	return oldest != INT64_MAX;
}

bool
servers_next(struct servers *sv, struct servers_round *round,
    const struct deadline *d, struct servers_offer *offer_r, struct errmsg *e)
{
	size_t i, k;

	if (round->generation == 0) {
		refresh(sv, d);
		round->generation = sv->generation;
	}
	if (sv->count == 0) {
		errmsg_set(e, "no server is known: %s", sv->why.text[0] != '\0'
		    ? sv->why.text : "the list is empty");
		return false;
	}
	*offer_r = (struct servers_offer){ 0 };
	if (!find_usable(sv, round, &i, &offer_r->probe)) {
		if (!find_last_resort(sv, round, &i))
			return false;
		offer_r->last_resort = true;
	}
	round->offered[i] = 1;
	offer_r->slot = sv->list[i];
	offer_r->name = server_health_name(sv->health, offer_r->slot);
	for (k = 0; k < sv->count; k++)
		if (round->offered[k] == 0 && is_up(sv, sv->list[k]))
			offer_r->others = true;
	return true;
}

void
servers_enter(struct servers *sv, size_t slot)
{
	sv->marked = slot;
	sv->mark = server_health_enter(sv->health, slot);
}

void
servers_leave(struct servers *sv, size_t slot)
{
	if (sv->marked == slot)
		server_health_leave(sv->health, slot, sv->mark);
	sv->mark = 0;
}

void
servers_up(struct servers *sv, size_t slot)
{
	server_health_up(sv->health, slot);
}

void
servers_down(struct servers *sv, size_t slot, const char *why)
{
	server_health_down(sv->health, slot, why);
}

bool
servers_is_up(const struct servers *sv, size_t slot)
{
	return is_up(sv, slot);
}

bool
servers_answered_since(const struct servers *sv, size_t slot, int64_t msec)
{
	return server_health_answered_since(sv->health, slot, msec);
}

bool
servers_has_better(const struct servers *sv, size_t slot)
{
	size_t i;

	for (i = 0; i < sv->count && sv->list[i] != slot; i++)
		if (is_up(sv, sv->list[i]))
			return true;
	return false;
}

bool
servers_claim_probe(struct servers *sv, struct servers_offer *offer_r)
{
	size_t i;

	for (i = 0; i < sv->count; i++)
		if (server_health_claim(sv->health, sv->list[i], 0)) {
			*offer_r = (struct servers_offer){
				.name = server_health_name(sv->health,
				    sv->list[i]),
				.slot = sv->list[i]
			};
			return true;
		}
	return false;
}

int64_t
servers_probe_in_msec(const struct servers *sv)
{
	const int64_t now = deadline_now_msec();
	int64_t left, least = -1;
	size_t i;

	for (i = 0; i < sv->count; i++) {
		if (is_up(sv, sv->list[i]))
			continue;
		left = server_health_probe_at(sv->health, sv->list[i]) - now;
		if (left < 0)
			left = 0;
		if (least == -1 || left < least)
			least = left;
	}
	return least;
}

size_t
servers_parts(const struct servers *sv, struct mech_part *parts_r,
    size_t max)
{
	return server_health_parts(sv->health, parts_r, max);
}
