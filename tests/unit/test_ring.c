/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of ring.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "front/ring.h"
#include "tests/unit/unit.h"

static struct ring *
new_ring(size_t bytes)
{
	struct errmsg e = ERRMSG_INIT;
	struct ring *r = ring_new(bytes, &e);

	assert_non_null(r);
	return r;
}

static struct ring_stats
stats(const struct ring *r)
{
	struct ring_stats s;

	ring_stats(r, &s);
	return s;
}

static void
test_hashes(void **state)
{
	static const uint32_t hashes[] = { 0, 1, 0x80000000u, UINT32_MAX };
	void *older[COUNT_OF(hashes)], *newer[COUNT_OF(hashes)];
	struct ring *r = new_ring(4096);
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < COUNT_OF(hashes); i++) {
		assert_null(ring_find(r, hashes[i]));
		older[i] = ring_add(r, hashes[i], 5);
		newer[i] = ring_add(r, hashes[i], 50);
		ring_prefetch_chain(r, hashes[i]);
		ring_prefetch_record(r, hashes[i]);
	}
	for (i = 0; i < COUNT_OF(hashes); i++) {
		assert_ptr_equal(ring_find(r, hashes[i]), newer[i]);
		assert_ptr_equal(ring_find_older(r, newer[i]), older[i]);
		assert_null(ring_find_older(r, older[i]));
	}
	for (i = 0; i < stats(r).chains; i++)
		n += ring_chain_length(r, i);
	assert_int_equal(n, 2 * COUNT_OF(hashes));
	ring_drop(r, newer[0]);
	assert_ptr_equal(ring_find(r, hashes[0]), older[0]);
	ring_drop(r, older[0]);
	assert_null(ring_find(r, hashes[0]));
	assert_ptr_equal(ring_find(r, hashes[1]), newer[1]);
	ring_free(r);
	ring_free(NULL);
}

/* It is gone from memory, too: before its turn and in its turn. */
static void
test_dropped_is_wiped(void **state)
{
	static const unsigned char zero[32];
	struct ring *r = new_ring(4096);
	unsigned char *records[3];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(records); i++) {
		records[i] = ring_add(r, 7, sizeof(zero));
		memset(records[i], 'x', sizeof(zero));
	}
	ring_drop(r, records[1]);
	assert_memory_equal(records[1], zero, sizeof(zero));
	assert_int_equal(records[2][0], 'x');
	ring_drop(r, records[0]);
	assert_memory_equal(records[0], zero, sizeof(zero));
	assert_ptr_equal(ring_oldest(r), records[2]);
	ring_drop_all(r);
	assert_memory_equal(records[2], zero, sizeof(zero));
	assert_null(ring_oldest(r));
	assert_null(ring_find(r, 7));
	ring_free(r);
}

/* Empty again, wherever it stood, it takes what it took at first. */
static void
test_largest(void **state)
{
	struct ring *r = new_ring(1000);
	size_t largest = 1000;
	unsigned round;
	void *record;

	(void)state;
	while (!ring_takes(r, largest))
		largest--;
	assert_true(largest > 800);
	for (round = 0; round < 50; round++) {
		assert_true(ring_has_room(r, largest));
		record = ring_add(r, round, largest);
		assert_false(ring_has_room(r, 1));
		ring_drop(r, record);
		record = ring_add(r, round, round + 1);
		ring_drop(r, record);
		if (round % 10 == 9) {
			(void)ring_add(r, round, round);
			ring_drop_all(r);
		}
		assert_int_equal(stats(r).records, 0);
		assert_int_equal(stats(r).bytes, 0);
	}
	ring_free(r);
}

/* ---- against a list ------------------------------------------------------ */

#define OPERATIONS 20000
#define HASHES 40
#define SIZE_MAX_BYTES 200

struct listed {
	unsigned char *data;	/* NULL: gone */
	size_t size;
	uint32_t hash;
	unsigned char fill;
};

struct list {
	struct listed items[OPERATIONS];
	unsigned first, end;
};

static void
forget(struct list *l, const void *data)
{
	unsigned i;

	for (i = l->first; i < l->end && l->items[i].data != data; i++)
		;
	assert_true(i < l->end);
	l->items[i].data = NULL;
	while (l->first < l->end && l->items[l->first].data == NULL)
		l->first++;
}

static void
check(const struct ring *r, const struct list *l)
{
	uint64_t cursor = 0;
	unsigned i, found;
	size_t records = 0, j;
	void *record;

	for (i = l->first; i < l->end; i++) {
		const struct listed *item = &l->items[i];

		if (item->data == NULL)
			continue;
		records++;
		assert_ptr_equal(ring_next(r, &cursor), item->data);
		for (j = 0; j < item->size; j++)
			assert_int_equal(item->data[j], item->fill);
		found = 0;
		for (record = ring_find(r, item->hash); record != NULL;
		    record = ring_find_older(r, record))
			found += record == item->data;
		assert_int_equal(found, 1);
	}
	assert_null(ring_next(r, &cursor));
	assert_int_equal(stats(r).records, records);
	assert_ptr_equal(ring_oldest(r), l->first < l->end ?
	    l->items[l->first].data : NULL);
}

/* Its size and the sizes of the records decide where it turns round. */
static void
run(size_t bytes)
{
	static struct list l;
	struct ring *r = new_ring(bytes);
	struct listed *item;
	void *oldest;
	unsigned n;

	memset(&l, 0, sizeof(l));
	for (n = 0; n < OPERATIONS; n++) {
		item = &l.items[l.end];
		*item = (struct listed){
			.size = (size_t)(rand() % SIZE_MAX_BYTES),
			.hash = (uint32_t)(rand() % HASHES) * 0x10000001u,
			.fill = (unsigned char)rand()
		};
		if (!ring_takes(r, item->size))
			continue;
		while (!ring_has_room(r, item->size)) {
			oldest = ring_oldest(r);
			assert_non_null(oldest);
			forget(&l, oldest);
			ring_drop(r, oldest);
		}
		item->data = ring_add(r, item->hash, item->size);
		memset(item->data, item->fill, item->size);
		l.end++;
		item = &l.items[l.first + (unsigned)rand() %
		    (l.end - l.first)];
		if (rand() % 4 == 0 && item->data != NULL) {
			oldest = item->data;
			forget(&l, oldest);
			ring_drop(r, oldest);
		}
		if (rand() % 16 == 0)
			check(r, &l);
	}
	assert_true(stats(r).bytes <= bytes);
	ring_free(r);
}

static void
test_against_a_list(void **state)
{
	size_t bytes;

	(void)state;
	srand(21);	/* the same run each time */
	for (bytes = 100; bytes < 140; bytes += 4)
		run(bytes);
	for (bytes = 1000; bytes < 1040; bytes += 4)
		run(bytes);
	run(10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_dropped_is_wiped),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_against_a_list)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
