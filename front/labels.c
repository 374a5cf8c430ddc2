/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "common/str.h"
#include "front/labels.h"

/* FNV-1a. Who finds names that meet gains nothing: there are at most
 * LABELS_MAX to compare with. */
static uint32_t
hash(const char *name, size_t len)
{
	uint32_t h = 2166136261U;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619U;
	return h;
}

/* OpenMetrics 1.0 wants well-formed UTF-8 with \, " and newlines escaped;
 * after str_escape_log() the first two are left to mind. */
void
labels_escape(char *to, const char *name, size_t len)
{
	char logged[STR_ESCAPED_SIZE];
	const char *p;

	str_escape_log(logged, sizeof(logged), name, len);
	for (p = logged; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			*to++ = '\\';
		*to++ = *p;
	}
	*to = '\0';
}

static unsigned
append(struct labels *l, const char *name, size_t len, uint32_t h)
{
	unsigned value = l->count++;

	l->hash[value] = h;
	memcpy(l->name[value], name, len + 1);
	labels_escape(l->text[value], name, len);
	return value;
}

void
labels_init(struct labels *l, unsigned max)
{
	static const char other[] = "other";
	const size_t len = sizeof(other) - 1;

	assert(max <= LABELS_MAX);
	memset(l, 0, sizeof(*l));
	l->max = 1 + max;
	/* A client that says so itself gets this one and no second. */
	(void)append(l, other, len, hash(other, len));
}

/* The value, or -1; what labels_add() needs besides. */
static int
lookup(const struct labels *l, const char *name, size_t *len_r,
    uint32_t *hash_r)
{
	unsigned i;

	*len_r = strnlen(name, LABELS_NAME_MAX + 1);
	*hash_r = 0;
	if (*len_r == 0 || *len_r > LABELS_NAME_MAX)
		return LABELS_OTHER;
	*hash_r = hash(name, *len_r);
	for (i = 0; i < l->count; i++)
		if (l->hash[i] == *hash_r && strcmp(l->name[i], name) == 0)
			return (int)i;
	return -1;
}

unsigned
labels_find(const struct labels *l, const char *name)
{
	uint32_t h;
	size_t len;
	int value = lookup(l, name, &len, &h);

	return value == -1 ? LABELS_OTHER : (unsigned)value;
}

unsigned
labels_add(struct labels *l, const char *name)
{
	uint32_t h;
	size_t len;
	int value = lookup(l, name, &len, &h);

	if (value != -1)
		return (unsigned)value;
	return l->count == l->max ? LABELS_OTHER : append(l, name, len, h);
}

const char *
labels_text(const struct labels *l, unsigned value)
{
	return l->text[value];
}
