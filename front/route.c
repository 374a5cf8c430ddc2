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

static bool
realm_matches(const char *list, const char *realm)
{
	size_t len;

	return list[strspn(list, LIST_BLANKS)] == '\0' ||
	    find_word(list, realm, &len) != NULL;
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
client_matches(const struct networks *clients, const char *address)
{
	struct network_address a;

	if (clients->count == 0)
		return true;
	return network_address_parse(&a, address) == 0 &&
	    networks_contain(clients, &a);
}

const struct site_route *
route_find(const struct site *site, const struct route_question *q)
{
	const char *realm = route_realm(q->login, q->realm);
	const struct site_route *r;
	size_t i;

	for (i = 0; i < site->route_count; i++) {
		r = &site->routes[i];
		if (site_list_has(r->settings.listeners, q->listener->name) &&
		    site_list_has(r->settings.services, q->service) &&
		    realm_matches(r->settings.realms, realm) &&
		    client_matches(&r->clients, q->address))
			return r;
	}
	return NULL;
}
