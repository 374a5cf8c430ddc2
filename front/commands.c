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
#include "front/config_report.h"
#include "front/dispatch.h"
#include "front/explain.h"
#include "front/front.h"
#include "front/identity.h"
#include "front/limits.h"
#include "front/metrics.h"
#include "front/report.h"
#include "front/trial.h"

#define LIST_PIECE 4096		/* entries looked at in one go */
#define TEXT_CHUNK 4096		/* of the exposition, in one line */
#define COMMAND_TRY "try"
#define IDENTITY_SIZE (CANONICAL_LOGIN_MAX + 1 + WIRE_NAME_MAX_LIMIT + 1)

enum step {
	LAST,			/* all is written but the line "end" */
	MORE,			/* there is another piece */
	LATER,			/* that is not known yet */
	WRONG_USE,
	FAILED			/* the message says why */
};

typedef enum step command_fn(struct command *c, struct buf *to);

struct row {
	const char *word, *usage;	/* usage: of its arguments */
	size_t min, max;		/* how many */
	bool is_logged;			/* it changes something, or asks */
	command_fn *fn;
};

struct command {
	struct front *front;
	uid_t uid;
	const struct row *row;		/* NULL: no such command */
	char *words[COMMAND_WORDS_MAX];
	size_t count;
	struct errmsg e;
	uint32_t generation;		/* the current one, last time */
	uint64_t cursor;		/* into the cache, or the routes */
	struct cache_flush flush;
	size_t tries_gone;		/* from limits, by a flush */
	bool begun;
	struct secret password;
	struct command_waker waker;
	struct trial *trial;
	LIST_ENTRY(command) awaiting;	/* a reload's end */
	bool awaits;
	uint32_t asked;			/* for one, as the n-th */
	bool reloaded;
	struct buf text;		/* of the exposition, not yet told */
	struct generation *shown;	/* whose backends; held */
	size_t owner;			/* of settings, or parts: the next */
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

/* Of the backends that were told of; all that there may be do not fit into
 * one piece. */
static enum step
list_parts(struct command *c, struct buf *to)
{
	const struct generation *g = c->shown;

	while (c->owner < g->site.backend_count &&
	    buf_len(to) < COMMAND_PIECE)
		if (report_parts(g->dispatches[c->owner++], to) != 0)
			return last(-1, c);
	return c->owner < g->site.backend_count ? MORE : LAST;
}

static enum step
do_status(struct command *c, struct buf *to)
{
	struct front *f = c->front;

	if (c->shown != NULL)
		return list_parts(c, to);
	c->shown = f->now;
	generation_hold(c->shown);
	if (report_daemon(f, to) == 0 && report_roles(f, to) == 0 &&
	    report_backends(f, to) == 0 && report_clients(f, to) == 0 &&
	    report_queue(f, to) == 0 && report_cache(f, to) == 0 &&
	    report_limits(f, to) == 0 && report_log(f, to) == 0)
		return MORE;
	return last(-1, c);
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
		.backend_count = f->now->site.backend_count,
		.cache = f->cache != NULL ? &cache : NULL,
		.limits = f->limits != NULL ? &limits : NULL,
		.old_generations = generation_count_old(f),
		.roles = &f->roles, .clients = clients_count(f->clients),
		.log_lost = log_lost(), .now_msec = deadline_now_msec()
	};
	size_t i;

