/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>

#include "common/json.h"
#include "common/str.h"
#include "common/wire.h"
#include "front/report.h"
#include "front/route_why.h"

static const char *
condition_word(enum route_condition c)
{
	switch (c) {
	case ROUTE_LISTENER:
		return "listener";
	case ROUTE_SERVICE:
		return "service";
	case ROUTE_REALM:
		return "realm";
	case ROUTE_CLIENT:
		return "client";
	case ROUTE_CONDITIONS:
		break;
	}
	return "none";
}

static const char *
named(const char *name)
{
	return name[0] != '\0' ? name : "(none)";
}

/* "realm a.example.org is among its realms (.example.org)" */
static char *
realm_text(const struct site_route *r, const struct route_question *q,
    const char *is)
{
	const char *realm = route_realm(q->login, q->realm);
	const char *what = q->realm[0] == '\0' && realm[0] != '\0' ?
	    "the login's domain" : "realm";
	char word[WIRE_NAME_MAX_LIMIT + 1];

	route_word(r, q->login, q->realm, word, sizeof(word));
	if (word[0] != '.')
		return str_dup_format("%s %s %s among its realms", what,
		    named(realm), is);
	return str_dup_format("%s %s %s among its realms (%s)", what, realm,
	    is, word);
}

/* To be freed. */
static char *
condition_text(const struct site_route *r, const struct route_question *q,
    enum route_condition c, bool holds)
{
	const char *is = holds ? "is" : "is not";

	switch (c) {
	case ROUTE_LISTENER:
		return str_dup_format("listener %s %s among its listeners",
		    q->listener->name, is);
	case ROUTE_SERVICE:
		return str_dup_format("service %s %s among its services",
		    named(q->service), is);
	case ROUTE_REALM:
		return realm_text(r, q, is);
	case ROUTE_CLIENT:
		return str_dup_format("client %s is in %s of its networks",
		    named(q->address), holds ? "one" : "none");
	case ROUTE_CONDITIONS:
		break;
	}
	return str_dup_format("it has no conditions");
}

static int
tell(const char *kind, const struct site_route *r,
    const struct route_question *q, enum route_condition c, bool holds,
    struct buf *to)
{
	char *text = condition_text(r, q, c, holds);
	struct json j;
	int rc;

	if (text == NULL)
		return -1;
	report_begin(&j, to, kind);
	json_str(&j, "name", r->name);
	json_str(&j, "condition", condition_word(c));
	json_str(&j, "text", text);
	rc = json_end(&j);
	free(text);
	return rc;
}

int
route_why_not(const struct site_route *r, const struct route_question *q,
    struct buf *to)
{
	return tell("passed", r, q, route_miss(r, q), false, to);
}

int
route_why(const struct site_route *r, const struct route_question *q,
    struct buf *to)
{
	enum route_condition c;
	bool any = false;

	for (c = 0; c < ROUTE_CONDITIONS; c++) {
		if (route_match(r, q, c) != ROUTE_HOLDS)
			continue;
		any = true;
		if (tell("because", r, q, c, true, to) != 0)
			return -1;
	}
	return any ? 0 : tell("because", r, q, ROUTE_CONDITIONS, true, to);
}
