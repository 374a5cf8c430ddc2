/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every family that is written is in saslauthd-metrics(5). Of the many
 * combinations of labels that requests may have, only those that occurred
 * are written. Counters whose labels have few values are always there, so that
 * their rates begin at zero.
 */
#include "config.h"

#include <stdlib.h>

#include "common/str.h"
#include "front/exposition.h"
#include "front/gauges.h"
#include "front/histogram.h"
#include "front/labels.h"
#include "front/metrics.h"

#define RESULTS (AUTH_MISCONFIG + 1)
#define VERDICTS (LIMITS_PAIR + 1)
#define LABELS_SIZE (LABELS_TEXT_SIZE + 64)	/* of a histogram */

_Static_assert(METRICS_SERVICES <= LABELS_MAX, "services need values");
_Static_assert(METRICS_MECHS <= LABELS_MAX, "mechanisms need values");

struct counts {
	uint64_t requests[1 + METRICS_SERVICES][RESULTS][REASON_COUNT];
	uint64_t answers[ANSWER_SOURCES][RESULTS];
	struct histogram total[ANSWER_SOURCES];
	struct histogram backend;
};

/* Pages of it that nothing is counted in are never touched. */
struct metrics {
	struct labels mechs, services;
	struct counts of_mech[1 + METRICS_MECHS];
	uint64_t limited[VERDICTS][2];	/* [1]: enforced */
	uint64_t invalid;
	uint64_t reloads[2];		/* [1]: done */
};

struct metrics *
metrics_new(void)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	labels_init(&m->mechs, METRICS_MECHS);
	labels_init(&m->services, METRICS_SERVICES);
	return m;
}

void
metrics_free(struct metrics *m)
{
	free(m);
}

void
metrics_know_mech(struct metrics *m, const char *mech)
{
	(void)labels_add(&m->mechs, mech);
}

/* ---- counting --------------------------------------------------------- */

void
metrics_count_request(struct metrics *m, const struct metrics_request *r)
{
	struct counts *c = &m->of_mech[labels_add(&m->mechs, r->mech)];
	unsigned service = r->result == AUTH_OK ?
	    labels_add(&m->services, r->service) :
	    labels_find(&m->services, r->service);

	c->requests[service][r->result][r->reason]++;
	c->answers[r->source][r->result]++;
	histogram_add(&c->total[r->source], r->usec);
}

void
metrics_count_backend(struct metrics *m, const char *mech, int64_t usec)
{
	histogram_add(&m->of_mech[labels_add(&m->mechs, mech)].backend,
	    usec);
}

void
metrics_count_limit(struct metrics *m, enum limits_verdict verdict,
    bool enforced)
{
	m->limited[verdict][enforced]++;
}

void
metrics_count_invalid(struct metrics *m)
{
	m->invalid++;
}

void
metrics_count_reload(struct metrics *m, bool ok)
{
	m->reloads[ok]++;
}

/* ---- totals ----------------------------------------------------------- */

static void
add_result(struct metrics_totals *t, enum auth_result result, uint64_t n)
{
	switch (result) {
	case AUTH_OK:
		t->ok += n;
		break;
	case AUTH_DENIED:
		t->denied += n;
		break;
	case AUTH_UNSET:
	case AUTH_TEMPFAIL:
	case AUTH_MISCONFIG:
		t->failed += n;
		break;
	}
}

static void
add_source(struct metrics_totals *t, enum answer_source source, uint64_t n)
{
	switch (source) {
	case ANSWER_JOINED:
		t->joined += n;
		break;
	case ANSWER_CACHED:
	case ANSWER_GRACE:
		t->cached += n;
		break;
	case ANSWER_LIMITED:
		t->limited += n;
		break;
	case ANSWER_BACKEND:
	case ANSWER_SOURCES:
		break;
	}
}

static void
add_counts(struct metrics_totals *t, const struct counts *c)
{
	unsigned source, result;
	uint64_t n;

	for (source = 0; source < ANSWER_SOURCES; source++) {
		for (result = 0; result < RESULTS; result++) {
			n = c->answers[source][result];
			t->requests += n;
			/* What was not compared is no outage. */
			if (source != ANSWER_LIMITED)
				add_result(t, result, n);
			add_source(t, source, n);
		}
		t->usec += c->total[source].usec;
	}
}

void
metrics_totals(const struct metrics *m, struct metrics_totals *t_r)
{
	unsigned mech;

	*t_r = (struct metrics_totals){ .invalid = m->invalid };
	for (mech = 0; mech < m->mechs.count; mech++)
		add_counts(t_r, &m->of_mech[mech]);
}

/* ---- the exposition --------------------------------------------------- */

static void
write_requests_of(struct exposition *o, const struct metrics *m,
    unsigned mech, unsigned service)
{
	unsigned result, reason;
	uint64_t n;

	for (result = 0; result < RESULTS; result++)
		for (reason = 0; reason < REASON_COUNT; reason++) {
			n = m->of_mech[mech].requests[service][result][reason];
			if (n == 0)
				continue;
			exposition_put(o, n, "mech=\"%s\",service=\"%s\","
			    "result=\"%s\",reason=\"%s\"",
			    labels_text(&m->mechs, mech),
			    labels_text(&m->services, service),
			    auth_result_name(result),
			    auth_reason_name(reason));
		}
}

