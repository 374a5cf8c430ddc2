/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answer - where an answer came from; for the log and the metrics.
 */
#ifndef FRONT_ANSWER_H
#define FRONT_ANSWER_H

enum answer_source {
	ANSWER_BACKEND = 0,	/* asked for this request */
	ANSWER_JOINED,		/* asked for an equal request in flight */
	ANSWER_CACHED,		/* a success or a refusal remembered */
	ANSWER_GRACE,		/* an expired success, during an outage */
	ANSWER_LIMITED,		/* a limit on guessing; nothing compared */
	ANSWER_SOURCES		/* not a source */
};

/* Stable lower-case words: "backend", "joined", "cached" ... */
const char *answer_source_name(enum answer_source source);

#endif
