/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_treefile - rows of an LMDB file, read without its library, which
 * crashes on a damaged one. What is damaged is an error with the page and the
 * mend.
 *
 * A reader sees one state of the file. As long as a transaction of the library
 * keeps that state, its pages do not change.
 */
#ifndef MECHANISMS_USER_DB_TREEFILE_H
#define MECHANISMS_USER_DB_TREEFILE_H

#include "mechanisms/user_db_pages.h"
#include "mechanisms/user_db_table.h"

/* A table: its rows by key, in the leaves of a tree. */
struct user_db_tree {
	unsigned flags;
	unsigned depth;		/* 0: no rows */
	uint64_t root;
};

struct user_db_treefile {
	struct user_db_pages pages;
	uint64_t number;	/* of the state: of its transaction */
	struct user_db_tree unused, main;
};

#define USER_DB_TREEFILE_NEWEST UINT64_MAX

/*
 * 0 and a reader, for which path and fd stay the caller's, of the state of
 * this number. 1: there is no such state any more. -1 with a message.
 */
int user_db_treefile_open(int fd, const char *path, uint64_t number,
    struct user_db_treefile *f_r, struct errmsg *e);

/* The table of a name in the main one. */
enum user_db_found user_db_treefile_table(struct user_db_treefile *f,
    const char *name, struct user_db_tree *tree_r, struct errmsg *e);

enum user_db_found user_db_treefile_get(struct user_db_treefile *f,
    const struct user_db_tree *tree, const struct user_db_bytes *key,
    struct secret *value_r, struct errmsg *e);
int user_db_treefile_each(struct user_db_treefile *f,
    const struct user_db_tree *tree, user_db_table_visit *visit, void *ctx,
    struct errmsg *e);

/* May the library change this file? Looks at every page that it would go by,
 * and at those that it would use next. 0 or -1. */
int user_db_treefile_check(struct user_db_treefile *f, struct errmsg *e);

#endif
