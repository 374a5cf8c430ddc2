/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of tally, against an array that is searched.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/tally.h"
#include "tests/unit/unit.h"

#define COUNTERS 16
#define KEYS 24
#define OPERATIONS 200000

/* Few homes for many keys: long searches, gaps and the way round the end. */
static uint64_t
key_of(unsigned i)
{
	static const uint32_t homes[] = {
		0, 1, UINT32_MAX / 2, UINT32_MAX - 1, UINT32_MAX
	};

	return (uint64_t)homes[i % COUNT_OF(homes)] << 32 | (i + 1);
}

static uint32_t
used(const uint32_t *counts)
{
	uint32_t n = 0;
	unsigned i;

	for (i = 0; i < KEYS; i++)
		n += counts[i] != 0;
	return n;
}

static void
expect(const struct tally *t, const uint32_t *counts)
{
	const struct tally_counter *c;
	unsigned i;

	assert_int_equal(t->used, used(counts));
	for (i = 0; i < KEYS; i++) {
		c = tally_find(t, key_of(i));
		assert_int_equal(c == NULL ? 0 : c->count, counts[i]);
		if (c != NULL)
			assert_int_equal(c->ready_msec, i);
	}
}

static void
test_random(void **state)
{
	uint32_t counts[KEYS] = { 0 };
	struct tally_counter *c;
	struct tally t;
	unsigned n, i;

	(void)state;
	srandom(1);
	assert_int_equal(tally_init(&t, COUNTERS, NULL), 0);
	for (n = 0; n < OPERATIONS; n++) {
		i = (unsigned)random() % KEYS;
		if (random() % 2 == 0) {
			c = tally_add(&t, key_of(i));
			if (counts[i] == 0 && used(counts) == COUNTERS) {
				assert_null(c);
				continue;
			}
			assert_int_equal(c->count, ++counts[i]);
			if (c->count == 1)
				assert_int_equal(c->ready_msec, 0);
			c->ready_msec = i;
		} else {
			counts[i] -= counts[i] > 0;
			assert_int_equal(tally_drop(&t, key_of(i)),
			    counts[i]);
		}
		expect(&t, counts);
	}
	tally_clear(&t);
	memset(counts, 0, sizeof(counts));
	expect(&t, counts);
	tally_fini(&t);
}

static void
test_smallest(void **state)
{
	struct tally t;

	(void)state;
	assert_int_equal(tally_init(&t, 1, NULL), 0);
	assert_non_null(tally_add(&t, key_of(4)));
	assert_null(tally_add(&t, key_of(0)));
	assert_null(tally_find(&t, key_of(0)));
	assert_int_equal(tally_drop(&t, key_of(0)), 0);
	assert_int_equal(tally_drop(&t, key_of(4)), 0);
	assert_non_null(tally_add(&t, key_of(0)));
	tally_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_smallest)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
