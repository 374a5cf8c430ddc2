/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "front/answer.h"

const char *
answer_source_name(enum answer_source source)
{
	switch (source) {
	case ANSWER_BACKEND:
		return "backend";
	case ANSWER_JOINED:
		return "joined";
	case ANSWER_CACHED:
		return "cached";
	case ANSWER_GRACE:
		return "grace";
	case ANSWER_LIMITED:
		return "limited";
	case ANSWER_SOURCES:
		break;
	}
	return "unknown";
}
