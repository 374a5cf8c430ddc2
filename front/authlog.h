/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * authlog - the one line about each attempt, in the shape that is asked for.
 */
#ifndef FRONT_AUTHLOG_H
#define FRONT_AUTHLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/result.h"
#include "front/answer.h"
#include "saslauthd/settings.h"

struct authlog {
	const char *login, *service, *realm, *address;
	const char *mech, *backend;
	enum auth_result result;
	enum auth_reason reason;
	const char *detail;	/* what the backend said, or "" */
	enum answer_source source;
	bool observed;		/* a limit would have refused; it did not */
	uint64_t id;
	int64_t usec;		/* from the complete request to the verdict */
	uid_t uid;		/* of the peer that asked */
	pid_t pid;
};

/* Will it be written? That depends on source and verdict only; what is dear
 * to find out need not be there yet. */
bool authlog_is_wanted(const struct settings *s, const struct authlog *a);
void authlog_write(const struct settings *s, const struct authlog *a);

#endif
