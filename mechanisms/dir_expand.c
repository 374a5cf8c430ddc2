/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_expand - templates of filters, DNs and names.
 *
 * A template is walked piece by piece, and what its fixed text has opened so
 * far says where a token stands: at an attribute type, or in a value. What a
 * request brings never counts for that, because it is escaped or refused.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/str.h"
#include "mechanisms/dir_expand.h"

/* slapd takes no longer request from who is not bound: slapd.conf(5),
 * sockbuf_max_incoming. */
#define EXPANDED_MAX 262143
#define TOKENS "uUd123456789srRD"

enum piece {
	PIECE_TEXT,		/* one character of fixed text */
	PIECE_TOKEN,
	PIECE_UNKNOWN,		/* a token that is none: dropped */
	PIECE_CUT,		/* a % at the end */
	PIECE_END
};

static enum piece
next_piece(const char **template, char *c_r)
{
	const char *at = *template;

	*c_r = at[0];
	if (at[0] == '\0')
		return PIECE_END;
	if (at[0] != '%' || at[1] == '%') {
		*template += at[0] == '%' ? 2 : 1;
		return PIECE_TEXT;
	}
	if (at[1] == '\0') {
		*template += 1;
		return PIECE_CUT;
	}
	*template += 2;
	*c_r = at[1];
	return strchr(TOKENS, at[1]) != NULL ? PIECE_TOKEN : PIECE_UNKNOWN;
}

/* Where in a filter or DN the walk is. */
struct place {
	enum dir_context context;
	bool attribute;		/* where an attribute type is expected */
	bool escaped;		/* behind a backslash */
	bool quoted;		/* "a, b" in a DN (RFC 2253, section 4) */
};

static struct place
place_begin(enum dir_context context)
{
	return (struct place){ .context = context,
	    .attribute = context != DIR_CONTEXT_NAME };
}

static void
place_pass_filter(struct place *p, char c)
{
	if (c == '(' || c == ')')
		p->attribute = true;
	else if (c == '=')
		p->attribute = false;
}

static void
place_pass_dn(struct place *p, char c)
{
	if (c == '"' && !p->attribute)
		p->quoted = !p->quoted;
	else if (p->quoted)
		return;
	else if (c == ',' || c == ';' || c == '+')
		p->attribute = true;
	else if (c == '=')
		p->attribute = false;
}

static void
place_pass(struct place *p, char c)
{
	if (p->context == DIR_CONTEXT_NAME)
		return;		/* "DOMAIN\%u" of Active Directory */
	if (p->escaped || c == '\\') {
		p->escaped = !p->escaped;
		return;
	}
	if (p->context == DIR_CONTEXT_FILTER)
		place_pass_filter(p, c);
	else
		place_pass_dn(p, c);
}

/* The user's DN in the place of a whole RDN or several: "ou=groups,%D". It is
 * the directory's own, so it may well be structure. */
static bool
is_dn_in_dn(const struct place *p, char token)
{
	return token == 'D' && p->context == DIR_CONTEXT_DN && p->attribute;
}

enum dir_context
dir_expand_context(const char *template)
{
	return strchr(template, '=') != NULL ? DIR_CONTEXT_DN :
	    DIR_CONTEXT_NAME;
}

static const char *
realm_of(const struct dir_values *v)
{
	return v->realm[0] != '\0' ? v->realm : v->default_realm;
}

static const char *
domain_of(const struct dir_values *v)
{
	const char *at = strchr(v->login, '@');

	return at != NULL && at[1] != '\0' ? at + 1 : realm_of(v);
}

/* The n-th label from the right; *len_r is 0 when there are fewer. */
static const char *
label_of(const char *domain, unsigned n, size_t *len_r)
{
	const char *end = domain + strlen(domain), *label;

	for (;;) {
		for (label = end; label > domain && label[-1] != '.'; label--)
			;
		*len_r = (size_t)(end - label);
		if (--n == 0)
			return label;
		*len_r = 0;
		if (label == domain)
			return domain;
		end = label - 1;
	}
}

/* The value is *len_r bytes long. */
static const char *
value_of(char token, const struct dir_values *v, size_t *len_r)
{
	const char *value = "";

	switch (token) {
	case '%': value = "%"; break;
	case 'u': value = v->login; break;
	case 'U':
		*len_r = strcspn(v->login, "@");
		return v->login;
	case 'd': value = domain_of(v); break;
	case 's': value = v->service; break;
	case 'R':	/* its @ is put in front by who asks */
	case 'r': value = realm_of(v); break;
	case 'D': value = v->user_dn; break;
	default:
		if (token >= '1' && token <= '9')
			return label_of(domain_of(v), (unsigned)(token - '0'),
			    len_r);
		break;
	}
	*len_r = strlen(value);
	return value;
}

char *
dir_expand_token(char token, const struct dir_values *v)
{
	size_t len;
	const char *value = value_of(token, v, &len);

	return str_dup_format("%s%.*s", token == 'R' && len > 0 ? "@" : "",
	    (int)len, value);
}

