/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_pages - a file of numbered pages that is not believed.
 *
 * The libraries follow page numbers and offsets as they find them, and crash
 * or run in circles where a file is damaged. So what is in a file is read, and
 * judged before a library may change it, by our own readers (user_db_hashfile,
 * user_db_treefile), which get every page from here: a page is within the file
 * and, where pages are counted, is used once.
 */
#ifndef MECHANISMS_USER_DB_PAGES_H
#define MECHANISMS_USER_DB_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"

struct user_db_pages {
	int fd;			/* the caller's */
	const char *path;	/* the caller's, for messages */
	const char *kind;	/* "Berkeley DB" */
	const char *mend;	/* how to save what can be read */
	size_t size;		/* bytes of a page */
	uint64_t count;		/* pages of the file */
	unsigned char *used;	/* a bit for each page, or NULL: not counted */
};

/* Always -1, with what is wrong with a page and the mend. */
int user_db_pages_damaged(const struct user_db_pages *p, uint64_t page,
    const char *what, struct errmsg *e);

/* Read bytes at an offset; what is behind the end is damage. 0 or -1. */
int user_db_pages_read_at(const struct user_db_pages *p, uint64_t page,
    size_t offset, void *bytes_r, size_t len, struct errmsg *e);

/* Are n pages from this one within the file, and, if they are counted, not
 * in use yet? From then on they are. 0 or -1. */
int user_db_pages_use(struct user_db_pages *p, uint64_t page, uint64_t n,
    struct errmsg *e);

/* Use a page and read it. 0 or -1. */
int user_db_pages_read(struct user_db_pages *p, uint64_t page,
    void *bytes_r, struct errmsg *e);

/* Count them from now on, beginning with none in use; 0 or -1. */
int user_db_pages_count(struct user_db_pages *p, struct errmsg *e);
/* Count no more. */
void user_db_pages_fini(struct user_db_pages *p);

#endif