	for (i = 0; i < f->now->site.backend_count; i++)
		dispatch_status(f->now->dispatches[i], &backends[i]);
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

/* What no route finds any more since a reload is as good as gone. */
static enum step
do_cache_list(struct command *c, struct buf *to)
{
	const struct generation *g = c->front->now;
	const struct site_route *route;
	struct cache_entry en;
	unsigned n;

	if (c->front->cache == NULL)
		return LAST;
	for (n = 0; n < LIST_PIECE && buf_len(to) < COMMAND_PIECE; n++) {
		if (!cache_next(c->front->cache, &c->cursor, &en))
			return LAST;
		route = editions_route(&g->editions, &g->site, en.chain);
		if (route != NULL && report_entry(&en, route, to) != 0)
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

	if (canonical_form(&f->now->site.settings, &f->now->site.listeners[0],
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

/* ---- settings -------------------------------------------------------- */

/* Of one generation, also when another one begins meanwhile. */
static enum step
do_config(struct command *c, struct buf *to)
{
	int more = 1;

	if (c->shown == NULL) {
		c->shown = c->front->now;
		generation_hold(c->shown);
	}
	while (more > 0 && buf_len(to) < COMMAND_PIECE)
		more = config_report(c->shown, &c->owner, to);
	return more > 0 ? MORE : last(more, c);
}

/* ---- the rest --------------------------------------------------------- */

static struct explain_question
explained(const struct command *c)
{
	static char no_address[] = "";

	return (struct explain_question){
		.login = c->words[1], .realm = c->words[2],
		.service = c->words[3],
		.address = c->count > 4 ? c->words[4] : no_address,
		.listener = c->count > 5 ? c->words[5] : ""
	};
}

static enum step
do_explain(struct command *c, struct buf *to)
{
	const struct explain_question q = explained(c);
	int more = explain(c->front, &q, &c->cursor, to, &c->e);

	if (more < 0)
		return FAILED;
	return more > 0 ? MORE : LAST;
}

static void
on_trial_over(void *arg)
{
	struct command *c = arg;

	c->waker.fn(c->waker.arg);
}

/* What explain shows is only told; here the backends are really asked. */
static enum step
do_try(struct command *c, struct buf *to)
{
	const struct explain_question q = explained(c);

	if (c->trial == NULL) {
		c->trial = explain_try(c->front, &q, c->uid, &c->password,
		    on_trial_over, c, &c->e);
		if (c->trial == NULL)
			return FAILED;
	}
	return trial_is_over(c->trial) ? last(trial_tell(c->trial, to), c) :
	    LATER;
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

/* Answered by commands_reloaded(). */
static enum step
do_reload(struct command *c, struct buf *to)
{
	struct json j;

	if (!c->begun) {
		if (!front_reload(c->front)) {
			(void)errmsg_set(&c->e, "too many reloads are asked "
			    "for: try again later");
			return FAILED;
		}
		LIST_INSERT_HEAD(&c->front->awaiting_reload, c, awaiting);
		c->awaits = true;
		c->asked = ++c->front->reloads_asked;
	}
	if (c->awaits)
		return LATER;
	report_begin(&j, to, "reloaded");
	json_bool(&j, "ok", c->reloaded);
	json_int(&j, "generation", c->front->now->number);
	json_str(&j, "text", c->e.text);
	return last(json_end(&j), c);
}

static void
stop_awaiting(struct command *c)
{
	if (c->awaits)
		LIST_REMOVE(c, awaiting);
	c->awaits = false;
}

void
commands_reloaded(struct front *f, uint32_t asked, bool ok,
    const char *text)
{
	struct command *c, *next;

	for (c = LIST_FIRST(&f->awaiting_reload); c != NULL; c = next) {
		next = LIST_NEXT(c, awaiting);
		if (c->asked > asked)
			continue;	/* the file may be another since */
		stop_awaiting(c);
		c->reloaded = ok;
		(void)errmsg_set(&c->e, "%s", text);
		c->waker.fn(c->waker.arg);
	}
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
	{ "config", "", 0, 0, false, do_config },
	{ "explain", "USER REALM SERVICE [ADDRESS [LISTENER]]", 3, 5, false,
	    do_explain },
	{ COMMAND_TRY, "USER REALM SERVICE ADDRESS LISTENER PASSWORD", 5, 5,
	    true, do_try },
	{ "log-level", "debug|info", 1, 1, true, do_log_level },
	{ "reload", "", 0, 0, true, do_reload },
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

/* Two arguments say enough. */
static void
log_asked(const struct command *c)
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

bool
command_has_password(const char *word)
{
	return strcmp(word, COMMAND_TRY) == 0;
}

struct command *
command_new(struct front *f, uid_t uid, char *const *words, size_t n,
    struct secret *password, const struct command_waker *waker)
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
	secret_move(&c->password, password);
	c->waker = *waker;
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
	secret_wipe(&c->password);
	trial_free(c->trial);
	stop_awaiting(c);
	buf_fini(&c->text);
	if (c->shown != NULL)
		generation_let_go(c->shown);
	free(c);
}

/* A reload may have put another table in place of the one that the cursors
 * were made for; it is begun anew, and some of it is told twice. */
static void
begin_anew(struct command *c)
{
	c->generation = c->front->now->number;
	c->cursor = c->flush.at_success = c->flush.at_refusal = 0;
}

static enum step
step(struct command *c, struct buf *to)
{
	size_t arguments = c->count - 1;
	enum step s = WRONG_USE;

	if (c->generation != c->front->now->number)
		begin_anew(c);
	if (c->row == NULL) {
		(void)errmsg_set(&c->e, "there is no such command");
		return FAILED;
	}
	if (arguments >= c->row->min && arguments <= c->row->max)
		s = c->row->fn(c, to);
	if (s == WRONG_USE)
		(void)errmsg_set(&c->e, "use: %s %s", c->row->word,
		    c->row->usage);
	else if (c->row->is_logged && !c->begun)
		log_asked(c);
	c->begun = true;
	return s;
}

enum command_progress
command_write(struct command *c, struct buf *to)
{
	struct json j;

	switch (step(c, to)) {
	case MORE:
		return COMMAND_MORE;
	case LATER:
		return COMMAND_LATER;
	case LAST:
		report_begin(&j, to, "end");
		(void)json_end(&j);
		break;
	case WRONG_USE:
	case FAILED:
		(void)command_error(to, c->e.text);
		break;
	}
	return COMMAND_LAST;
}

int
command_error(struct buf *to, const char *text)
{
	struct json j;

	report_begin(&j, to, "error");
	json_str(&j, "text", text);
	return json_end(&j);
}