/* RFC 4512, section 1.4: keystring or numericoid. */
static bool
is_attribute_type(const char *s)
{
	const char *digits = "0123456789";
	size_t n;

	if (strchr(digits, s[0]) == NULL)
		return s[0] != '-' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == '\0';
	for (;;) {
		n = strspn(s, digits);
		s += n;
		if (n == 0 || s[0] == '\0')
			return n > 0;
		if (*s++ != '.')
			return false;
	}
}

static bool
is_utf8(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n, left = strlen(s);
	uint32_t code;

	for (; left > 0; p += n, left -= n) {
		n = str_utf8_decode(p, left, &code);
		if (n == 0)
			return false;
	}
	return true;
}

/* May the value stand there? What a template's NAME is must stay no DN, unless
 * the template is a token alone: then a login may be a DN. */
static int
check_value(const char *value, const struct place *p, bool alone, char token,
    struct errmsg *e)
{
	if (!is_utf8(value))
		return errmsg_set(e, "%%%c is not UTF-8", token);
	if (p->escaped)
		return errmsg_set(e, "%%%c stands behind a backslash", token);
	if (p->context == DIR_CONTEXT_NAME)
		return alone || strchr(value, '=') == NULL ? 0 :
		    errmsg_set(e, "%%%c has an equals sign", token);
	if (p->attribute && !is_dn_in_dn(p, token) && !is_attribute_type(value))
		return errmsg_set(e, "%%%c stands at an attribute's place "
		    "and is none", token);
	return 0;
}

static int
put_hex(struct buf *b, char c)
{
	static const char hex[] = "0123456789abcdef";
	const char pair[] = { '\\', hex[(unsigned char)c >> 4],
	    hex[(unsigned char)c & 15] };

	return buf_put(b, pair, sizeof(pair));
}

/* RFC 4515, section 3 */
static int
put_in_filter(struct buf *b, const char *value)
{
	int failed = 0;

	for (; *value != '\0' && failed == 0; value++)
		failed = strchr("*()\\", *value) != NULL ? put_hex(b, *value) :
		    buf_put(b, value, 1);
	return failed;
}

/* RFC 4514, section 2.4. A token's ends count as ends of the whole value:
 * escaping that is not needed does no harm. */
static int
put_in_dn(struct buf *b, const char *value)
{
	const char *c;
	int failed = 0;

	for (c = value; *c != '\0' && failed == 0; c++) {
		if ((*c == ' ' && (c == value || c[1] == '\0')) ||
		    (*c == '#' && c == value)) {
			failed = put_hex(b, *c);
			continue;
		}
		if (strchr(",+\"\\<>;=", *c) != NULL)
			failed = buf_put(b, "\\", 1);
		if (failed == 0)
			failed = buf_put(b, c, 1);
	}
	return failed;
}

static int
put_value(struct buf *b, const char *value, const struct place *p, char token)
{
	switch (p->context) {
	case DIR_CONTEXT_FILTER:
		return put_in_filter(b, value);
	case DIR_CONTEXT_DN:
		if (!is_dn_in_dn(p, token))
			return put_in_dn(b, value);
		break;
	case DIR_CONTEXT_NAME:
		break;
	}
	return buf_put(b, value, strlen(value));
}

static enum dir_expanded
expand_token(struct buf *b, char token, const struct place *p, bool alone,
    const struct dir_values *v, struct errmsg *e)
{
	enum dir_expanded done = DIR_EXPANDED;
	char *value = dir_expand_token(token, v);

	if (value == NULL)
		return DIR_EXPANDED_NO_MEMORY;
	if (check_value(value, p, alone, token, e) == -1)
		done = DIR_EXPANDED_REFUSED;
	else if (put_value(b, value, p, token) == -1)
		done = DIR_EXPANDED_NO_MEMORY;
	free(value);
	return done;
}

static enum dir_expanded
expand(struct buf *b, const char *template, enum dir_context context,
    const struct dir_values *v, struct errmsg *e)
{
	struct place place = place_begin(context);
	const bool alone = strlen(template) == 2;
	enum dir_expanded done = DIR_EXPANDED;
	enum piece piece;
	char c;

	do {
		piece = next_piece(&template, &c);
		if (piece == PIECE_TEXT) {
			place_pass(&place, c);
			if (buf_put(b, &c, 1) == -1)
				done = DIR_EXPANDED_NO_MEMORY;
		} else if (piece == PIECE_TOKEN)
			done = expand_token(b, c, &place, alone, v, e);
	} while (piece != PIECE_END && done == DIR_EXPANDED);
	return done;
}

