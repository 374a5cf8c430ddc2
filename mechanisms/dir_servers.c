/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_servers - which server to ask.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "mechanisms/dir_servers.h"
#include "mechanisms/dir_srv.h"

#define MSEC_PER_SEC 1000
#define HEX 16
/* Before DNS is asked again that did not answer. */
#define SRV_RETRY_MSEC 5000

/* A word of ldap_servers: one server, or a domain whose servers DNS knows. */
struct source {
	const char *scheme;	/* of a domain: "ldap" or "ldaps" */
	char *domain;		/* NULL: one server */
	int64_t ask_msec;	/* when DNS is to be asked again */
	size_t slots[DIR_SERVERS_MAX];
	size_t count;
};

struct dir_servers {
	struct dir_health *health;	/* shared; the rest is our own */
	struct source *sources;
	size_t source_count;
	size_t list[DIR_SERVERS_MAX];	/* slots, by preference */
	size_t count;
	unsigned generation;	/* of the list; from 1 on */
	size_t marked;		/* slot of the mark below */
	int64_t mark;		/* 0: we left none */
	struct errmsg why;	/* what DNS said last, if it failed */
};

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strchr(digits, str_lower(c));

	return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

/* RFC 3986, section 2.1; a broken one is left as it is. */
static void
decode_percent(char *s)
{
	char *to = s;
	int high, low;

	for (; *s != '\0'; s++) {
		high = *s == '%' ? hex_digit(s[1]) : -1;
		low = high != -1 ? hex_digit(s[2]) : -1;
		if (low != -1 && high + low > 0) {
			*to++ = (char)(high * HEX + low);
			s += 2;
		} else
			*to++ = *s;
	}
	*to = '\0';
}

/* Is this URI without host, but with the DN of a domain (RFC 4516)? */
static bool
names_domain(const char *uri, const char **scheme_r, char *domain,
    size_t size)
{
	static const char *const schemes[] = { "ldap", "ldaps" };
	char head[sizeof("ldaps:///")], dn[DIR_URI_MAX];
	size_t i, n;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		(void)str_format(head, sizeof(head), "%s:///", schemes[i]);
		n = strlen(head);
		if (strncasecmp(uri, head, n) != 0 ||
		    str_copy_n(dn, sizeof(dn), uri + n,
		    strcspn(uri + n, "?")) == -1)
			continue;
		decode_percent(dn);
		*scheme_r = schemes[i];
		return dir_srv_domain(dn, domain, size) == 0;
	}
	return false;
}

static int
add_source(struct dir_servers *sv, const char *uri, struct errmsg *e)
{
	struct source *list, *src;
	char domain[DIR_URI_MAX];

	if (sv->source_count == DIR_SERVERS_MAX)
		return errmsg_set(e, "more than %d servers", DIR_SERVERS_MAX);
	list = realloc(sv->sources, (sv->source_count + 1) * sizeof(*list));
	if (list == NULL)
		return errmsg_set(e, "out of memory");
	sv->sources = list;
	src = &list[sv->source_count];
	*src = (struct source){ 0 };
	if (names_domain(uri, &src->scheme, domain, sizeof(domain))) {
		src->domain = strdup(domain);
		if (src->domain == NULL)
			return errmsg_set(e, "out of memory");
	} else {
		if (dir_health_slot(sv->health, uri, true, &src->slots[0],
		    e) == -1)
			return -1;
		src->count = 1;
	}
	sv->source_count++;
	return 0;
}

static int
add_sources(struct dir_servers *sv, const char *uris, struct errmsg *e)
{
	char uri[DIR_URI_MAX];
	const char *at;
	size_t n;

	while ((at = dir_settings_next_uri(&uris, &n)) != NULL) {
		if (str_copy_n(uri, sizeof(uri), at, n) == -1)
			return errmsg_set(e, "%.64s...: too long", at);
		if (add_source(sv, uri, e) == -1)
			return -1;
	}
	return 0;
}

static bool
is_listed(const struct dir_servers *sv, size_t slot)
{
	size_t i;

	for (i = 0; i < sv->count; i++)
		if (sv->list[i] == slot)
			return true;
	return false;
}

/* From all sources, each server once. */
static void
make_list(struct dir_servers *sv)
{
	const struct source *src;
	size_t i, k;

	sv->count = 0;
	sv->generation++;
	for (i = 0; i < sv->source_count; i++) {
		src = &sv->sources[i];
		for (k = 0; k < src->count && sv->count < DIR_SERVERS_MAX; k++)
			if (!is_listed(sv, src->slots[k]))
				sv->list[sv->count++] = src->slots[k];
	}
}

struct dir_servers *
dir_servers_new(const struct dir_settings *s, struct errmsg *e)
{
	struct dir_servers *sv = calloc(1, sizeof(*sv));

	if (sv == NULL) {
		errmsg_set(e, "out of memory");
		return NULL;
	}
	sv->health = dir_health_new(e);
	if (sv->health == NULL || add_sources(sv, s->servers, e) == -1) {
		dir_servers_free(sv);
		return NULL;
	}
	make_list(sv);
	return sv;
}

