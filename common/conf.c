/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf - `key: value` settings: the entries, wherever they come from.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/compat/compat.h"
#include "common/conf.h"
#include "common/io.h"
#include "common/str.h"

#define FILE_SIZE_MAX (1024 * 1024)	/* bytes; nobody's settings are more */

/* ---- entries ---- */

static void
free_wiped(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void
entry_fini(struct conf_entry *en)
{
	free(en->key);
	free_wiped(en->value);	/* may be a password */
	free(en->origin);
}

void
conf_entries_fini(struct conf_entries *es)
{
	size_t i;

	for (i = 0; i < es->count; i++)
		entry_fini(&es->list[i]);
	free(es->list);
	memset(es, 0, sizeof(*es));
}

static bool
is_key_char(char c)
{
	c = str_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

static size_t
key_length(const char *s, size_t n)
{
	size_t len = 0;

	while (len < n && is_key_char(s[len]))
		len++;
	return len;
}

/* Append an entry; takes over its strings, also when it fails. */
static int
append(struct conf_entries *es, struct conf_entry *en)
{
	struct conf_entry *list = NULL;

	if (en->key != NULL && en->value != NULL && en->origin != NULL)
		list = reallocarray(es->list, es->count + 1, sizeof(*list));
	if (list == NULL) {
		entry_fini(en);
		return -1;
	}
	es->list = list;
	es->list[es->count++] = *en;
	return 0;
}

static int
add_lengths(struct conf_entries *es, const char *key, size_t key_len,
    const char *value, size_t value_len, const char *origin,
    struct errmsg *e)
{
	struct conf_entry en;
	char *c;

	en.key = strndup(key, key_len);
	en.value = strndup(value, value_len);
	en.origin = strdup(origin);
	en.used = false;
	if (en.key != NULL)
		for (c = en.key; *c != 0; c++)
			*c = str_lower(*c);
	if (append(es, &en) == -1)
		return errmsg_set(e, "%s: out of memory", origin);
	return 0;
}

int
conf_add(struct conf_entries *es, const char *key, const char *value,
    const char *origin, struct errmsg *e)
{
	size_t key_len = strlen(key), value_len = strlen(value);

	if (key_len == 0 || key_length(key, key_len) != key_len)
		return errmsg_set(e, "%s: not a key", origin);
	if (key_len + value_len > CONF_LINE_MAX)
		return errmsg_set(e, "%s: longer than %d bytes", origin,
		    CONF_LINE_MAX);
	return add_lengths(es, key, key_len, value, value_len, origin, e);
}

int
conf_add_set(struct conf_entries *es, const char *text, struct errmsg *e)
{
	size_t len = strlen(text), key_len = key_length(text, len);
	const char *value = text + key_len;

	if (key_len == 0 || (*value != '=' && *value != ':'))
		return errmsg_set(e, "--set: wants key=value");
	if (len > CONF_LINE_MAX)
		return errmsg_set(e, "--set: longer than %d bytes",
		    CONF_LINE_MAX);
	value++;
	while (str_is_blank(*value))
		value++;
	return add_lengths(es, text, key_len, value, strlen(value), "--set",
	    e);
}

/* ---- reading ---- */

/* One line without its end; -1 with the reason. */
static int
read_line(struct conf_entries *es, const char *line, size_t n,
    const char *origin, struct errmsg *e)
{
	const char *key;
	size_t key_len;

	if (n > CONF_LINE_MAX)
		return errmsg_set(e, "%s: line longer than %d bytes", origin,
		    CONF_LINE_MAX);
	if (memchr(line, 0, n) != NULL)
		return errmsg_set(e, "%s: NUL byte in the line", origin);
	while (n > 0 && str_is_blank(*line)) {
		line++;
		n--;
	}
	if (n == 0 || *line == '#')
		return 0;
	key_len = key_length(line, n);
	if (key_len == 0)
		return errmsg_set(e, "%s: no key at the beginning", origin);
	if (key_len == n || line[key_len] != ':')
		return errmsg_set(e, "%s: no colon behind the key '%.*s'",
		    origin, (int)key_len, line);
	key = line;
	line += key_len + 1;
	n -= key_len + 1;
	while (n > 0 && str_is_blank(*line)) {
		line++;
		n--;
	}
	return add_lengths(es, key, key_len, line, n, origin, e);
}

static int
join(struct conf_entries *to, struct conf_entries *from)
{
	struct conf_entry *list;

	if (from->count == 0)
		return 0;
	list = reallocarray(to->list, to->count + from->count,
	    sizeof(*list));
	if (list == NULL)
		return -1;
	memcpy(list + to->count, from->list,
	    from->count * sizeof(*list));
	to->list = list;
	to->count += from->count;
	free(from->list);
	memset(from, 0, sizeof(*from));
	return 0;
}

int
conf_read_text(struct conf_entries *es, const char *name, const char *text,
    size_t len, struct errmsg *e)
{
	struct conf_entries fresh = { NULL, 0 };
	const char *end = text + len, *lf, *stop;
	char *origin = NULL;
	unsigned long number = 0;
	int rc = -1;

	while (text < end) {
		lf = memchr(text, '\n', (size_t)(end - text));
		stop = lf == NULL ? end : lf;
		if (stop > text && stop[-1] == '\r')
			stop--;
		free(origin);
		origin = str_dup_format("%s:%lu", name, ++number);
		if (origin == NULL) {
			errmsg_set(e, "%s: out of memory", name);
			goto out;
		}
		if (read_line(&fresh, text, (size_t)(stop - text), origin,
		    e) == -1)
			goto out;
		text = lf == NULL ? end : lf + 1;
	}
	if (join(es, &fresh) == -1) {
		errmsg_set(e, "%s: out of memory", name);
		goto out;
	}
	rc = 0;
out:
	free(origin);
	conf_entries_fini(&fresh);
	return rc;
}

int
conf_read_file(struct conf_entries *es, const char *path, int *errnum_r,
    struct errmsg *e)
{
	char *text;
	size_t len;
	int rc, errnum = 0;

	rc = io_read_file(path, FILE_SIZE_MAX, &text, &len, e);
	if (rc == -1) {
		errnum = errno;
	} else {
		rc = conf_read_text(es, path, text, len, e);
		explicit_bzero(text, len);
		free(text);
	}
	if (errnum_r != NULL)
		*errnum_r = errnum;
	return rc;
}

const struct conf_entry *
conf_find(const struct conf_entries *es, const char *key)
{
	size_t i;

	for (i = es->count; i > 0; i--)
		if (str_casecmp(es->list[i - 1].key, key) == 0)
			return &es->list[i - 1];
	return NULL;
}

/* ---- through a frame ---- */

int
conf_entries_put(struct buf *b, const struct conf_entries *es)
{
	size_t i;

	if (es->count > UINT32_MAX ||
	    buf_put_u32(b, (uint32_t)es->count) == -1)
		return -1;
	for (i = 0; i < es->count; i++)
		if (buf_put_str(b, es->list[i].key) == -1 ||
		    buf_put_str(b, es->list[i].value) == -1 ||
		    buf_put_str(b, es->list[i].origin) == -1)
			return -1;
	return 0;
}

int
conf_entries_get(struct buf *b, struct conf_entries *es)
{
	struct conf_entries fresh = { NULL, 0 };
	struct conf_entry en;
	uint32_t count;
	int rc = -1;

	if (buf_get_u32(b, &count) == -1)
		return -1;
	for (; count > 0; count--) {
		memset(&en, 0, sizeof(en));
		if (buf_get_str(b, CONF_LINE_MAX, &en.key) == -1 ||
		    buf_get_str(b, CONF_LINE_MAX, &en.value) == -1 ||
		    buf_get_str(b, CONF_LINE_MAX, &en.origin) == -1) {
			entry_fini(&en);
			goto out;
		}
		if (append(&fresh, &en) == -1)
			goto out;
	}
	rc = join(es, &fresh);
out:
	conf_entries_fini(&fresh);
	return rc;
}
