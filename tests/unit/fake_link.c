/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tests/unit/fake_link.h"
#include "tests/unit/unit.h"

#define PLANS_MAX 16
#define LINKS_MAX 32

struct dir_link {
	unsigned number;	/* from 1 on */
	bool stale, broken;
};

struct plan {
	enum fake_call call;
	enum dir_trouble trouble;
	int code;
};

static struct plan plans[PLANS_MAX];
static size_t plan_count;
static struct dir_link *links[LINKS_MAX];	/* the open ones */
static unsigned made;
static char trace[1024], told[1024];
static struct deadline last_deadline;
static char last_uri[DIR_URI_MAX], values[256];
static bool password_used;

static unsigned
count_open(void)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < LINKS_MAX; i++)
		n += links[i] != NULL;
	return n;
}

void
fake_link_reset(void)
{
	assert_int_equal(count_open(), 0);
	plan_count = 0;
	made = 0;
	trace[0] = '\0';
	last_uri[0] = '\0';
	values[0] = '\0';
	password_used = true;
}

static void
plan(enum fake_call call, enum dir_trouble trouble, int code)
{
	assert_true(plan_count < PLANS_MAX);
	plans[plan_count++] = (struct plan){ call, trouble, code };
}

void
fake_link_fail(enum fake_call call, enum dir_trouble trouble)
{
	plan(call, trouble, DIR_CODE_NONE);
}

void
fake_link_code(enum fake_call call, int code)
{
	plan(call, DIR_ANSWERED, code);
}

void
fake_link_drop_all(void)
{
	size_t i;

	for (i = 0; i < LINKS_MAX; i++)
		if (links[i] != NULL)
			links[i]->stale = true;
}

const char *
fake_link_trace(void)
{
	assert_int_equal(str_copy(told, sizeof(told), trace), 0);
	trace[0] = '\0';
	return told;
}

unsigned
fake_link_open_count(void)
{
	return count_open();
}

struct deadline
fake_link_deadline(void)
{
	return last_deadline;
}

const char *
fake_link_uri(void)
{
	return last_uri;
}

void
fake_link_values(const char *words)
{
	assert_int_equal(str_copy(values, sizeof(values), words), 0);
}

void
fake_link_password_used(bool used)
{
	password_used = used;
}

static void
note(const char *what, unsigned number, const char *about)
{
	const size_t used = strlen(trace);

	assert_int_equal(str_format(trace + used, sizeof(trace) - used,
	    about[0] != '\0' ? "%s%s%u(%s)" : "%s%s%u%s",
	    used > 0 ? " " : "", what, number, about), 0);
}

/* What was planned for the next call of this kind. */
static void
reply(enum fake_call call, struct dir_reply *r_r)
{
	size_t i;

	*r_r = (struct dir_reply)DIR_REPLY_INIT;
	r_r->trouble = DIR_ANSWERED;
	r_r->code = call == FAKE_COMPARE ? DIR_COMPARE_TRUE : DIR_SUCCESS;
	for (i = 0; i < plan_count && plans[i].call != call; i++)
		;
	if (i == plan_count)
		return;
	r_r->trouble = plans[i].trouble;
	r_r->code = plans[i].code;
	if (r_r->trouble != DIR_ANSWERED)
		(void)str_copy(r_r->text, sizeof(r_r->text), "as planned");
	memmove(&plans[i], &plans[i + 1],
	    (--plan_count - i) * sizeof(plans[0]));
}

static void
ask(struct dir_link *l, enum fake_call call, const char *what,
    const char *about, const struct deadline *d, struct dir_reply *r_r)
{
	assert_non_null(l);
	assert_false(l->broken);
	if (l->stale) {		/* found out before anything is asked */
		*r_r = (struct dir_reply)DIR_REPLY_INIT;
		r_r->trouble = DIR_LOST;
		l->broken = true;
		return;
	}
	note(what, l->number, about);
	last_deadline = *d;
	reply(call, r_r);
	l->broken = r_r->trouble == DIR_LOST ||
	    r_r->trouble == DIR_TIMED_OUT || r_r->trouble == DIR_GARBAGE;
}

struct dir_link *
dir_link_open(const struct dir_settings *s, const char *uri,
    const struct deadline *d, struct dir_reply *r_r)
{
	struct dir_link *l;
	size_t i;

	(void)s;
	made++;
	note("open", made, "");
	last_deadline = *d;
	assert_int_equal(str_copy(last_uri, sizeof(last_uri), uri), 0);
	reply(FAKE_OPEN, r_r);
	if (r_r->trouble != DIR_ANSWERED)
		return NULL;
	for (i = 0; i < LINKS_MAX && links[i] != NULL; i++)
		;
	assert_true(i < LINKS_MAX);
	l = calloc(1, sizeof(*l));
	assert_non_null(l);
	l->number = made;
	links[i] = l;
	return l;
}

void
dir_link_close(struct dir_link *l)
{
	size_t i;

	if (l == NULL)
		return;
	note("close", l->number, "");
	for (i = 0; i < LINKS_MAX && links[i] != l; i++)
		;
	assert_true(i < LINKS_MAX);	/* or it was closed before */
	links[i] = NULL;
	free(l);
}

void
dir_link_bind(struct dir_link *l, const char *dn, const struct secret *pw,
    bool policy, const struct deadline *d, struct dir_reply *r_r)
{
	(void)pw;
	ask(l, FAKE_BIND, policy ? "bind" : "plainbind", dn, d, r_r);
}

void
dir_link_bind_sasl(struct dir_link *l, struct dir_sasl_login *login,
    const struct deadline *d, struct dir_reply *r_r)
{
	ask(l, FAKE_SASL, "sasl", login->mechs, d, r_r);
	if (password_used)
		login->password_asked = true;
}

void
dir_link_whoami(struct dir_link *l, const struct deadline *d,
    char **authzid_r, struct dir_reply *r_r)
{
	*authzid_r = NULL;
	ask(l, FAKE_WHOAMI, "whoami", "", d, r_r);
	if (dir_reply_is(r_r, DIR_SUCCESS))
		*authzid_r = strdup("dn:uid=joe");
}

static void
find(struct dir_found *f_r)
{
	const char *at = values;
	size_t n;

	f_r->entries = 1;
	f_r->dn = strdup("uid=joe");
	f_r->values = calloc(sizeof(values), sizeof(*f_r->values));
	assert_non_null(f_r->values);
	for (; *at != '\0'; at += n + strspn(at + n, " ")) {
		n = strcspn(at, " ");
		assert_int_equal(secret_set(&f_r->values[f_r->count++], at,
		    n), 0);
	}
}

void
dir_link_search(struct dir_link *l, const struct dir_search *q,
    const struct deadline *d, struct dir_found *f_r, struct dir_reply *r_r)
{
	assert_null(f_r->dn);
	assert_null(f_r->values);
	ask(l, FAKE_SEARCH, "search", q->attr != NULL ? q->attr : "", d, r_r);
	/* Also in front of a loss there may be an entry. */
	find(f_r);
}

void
dir_link_compare(struct dir_link *l, const char *dn, const char *attr,
    const char *value, const struct deadline *d, struct dir_reply *r_r)
{
	(void)attr;
	(void)value;
	ask(l, FAKE_COMPARE, "compare", dn, d, r_r);
}

void
dir_found_fini(struct dir_found *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		secret_wipe(&f->values[i]);
	free(f->values);
	free(f->dn);
	*f = (struct dir_found)DIR_FOUND_INIT;
}
