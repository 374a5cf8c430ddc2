/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/str.h"
#include "front/cache.h"
#include "front/canonical.h"
#include "front/client.h"
#include "front/commands.h"
#include "front/dispatch.h"
#include "front/explain.h"
#include "front/front.h"
#include "front/identity.h"
#include "front/limits.h"
#include "front/metrics.h"
#include "front/report.h"

#define TEXT_CHUNK 4096		/* of the exposition, in one line */
#define IDENTITY_SIZE (CANONICAL_LOGIN_MAX + 1 + WIRE_NAME_MAX_LIMIT + 1)

enum step {
	LAST,			/* all is written but the line "end" */
	MORE,			/* there is another piece */
	WRONG_USE,
	FAILED			/* the message says why */
};

typedef enum step command_fn(struct command *c, struct buf *to);

struct row {
	const char *word, *usage;	/* usage: of its arguments */
	size_t min, max;		/* how many */
	bool changes;			/* and is logged therefore */
	command_fn *fn;
};

struct command {
	struct front *front;
	uid_t uid;
	const struct row *row;		/* NULL: no such command */
	char *words[COMMAND_WORDS_MAX];
	size_t count;
	struct errmsg e;
	uint64_t cursor;		/* into the cache */
	struct cache_flush flush;
	size_t tries_gone;		/* from limits, by a flush */
	bool begun;
	struct buf text;		/* of the exposition, not yet told */
};

static enum step
last(int rc, struct command *c)
{
	if (rc == 0)
		return LAST;
	(void)errmsg_set(&c->e, "out of memory");
	return FAILED;
}

/* ---- figures ---------------------------------------------------------- */

static enum step
do_status(struct command *c, struct buf *to)
{
	struct front *f = c->front;

	return last(report_daemon(f, to) == 0 && report_roles(f, to) == 0 &&
	    report_backends(f, to) == 0 && report_clients(f, to) == 0 &&
	    report_queue(f, to) == 0 && report_cache(f, to) == 0 &&
	    report_limits(f, to) == 0 && report_log(f, to) == 0 ? 0 : -1, c);
}

static enum step
do_stats(struct command *c, struct buf *to)
{
	struct front *f = c->front;
	bool spread = c->count > 1;

	if (spread && strcmp(c->words[1], "spread") != 0)
		return WRONG_USE;
	return last(report_totals(f, to) == 0 && report_cache(f, to) == 0 &&
	    (!spread || report_spread(f, to) == 0) &&
	    report_backends(f, to) == 0 && report_queue(f, to) == 0 ? 0 : -1,
	    c);
}

/* ---- the exposition --------------------------------------------------- */

static int
write_metrics(struct command *c)
{
	struct front *f = c->front;
	struct dispatch_status backends[SITE_BACKENDS_MAX];
	struct cache_stats cache;
	struct limits_stats limits;
	const struct metrics_now now = {
		.backends = backends,
		.backend_count = f->site.backend_count,
		.cache = f->cache != NULL ? &cache : NULL,
		.limits = f->limits != NULL ? &limits : NULL,
		.roles = &f->roles, .clients = clients_count(f->clients),
		.log_lost = log_lost(), .now_msec = deadline_now_msec()
	};
	size_t i;

	for (i = 0; i < f->site.backend_count; i++)
		dispatch_status(f->dispatches[i], &backends[i]);
	if (f->cache != NULL)
		cache_stats(f->cache, &cache);
	if (f->limits != NULL)
		limits_stats(f->limits, now.now_msec, &limits);
	return metrics_write(f->metrics, &now, &c->text);
}

/* Whole lines, as many as fit into a chunk; one that does not fit is a chunk
 * by itself. */
static size_t
chunk_length(const struct buf *text)
{
	const unsigned char *p = buf_data(text), *end;
	size_t len = buf_len(text);

	end = memrchr(p, '\n', len < TEXT_CHUNK ? len : TEXT_CHUNK);
	if (end == NULL)
		end = memchr(p, '\n', len);
	return end == NULL ? len : (size_t)(end - p) + 1;
}

static enum step
do_metrics(struct command *c, struct buf *to)
{
	struct json j;
	size_t n;

	if (!c->begun && write_metrics(c) != 0)
		return last(-1, c);
	while (buf_len(&c->text) > 0 && buf_len(to) < COMMAND_PIECE) {
		n = chunk_length(&c->text);
		report_begin(&j, to, "text");
		json_bytes(&j, "text", buf_data(&c->text), n);
		if (json_end(&j) != 0)
			return last(-1, c);
		buf_consume(&c->text, n);
	}
	return buf_len(&c->text) > 0 ? MORE : LAST;
}

/* ---- the cache -------------------------------------------------------- */

static enum step
do_cache_list(struct command *c, struct buf *to)
{
	struct cache_entry en;

	if (c->front->cache == NULL)
		return LAST;
	while (buf_len(to) < COMMAND_PIECE) {
		if (!cache_next(c->front->cache, &c->cursor, &en))
			return LAST;
		if (report_entry(&en, to) != 0)
			return last(-1, c);
	}
	return MORE;
}

static int
tell_flushed(struct command *c, struct buf *to)
{
	struct json j;

	report_begin(&j, to, "flushed");
	json_int(&j, "entries", (int64_t)c->flush.gone);
	json_int(&j, "refusals", (int64_t)c->flush.refusals_gone);
	json_int(&j, "tries", (int64_t)c->tries_gone);
	return json_end(&j);
}

/* Tries that became too old meanwhile are gone, too. */
static void
forget_guesses(struct command *c, const char *identity)
{
	int64_t now_msec = deadline_now_msec();
	struct limits_stats before, after;

	limits_stats(c->front->limits, now_msec, &before);
	limits_forget(c->front->limits, identity);
	limits_stats(c->front->limits, now_msec, &after);
	c->tries_gone += before.tries - after.tries;
}

