/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_expand - templates: %u, %U, %d, %1 to %9, %s, %r, %R, %D, %%.
 *
 * What a request puts into a template can never change its structure: each
 * value is escaped for the place where it stands. Pure.
 */
#ifndef MECHANISMS_DIR_EXPAND_H
#define MECHANISMS_DIR_EXPAND_H

#include <stdbool.h>

#include "common/errmsg.h"

/* What the template as a whole is. */
enum dir_context {
	DIR_CONTEXT_FILTER,	/* RFC 4515, section 3 */
	DIR_CONTEXT_DN,		/* RFC 4514, section 2.4 */
	DIR_CONTEXT_NAME	/* no DN: "%u@example.org" of Active Directory;
				 * as it is, and it stays no DN: with an
				 * equals sign a value is refused, unless it
				 * is all there is ("%u") */
};

struct dir_values {
	const char *login;	/* after -r */
	const char *service;
	const char *realm;	/* of the request, or "" */
	const char *default_realm;	/* ldap_default_realm, or "" */
	const char *user_dn;	/* for %D; "" where there is none */
};

enum dir_expanded {
	DIR_EXPANDED_UNSET = 0,
	DIR_EXPANDED,
	DIR_EXPANDED_EMPTY,	/* a template that has text came to nothing */
	DIR_EXPANDED_REFUSED,	/* a value that cannot stand there: e says */
	DIR_EXPANDED_NO_MEMORY
};

/* Of fastbind's template: DN, or NAME when it has no '='. */
enum dir_context dir_expand_context(const char *template);

/*
 * Expand into a fresh string, *to_r, which the caller frees (NULL unless
 * DIR_EXPANDED). An empty template is DIR_EXPANDED and "". Unknown tokens are
 * dropped with their letter and a single % at the end ends it, as before.
 * With an attribute type expected (before the '=' of a filter item or an RDN)
 * a value must be one (RFC 4512, section 1.4) or the request is REFUSED; so it
 * is with bytes that are no UTF-8 (RFC 4511, section 4.1.2). %D at the place of
 * an RDN is put in as it is: it comes from the directory.
 */
enum dir_expanded dir_expand(const char *template, enum dir_context context,
    const struct dir_values *v, char **to_r, struct errmsg *e);

/* The value of one token, unescaped, into a fresh string; NULL: no memory.
 * For the table test and the manual. */
char *dir_expand_token(char token, const struct dir_values *v);

/* -1 when the template can never make sense (parentheses of a filter, a DN
 * with nothing before '='). */
int dir_expand_check(const char *template, enum dir_context context,
    struct errmsg *e);
bool dir_expand_has(const char *template, char token);
/* Any token at all? An unchanging name that is not found is misconfigured. */
bool dir_expand_has_any(const char *template);
/* The first unknown token, or 0; '%' for one that is cut off at the end. */
char dir_expand_unknown(const char *template);
/* Does a token stand where an attribute type is expected? */
bool dir_expand_has_at_attribute(const char *template,
    enum dir_context context);

#endif
