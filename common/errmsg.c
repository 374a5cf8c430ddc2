/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * errmsg - the one place an error text travels in.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/errmsg.h"

/*
 * Both take the text apart from the struct first: the arguments may point
 * into the struct they are about to replace.
 */
int
errmsg_set(struct errmsg *e, const char *fmt, ...)
{
	struct errmsg new;
	va_list ap;

	if (e == NULL)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(new.text, sizeof(new.text), fmt, ap);
	va_end(ap);
	*e = new;
	return -1;
}

int
errmsg_errno(struct errmsg *e, int errnum, const char *fmt, ...)
{
	struct errmsg new;
	va_list ap;

	if (e == NULL)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(new.text, sizeof(new.text), fmt, ap);
	va_end(ap);
	return errmsg_set(e, "%s: %s", new.text, strerror(errnum));
}

int
errmsg_prefix(struct errmsg *e, const char *fmt, ...)
{
	struct errmsg new;
	va_list ap;

	if (e == NULL)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(new.text, sizeof(new.text), fmt, ap);
	va_end(ap);
	return errmsg_set(e, "%s: %s", new.text, e->text);
}
