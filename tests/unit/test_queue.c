/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of queue.
 */
#include "config.h"

#include <string.h>

#include "front/queue.h"
#include "tests/unit/unit.h"

#define ITEMS 8

static struct queue queue;
static struct queue_item items[ITEMS];

static int
set_up(void **state)
{
	(void)state;
	memset(items, 0, sizeof(items));
	queue_init(&queue);
	return 0;
}

static void
push(uid_t uid, unsigned i)
{
	assert_int_equal(queue_push(&queue, uid, &items[i]), 0);
}

static void
expect(unsigned i)
{
	assert_ptr_equal(queue_pop(&queue), &items[i]);
}

static void
expect_empty(void)
{
	assert_int_equal(queue.count, 0);
	assert_true(TAILQ_EMPTY(&queue.lines));
	assert_null(queue_pop(&queue));
}

static void
test_one_line(void **state)
{
	unsigned i;

	(void)state;
	expect_empty();
	for (i = 0; i < ITEMS; i++)
		push(1000, i);
	assert_int_equal(queue.count, ITEMS);
	for (i = 0; i < ITEMS; i++)
		expect(i);
	expect_empty();
}

/* Whoever has many waiting does not delay who has one. */
static void
test_turns(void **state)
{
	(void)state;
	push(1000, 0);
	push(1000, 1);
	push(1000, 2);
	push(1000, 3);
	push(0, 4);
	push(33, 5);
	push(33, 6);
	expect(0);
	expect(4);
	expect(5);
	expect(1);
	/* Its line went with its last item: it queues at the end. */
	push(0, 7);
	expect(6);
	expect(2);
	expect(7);
	expect(3);
	expect_empty();
}

static void
test_remove(void **state)
{
	(void)state;
	push(1000, 0);
	push(1000, 1);
	push(1000, 2);
	push(33, 3);
	queue_remove(&queue, &items[1]);
	assert_int_equal(queue.count, 3);
	assert_null(items[1].line);
	queue_remove(&queue, &items[1]);	/* is in no queue */
	assert_int_equal(queue.count, 3);
	expect(0);
	queue_remove(&queue, &items[3]);	/* the last of its line */
	expect(2);
	expect_empty();
}

static void
test_again(void **state)
{
	(void)state;
	push(1000, 0);
	push(1000, 1);
	expect(0);
	assert_null(items[0].line);
	push(1000, 0);
	expect(1);
	expect(0);
	expect_empty();
}

static void
greedy(uid_t uid, unsigned i)
{
	assert_ptr_equal(queue_pop_greedy(&queue, uid), &items[i]);
}

/* At the limit the newest of who holds most gives way, but only to somebody
 * who then still holds no more. */
static void
test_greedy(void **state)
{
	(void)state;
	assert_null(queue_pop_greedy(&queue, 0));
	push(1000, 0);
	assert_null(queue_pop_greedy(&queue, 0));
	push(1000, 1);
	push(1000, 2);
	push(33, 3);
	assert_null(queue_pop_greedy(&queue, 1000));
	greedy(33, 2);
	assert_null(queue_pop_greedy(&queue, 33));
	greedy(0, 1);
	assert_null(queue_pop_greedy(&queue, 0));
	expect(0);
	expect(3);
	expect_empty();
}

/* Lines take turns: who has none waits for one of each. */
static void
test_ahead(void **state)
{
	(void)state;
	assert_int_equal(queue_ahead(&queue, 1), 0);
	push(1, 0);
	push(1, 1);
	push(1, 2);
	push(1, 3);
	assert_int_equal(queue_ahead(&queue, 1), 4);
	assert_int_equal(queue_ahead(&queue, 2), 1);
	push(2, 4);
	assert_int_equal(queue_ahead(&queue, 1), 5);
	assert_int_equal(queue_ahead(&queue, 2), 3);
	assert_int_equal(queue_ahead(&queue, 3), 2);
	while (queue_pop(&queue) != NULL)
		;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_line, set_up),
		cmocka_unit_test_setup(test_turns, set_up),
		cmocka_unit_test_setup(test_remove, set_up),
		cmocka_unit_test_setup(test_greedy, set_up),
		cmocka_unit_test_setup(test_again, set_up),
		cmocka_unit_test_setup(test_ahead, set_up)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