void
dir_servers_free(struct dir_servers *sv)
{
	size_t i;

	if (sv == NULL)
		return;
	for (i = 0; i < sv->source_count; i++)
		free(sv->sources[i].domain);
	free(sv->sources);
	dir_health_free(sv->health);
	free(sv);
}

/* Ask DNS. What was known is used on when it does not answer. */
static void
ask_source(struct dir_servers *sv, struct source *src,
    const struct deadline *d)
{
	struct dir_srv_list found;
	size_t i, slot;

	if (dir_srv_query(src->scheme, src->domain, d, &found,
	    &sv->why) == -1) {
		src->ask_msec = deadline_now_msec() + SRV_RETRY_MSEC;
		return;
	}
	src->ask_msec = deadline_now_msec() + found.ttl_sec * MSEC_PER_SEC;
	src->count = 0;
	for (i = 0; i < found.count; i++)
		if (dir_health_slot(sv->health, found.uris[i], false, &slot,
		    &sv->why) == 0)
			src->slots[src->count++] = slot;
	dir_srv_fini(&found);
}

static void
refresh(struct dir_servers *sv, const struct deadline *d)
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
is_up(const struct dir_servers *sv, size_t slot)
{
	return dir_health_down_since(sv->health, slot) == 0;
}

/* The first one that is up; or that was not probed for so long that this
 * request has to do it. */
static bool
find_usable(struct dir_servers *sv, const struct dir_round *round, size_t *i_r)
{
	size_t i;

	for (i = 0; i < sv->count; i++)
		if (round->offered[i] == 0 && (is_up(sv, sv->list[i]) ||
		    dir_health_claim(sv->health, sv->list[i],
		    DIR_PROBE_OVERDUE_MSEC))) {
			*i_r = i;
			return true;
		}
	return false;
}

/* When all are down, the one that has been down longest. */
static bool
find_last_resort(struct dir_servers *sv, const struct dir_round *round,
    size_t *i_r)
{
	int64_t since, oldest = INT64_MAX;
	size_t i;

	for (i = 0; i < sv->count; i++) {
		since = dir_health_down_since(sv->health, sv->list[i]);
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
dir_servers_next(struct dir_servers *sv, struct dir_round *round,
    const struct deadline *d, struct dir_server *server_r, struct errmsg *e)
{
	size_t i, k;

	if (round->generation == 0) {
		refresh(sv, d);
		round->generation = sv->generation;
	}
	if (sv->count == 0) {
		errmsg_set(e, "no server is known: %s", sv->why.text[0] != '\0'
		    ? sv->why.text : "ldap_servers is empty");
		return false;
	}
	*server_r = (struct dir_server){ 0 };
	if (!find_usable(sv, round, &i)) {
		if (!find_last_resort(sv, round, &i))
			return false;
		server_r->last_resort = true;
	}
	round->offered[i] = 1;
	server_r->slot = sv->list[i];
	server_r->uri = dir_health_uri(sv->health, server_r->slot);
	for (k = 0; k < sv->count; k++)
		if (round->offered[k] == 0 && is_up(sv, sv->list[k]))
			server_r->others = true;
	return true;
}

void
dir_servers_enter(struct dir_servers *sv, size_t slot)
{
	sv->marked = slot;
	sv->mark = dir_health_enter(sv->health, slot);
}

void
dir_servers_leave(struct dir_servers *sv, size_t slot)
{
	if (sv->marked == slot)
		dir_health_leave(sv->health, slot, sv->mark);
	sv->mark = 0;
}

void
dir_servers_up(struct dir_servers *sv, size_t slot)
{
	dir_health_up(sv->health, slot);
}

void
dir_servers_down(struct dir_servers *sv, size_t slot, const char *why)
{
	dir_health_down(sv->health, slot, why);
}

bool
dir_servers_is_up(const struct dir_servers *sv, size_t slot)
{
	return is_up(sv, slot);
}

bool
dir_servers_has_better(const struct dir_servers *sv, size_t slot)
{
	size_t i;

	for (i = 0; i < sv->count && sv->list[i] != slot; i++)
		if (is_up(sv, sv->list[i]))
			return true;
	return false;
}

bool
dir_servers_claim_probe(struct dir_servers *sv, struct dir_server *server_r)
{
	size_t i;

	for (i = 0; i < sv->count; i++)
		if (dir_health_claim(sv->health, sv->list[i], 0)) {
			*server_r = (struct dir_server){
				.uri = dir_health_uri(sv->health,
				    sv->list[i]),
				.slot = sv->list[i]
			};
			return true;
		}
	return false;
}

int64_t
dir_servers_probe_in_msec(const struct dir_servers *sv)
{
	const int64_t now = deadline_now_msec();
	int64_t left, least = -1;
	size_t i;

	for (i = 0; i < sv->count; i++) {
		if (is_up(sv, sv->list[i]))
			continue;
		left = dir_health_probe_at(sv->health, sv->list[i]) - now;
		if (left < 0)
			left = 0;
		if (least == -1 || left < least)
			least = left;
	}
	return least;
}

size_t
dir_servers_parts(const struct dir_servers *sv, struct mech_part *parts_r,
    size_t max)
{
	return dir_health_parts(sv->health, parts_r, max);
}
