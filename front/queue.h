/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue - requests that wait for a worker, one line per connecting uid.
 *
 * The lines are served in turn, so that a mail server whose users are being
 * guessed at does not keep another program's requests waiting.
 */
#ifndef FRONT_QUEUE_H
#define FRONT_QUEUE_H

#include <stddef.h>
#include <sys/queue.h>
#include <sys/types.h>

struct queue_line;

/* Embedded in what waits. Zeroed when it is in no queue. */
struct queue_item {
	TAILQ_ENTRY(queue_item) link;
	struct queue_line *line;
};

struct queue {
	TAILQ_HEAD(, queue_line) lines;	/* those with somebody in them */
	size_t count;
};

void queue_init(struct queue *q);
/* At the end of the uid's line; -1 when out of memory. */
int queue_push(struct queue *q, uid_t uid, struct queue_item *item);
/* First of the line whose turn it is, or NULL. */
struct queue_item *queue_pop(struct queue *q);
/* Newest of the longest line, if that is longer than the uid's would become;
 * else NULL. */
struct queue_item *queue_pop_greedy(struct queue *q, uid_t uid);
/* How many are served before a new one of this uid. */
size_t queue_ahead(const struct queue *q, uid_t uid);
/* Out of turn. Does nothing for an item in no queue. */
void queue_remove(struct queue *q, struct queue_item *item);

#endif
