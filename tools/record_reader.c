/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_reader - see record_reader.h.
 */
#include "config.h"

#include "tools/record_reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A whole record, and behind it what a read brought of the next. */
#define BLOCK (2 * RECORD_MAX)

/* Read once more; the block has room behind what it holds. */
static int
fill(struct record_reader *r, struct errmsg *e)
{
	ssize_t n;

	if (r->block.bytes == NULL && secret_reserve(&r->block, BLOCK) == -1)
		return errmsg_errno(e, ENOMEM, "input");
	if (r->end == BLOCK) {
		memmove(r->block.bytes, r->block.bytes + r->start,
		    r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	do
		n = read(r->fd, r->block.bytes + r->end, BLOCK - r->end);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errmsg_errno(e, errno, "input");
	r->end += (size_t)n;
	r->at_end = n == 0;
	return 0;
}

struct scan {
	size_t len;		/* looked at so far */
	bool open;		/* a quote is */
	unsigned long lines;
};

/* Go on looking for the end of the record. */
static bool
ended(const struct record_reader *r, bool quotes, struct scan *s)
{
	size_t have = r->end - r->start;
	unsigned char c;

	for (; s->len < have; s->len++) {
		c = r->block.bytes[r->start + s->len];
		if (quotes && c == '"')
			s->open = !s->open;
		if (c != '\n')
			continue;
		s->lines++;
		if (!s->open)
			return true;
	}
	return false;
}

int
record_reader_next(struct record_reader *r, bool quotes, char **text_r,
    size_t *len_r, struct errmsg *e)
{
	struct scan s = { 0, false, 0 };
	unsigned char *text;

	r->line = r->next_line;
	while (!ended(r, quotes, &s) && !r->at_end)
		if (s.len > RECORD_MAX)
			break;
		else if (fill(r, e) == -1)
			return -1;
	if (s.len > RECORD_MAX)
		return errmsg_set(e, "longer than %d bytes", RECORD_MAX);
	if (s.open)
		return errmsg_set(e, "a double quote is never closed");
	if (r->start == r->end)
		return 0;
	text = r->block.bytes + r->start;
	/* The block has a byte more than BLOCK: secret's NUL. */
	text[s.len] = '\0';
	r->start += s.len < r->end - r->start ? s.len + 1 : s.len;
	r->next_line += s.lines;
	if (s.len > 0 && text[s.len - 1] == '\r')
		text[--s.len] = '\0';
	*text_r = (char *)text;
	*len_r = s.len;
	return 1;
}

int
record_reader_peek(struct record_reader *r, size_t n,
    const unsigned char **bytes_r, size_t *len_r, struct errmsg *e)
{
	while (r->end - r->start < n && !r->at_end)
		if (fill(r, e) == -1)
			return -1;
	*bytes_r = r->block.bytes + r->start;
	*len_r = r->end - r->start < n ? r->end - r->start : n;
	return 0;
}

void
record_reader_fini(struct record_reader *r)
{
	secret_wipe(&r->block);
}
