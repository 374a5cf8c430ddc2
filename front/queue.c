/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>

#include "front/queue.h"

struct queue_line {
	TAILQ_ENTRY(queue_line) link;
	TAILQ_HEAD(queue_items, queue_item) items;
	size_t count;
	uid_t uid;
};

void
queue_init(struct queue *q)
{
	TAILQ_INIT(&q->lines);
	q->count = 0;
}

int
queue_push(struct queue *q, uid_t uid, struct queue_item *item)
{
	struct queue_line *l;

	/* As many lines as uids that wait right now: a handful. */
	TAILQ_FOREACH(l, &q->lines, link)
		if (l->uid == uid)
			break;
	if (l == NULL) {
		l = calloc(1, sizeof(*l));
		if (l == NULL)
			return -1;
		l->uid = uid;
		TAILQ_INIT(&l->items);
		TAILQ_INSERT_TAIL(&q->lines, l, link);
	}
	TAILQ_INSERT_TAIL(&l->items, item, link);
	item->line = l;
	l->count++;
	q->count++;
	return 0;
}

void
queue_remove(struct queue *q, struct queue_item *item)
{
	struct queue_line *l = item->line;

	if (l == NULL)
		return;
	TAILQ_REMOVE(&l->items, item, link);
	item->line = NULL;
	l->count--;
	q->count--;
	if (TAILQ_EMPTY(&l->items)) {
		TAILQ_REMOVE(&q->lines, l, link);
		free(l);
	}
}

struct queue_item *
queue_pop(struct queue *q)
{
	struct queue_line *l = TAILQ_FIRST(&q->lines);
	struct queue_item *item;

	if (l == NULL)
		return NULL;
	item = TAILQ_FIRST(&l->items);
	/* To the end, before the line may go with its last item. */
	TAILQ_REMOVE(&q->lines, l, link);
	TAILQ_INSERT_TAIL(&q->lines, l, link);
	queue_remove(q, item);
	return item;
}

struct queue_item *
queue_pop_greedy(struct queue *q, uid_t uid)
{
	struct queue_line *l, *longest = NULL;
	struct queue_item *item;
	size_t own = 0;

	TAILQ_FOREACH(l, &q->lines, link) {
		if (l->uid == uid)
			own = l->count;
		if (longest == NULL || l->count > longest->count)
			longest = l;
	}
	if (longest == NULL || longest->count <= own + 1)
		return NULL;
	item = TAILQ_LAST(&longest->items, queue_items);
	queue_remove(q, item);
	return item;
}

size_t
queue_ahead(const struct queue *q, uid_t uid)
{
	const struct queue_line *l;
	size_t own = 0, ahead = 0;

	TAILQ_FOREACH(l, &q->lines, link)
		if (l->uid == uid)
			own = l->count;
	/* One of each line in turn: of another line as many as of its own,
	 * and one more if that line's turn comes first. */
	TAILQ_FOREACH(l, &q->lines, link)
		ahead += l->count > own && l->uid != uid ? own + 1 : l->count;
	return ahead;
}
