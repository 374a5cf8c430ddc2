/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_servers - what a server of ldap is, and how DNS is asked for those of a
 * domain.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/str.h"
#include "mechanisms/dir_servers.h"
#include "mechanisms/dir_srv.h"

#define MSEC_PER_SEC 1000
#define HEX 16

_Static_assert(DIR_URI_MAX <= SERVER_NAME_MAX &&
    DIR_SERVERS_MAX <= SERVERS_MAX, "what verify lets pass fits");

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

static bool
is_domain(const char *uri)
{
	char domain[DIR_URI_MAX];
	const char *scheme;

	return names_domain(uri, &scheme, domain, sizeof(domain));
}

static int64_t
query(const char *uri, const struct deadline *d, struct servers *sv,
    struct errmsg *e)
{
	struct dir_srv_list list;
	char domain[DIR_URI_MAX];
	const char *scheme;
	int64_t good_msec;
	size_t i;

	if (!names_domain(uri, &scheme, domain, sizeof(domain)) ||
	    dir_srv_query(scheme, domain, d, &list, e) == -1)
		return -1;
	for (i = 0; i < list.count; i++)
		servers_found(sv, list.uris[i]);
	good_msec = list.ttl_sec * MSEC_PER_SEC;
	dir_srv_fini(&list);
	return good_msec;
}

struct servers *
dir_servers_new(const struct dir_settings *s, struct errmsg *e)
{
	static const struct servers_kind kind = {
		.stuck_msec = DIR_STUCK_MSEC,
		.overdue_msec = DIR_PROBE_OVERDUE_MSEC,
		.is_domain = is_domain, .query = query
	};

	struct servers *sv = servers_new(&kind, e);
	const char *list = s->servers, *at;
	char uri[DIR_URI_MAX];
	size_t n;

	while (sv != NULL &&
	    (at = dir_settings_next_uri(&list, &n)) != NULL) {
		if (str_copy_n(uri, sizeof(uri), at, n) == -1)
			(void)errmsg_set(e, "%.64s...: too long", at);
		else if (servers_add(sv, uri, e) == 0)
			continue;
		servers_free(sv);
		return NULL;
	}
	return sv;
}
