/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * draft - a configuration in the making.
 */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/errmsg.h"
#include "tools/ctl.h"
#include "tools/draft.h"

#define INDENT "    "

int
draft_init(struct draft *d)
{
	memset(d, 0, sizeof(*d));
	d->to = open_memstream(&d->text, &d->len);
	return d->to != NULL ? 0 : -1;
}

void
draft_fini(struct draft *d)
{
	if (d->to != NULL)
		(void)fclose(d->to);
	free(d->text);
}

static const char *
indent(const struct draft *d)
{
	return d->in_part ? INDENT : "";
}

void
draft_begin(struct draft *d, const char *kind, const char *name)
{
	fprintf(d->to, "\n%s %s {\n", kind, name);
	d->in_part = true;
}

void
draft_end(struct draft *d)
{
	fputs("}\n", d->to);
	d->in_part = false;
}

void
draft_set(struct draft *d, const char *key, const char *value,
    const char *origin)
{
	draft_note(d, "%s", origin);
	fprintf(d->to, "%s%s: %s\n", indent(d), key, value);
}

void
draft_offer(struct draft *d, const char *key, const char *value,
    const char *why)
{
	draft_note(d, "%s", why);
	fprintf(d->to, "%s# %s: %s\n", indent(d), key, value);
}

void
draft_empty_line(struct draft *d)
{
	fputc('\n', d->to);
}

void
draft_note(struct draft *d, const char *fmt, ...)
{
	va_list ap;

	fprintf(d->to, "%s# ", indent(d));
	va_start(ap, fmt);
	(void)vfprintf(d->to, fmt, ap);
	va_end(ap);
	fputc('\n', d->to);
}

void
draft_by_hand(struct draft *d, const char *fmt, ...)
{
	struct errmsg e = ERRMSG_INIT;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(e.text, sizeof(e.text), fmt, ap);
	va_end(ap);
	fprintf(d->to, "%s# BY HAND: %s\n", indent(d), e.text);
	ctl_complain(&e);
	d->by_hand = true;
}

int
draft_print(struct draft *d)
{
	bool whole = !ferror(d->to);

	if (fclose(d->to) == EOF)
		whole = false;
	d->to = NULL;
	if (!whole)
		return -1;
	(void)fwrite(d->text, 1, d->len, stdout);
	return 0;
}