enum dir_expanded
dir_expand(const char *template, enum dir_context context,
    const struct dir_values *v, char **to_r, struct errmsg *e)
{
	struct buf b;
	enum dir_expanded done;

	*to_r = NULL;
	buf_init(&b, EXPANDED_MAX + 1);
	done = expand(&b, template, context, v, e);
	if (done == DIR_EXPANDED && buf_len(&b) == 0 && template[0] != '\0')
		done = DIR_EXPANDED_EMPTY;
	if (done == DIR_EXPANDED) {
		if (buf_put(&b, "", 1) == 0)
			*to_r = strdup((const char *)buf_data(&b));
		if (*to_r == NULL)
			done = DIR_EXPANDED_NO_MEMORY;
	}
	if (done == DIR_EXPANDED_NO_MEMORY)
		errmsg_set(e, "no memory, or more than %d bytes",
		    EXPANDED_MAX);
	buf_fini(&b);
	return done;
}

static int
check_filter(const char *template, struct errmsg *e)
{
	struct place place = place_begin(DIR_CONTEXT_FILTER);
	bool equals = false;
	size_t depth = 0;
	char c;

	while (template[0] != '\0') {
		if (next_piece(&template, &c) != PIECE_TEXT)
			continue;
		if (!place.escaped && c == ')' && depth-- == 0)
			return errmsg_set(e, "has a closing parenthesis too "
			    "many");
		if (!place.escaped && c == '(')
			depth++;
		equals = equals || c == '=';
		place_pass(&place, c);
	}
	if (depth > 0)
		return errmsg_set(e, "has an opening parenthesis too many");
	return equals ? 0 : errmsg_set(e, "has no \"=\"");
}

/* One RDN after the other has to be something, '=', and more. The default of
 * ldap_filter is no DN. */
static int
check_dn(const char *template, struct errmsg *e)
{
	struct place place = place_begin(DIR_CONTEXT_DN), before;
	enum piece piece;
	bool has_type = false, is_dn = false, ends;
	char c;

	do {
		piece = next_piece(&template, &c);
		before = place;
		if (piece == PIECE_TEXT)
			place_pass(&place, c);
		if (piece == PIECE_TEXT && before.attribute && c == '(')
			return errmsg_set(e, "is a filter where a DN is "
			    "wanted");
		ends = piece == PIECE_END || (piece == PIECE_TEXT &&
		    place.attribute && !before.escaped &&
		    strchr(",;+", c) != NULL);
		if (ends && before.attribute && !is_dn)
			return errmsg_set(e, "has a part without \"=\"");
		if (before.attribute && !place.attribute && !has_type)
			return errmsg_set(e, "has nothing in front of an "
			    "\"=\"");
		is_dn = !ends && (is_dn || (piece == PIECE_TOKEN &&
		    is_dn_in_dn(&before, c)));
		has_type = !ends && (has_type || piece == PIECE_TOKEN ||
		    (piece == PIECE_TEXT && !str_is_blank(c)));
	} while (piece != PIECE_END);
	return 0;
}

/* A value's first character would be taken for the escaped one. */
static int
check_backslashes(const char *template, struct errmsg *e)
{
	struct place place = place_begin(DIR_CONTEXT_DN);
	enum piece piece;
	char c;

	do {
		piece = next_piece(&template, &c);
		if (piece == PIECE_TEXT)
			place_pass(&place, c);
		else if (place.escaped)
			return errmsg_set(e, "has a backslash in front of "
			    "%s", piece == PIECE_END ? "nothing" : "a token");
	} while (piece != PIECE_END);
	return 0;
}

int
dir_expand_check(const char *template, enum dir_context context,
    struct errmsg *e)
{
	if (template[0] == '\0' || context == DIR_CONTEXT_NAME)
		return 0;
	if (check_backslashes(template, e) == -1)
		return -1;
	return context == DIR_CONTEXT_FILTER ? check_filter(template, e) :
	    check_dn(template, e);
}

bool
dir_expand_has(const char *template, char token)
{
	enum piece piece;
	char c;

	do {
		piece = next_piece(&template, &c);
		if (piece == PIECE_TOKEN && c == token)
			return true;
	} while (piece != PIECE_END);
	return false;
}

bool
dir_expand_has_any(const char *template)
{
	const char *token;

	for (token = TOKENS; *token != '\0'; token++)
		if (dir_expand_has(template, *token))
			return true;
	return false;
}

char
dir_expand_unknown(const char *template)
{
	enum piece piece;
	char c;

	do {
		piece = next_piece(&template, &c);
		if (piece == PIECE_UNKNOWN || piece == PIECE_CUT)
			return c;
	} while (piece != PIECE_END);
	return '\0';
}

bool
dir_expand_has_at_attribute(const char *template, enum dir_context context)
{
	struct place place = place_begin(context);
	enum piece piece;
	char c;

	do {
		piece = next_piece(&template, &c);
		if (piece == PIECE_TEXT)
			place_pass(&place, c);
		else if (piece == PIECE_TOKEN && place.attribute &&
		    !is_dn_in_dn(&place, c))
			return true;
	} while (piece != PIECE_END);
	return false;
}
