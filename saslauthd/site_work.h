/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * site_work - what the readers of a site's parts share: site_build() hands
 * it to site_backends, site_listeners and site_routes.
 *
 * A message names the line of the key it is about. One mistake is told once:
 * who could not take a key says so, and what is missing for that reason is
 * not told as well.
 */
#ifndef SASLAUTHD_SITE_WORK_H
#define SASLAUTHD_SITE_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/errmsg.h"
#include "saslauthd/site.h"

#define SITE_LIST_BLANKS " \t,"
#define SITE_WORD_MAX 256	/* bytes with NUL; no name is as long */

struct site_work {
	struct site *site;
	struct conf_entries *entries;
	conf_report *report;	/* NULL: nobody listens */
	void *ctx;
	bool quiet;		/* what is wrong here was told already */
	bool failed;		/* the site cannot be used */
};

/* ---- telling, which fails the site ---- */

void site_work_tell(struct site_work *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "ORIGIN: KEY: " in front of what e says, and the nearest name behind it. */
void site_work_tell_entry(struct site_work *w, const struct conf_entry *en,
    const struct conf_near *near, struct errmsg *e);
/* A bad value, as conf_apply() reports it: fails what is judged strictly.
 * ctx is the site_work. */
void site_work_bad_value(void *ctx, const char *text);

/* ---- parts ---- */

/* "FILE:LINE" where a part begins; of none, what named its backends. */
const char *site_work_origin(const struct site_work *w, size_t part);
/* Tell of the part's keys that are not the table's. */
void site_work_judge_keys(struct site_work *w, size_t part,
    const struct conf_table *t);
/* Does the part lack a key, so that this is to be told? Not if something was
 * told that is near to it. */
bool site_work_lacks(const struct site_work *w, size_t part,
    const struct conf_table *t, const char *key);

/* ---- lists ---- */

/* The list with room for one more, which is zeroed; NULL (told) when there is
 * no memory. */
void *site_work_grow(struct site_work *w, void *list, size_t count,
    size_t size);
/* The next word of a list; false at the end. A longer one is cut. */
bool site_work_next_word(const char **list, char to[SITE_WORD_MAX]);
/* The next name of a chain: commas are between them, as in "ldap,sasldb". */
bool site_work_next_of_chain(const char **chain, char to[SITE_WORD_MAX]);

/* ---- the readers: false when there is no point in going on ---- */

bool site_backends_read(struct site_work *w, size_t part);
/* -a names backends of parts, or mechanisms, which become backends. */
bool site_backends_of_flag(struct site_work *w);
/* What a name of a chain means: a backend of the file's, or a mechanism,
 * which is written as its table has it. */
const char *site_backends_called(const struct site_work *w,
    const char *word);
bool site_listeners_read(struct site_work *w, size_t part);
/* The default one, which need not have a part. */
bool site_listeners_default(struct site_work *w);
bool site_routes_read(struct site_work *w, size_t part);
/* Without routes: one for all, through the backends of -a or, without it,
 * through the only one there is. */
bool site_routes_default(struct site_work *w);

#endif
