/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * old_flags - the command line of Cyrus saslauthd 2.1.
 *
 * It went through getopt(3) with "a:cdhO:lm:n:rs:t:vV", and numbers through
 * atoi(3).
 */
#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "tools/old_flags.h"

#define TAKES_ARGUMENT "aOmnst"

static int
set(struct old_flags *f, enum old_flag flag, const char *value,
    const char *origin, struct errmsg *e)
{
	free(f->value[flag]);
	free(f->origin[flag]);
	f->value[flag] = strdup(value);
	f->origin[flag] = strdup(origin);
	if (f->value[flag] == NULL || f->origin[flag] == NULL)
		return errmsg_set(e, "out of memory");
	return 0;
}

void
old_flags_fini(struct old_flags *f)
{
	size_t i;

	for (i = 0; i < OLD_FLAGS; i++) {
		free(f->value[i]);
		free(f->origin[i]);
	}
	memset(f, 0, sizeof(*f));
}

bool
old_flags_equal(const struct old_flags *a, const struct old_flags *b,
    enum old_flag flag)
{
	const char *one = a->value[flag], *other = b->value[flag];

	if (one == NULL || other == NULL)
		return one == other;
	return strcmp(one, other) == 0;
}

static int
set_mech(struct old_flags *f, char *name, const char *origin, struct draft *d,
    struct errmsg *e)
{
	char *c;

	for (c = name; *c != '\0'; c++) {
		*c = str_lower(*c);
		if ((*c < 'a' || *c > 'z') && (*c < '0' || *c > '9'))
			return errmsg_set(e, "%s: no name of a mechanism",
			    origin);
	}
	if (f->value[OLD_MECH] != NULL)
		draft_by_hand(d, "%s: is one -a too many: the old daemon did "
		    "not start; the last one is taken", origin);
	return set(f, OLD_MECH, name, origin, e);
}

static int
set_run_dir(struct old_flags *f, char *dir, const char *origin,
    struct errmsg *e)
{
	size_t len = strlen(dir);

	if (*dir != '/')
		return errmsg_set(e, "%s: must begin with /", origin);
	while (len > 1 && dir[len - 1] == '/')
		dir[--len] = '\0';
	return set(f, OLD_RUN_DIR, dir, origin, e);
}

/* As atoi(3) read it: digits as far as they go, else 0. */
static int
set_number(struct old_flags *f, enum old_flag flag, const char *text,
    long min, long max, const char *origin, struct draft *d,
    struct errmsg *e)
{
	long n = strtol(text, NULL, 10);
	char *number;
	int rc;

	if (n < min) {
		draft_by_hand(d, "%s: the old daemon did not start with it; "
		    "left out", origin);
		return 0;
	}
	if (n > max) {
		draft_by_hand(d, "%s: there may be %ld", origin, max);
		n = max;
	}
	number = str_dup_format("%ld", n);
	if (number == NULL)
		return errmsg_set(e, "out of memory");
	rc = set(f, flag, number, origin, e);
	free(number);
	return rc;
}

/* The limits are those of the keys it becomes, see saslauthd.conf(5). */
static int
take(struct old_flags *f, char letter, char *argument, const char *origin,
    struct draft *d, struct errmsg *e)
{
	switch (letter) {
	case 'a': return set_mech(f, argument, origin, d, e);
	case 'O': return set(f, OLD_OPTION, argument, origin, e);
	case 'm': return set_run_dir(f, argument, origin, e);
	case 'n':
		return set_number(f, OLD_WORKERS, argument, 0, 4096, origin,
		    d, e);
	case 's':
		return set_number(f, OLD_CACHE_SIZE, argument, 1, 4194304,
		    origin, d, e);
	case 't':
		return set_number(f, OLD_CACHE_TTL, argument, 1, INT_MAX,
		    origin, d, e);
	case 'c': return set(f, OLD_CACHE, "yes", origin, e);
	case 'r': return set(f, OLD_REALM, "yes", origin, e);
	case 'V': return set(f, OLD_VERBOSE, "yes", origin, e);
	case 'd':
		draft_note(d, "%s: is debugging; to stay in the foreground is "
		    "for the command line: saslauthd -f", origin);
		return set(f, OLD_VERBOSE, "yes", origin, e);
	case 'l':
		draft_note(d, "%s: dropped: there is no accept lock to leave "
		    "out", origin);
		return 0;
	case 'f':
		draft_note(d, "%s: dropped: the foreground is for the command "
		    "line: saslauthd -f", origin);
		return 0;
	case 'h':
	case 'v':
		draft_by_hand(d, "%s: dropped: it prints something and "
		    "starts nothing", origin);
		return 0;
	default:
		draft_by_hand(d, "%s: dropped: the old daemon knew no such "
		    "option and did not start", origin);
		return 0;
	}
}

/* The letters of one word; *next is the word behind, which an argument may
 * be, or NULL. *taken_r: it was. */
static int
take_letters(struct old_flags *f, const struct old_word *word,
    const struct old_word *next, bool *taken_r, struct draft *d,
    struct errmsg *e)
{
	char *at, *argument, *origin;
	int rc = 0;

	*taken_r = false;
	for (at = word->text + 1; rc == 0 && *at != '\0'; at++) {
		argument = NULL;
		if (strchr(TAKES_ARGUMENT, *at) != NULL) {
			*taken_r = at[1] == '\0';
			if (*taken_r && next == NULL)
				return errmsg_set(e, "%s: -%c wants an "
				    "argument", word->origin, *at);
			argument = *taken_r ? next->text : at + 1;
		}
		origin = str_dup_format("-%c%s%s, %s", *at,
		    argument != NULL ? " " : "",
		    argument != NULL ? argument : "", word->origin);
		rc = origin == NULL ? errmsg_set(e, "out of memory") :
		    take(f, *at, argument, origin, d, e);
		free(origin);
		if (argument != NULL)
			break;
	}
	return rc;
}

int
old_flags_parse(struct old_flags *f, const struct old_word *words,
    size_t count, struct draft *d, struct errmsg *e)
{
	const struct old_word *w, *end = words + count;
	bool operands = false, taken;

	for (w = words; w < end; w++) {
		if (!operands && strcmp(w->text, "--") == 0) {
			operands = true;
			continue;
		}
		if (!operands && str_starts(w->text, "--")) {
			draft_by_hand(d, "%s, %s: dropped: the old daemon "
			    "had no long options", w->text, w->origin);
			continue;
		}
		if (operands || w->text[0] != '-' || w->text[1] == '\0') {
			draft_note(d, "%s, %s: dropped: a word that is no "
			    "option had no effect", w->text, w->origin);
			continue;
		}
		if (take_letters(f, w, w + 1 < end ? w + 1 : NULL, &taken, d,
		    e) == -1)
			return -1;
		if (taken)
			w++;
	}
	return 0;
}
