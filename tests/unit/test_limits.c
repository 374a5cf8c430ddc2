/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of limits: its rules. test_limits_table.c has what becomes of
 * the memory.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "front/limits.h"
#include "tests/unit/unit.h"

#define IDENTITY_LIMIT 5
#define ADDRESS_LIMIT 8
#define WINDOW_MSEC 600000
#define BYTES (256 * 1024)
#define SECOND 1000
#define MINUTE 60000
#define STEPS_MAX 6
#define EXEMPT "127.0.0.0/8,::1,2001:db8:e::/48"

static struct networks exempt;
static struct limits *limits;
static int64_t now;

static void
begin(unsigned compare)
{
	const struct limits_config config = {
		BYTES, IDENTITY_LIMIT, ADDRESS_LIMIT, compare, WINDOW_MSEC,
		&exempt
	};

	limits_free(limits);
	limits = limits_new(&config, -1, NULL);
	assert_non_null(limits);
	now = 1000 * SECOND;
}

static int
set_up(void **state)
{
	(void)state;
	return networks_parse(&exempt, EXEMPT, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	limits_free(limits);
	networks_fini(&exempt);
	return 0;
}

static void
wrong(const char *identity, const char *address, unsigned password)
{
	const struct limits_who w = { identity, address };
	struct secret s = SECRET_INIT;
	char text[16];
	int len;

	len = snprintf(text, sizeof(text), "guess %u", password);
	assert_int_equal(secret_set(&s, text, (size_t)len), 0);
	limits_wrong(limits, &w, &s, now);
	secret_wipe(&s);
}

static void
wrong_many(const char *identity, const char *address, unsigned first,
    unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		wrong(identity, address, first + i);
}

static void
right(const char *identity, const char *address)
{
	const struct limits_who w = { identity, address };

	limits_right(limits, &w, now);
}

static enum limits_verdict
try(const char *identity, const char *address)
{
	const struct limits_who w = { identity, address };

	return limits_try(limits, &w, now);
}

static struct limits_state
state_of(const char *identity, const char *address)
{
	const struct limits_who w = { identity, address };
	struct limits_state s;

	limits_state(limits, &w, now, &s);
	return s;
}

static struct limits_stats
stats(void)
{
	struct limits_stats s;

	limits_stats(limits, now, &s);
	return s;
}

/*
 * Steps, then a question. Without a trickle the verdict of the state is
 * what a try gets.
 */
enum step_kind { END = 0, WRONG, RIGHT, WAIT, FORGET };

struct row {
	const char *about;
	struct {
		enum step_kind kind;
		const char *identity, *address;
		unsigned first, count;	/* passwords; WAIT: msec */
	} steps[STEPS_MAX];
	const char *identity, *address;
	enum limits_verdict verdict;
	unsigned identity_count, address_count, pair_count;
	bool known, exempt;
};

#define A "192.0.2.1;25"
#define B "198.51.100.7;4711"

static const struct row rows[] = {
	{ "nothing is known", { { END, NULL, NULL, 0, 0 } },
	    "joe", A, LIMITS_PASS, 0, 0, 0, false, false },
	{ "below the limit", { { WRONG, "joe", A, 0, 4 } },
	    "joe", A, LIMITS_PASS, 4, 4, 4, false, false },
	{ "at the limit", { { WRONG, "joe", A, 0, 5 } },
	    "joe", A, LIMITS_IDENTITY, 5, 5, 5, false, false },
	{ "from another address, too", { { WRONG, "joe", A, 0, 5 } },
	    "joe", B, LIMITS_IDENTITY, 5, 0, 0, false, false },
	{ "and without an address", { { WRONG, "joe", A, 0, 5 } },
	    "joe", "", LIMITS_IDENTITY, 5, 0, 0, false, false },
	{ "other identities are not meant", { { WRONG, "joe", A, 0, 5 } },
	    "jo", A, LIMITS_PASS, 0, 5, 0, false, false },
	{ "a port is no part of an address", { { WRONG, "joe", A, 0, 3 } },
	    "joe", "192.0.2.1;9999", LIMITS_PASS, 3, 3, 3, false, false },
	{ "nor does it have to be there", { { WRONG, "joe", A, 0, 3 } },
	    "joe", "192.0.2.1", LIMITS_PASS, 3, 3, 3, false, false },
	{ "the same password does not count again",
	    { { WRONG, "joe", A, 7, 1 }, { WRONG, "joe", A, 7, 1 },
	    { WRONG, "joe", A, 7, 1 }, { WRONG, "joe", A, 7, 1 },
	    { WRONG, "joe", A, 7, 1 } },
	    "joe", A, LIMITS_PASS, 1, 1, 1, false, false },
	{ "nor from elsewhere, for the identity",
	    { { WRONG, "joe", A, 0, 4 }, { WRONG, "joe", B, 0, 4 },
	    { WRONG, "joe", "", 0, 4 } },
	    "joe", B, LIMITS_PASS, 4, 4, 4, false, false },
	{ "addresses add up for an identity",
	    { { WRONG, "joe", A, 0, 3 }, { WRONG, "joe", B, 3, 2 } },
	    "joe", B, LIMITS_IDENTITY, 5, 2, 2, false, false },
	{ "identities add up for an address",
	    { { WRONG, "joe", A, 0, 4 }, { WRONG, "ann", A, 0, 4 } },
	    "bob", A, LIMITS_ADDRESS, 0, 8, 0, false, false },
	{ "below the address' limit",
	    { { WRONG, "joe", A, 0, 4 }, { WRONG, "ann", A, 0, 3 } },
	    "bob", A, LIMITS_PASS, 0, 7, 0, false, false },
	{ "who sends no address is not held by one",
	    { { WRONG, "joe", A, 0, 4 }, { WRONG, "ann", A, 0, 4 } },
	    "bob", "", LIMITS_PASS, 0, 0, 0, false, false },
	{ "no addresses are no address in common",
	    { { WRONG, "joe", "", 0, 4 }, { WRONG, "ann", "", 0, 4 } },
	    "bob", "", LIMITS_PASS, 0, 0, 0, false, false },
	{ "identities are counted without addresses",
	    { { WRONG, "joe", "", 0, 5 } },
	    "joe", A, LIMITS_IDENTITY, 5, 0, 0, false, false },
	{ "a /64 is one address",
	    { { WRONG, "joe", "2001:db8::1", 0, 4 },
	    { WRONG, "ann", "2001:db8::ffff:0:0:2;25", 0, 4 } },
	    "bob", "2001:db8:0:0:8000::", LIMITS_ADDRESS, 0, 8, 0, false,
	    false },
	{ "another /64 is another",
	    { { WRONG, "joe", "2001:db8::1", 0, 4 },
	    { WRONG, "ann", "2001:db8::2", 0, 4 } },
	    "bob", "2001:db8:0:1::1", LIMITS_PASS, 0, 0, 0, false, false },
	{ "IPv4 in IPv6 is IPv4",
	    { { WRONG, "joe", "::ffff:192.0.2.1", 0, 4 },
	    { WRONG, "ann", A, 0, 4 } },
	    "bob", A, LIMITS_ADDRESS, 0, 8, 0, false, false },
	{ "one IPv4 address is not the next",
	    { { WRONG, "joe", "192.0.2.0", 0, 4 },
	    { WRONG, "ann", "192.0.2.0", 0, 4 } },
	    "bob", "192.0.2.1", LIMITS_PASS, 0, 0, 0, false, false },
	{ "IPv4 is not in a /64",
	    { { WRONG, "joe", "::ffff:192.0.2.1", 0, 4 },
	    { WRONG, "ann", "::ffff:192.0.2.1", 0, 4 } },
	    "bob", "::2", LIMITS_PASS, 0, 0, 0, false, false },
	{ "an exempt address has no count",
	    { { WRONG, "joe", "127.0.0.1", 0, 4 },
	    { WRONG, "ann", "127.0.0.1", 0, 4 },
	    { WRONG, "ida", "127.0.0.1", 0, 1 } },
	    "joe", "127.0.0.1", LIMITS_PASS, 4, 0, 4, false, true },
	{ "a single address may be exempt",
	    { { WRONG, "joe", "::1", 0, 4 }, { WRONG, "ann", "::1", 0, 4 } },
	    "joe", "::1;25", LIMITS_PASS, 4, 0, 4, false, true },
	{ "its /64 is not",
	    { { WRONG, "joe", "::1", 0, 4 }, { WRONG, "ann", "::2", 0, 4 } },
	    "joe", "::3", LIMITS_PASS, 4, 4, 4, false, false },
	{ "identities are counted at exempt addresses",
	    { { WRONG, "joe", "2001:db8:e::1", 0, 5 } },
	    "joe", "2001:db8:e::2", LIMITS_IDENTITY, 5, 0, 5, false, true },
	{ "the owner at a known address",
	    { { RIGHT, "joe", A, 0, 0 }, { WRONG, "joe", B, 0, 9 } },
	    "joe", A, LIMITS_PASS, 9, 0, 0, true, false },
	{ "the guesser beside her",
	    { { RIGHT, "joe", A, 0, 0 }, { WRONG, "joe", B, 0, 9 } },
	    "joe", B, LIMITS_IDENTITY, 9, 9, 9, false, false },
	{ "is known whenever that was",
	    { { WRONG, "joe", B, 0, 9 }, { RIGHT, "joe", A, 0, 0 } },
	    "joe", A, LIMITS_PASS, 9, 0, 0, true, false },
	{ "for long", { { RIGHT, "joe", A, 0, 0 },
	    { WAIT, NULL, NULL, 0, 100 * WINDOW_MSEC },
	    { WRONG, "joe", B, 0, 9 } },
	    "joe", A, LIMITS_PASS, 9, 0, 0, true, false },
	{ "a known address below its own limit",
	    { { RIGHT, "joe", A, 0, 0 }, { WRONG, "joe", B, 0, 9 },
	    { WRONG, "joe", A, 0, 4 } },
	    "joe", A, LIMITS_PASS, 9, 4, 4, true, false },
	{ "and past it",
	    { { RIGHT, "joe", A, 0, 0 }, { WRONG, "joe", A, 0, 5 } },
	    "joe", A, LIMITS_PAIR, 5, 5, 5, true, false },
	{ "what came before the success counts",
	    { { WRONG, "joe", A, 0, 5 }, { RIGHT, "joe", A, 0, 0 } },
	    "joe", A, LIMITS_PAIR, 5, 5, 5, true, false },
	{ "an address is known for one identity",
	    { { RIGHT, "ann", A, 0, 0 }, { WRONG, "joe", A, 0, 5 } },
	    "joe", A, LIMITS_IDENTITY, 5, 5, 5, false, false },
	{ "known, from an address past its limit",
	    { { RIGHT, "bob", A, 0, 0 }, { WRONG, "joe", A, 0, 9 } },
	    "bob", A, LIMITS_PASS, 0, 9, 0, true, false },
	{ "not known, from there",
	    { { RIGHT, "bob", A, 0, 0 }, { WRONG, "joe", A, 0, 9 } },
	    "ann", A, LIMITS_ADDRESS, 0, 9, 0, false, false },
	{ "both past: the identity is named",
	    { { WRONG, "joe", A, 0, 9 } },
	    "joe", A, LIMITS_IDENTITY, 9, 9, 9, false, false },
	{ "exempt addresses become known",
	    { { RIGHT, "joe", "127.0.0.1", 0, 0 },
	    { WRONG, "joe", B, 0, 9 } },
	    "joe", "127.0.0.1", LIMITS_PASS, 9, 0, 0, true, true },
	{ "a success without an address makes none known",
	    { { RIGHT, "joe", "", 0, 0 }, { WRONG, "joe", "", 0, 5 } },
	    "joe", "", LIMITS_IDENTITY, 5, 0, 0, false, false },
	{ "a success does not forgive",
	    { { WRONG, "joe", A, 0, 5 }, { RIGHT, "joe", B, 0, 0 } },
	    "joe", A, LIMITS_IDENTITY, 5, 5, 5, false, false },
	{ "a known /64",
	    { { RIGHT, "joe", "2001:db8::1", 0, 0 },
	    { WRONG, "joe", B, 0, 9 } },
	    "joe", "2001:db8::2", LIMITS_PASS, 9, 0, 0, true, false },
	{ "at the window's end", { { WRONG, "joe", A, 0, 5 },
	    { WAIT, NULL, NULL, 0, WINDOW_MSEC } },
	    "joe", A, LIMITS_IDENTITY, 5, 5, 5, false, false },
	{ "behind it", { { WRONG, "joe", A, 0, 5 },
	    { WAIT, NULL, NULL, 0, WINDOW_MSEC + 1 } },
	    "joe", A, LIMITS_PASS, 0, 0, 0, false, false },
	{ "each try has its own time", { { WRONG, "joe", A, 0, 3 },
	    { WAIT, NULL, NULL, 0, 1 }, { WRONG, "joe", A, 3, 2 },
	    { WAIT, NULL, NULL, 0, WINDOW_MSEC } },
	    "joe", A, LIMITS_PASS, 2, 2, 2, false, false },
	{ "a repetition keeps it there", { { WRONG, "joe", A, 0, 5 },
	    { WAIT, NULL, NULL, 0, WINDOW_MSEC }, { WRONG, "joe", A, 2, 2 },
	    { WAIT, NULL, NULL, 0, 1 } },
	    "joe", A, LIMITS_PASS, 2, 2, 2, false, false },
	{ "from elsewhere, too, for the identity",
	    { { WRONG, "joe", A, 0, 5 },
	    { WAIT, NULL, NULL, 0, WINDOW_MSEC }, { WRONG, "joe", B, 2, 2 },
	    { WAIT, NULL, NULL, 0, 1 } },
	    "joe", A, LIMITS_PASS, 2, 0, 0, false, false },
	{ "forgotten", { { WRONG, "joe", A, 0, 6 }, { WRONG, "ann", A, 0, 1 },
	    { RIGHT, "joe", A, 0, 0 }, { FORGET, "joe", NULL, 0, 0 } },
	    "joe", A, LIMITS_PASS, 0, 1, 0, true, false },
	{ "others are not", { { WRONG, "joe", A, 0, 6 },
	    { WRONG, "ann", B, 0, 5 }, { FORGET, "joe", NULL, 0, 0 } },
	    "ann", B, LIMITS_IDENTITY, 5, 5, 5, false, false },
	{ "and begins to count again", { { WRONG, "joe", A, 0, 6 },
	    { FORGET, "joe", NULL, 0, 0 }, { WRONG, "joe", A, 0, 5 } },
	    "joe", A, LIMITS_IDENTITY, 5, 5, 5, false, false },
	{ "the empty identity is one", { { WRONG, "", A, 0, 5 } },
	    "", B, LIMITS_IDENTITY, 5, 0, 0, false, false },
	{ "what is no address is none", { { WRONG, "joe", "x", 0, 5 } },
	    "joe", "x", LIMITS_IDENTITY, 5, 0, 0, false, false }
};

static void
run_steps(const struct row *r)
{
	size_t i;

	for (i = 0; i < STEPS_MAX; i++)
		switch (r->steps[i].kind) {
		case WRONG:
			wrong_many(r->steps[i].identity, r->steps[i].address,
			    r->steps[i].first, r->steps[i].count);
			break;
		case RIGHT:
			right(r->steps[i].identity, r->steps[i].address);
			break;
		case WAIT:
			now += r->steps[i].count;
			break;
		case FORGET:
			limits_forget(limits, r->steps[i].identity);
			break;
		case END:
			return;
		}
}

static void
test_rules(void **state)
{
	struct limits_state s;
	const struct row *r;

	(void)state;
	for (r = rows; r < rows + COUNT_OF(rows); r++) {
		begin(0);
		run_steps(r);
		s = state_of(r->identity, r->address);
		assert_row(r->about, s.verdict == r->verdict);
		assert_row(r->about, s.identity == r->identity_count);
		assert_row(r->about, s.address == r->address_count);
		assert_row(r->about, s.pair == r->pair_count);
		assert_row(r->about, s.known == r->known);
		assert_row(r->about, s.exempt == r->exempt);
		assert_row(r->about, try(r->identity, r->address) ==
		    r->verdict);
	}
}

/* How many of the tries, one each step_msec, are let through? */
static unsigned
passed(const char *identity, const char *address, int64_t for_msec,
    int64_t step_msec)
{
	int64_t end = now + for_msec;
	unsigned n = 0;

	for (; now < end; now += step_msec)
		n += try(identity, address) == LIMITS_PASS;
	return n;
}

static void
test_trickle(void **state)
{
	/* Not one more than asked for, nor much less. */
	static const struct { unsigned compare, least; } speeds[] = {
		{ 0, 0 }, { 1, 1 }, { 7, 7 }, { 60, 60 }, { 700, 697 },
		{ 40000, 30000 }, { 60000, 60000 }
	};
	size_t i, minute;

	(void)state;
	for (i = 0; i < COUNT_OF(speeds); i++) {
		begin(speeds[i].compare);
		wrong_many("joe", "", 0, IDENTITY_LIMIT);
		for (minute = 0; minute < 3; minute++)
			assert_in_range(passed("joe", "", MINUTE, 1),
			    speeds[i].least, speeds[i].compare);
	}
}

static void
test_trickle_is_even(void **state)
{
	(void)state;
	begin(60);
	wrong_many("joe", "", 0, IDENTITY_LIMIT);
	assert_int_equal(try("joe", ""), LIMITS_PASS);
	assert_int_equal(try("joe", ""), LIMITS_IDENTITY);
	now += SECOND - 1;
	assert_int_equal(try("joe", A), LIMITS_IDENTITY);
	now++;
	assert_int_equal(try("joe", A), LIMITS_PASS);
	assert_int_equal(try("joe", B), LIMITS_IDENTITY);
	/* What was not used is not saved. */
	now += MINUTE;
	assert_int_equal(try("joe", ""), LIMITS_PASS);
	assert_int_equal(try("joe", ""), LIMITS_IDENTITY);
	/* Nor is it taken by a question about the state. */
	now += SECOND;
	assert_int_equal(state_of("joe", "").verdict, LIMITS_IDENTITY);
	assert_int_equal(try("joe", ""), LIMITS_PASS);
}

/* The clock's low half begins anew after 49.7 days. */
static void
test_trickle_for_long(void **state)
{
	int64_t end;

	(void)state;
	begin(60);
	now = (int64_t)UINT32_MAX - 10 * SECOND;
	wrong_many("joe", "", 0, IDENTITY_LIMIT);
	assert_int_equal(passed("joe", "", 9700, 10), 10);
	wrong_many("ann", "", 0, IDENTITY_LIMIT);
	assert_int_equal(try("ann", ""), LIMITS_PASS);
	assert_int_equal(passed("joe", "", 10 * SECOND, 10), 10);
	/* Kept past its limit for weeks, but not tried. */
	for (end = now + UINT32_MAX; now < end; now += WINDOW_MSEC) {
		wrong_many("joe", "", 0, IDENTITY_LIMIT);
		if (now % 7 == 0)
			assert_int_equal(passed("joe", "", SECOND, 100), 1);
	}
}

static void
test_trickle_of_a_known_address(void **state)
{
	(void)state;
	begin(60);
	right("joe", A);
	wrong_many("joe", A, 0, IDENTITY_LIMIT);
	assert_int_equal(try("joe", A), LIMITS_PASS);
	assert_int_equal(try("joe", A), LIMITS_PAIR);
	/* It is the identity's, whoever took it. */
	assert_int_equal(try("joe", B), LIMITS_IDENTITY);
	now += SECOND;
	assert_int_equal(try("joe", B), LIMITS_PASS);
	assert_int_equal(try("joe", A), LIMITS_PAIR);
	/* Below the pair's limit nothing is taken. */
	begin(60);
	right("joe", A);
	wrong_many("joe", B, 0, IDENTITY_LIMIT);
	assert_int_equal(try("joe", A), LIMITS_PASS);
	assert_int_equal(try("joe", A), LIMITS_PASS);
	assert_int_equal(try("joe", B), LIMITS_PASS);
	assert_int_equal(try("joe", B), LIMITS_IDENTITY);
}

static void
test_trickle_of_both(void **state)
{
	(void)state;
	begin(60);
	wrong_many("joe", A, 0, ADDRESS_LIMIT);
	/* The address' token goes, the identity's stays. */
	assert_int_equal(try("bob", A), LIMITS_PASS);
	assert_int_equal(try("ann", A), LIMITS_ADDRESS);
	assert_int_equal(try("joe", A), LIMITS_ADDRESS);
	assert_int_equal(try("joe", B), LIMITS_PASS);
	assert_int_equal(try("joe", B), LIMITS_IDENTITY);
	now += SECOND;
	/* And the other way round. */
	assert_int_equal(try("joe", B), LIMITS_PASS);
	assert_int_equal(try("joe", A), LIMITS_IDENTITY);
	assert_int_equal(try("bob", A), LIMITS_PASS);
	now += SECOND;
	/* A try past both takes both. */
	assert_int_equal(try("joe", A), LIMITS_PASS);
	assert_int_equal(try("joe", B), LIMITS_IDENTITY);
	assert_int_equal(try("bob", A), LIMITS_ADDRESS);
}

static void
test_stats(void **state)
{
	struct limits_stats s;

	(void)state;
	begin(0);
	wrong_many("joe", A, 0, IDENTITY_LIMIT - 1);
	wrong_many("ann", A, 0, ADDRESS_LIMIT - IDENTITY_LIMIT);
	wrong_many("ida", "::1", 0, ADDRESS_LIMIT);
	s = stats();
	assert_int_equal(s.tries, IDENTITY_LIMIT - 1 + ADDRESS_LIMIT -
	    IDENTITY_LIMIT + ADDRESS_LIMIT);
	assert_int_equal(s.identities_over, 1);
	assert_int_equal(s.addresses_over, 0);
	assert_int_equal(s.evicted, 0);
	now++;
	wrong("joe", A, 99);
	assert_int_equal(stats().identities_over, 2);
	assert_int_equal(stats().addresses_over, 1);
	wrong("joe", A, 100);
	assert_int_equal(stats().identities_over, 2);
	limits_forget(limits, "ida");
	assert_int_equal(stats().identities_over, 1);
	now += WINDOW_MSEC;
	assert_int_equal(stats().identities_over, 0);
	assert_int_equal(stats().addresses_over, 0);
	assert_int_equal(stats().tries, 2);
	now++;
	assert_int_equal(stats().tries, 0);
	assert_true(s.tries_max > 1000);
}

/* A clock that is read twice may be told in the wrong order. */
static void
test_time_does_not_go_back(void **state)
{
	(void)state;
	begin(60);
	wrong_many("joe", A, 0, IDENTITY_LIMIT);
	assert_int_equal(try("joe", A), LIMITS_PASS);
	now -= 30 * SECOND;
	assert_int_equal(try("joe", A), LIMITS_IDENTITY);
	wrong("joe", A, 99);
	now += 30 * SECOND + WINDOW_MSEC;
	assert_int_equal(state_of("joe", A).identity, IDENTITY_LIMIT + 1);
	now++;
	assert_int_equal(state_of("joe", A).identity, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_trickle),
		cmocka_unit_test(test_trickle_is_even),
		cmocka_unit_test(test_trickle_for_long),
		cmocka_unit_test(test_trickle_of_a_known_address),
		cmocka_unit_test(test_trickle_of_both),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_time_does_not_go_back)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
