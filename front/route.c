/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "common/network.h"
#include "common/str.h"
#include "front/route.h"

#define LIST_BLANKS " \t,"
#define REALM_NONE "-"

const char *
route_realm(const char *login, const char *realm)
{
	const char *at;

	if (realm[0] != '\0')
		return realm;
	at = strrchr(login, '@');
	return at != NULL ? at + 1 : login + strlen(login);
}

/* One word of a route: "example.org" is that realm, ".example.org" what is
 * below it, "-" that there is none. */
static bool
word_matches(const char *word, size_t len, const char *realm)
{
	size_t realm_len = strlen(realm), i;
	const char *tail;

	if (len == strlen(REALM_NONE) && memcmp(word, REALM_NONE, len) == 0)
		return realm_len == 0;
	if (word[0] == '.' ? realm_len <= len : realm_len != len)
		return false;
	tail = realm + realm_len - len;
	for (i = 0; i < len; i++)
		if (str_lower(word[i]) != str_lower(tail[i]))
			return false;
	return true;
}

/* The word of the list that the realm matches, or NULL. */
static const char *
find_word(const char *list, const char *realm, size_t *len_r)
{
	for (list += strspn(list, LIST_BLANKS); *list != '\0';
	    list += strspn(list, LIST_BLANKS)) {
		*len_r = strcspn(list, LIST_BLANKS);
		if (word_matches(list, *len_r, realm))
			return list;
		list += *len_r;
	}
	return NULL;
}

void
route_word(const struct site_route *r, const char *login, const char *realm,
    char *to, size_t size)
{
	const char *word;
	size_t len;

	realm = route_realm(login, realm);
	word = find_word(r->settings.realms, realm, &len);
	if (word == NULL || realm[0] == '\0' ||
	    str_copy_n(to, size, word, len) != 0)
		to[0] = '\0';
}

/* Who sent no address is in no network. */
static bool
has_client(const struct networks *clients, const char *address)
{
	struct network_address a;

	return clients->count > 0 && network_address_parse(&a, address) == 0 &&
	    networks_contain(clients, &a);
}

static enum route_match
judge(bool asked, bool holds)
{
	if (!asked)
		return ROUTE_ANY;
	return holds ? ROUTE_HOLDS : ROUTE_FAILS;
}

static bool
has_words(const char *list)
{
	return list[strspn(list, LIST_BLANKS)] != '\0';
}

enum route_match
route_match(const struct site_route *r, const struct route_question *q,
    enum route_condition c)
{
	const struct route_settings *s = &r->settings;
	size_t len;

	switch (c) {
	case ROUTE_LISTENER:
		return judge(has_words(s->listeners),
		    site_list_has(s->listeners, q->listener->name));
	case ROUTE_SERVICE:
		return judge(has_words(s->services),
		    site_list_has(s->services, q->service));
	case ROUTE_REALM:
		return judge(has_words(s->realms), find_word(s->realms,
		    route_realm(q->login, q->realm), &len) != NULL);
	case ROUTE_CLIENT:
		return judge(r->clients.count > 0,
		    has_client(&r->clients, q->address));
	case ROUTE_CONDITIONS:
		break;
	}
	return ROUTE_ANY;
}

enum route_condition
route_miss(const struct site_route *r, const struct route_question *q)
{
	enum route_condition c = 0;

	while (c < ROUTE_CONDITIONS && route_match(r, q, c) != ROUTE_FAILS)
		c++;
	return c;
}

const struct site_route *
route_find(const struct site *site, const struct route_question *q)
{
	size_t i;

	for (i = 0; i < site->route_count; i++)
		if (route_miss(&site->routes[i], q) == ROUTE_CONDITIONS)
			return &site->routes[i];
	return NULL;
}
