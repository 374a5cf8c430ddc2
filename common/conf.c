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
	free(en->remark);
}

static void
part_fini(struct conf_part *p)
{
	free(p->kind);
	free(p->name);
	free(p->origin);
}

void
conf_entries_fini(struct conf_entries *es)
{
	size_t i;

	for (i = 0; i < es->count; i++)
		entry_fini(&es->list[i]);
	free(es->list);
	for (i = 0; i < es->part_count; i++)
		part_fini(&es->parts[i]);
	free(es->parts);
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

static void
fold(char *s)
{
	for (; s != NULL && *s != 0; s++)
		*s = str_lower(*s);
}

static int
add_lengths(struct conf_entries *es, size_t part, const char *key,
    size_t key_len, const char *value, size_t value_len, const char *origin,
    struct errmsg *e)
{
	struct conf_entry en = {
		.part = part,
		.key = strndup(key, key_len),
		.value = strndup(value, value_len),
		.origin = strdup(origin)
	};

	fold(en.key);
	if (append(es, &en) == -1)
		return errmsg_set(e, "%s: out of memory", origin);
	return 0;
}

int
conf_add(struct conf_entries *es, const char *key, const char *value,
    const char *origin, struct errmsg *e)
{
	return conf_add_to(es, 0, key, value, origin, e);
}

int
conf_add_to(struct conf_entries *es, size_t part, const char *key,
    const char *value, const char *origin, struct errmsg *e)
{
	size_t key_len = strlen(key), value_len = strlen(value);

	if (key_len == 0 || key_length(key, key_len) != key_len)
		return errmsg_set(e, "%s: not a key", origin);
	if (key_len + value_len > CONF_LINE_MAX)
		return errmsg_set(e, "%s: longer than %d bytes", origin,
		    CONF_LINE_MAX);
	return add_lengths(es, part, key, key_len, value, value_len, origin,
	    e);
}

size_t
conf_find_part(const struct conf_entries *es, const char *kind,
    const char *name)
{
	size_t i;

	for (i = 0; i < es->part_count; i++)
		if (str_casecmp(es->parts[i].kind, kind) == 0 &&
		    strcmp(es->parts[i].name, name) == 0)
			return i + 1;
	return 0;
}

int
conf_add_part(struct conf_entries *es, const char *kind, const char *name,
    const char *origin, size_t *part_r, struct errmsg *e)
{
	struct conf_part p, *parts;
	size_t there = conf_find_part(es, kind, name);

	if (there != 0)
		return errmsg_set(e, "%s: %s %s is there already, at %s",
		    origin, kind, name, es->parts[there - 1].origin);
	p = (struct conf_part){ strdup(kind), strdup(name), strdup(origin) };
	fold(p.kind);
	parts = reallocarray(es->parts, es->part_count + 1, sizeof(*parts));
	if (parts != NULL)
		es->parts = parts;
	if (parts == NULL || p.kind == NULL || p.name == NULL ||
	    p.origin == NULL) {
		part_fini(&p);
		return errmsg_set(e, "%s: out of memory", origin);
	}
	es->parts[es->part_count] = p;
	*part_r = ++es->part_count;
	return 0;
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
	return add_lengths(es, 0, text, key_len, value, strlen(value),
	    "--set", e);
}

/* ---- reading ---- */

static bool
is_name_char(char c)
{
	return is_key_char(c) || c == '.';
}

/* The next line without its LF or CR LF; NULL at the end. */
static const char *
next_line(const char **at, const char *end, size_t *len_r)
{
	const char *line = *at, *lf, *stop;

	if (line == end)
		return NULL;
	lf = memchr(line, '\n', (size_t)(end - line));
	stop = lf == NULL ? end : lf;
	*at = lf == NULL ? end : lf + 1;
	if (stop > line && stop[-1] == '\r')
		stop--;
	*len_r = (size_t)(stop - line);
	return line;
}

/* A word that no colon follows, and a brace at the end: the beginning of a
 * part, be it right or wrong. Blanks in front and behind are removed. */
static bool
is_part_line(const char *line, size_t n)
{
	size_t len = key_length(line, n);

	return len > 0 && len < n && str_is_blank(line[len]) &&
	    line[n - 1] == '{';
}

static bool
text_has_parts(const char *text, size_t len)
{
	const char *end = text + len, *line;
	size_t n;

	while ((line = next_line(&text, end, &n)) != NULL) {
		for (; n > 0 && str_is_blank(*line); n--)
			line++;
		while (n > 0 && str_is_blank(line[n - 1]))
			n--;
		if (is_part_line(line, n))
			return true;
	}
	return false;
}

/* `KIND NAME {`, where a word is followed by blanks instead of a colon. */
static int
begin_part(struct conf_entries *es, size_t *part, const char *line, size_t n,
    size_t kind_len, const char *origin, struct errmsg *e)
{
	char kind[CONF_NAME_MAX + 1], name[CONF_NAME_MAX + 1];
	size_t at = kind_len, len = 0;

	while (at < n && str_is_blank(line[at]))
		at++;
	while (at + len < n && is_name_char(line[at + len]))
		len++;
	if (kind_len > CONF_NAME_MAX || len > CONF_NAME_MAX)
		return errmsg_set(e, "%s: a name longer than %d bytes",
		    origin, CONF_NAME_MAX);
	(void)str_format(kind, sizeof(kind), "%.*s", (int)kind_len, line);
	fold(kind);
	(void)str_format(name, sizeof(name), "%.*s", (int)len, line + at);
	at += len;
	while (at < n && str_is_blank(line[at]))
		at++;
	if (len == 0 || at != n - 1 || line[at] != '{')
		return errmsg_set(e, "%s: a part begins with KIND NAME {",
		    origin);
	if (*part != 0)
		return errmsg_set(e, "%s: %s %s of %s has no } before it",
		    origin, es->parts[*part - 1].kind,
		    es->parts[*part - 1].name, es->parts[*part - 1].origin);
	return conf_add_part(es, kind, name, origin, part, e);
}

static int
end_part(size_t *part, size_t n, const char *origin, struct errmsg *e)
{
	if (n != 1)
		return errmsg_set(e, "%s: } must stand alone", origin);
	if (*part == 0)
		return errmsg_set(e, "%s: } without a part", origin);
	*part = 0;
	return 0;
}

/* One line without its end; -1 with the reason. *part is where it is. */
static int
read_line(struct conf_entries *es, size_t *part, const char *line, size_t n,
    const char *origin, struct errmsg *e)
{
	const char *key;
	size_t key_len, trimmed;

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
	for (trimmed = n; str_is_blank(line[trimmed - 1]); )
		trimmed--;
	if (*line == '}')
		return end_part(part, trimmed, origin, e);
	key_len = key_length(line, n);
	if (key_len == 0)
		return errmsg_set(e, "%s: no key at the beginning: wants "
		    "KEY: VALUE", origin);
	if (is_part_line(line, trimmed))
		return begin_part(es, part, line, trimmed, key_len, origin,
		    e);
	if (key_len >= n || line[key_len] != ':')
		return errmsg_set(e, "%s: no colon behind the key '%.*s': "
		    "wants KEY: VALUE, or KIND NAME { to begin a part",
		    origin, (int)key_len, line);
	key = line;
	line += key_len + 1;
	n -= key_len + 1;
	while (n > 0 && str_is_blank(*line)) {
		line++;
		n--;
	}
	return add_lengths(es, *part, key, key_len, line, n, origin, e);
}

/* Append all of `from`, which is empty afterwards. Its parts get the numbers
 * behind those that are there. */
static int
join(struct conf_entries *to, struct conf_entries *from)
{
	size_t count = to->count + from->count, i;
	size_t part_count = to->part_count + from->part_count;
	struct conf_entry *list = to->list;
	struct conf_part *parts = to->parts;

	if (from->count > 0)
		list = reallocarray(to->list, count, sizeof(*list));
	if (list == NULL && count > 0)
		return -1;
	to->list = list;
	if (from->part_count > 0)
		parts = reallocarray(to->parts, part_count, sizeof(*parts));
	if (parts == NULL && part_count > 0)
		return -1;
	to->parts = parts;
	for (i = 0; i < from->count; i++) {
		list[to->count + i] = from->list[i];
		if (from->list[i].part != 0)
			list[to->count + i].part += to->part_count;
	}
	for (i = 0; i < from->part_count; i++)
		parts[to->part_count + i] = from->parts[i];
	to->count = count;
	to->part_count = part_count;
	free(from->list);
	free(from->parts);
	memset(from, 0, sizeof(*from));
	return 0;
}

int
conf_read_text(struct conf_entries *es, const char *name, const char *text,
    size_t len, struct errmsg *e)
{
	struct conf_entries fresh = CONF_ENTRIES_INIT;
	const char *end = text + len, *line;
	char *origin = NULL;
	unsigned long number = 0;
	size_t part = 0, n;
	int rc = -1;

	es->has_parts = es->has_parts || text_has_parts(text, len);
	while ((line = next_line(&text, end, &n)) != NULL) {
		free(origin);
		origin = str_dup_format("%s:%lu", name, ++number);
		if (origin == NULL) {
			errmsg_set(e, "%s: out of memory", name);
			goto out;
		}
		if (read_line(&fresh, &part, line, n, origin, e) == -1)
			goto out;
	}
	if (part != 0) {
		errmsg_set(e, "%s: %s %s has no } at its end",
		    fresh.parts[part - 1].origin, fresh.parts[part - 1].kind,
		    fresh.parts[part - 1].name);
		goto out;
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

	rc = io_read_file(path, CONF_FILE_MAX, &text, &len, e);
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

int
conf_read_fd(struct conf_entries *es, const char *name, int fd,
    struct errmsg *e)
{
	char *text;
	size_t len;
	int rc;

	if (io_read_fd(fd, CONF_FILE_MAX, &text, &len) != 0)
		return errmsg_errno(e, errno, "%s", name);
	rc = conf_read_text(es, name, text, len, e);
	explicit_bzero(text, len);
	free(text);
	return rc;
}

int
conf_read_file_into(struct conf_entries *es, size_t part, const char *path,
    int *errnum_r, struct errmsg *e)
{
	struct conf_entries fresh = CONF_ENTRIES_INIT;
	size_t i;
	int rc = -1;

	if (conf_read_file(&fresh, path, errnum_r, e) == -1)
		return -1;
	if (fresh.part_count > 0) {
		errmsg_set(e, "%s: a part has no place in this file",
		    fresh.parts[0].origin);
		goto out;
	}
	for (i = 0; i < fresh.count; i++)
		fresh.list[i].part = part;
	if (join(&fresh, es) == -1) {
		errmsg_set(e, "%s: out of memory", path);
		goto out;
	}
	*es = fresh;
	memset(&fresh, 0, sizeof(fresh));
	rc = 0;
out:
	conf_entries_fini(&fresh);
	return rc;
}

const struct conf_entry *
conf_find_in(const struct conf_entries *es, size_t part, const char *key)
{
	size_t i;

	for (i = es->count; i > 0; i--)
		if (es->list[i - 1].part == part &&
		    str_casecmp(es->list[i - 1].key, key) == 0)
			return &es->list[i - 1];
	return NULL;
}

const struct conf_entry *
conf_find(const struct conf_entries *es, const char *key)
{
	return conf_find_in(es, 0, key);
}

/* ---- through a frame ---- */

int
conf_entries_put(struct buf *b, const struct conf_entries *es)
{
	size_t i;

	if (es->count > UINT32_MAX || es->part_count > UINT32_MAX ||
	    buf_put_u32(b, (uint32_t)es->part_count) == -1 ||
	    buf_put_u32(b, (uint32_t)es->count) == -1)
		return -1;
	for (i = 0; i < es->part_count; i++)
		if (buf_put_str(b, es->parts[i].kind) == -1 ||
		    buf_put_str(b, es->parts[i].name) == -1 ||
		    buf_put_str(b, es->parts[i].origin) == -1)
			return -1;
	for (i = 0; i < es->count; i++)
		if (buf_put_u32(b, (uint32_t)es->list[i].part) == -1 ||
		    buf_put_str(b, es->list[i].key) == -1 ||
		    buf_put_str(b, es->list[i].value) == -1 ||
		    buf_put_str(b, es->list[i].origin) == -1)
			return -1;
	return 0;
}

static int
get_part(struct buf *b, struct conf_entries *es)
{
	char kind[CONF_NAME_MAX + 1], name[CONF_NAME_MAX + 1];
	char *origin;
	size_t part;
	int rc;

	if (buf_get_chars(b, kind, sizeof(kind)) == -1 ||
	    buf_get_chars(b, name, sizeof(name)) == -1 ||
	    buf_get_str(b, CONF_LINE_MAX, &origin) == -1)
		return -1;
	rc = conf_add_part(es, kind, name, origin, &part, NULL);
	free(origin);
	return rc;
}

int
conf_entries_get(struct buf *b, struct conf_entries *es)
{
	struct conf_entries fresh = CONF_ENTRIES_INIT;
	struct conf_entry en;
	uint32_t count, part_count, part;
	int rc = -1;

	if (buf_get_u32(b, &part_count) == -1 ||
	    buf_get_u32(b, &count) == -1)
		return -1;
	for (part = 0; part < part_count; part++)
		if (get_part(b, &fresh) == -1)
			goto out;
	for (; count > 0; count--) {
		memset(&en, 0, sizeof(en));
		if (buf_get_u32(b, &part) == -1 || part > part_count)
			goto out;
		en.part = part;
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
