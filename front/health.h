/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * health - is a backend up? One line in the log when that changes.
 */
#ifndef FRONT_HEALTH_H
#define FRONT_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/result.h"

struct health {
	bool down;		/* by the last verdict */
	bool told;		/* that it is down */
	int64_t since_msec;	/* of the last line about an outage */
	int64_t changed_msec;	/* of the last change, or the start */
};

void health_init(struct health *h);

/* Note a verdict: an outage logs "backend NAME down: ...", the first answer
 * of the backend itself after that "backend NAME up". A backend that flaps
 * is reported at most every ten seconds. */
void health_note(struct health *h, const char *name, enum auth_result result,
    enum auth_reason reason, const char *detail);

#endif
