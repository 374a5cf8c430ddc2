/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speaker - see speaker.h.
 */
#include "config.h"

#include "common/speaker.h"

#include <stdarg.h>
#include <stdio.h>

void
speaker_tell(const struct speaker *to, const char *fmt, ...)
{
	char text[ERRMSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	to->say(to->arg, text);
}