static void
write_requests(struct exposition *o, const struct metrics *m)
{
	unsigned mech, service;

	exposition_counter(o, "saslauthd_requests",
	    "Requests answered, by what the answer was.");
	for (mech = 0; mech < m->mechs.count; mech++)
		for (service = 0; service < m->services.count; service++)
			write_requests_of(o, m, mech, service);
	exposition_counter(o, "saslauthd_invalid_requests",
	    "Requests with a string too long, empty or with a NUL byte.");
	exposition_put_single(o, m->invalid);
}

/* Has every mechanism such answers, sooner or later? */
static bool
is_usual(enum answer_source source, enum auth_result result)
{
	switch (source) {
	case ANSWER_BACKEND:
	case ANSWER_JOINED:
		return result != AUTH_UNSET;
	case ANSWER_CACHED:
		return result == AUTH_OK || result == AUTH_DENIED;
	case ANSWER_GRACE:
		return result == AUTH_OK;
	case ANSWER_LIMITED:
		return result == AUTH_TEMPFAIL;
	case ANSWER_SOURCES:
		break;
	}
	return false;
}

static void
write_answers_of(struct exposition *o, const struct metrics *m,
    unsigned mech, unsigned source)
{
	unsigned result;
	uint64_t n;

	for (result = 0; result < RESULTS; result++) {
		n = m->of_mech[mech].answers[source][result];
		if (n > 0 || (mech != LABELS_OTHER &&
		    is_usual(source, result)))
			exposition_put(o, n, "mech=\"%s\",source=\"%s\","
			    "result=\"%s\"", labels_text(&m->mechs, mech),
			    answer_source_name(source),
			    auth_result_name(result));
	}
}

static void
write_answers(struct exposition *o, const struct metrics *m)
{
	unsigned mech, source;

	exposition_counter(o, "saslauthd_answers",
	    "Requests answered, by where the answer came from.");
	for (mech = 0; mech < m->mechs.count; mech++)
		for (source = 0; source < ANSWER_SOURCES; source++)
			write_answers_of(o, m, mech, source);
}

static void
write_histogram(struct exposition *o, const struct histogram *h,
    const char *mech, const char *source)
{
	char labels[LABELS_SIZE];

	if (histogram_count(h) == 0)
		return;
	if (source == NULL)
		(void)str_format(labels, sizeof(labels), "mech=\"%s\"", mech);
	else
		(void)str_format(labels, sizeof(labels),
		    "mech=\"%s\",source=\"%s\"", mech, source);
	histogram_write(h, o, labels);
}

static void
write_times(struct exposition *o, const struct metrics *m)
{
	unsigned mech, source;

	exposition_histogram(o, "saslauthd_request_duration_seconds",
	    "seconds", "From a complete request to its answer.");
	for (mech = 0; mech < m->mechs.count; mech++)
		for (source = 0; source < ANSWER_SOURCES; source++)
			write_histogram(o, &m->of_mech[mech].total[source],
			    labels_text(&m->mechs, mech),
			    answer_source_name(source));
	exposition_histogram(o, "saslauthd_backend_duration_seconds",
	    "seconds", "From a question to a worker to its verdict.");
	for (mech = 0; mech < m->mechs.count; mech++)
		write_histogram(o, &m->of_mech[mech].backend,
		    labels_text(&m->mechs, mech), NULL);
}

static const char *
verdict_name(enum limits_verdict verdict)
{
	switch (verdict) {
	case LIMITS_IDENTITY:
		return "identity";
	case LIMITS_ADDRESS:
		return "address";
	case LIMITS_PAIR:
		return "pair";
	case LIMITS_PASS:
		break;
	}
	return "none";
}

static void
write_limited(struct exposition *o, const struct metrics *m)
{
	unsigned verdict;

	exposition_counter(o, "saslauthd_limited_requests",
	    "Requests past a limit on guessing.");
	for (verdict = LIMITS_PASS + 1; verdict < VERDICTS; verdict++) {
		exposition_put(o, m->limited[verdict][true],
		    "limit=\"%s\",action=\"refused\"",
		    verdict_name(verdict));
		exposition_put(o, m->limited[verdict][false],
		    "limit=\"%s\",action=\"observed\"",
		    verdict_name(verdict));
	}
}

static void
write_reloads(struct exposition *o, const struct metrics *m)
{
	exposition_counter(o, "saslauthd_reloads",
	    "How often settings were read again.");
	exposition_put(o, m->reloads[true], "result=\"%s\"", "ok");
	exposition_put(o, m->reloads[false], "result=\"%s\"", "refused");
}

int
metrics_write(const struct metrics *m, const struct metrics_now *now,
    struct buf *to)
{
	struct exposition o;

	exposition_init(&o, to);
	write_requests(&o, m);
	write_answers(&o, m);
	write_times(&o, m);
	if (now->limits != NULL)
		write_limited(&o, m);
	write_reloads(&o, m);
	gauges_write(&o, now);
	return exposition_end(&o);
}
