/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit test of limits: a million random operations, each compared with a
 * model that searches plain arrays and has none of limits' bookkeeping.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "front/limits.h"
#include "tests/unit/unit.h"

#define BYTES (40 * 1024)	/* little: entries often make room */
#define OPERATIONS 1000000
#define OPERATIONS_VALGRIND 20000
#define IDENTITY_LIMIT 5
#define ADDRESS_LIMIT 5
#define WINDOW_MSEC 4000
#define COMPARE 60
#define INTERVAL_MSEC 1000
#define STEP_MSEC 60
#define CAPACITY_MAX 64
#define IDENTITIES 16
#define PLACES 6
#define PASSWORDS 8

static const char *const identities[IDENTITIES] = {
	"joe", "joe@example.org", "ann", "bob", "ida", "", "j", "eve",
	"a", "b", "c", "d", "e", "f", "g", "h"
};

/* Spellings of a place; place 0 is none, place 1 is exempt. */
static const struct { const char *text; unsigned place; } addresses[] = {
	{ "192.0.2.1;25", 2 }, { "::ffff:192.0.2.1", 2 },
	{ "127.0.0.1", 1 }, { "2001:db8::1", 4 },
	{ "2001:db8::ffff:0:0:1;9", 4 }, { "", 0 }, { "192.0.2.2", 3 },
	{ "2001:db8:0:1::", 5 }
};
#define NOWHERE 0
#define EXEMPT 1

struct event {
	unsigned identity, place, password;
	int64_t seen;
};

static struct model {
	struct event events[CAPACITY_MAX];	/* the oldest first */
	struct event pairs[CAPACITY_MAX];	/* likewise */
	size_t count, pair_count, capacity;
	int64_t identity_ready[IDENTITIES], place_ready[PLACES];
	uint64_t evicted;
} m;

static struct networks exempt;
static struct limits *limits;
static int fd = -1;
static int64_t now = 1;

static void
take_out(struct event *list, size_t *count, size_t at)
{
	--*count;
	memmove(list + at, list + at + 1, (*count - at) * sizeof(*list));
}

static unsigned
identity_count(unsigned identity)
{
	bool seen[PASSWORDS] = { false };
	unsigned n = 0;
	size_t i;

	for (i = 0; i < m.count; i++)
		if (m.events[i].identity == identity &&
		    !seen[m.events[i].password]) {
			seen[m.events[i].password] = true;
			n++;
		}
	return n;
}

static unsigned
place_count(unsigned place)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < m.count && place != EXEMPT && place != NOWHERE; i++)
		n += m.events[i].place == place;
	return n;
}

static unsigned
pair_count(unsigned identity, unsigned place)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < m.count && place != NOWHERE; i++)
		n += m.events[i].identity == identity &&
		    m.events[i].place == place;
	return n;
}

static size_t
find_pair(unsigned identity, unsigned place)
{
	size_t i;

	for (i = 0; i < m.pair_count; i++)
		if (m.pairs[i].identity == identity &&
		    m.pairs[i].place == place)
			break;
	return i;
}

static void
expire(void)
{
	while (m.count > 0 && now - m.events[0].seen > WINDOW_MSEC)
		take_out(m.events, &m.count, 0);
}

static void
model_wrong(unsigned identity, unsigned place, unsigned password)
{
	size_t i;

	for (i = 0; i < m.count; i++)
		if (m.events[i].identity == identity &&
		    m.events[i].place == place &&
		    m.events[i].password == password)
			break;
	if (i < m.count) {
		take_out(m.events, &m.count, i);
	} else {
		if (m.count == m.capacity) {
			take_out(m.events, &m.count, 0);
			m.evicted++;
		}
		if (identity_count(identity) == 0)
			m.identity_ready[identity] = now;
		if (place_count(place) == 0)
			m.place_ready[place] = now;
	}
	m.events[m.count++] = (struct event){ identity, place, password,
	    now };
}

static void
model_right(unsigned identity, unsigned place)
{
	size_t i = find_pair(identity, place);

	if (place == NOWHERE)
		return;
	if (i < m.pair_count)
		take_out(m.pairs, &m.pair_count, i);
	else if (m.pair_count == m.capacity)
		take_out(m.pairs, &m.pair_count, 0);
	m.pairs[m.pair_count++] = (struct event){ identity, place, 0, now };
}

static void
model_forget(unsigned identity)
{
	size_t i = 0;

	while (i < m.count)
		if (m.events[i].identity == identity)
			take_out(m.events, &m.count, i);
		else
			i++;
}

static enum limits_verdict
model_judge(unsigned identity, unsigned place, bool *identity_over_r,
    bool *place_over_r)
{
	*identity_over_r = identity_count(identity) >= IDENTITY_LIMIT;
	*place_over_r = place_count(place) >= ADDRESS_LIMIT;
	if (find_pair(identity, place) < m.pair_count) {
		*place_over_r = false;
		*identity_over_r = pair_count(identity, place) >=
		    IDENTITY_LIMIT;
		return *identity_over_r ? LIMITS_PAIR : LIMITS_PASS;
	}
	return *identity_over_r ? LIMITS_IDENTITY :
	    *place_over_r ? LIMITS_ADDRESS : LIMITS_PASS;
}

