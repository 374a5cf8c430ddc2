/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_group - is the user a member?
 */
#include "config.h"

#include <stdlib.h>

#include "common/str.h"
#include "mechanisms/dir_group.h"

/* [MS-ADTS] 3.1.1.3.4.4.3: follow the chain of objects an attribute links. */
#define MATCHING_RULE_IN_CHAIN "1.2.840.113556.1.4.1941"
/* The default of ldap_group_attr, which Active Directory does not have, and
 * what it has instead. */
#define ATTR_DEFAULT "uniqueMember"
#define ATTR_NESTED "member"

/* What is asked, and all that an answer is judged by. */
struct group {
	const struct dir_settings *settings;
	struct dir_session *session;
	const struct dir_values *values;
	enum dir_who who;
	char *dn, *filter;
	struct dir_reply reply;
	struct dir_seen seen;
};

static enum dir_next
expand(const struct group *g, const char *key, const char *template,
    enum dir_context context, char **to_r, struct mech_answer *a)
{
	struct errmsg e = ERRMSG_INIT;
	enum dir_expanded done = dir_expand(template, context, g->values,
	    to_r, &e);

	return dir_verdict_expanded(done, REASON_NOT_IN_GROUP, key, &e, a);
}

static enum dir_next
compare(struct group *g, struct mech_answer *a)
{
	dir_session_compare(g->session, g->who, g->dn,
	    g->settings->group_attr, g->values->user_dn, &g->reply,
	    &g->seen.stage);
	return dir_verdict(&g->seen, a);
}

static enum dir_next
search(struct group *g, enum dir_scope scope, struct mech_answer *a)
{
	const struct dir_search question = {
		.base = g->dn, .scope = scope, .filter = g->filter,
		.deref = g->settings->deref,
		.size_limit = g->settings->size_limit,
		.time_limit_sec = g->settings->time_limit_sec
	};
	struct dir_found found = DIR_FOUND_INIT;
	enum dir_next next;

	dir_session_search(g->session, g->who, &question, DIR_STAGE_GROUP,
	    &found, &g->reply, &g->seen.stage);
	g->seen.entries = found.entries;
	next = dir_verdict(&g->seen, a);
	dir_found_fini(&found);
	return next;
}

/* The group itself is looked for, on condition that the user is in it. */
static enum dir_next
by_nesting(struct group *g, struct mech_answer *a)
{
	const char *attr = g->settings->group_attr;
	enum dir_next next;
	char *template;

	if (str_casecmp(attr, ATTR_DEFAULT) == 0)
		attr = ATTR_NESTED;
	template = str_dup_format("(%s:" MATCHING_RULE_IN_CHAIN ":=%%D)",
	    attr);
	if (template == NULL) {
		mech_answer_set(a, AUTH_TEMPFAIL, REASON_NO_MEMORY,
		    "ldap_group_attr");
		return DIR_NEXT_FINAL;
	}
	next = expand(g, "ldap_group_attr", template, DIR_CONTEXT_FILTER,
	    &g->filter, a);
	free(template);
	return next == DIR_NEXT_STEP ? search(g, DIR_SCOPE_BASE, a) : next;
}

static enum dir_next
by_dn(struct group *g, struct mech_answer *a)
{
	const struct dir_settings *s = g->settings;
	enum dir_next next;

	g->seen.fixed_name = !dir_expand_has_any(s->group_dn);
	next = expand(g, "ldap_group_dn", s->group_dn, DIR_CONTEXT_DN, &g->dn,
	    a);
	if (next != DIR_NEXT_STEP)
		return next;
	return s->group_nested ? by_nesting(g, a) : compare(g, a);
}

static enum dir_next
by_filter(struct group *g, struct mech_answer *a)
{
	const struct dir_settings *s = g->settings;
	const bool own_base = s->group_search_base[0] != '\0';
	const char *base = own_base ? s->group_search_base : s->search_base;
	enum dir_next next;

	g->seen.fixed_name = !dir_expand_has_any(base);
	next = expand(g, own_base ? "ldap_group_search_base" :
	    "ldap_search_base", base, DIR_CONTEXT_DN, &g->dn, a);
	if (next == DIR_NEXT_STEP)
		next = expand(g, "ldap_group_filter", s->group_filter,
		    DIR_CONTEXT_FILTER, &g->filter, a);
	return next == DIR_NEXT_STEP ?
	    search(g, (enum dir_scope)s->group_scope, a) : next;
}

enum dir_next
dir_group_check(const struct dir_settings *s, struct dir_session *ss,
    const struct dir_values *v, const struct secret *password,
    struct mech_answer *a)
{
	struct group g = {
		.settings = s, .session = ss, .values = v,
		.who = dir_settings_group_as_user(s) ? DIR_AS_USER :
		    DIR_AS_SERVICE,
		.reply = DIR_REPLY_INIT,
		.seen = { .reply = &g.reply, .password = password }
	};
	/* The chain is a rule for matching, so it is looked for by the group's
	 * name whatever ldap_group_match_method says. */
	const bool nested = s->group_nested && s->group_dn[0] != '\0';
	enum dir_next next;

	if (!dir_settings_has_group(s))
		return DIR_NEXT_STEP;
	next = nested || dir_settings_group_match(s) == DIR_MATCH_ATTR ?
	    by_dn(&g, a) : by_filter(&g, a);
	free(g.dn);
	free(g.filter);
	return next;
}
