/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_answer - how a mechanism fills its answer.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "mechanisms/mech.h"

void
mech_answer_set(struct mech_answer *a, enum auth_result result,
    enum auth_reason reason, const char *detail_fmt, ...)
{
	va_list ap;

	a->result = result;
	a->reason = reason;
	va_start(ap, detail_fmt);
	if (vsnprintf(a->detail, sizeof(a->detail), detail_fmt, ap) < 0)
		a->detail[0] = '\0';
	va_end(ap);
}