static enum limits_verdict
model_try(unsigned identity, unsigned place)
{
	bool identity_over, place_over;
	enum limits_verdict v;

	v = model_judge(identity, place, &identity_over, &place_over);
	if (identity_over && now < m.identity_ready[identity])
		return v;
	if (place_over && now < m.place_ready[place])
		return LIMITS_ADDRESS;
	if (identity_over)
		m.identity_ready[identity] = now + INTERVAL_MSEC;
	if (place_over)
		m.place_ready[place] = now + INTERVAL_MSEC;
	return LIMITS_PASS;
}

static void
begin(void)
{
	const struct limits_config config = {
		BYTES, IDENTITY_LIMIT, ADDRESS_LIMIT, COMPARE, WINDOW_MSEC,
		&exempt
	};
	struct limits *old = limits;
	struct limits_stats s;

	limits = limits_new(&config, fd, NULL);
	assert_non_null(limits);
	limits_free(old);
	limits_stats(limits, now, &s);
	assert_in_range(s.tries_max, 10, CAPACITY_MAX);
	m.capacity = s.tries_max;
	memset(m.identity_ready, 0, sizeof(m.identity_ready));
	memset(m.place_ready, 0, sizeof(m.place_ready));
	m.evicted = 0;
}

static void
compare_stats(void)
{
	size_t i, identities_over = 0, places_over = 0;
	struct limits_stats s;

	for (i = 0; i < IDENTITIES; i++)
		identities_over += identity_count((unsigned)i) >=
		    IDENTITY_LIMIT;
	for (i = 0; i < PLACES; i++)
		places_over += place_count((unsigned)i) >= ADDRESS_LIMIT;
	limits_stats(limits, now, &s);
	assert_int_equal(s.tries, m.count);
	assert_int_equal(s.identities_over, identities_over);
	assert_int_equal(s.addresses_over, places_over);
	assert_int_equal(s.evicted, m.evicted);
}

static void
compare_state(unsigned identity, size_t address)
{
	const struct limits_who w = {
		identities[identity], addresses[address].text
	};
	unsigned place = addresses[address].place;
	struct limits_state s;
	bool x, y;

	limits_state(limits, &w, now, &s);
	assert_int_equal(s.identity, identity_count(identity));
	assert_int_equal(s.address, place_count(place));
	assert_int_equal(s.pair, pair_count(identity, place));
	assert_int_equal(s.known, find_pair(identity, place) < m.pair_count);
	assert_int_equal(s.exempt, place == EXEMPT);
	assert_int_equal(s.verdict, model_judge(identity, place, &x, &y));
}

/* Returns what a try got. */
static enum limits_verdict
operate(unsigned identity, size_t address)
{
	const struct limits_who w = {
		identities[identity], addresses[address].text
	};
	unsigned place = addresses[address].place, password;
	struct secret s = SECRET_INIT;
	enum limits_verdict v = LIMITS_PASS;
	long what = random() % 1000;

	if (what < 400) {
		password = (unsigned)random() % PASSWORDS;
		assert_int_equal(secret_set(&s, &password,
		    sizeof(password)), 0);
		limits_wrong(limits, &w, &s, now);
		secret_wipe(&s);
		model_wrong(identity, place, password);
	} else if (what < 410) {
		limits_right(limits, &w, now);
		model_right(identity, place);
	} else if (what < 420) {
		limits_forget(limits, w.identity);
		model_forget(identity);
	} else if (what < 425) {
		begin();
	} else {
		v = limits_try(limits, &w, now);
		assert_int_equal(v, model_try(identity, place));
	}
	return v;
}

/* The lower, the oftener: some are to be past their limits. */
static unsigned
some(size_t count)
{
	unsigned a = (unsigned)random() % (unsigned)count;
	unsigned b = (unsigned)random() % (unsigned)count;

	return a < b ? a : b;
}

static void
test_model(void **state)
{
	unsigned verdicts[LIMITS_PAIR + 1] = { 0 }, i;
	unsigned n = RUNNING_ON_VALGRIND ? OPERATIONS_VALGRIND : OPERATIONS;

	(void)state;
	srandom(3);
	assert_int_equal(networks_parse(&exempt, "127.0.0.0/8", NULL), 0);
	fd = memfd_create("test_limits_model", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, BYTES), 0);
	begin();
	for (i = 0; i < n; i++) {
		now += 1 + random() % STEP_MSEC;
		if (random() % 1000 == 0)
			now += random() % WINDOW_MSEC;
		expire();
		verdicts[operate(some(IDENTITIES),
		    some(COUNT_OF(addresses)))]++;
		compare_state(some(IDENTITIES), some(COUNT_OF(addresses)));
		compare_stats();
	}
	/* It was about something. */
	for (i = 0; i < COUNT_OF(verdicts); i++)
		assert_in_range(verdicts[i], n / 10000, n);
	limits_free(limits);
	networks_fini(&exempt);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