/* Whoever locked himself out by guessing is what flushing one user is for,
 * too; all limits at once are nothing to forget by the way. */
static enum step
flush_user(struct command *c, struct buf *to)
{
	struct front *f = c->front;
	char identity[IDENTITY_SIZE];
	struct canonical form;

	if (canonical_form(&f->site.settings, &f->site.listeners[0],
	    c->words[1], c->count > 2 ? c->words[2] : "", &form) !=
	    CANONICAL_DONE)
		return last(-1, c);
	/* Whether a route's backends look at the realm or not. */
	(void)identity_format(identity, sizeof(identity), form.login,
	    form.realm, false);
	if (f->limits != NULL && !c->begun)
		forget_guesses(c, identity);
	(void)identity_format(identity, sizeof(identity), form.login,
	    form.realm, true);
	canonical_fini(&form);
	if (f->limits != NULL && !c->begun)
		forget_guesses(c, identity);
	if (f->cache != NULL &&
	    cache_flush_identity(f->cache, identity, &c->flush))
		return MORE;
	return last(tell_flushed(c, to), c);
}

static enum step
do_flush(struct command *c, struct buf *to)
{
	struct cache_stats held;

	if (c->count > 1)
		return flush_user(c, to);
	if (c->front->cache != NULL) {
		cache_stats(c->front->cache, &held);
		c->flush.refusals_gone = held.refusals;
		c->flush.gone = cache_flush_all(c->front->cache);
	}
	return last(tell_flushed(c, to), c);
}

/* ---- the rest --------------------------------------------------------- */

static enum step
do_explain(struct command *c, struct buf *to)
{
	static char no_address[] = "";
	const struct frame_request asked = {
		.login = c->words[1], .realm = c->words[2],
		.service = c->words[3],
		.address = c->count > 4 ? c->words[4] : no_address
	};

	return explain(c->front, &asked, to, &c->e) == 0 ? LAST : FAILED;
}

static enum step
do_log_level(struct command *c, struct buf *to)
{
	bool verbose = strcmp(c->words[1], "debug") == 0;
	struct json j;

	if (!verbose && strcmp(c->words[1], "info") != 0)
		return WRONG_USE;
	front_set_verbose(c->front, verbose);
	report_begin(&j, to, "done");
	json_bool(&j, "verbose", verbose);
	return last(json_end(&j), c);
}

static enum step
do_drain(struct command *c, struct buf *to)
{
	struct json j;

	front_drain(c->front);
	report_begin(&j, to, "done");
	return last(json_end(&j), c);
}

static const struct row rows[] = {
	{ "status", "", 0, 0, false, do_status },
	{ "stats", "[spread]", 0, 1, false, do_stats },
	{ "metrics", "", 0, 0, false, do_metrics },
	{ "cache-list", "", 0, 0, false, do_cache_list },
	{ "flush", "[USER [REALM]]", 0, 2, true, do_flush },
	{ "explain", "USER REALM SERVICE [ADDRESS]", 3, 4, false,
	    do_explain },
	{ "log-level", "debug|info", 1, 1, true, do_log_level },
	{ "drain", "", 0, 0, true, do_drain }
};

/* ---- any command ------------------------------------------------------ */

static const struct row *
find(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].word, word) == 0)
			return &rows[i];
	return NULL;
}

/* None of these has more than two arguments. */
static void
log_change(const struct command *c)
{
	char words[3][STR_ESCAPED_SIZE] = { "", "", "" };
	size_t i;

	for (i = 0; i < 3 && i < c->count; i++)
		(void)str_escape_word(words[i], sizeof(words[i]),
		    c->words[i], strlen(c->words[i]));
	log_msg(LOG_NOTICE, "control", "uid %ld: %s%s%s%s%s", (long)c->uid,
	    words[0], c->count > 1 ? " " : "", words[1],
	    c->count > 2 ? " " : "", words[2]);
}

struct command *
command_new(struct front *f, uid_t uid, char *const *words, size_t n)
{
	struct command *c = calloc(1, sizeof(*c));
	size_t i;

	for (i = 0; i < n; i++)
		if (c != NULL)
			c->words[i] = words[i];
		else
			free(words[i]);
	if (c == NULL)
		return NULL;
	c->front = f;
	c->uid = uid;
	c->count = n;
	buf_init(&c->text, METRICS_TEXT_MAX);
	c->row = n > 0 ? find(words[0]) : NULL;
	return c;
}

void
command_free(struct command *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->count; i++)
		free(c->words[i]);
	buf_fini(&c->text);
	free(c);
}

static enum step
step(struct command *c, struct buf *to)
{
	size_t arguments = c->count - 1;
	enum step s = WRONG_USE;

	if (c->row == NULL) {
		(void)errmsg_set(&c->e, "there is no such command");
		return FAILED;
	}
	if (arguments >= c->row->min && arguments <= c->row->max)
		s = c->row->fn(c, to);
	if (s == WRONG_USE)
		(void)errmsg_set(&c->e, "use: %s %s", c->row->word,
		    c->row->usage);
	else if (c->row->changes && !c->begun)
		log_change(c);
	c->begun = true;
	return s;
}

bool
command_write(struct command *c, struct buf *to)
{
	struct json j;

	switch (step(c, to)) {
	case MORE:
		return true;
	case LAST:
		report_begin(&j, to, "end");
		(void)json_end(&j);
		break;
	case WRONG_USE:
	case FAILED:
		(void)command_error(to, c->e.text);
		break;
	}
	return false;
}

int
command_error(struct buf *to, const char *text)
{
	struct json j;

	report_begin(&j, to, "error");
	json_str(&j, "text", text);
	return json_end(&j);
}
