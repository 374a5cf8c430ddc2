/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "front/canonical.h"

#define APPEND_REALM "%u@%r"	/* what -r stands for */
#define REALM_BEHIND "@%r"	/* is not doubled */

/* A login in the making. */
struct made {
	char text[CANONICAL_LOGIN_MAX + 1];
	size_t len;
};

static void
fold(char *name)
{
	for (; *name != '\0'; name++)
		*name = str_lower(*name);
}

static char *
copy_trimmed(const char *login)
{
	size_t len;

	while (str_is_blank(*login))
		login++;
	len = strlen(login);
	while (len > 0 && str_is_blank(login[len - 1]))
		len--;
	return strndup(login, len);
}

/* For who named none: the listener's own, or the daemon's. */
static const char *
default_realm(const struct settings *s, const struct site_listener *l)
{
	return l->settings.default_realm[0] != '\0' ?
	    l->settings.default_realm : s->default_realm;
}

/* ---- the template ----------------------------------------------------- */

/* What a token stands for; a domain or a realm may be empty. */
static const char *
token_value(char token, const struct canonical *c, size_t *len_r)
{
	const char *value = "%", *at = strrchr(c->login, '@');

	if (token == 'u' || token == 'U')
		value = c->login;
	else if (token == 'd')
		value = at != NULL ? at + 1 : "";
	else if (token == 'r')
		value = c->realm;
	*len_r = token == 'U' && at != NULL ? (size_t)(at - c->login) :
	    strlen(value);
	return value;
}

static bool
is_token(const char *template)
{
	return template[0] == '%' && template[1] != '\0';
}

/* Is all there that it asks for? */
static bool
applies(const char *template, const struct canonical *c)
{
	size_t len;

	for (; *template != '\0'; template++)
		if (is_token(template) &&
		    *token_value(*++template, c, &len) == '\0')
			return false;
	return true;
}

static bool
ends_in_realm(const struct made *m, const char *realm)
{
	size_t len = strlen(realm);
	const char *tail;

	if (m->len <= len)
		return false;
	tail = m->text + m->len - len;
	return tail[-1] == '@' && str_casecmp(tail, realm) == 0;
}

static int
add(struct made *m, const char *text, size_t len)
{
	if (str_copy_n(m->text + m->len, sizeof(m->text) - m->len, text,
	    len) != 0)
		return -1;
	m->len += len;
	return 0;
}

/* -1: it becomes too long. */
static int
expand(struct made *m, const char *template, const struct canonical *c)
{
	const char *value;
	size_t len;

	while (*template != '\0') {
		if (str_starts(template, REALM_BEHIND) &&
		    ends_in_realm(m, c->realm)) {
			template += strlen(REALM_BEHIND);
			continue;
		}
		value = template;
		len = 1;
		if (is_token(template))
			value = token_value(*++template, c, &len);
		if (add(m, value, len) != 0)
			return -1;
		template++;
	}
	return 0;
}

static enum canonical_outcome
apply_template(const char *template, struct canonical *c)
{
	struct made m;
	char *login;

	m.len = 0;
	if (!applies(template, c))
		return CANONICAL_DONE;
	if (expand(&m, template, c) != 0)
		return CANONICAL_TOO_LONG;
	if (m.len == 0)
		return CANONICAL_EMPTY;
	login = strdup(m.text);
	if (login == NULL)
		return CANONICAL_NO_MEMORY;
	free(c->login);
	c->login = login;
	return CANONICAL_DONE;
}

/* ---- the whole -------------------------------------------------------- */

static enum canonical_outcome
make(const struct settings *s, const struct site_listener *l,
    const char *login, const char *realm, struct canonical *c)
{
	c->login = s->trim_blanks ? copy_trimmed(login) : strdup(login);
	if (c->login == NULL)
		return CANONICAL_NO_MEMORY;
	if (c->login[0] == '\0')
		return CANONICAL_EMPTY;
	if (realm[0] == '\0' && strchr(c->login, '@') == NULL)
		realm = default_realm(s, l);
	c->realm = strdup(realm);
	if (c->realm == NULL)
		return CANONICAL_NO_MEMORY;
	if (s->fold_case) {
		fold(c->login);
		fold(c->realm);
	}
	if (s->login_template[0] != '\0')
		return apply_template(s->login_template, c);
	if (s->append_realm)
		return apply_template(APPEND_REALM, c);
	return CANONICAL_DONE;
}

enum canonical_outcome
canonical_form(const struct settings *s, const struct site_listener *l,
    const char *login, const char *realm, struct canonical *to_r)
{
	enum canonical_outcome outcome;

	*to_r = (struct canonical){ NULL, NULL };
	outcome = make(s, l, login, realm, to_r);
	if (outcome != CANONICAL_DONE)
		canonical_fini(to_r);
	return outcome;
}

void
canonical_fini(struct canonical *c)
{
	free(c->login);
	free(c->realm);
	*c = (struct canonical){ NULL, NULL };
}
