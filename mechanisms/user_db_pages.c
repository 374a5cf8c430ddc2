/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_pages - see user_db_pages.h.
 */
#include "config.h"

#include "mechanisms/user_db_pages.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

int
user_db_pages_damaged(const struct user_db_pages *p, uint64_t page,
    const char *what, struct errmsg *e)
{
	return errmsg_set(e, "%s: damaged %s file (page %llu: %s); restore a "
	    "copy, or save what can be read: %s", p->path, p->kind,
	    (unsigned long long)page, what, p->mend);
}

int
user_db_pages_read_at(const struct user_db_pages *p, uint64_t page,
    size_t offset, void *bytes_r, size_t len, struct errmsg *e)
{
	unsigned char *bytes = bytes_r;
	off_t at = (off_t)(page * p->size + offset);
	ssize_t n;

	while (len > 0) {
		n = pread(p->fd, bytes, len, at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errmsg_errno(e, errno, "%s", p->path);
		if (n == 0)
			return user_db_pages_damaged(p, page,
			    "cut short: behind the end of the file", e);
		bytes += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
user_db_pages_use(struct user_db_pages *p, uint64_t page, uint64_t n,
    struct errmsg *e)
{
	unsigned char bit;

	if (page >= p->count || n > p->count - page)
		return user_db_pages_damaged(p, page,
		    "behind the end of the file", e);
	for (; p->used != NULL && n > 0; n--, page++) {
		bit = (unsigned char)(1U << page % CHAR_BIT);
		if ((p->used[page / CHAR_BIT] & bit) != 0)
			return user_db_pages_damaged(p, page,
			    "used in two places", e);
		p->used[page / CHAR_BIT] |= bit;
	}
	return 0;
}

int
user_db_pages_read(struct user_db_pages *p, uint64_t page, void *bytes_r,
    struct errmsg *e)
{
	if (user_db_pages_use(p, page, 1, e) == -1)
		return -1;
	return user_db_pages_read_at(p, page, 0, bytes_r, p->size, e);
}

int
user_db_pages_count(struct user_db_pages *p, struct errmsg *e)
{
	user_db_pages_fini(p);
	p->used = calloc(1, (size_t)(p->count / CHAR_BIT + 1));
	return p->used != NULL ? 0 : errmsg_errno(e, ENOMEM, "%s", p->path);
}

void
user_db_pages_fini(struct user_db_pages *p)
{
	free(p->used);
	p->used = NULL;
}
