/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * openmetrics - read lines of OpenMetrics 1.0 text.
 */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "tools/openmetrics.h"

#define DIGITS "0123456789"
#define NAME_BYTES DIGITS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:"

/* Step over c, putting a NUL there: it ends what stands before. */
static bool
take(char **at, char c)
{
	if (**at != c)
		return false;
	*(*at)++ = '\0';
	return true;
}

static const char *
take_name(char **at)
{
	const char *name = *at;

	*at += strspn(*at, NAME_BYTES);
	return *at == name || strchr(DIGITS, *name) != NULL ? NULL : name;
}

/* Between quotes, with \\, \" and \n. */
static const char *
take_quoted(char **at)
{
	const char *value;
	char *from, *to;

	if (!take(at, '"'))
		return NULL;
	value = to = *at;
	for (from = *at; *from != '"'; from++) {
		if (*from == '\\')
			from++;
		if (*from == '\0')
			return NULL;
		*to++ = from[-1] == '\\' && *from == 'n' ? '\n' : *from;
	}
	*at = from + 1;
	*to = '\0';
	return value;
}

static int
take_labels(char **at, struct openmetrics_sample *s)
{
	size_t n;

	do {
		n = s->label_count;
		if (n == OPENMETRICS_LABELS ||
		    (s->labels[n].name = take_name(at)) == NULL ||
		    !take(at, '=') ||
		    (s->labels[n].value = take_quoted(at)) == NULL)
			return -1;
		s->label_count++;
	} while (take(at, ','));
	return take(at, '}') ? 0 : -1;
}

int
openmetrics_parse(char *line, struct openmetrics_sample *s_r)
{
	char *at = line;

	s_r->label_count = 0;
	if (*at == '#')
		return 0;
	s_r->name = take_name(&at);
	if (s_r->name == NULL)
		return -1;
	if (take(&at, '{') && !take(&at, '}') && take_labels(&at, s_r) == -1)
		return -1;
	if (!take(&at, ' '))
		return -1;
	s_r->value = at;
	at += strcspn(at, " ");
	if (at == s_r->value)
		return -1;
	*at = '\0';
	return 1;
}
