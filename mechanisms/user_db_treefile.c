/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_treefile - see user_db_treefile.h.
 *
 * The layout is that of lmdb.c, data version 1 on a machine of 64 bits, with
 * numbers in the byte order of that machine. Pages 0 and 1 are about the file,
 * written in turn; a page is never changed in place, and is used again once
 * no transaction needs it. Which are to be used again is in a table of its
 * own: a transaction's number and the numbers of pages.
 */
#include "config.h"

#include "mechanisms/user_db_treefile.h"

#include <errno.h>
#include <string.h>

#include "mechanisms/treepage.h"

/* Of a long value: how many pages it has. */
#define SPAN_AT 12

/* Pages 0 and 1. */
#define META_SIZE 152
#define METAS 2
#define MAGIC 0xbeefc0de
#define MAGIC_SWAPPED 0xdec0efbe
#define MAGIC_AT 16
#define VERSION_AT 20
#define DATA_VERSION 1
#define MAP_SIZE_AT 32
#define UNUSED_AT 40		/* a table */
#define PAGE_SIZE_AT 40		/* where that keeps nothing else */
#define MAIN_AT 88		/* a table */
#define LAST_AT 136
#define STATE_AT 144
#define MAP_SIZE_MAX ((uint64_t)1 << 46)	/* a process has 47 bits */
/* Flags of the table of unused pages, which are also the file's. */
#define UNUSED_FLAGS 0x08	/* its keys are numbers */
#define NO_SUBDIR 0x4000

/* A table. */
#define TABLE_SIZE 48
#define TABLE_FLAGS_AT 4
#define TABLE_DEPTH_AT 6
#define TABLE_ROOT_AT 40
#define DEPTH_MAX 32		/* the library's cursors have no more */

/* ---- pages 0 and 1 ---------------------------------------------------- */

static struct user_db_tree
tree_of(const unsigned char *table)
{
	return (struct user_db_tree){
	    .flags = treepage_u16(table + TABLE_FLAGS_AT),
	    .depth = treepage_u16(table + TABLE_DEPTH_AT),
	    .root = treepage_u64(table + TABLE_ROOT_AT) };
}

/* A table without rows has neither. */
static bool
is_tree(const struct user_db_tree *tree)
{
	return tree->depth <= DEPTH_MAX &&
	    (tree->depth == 0) == (tree->root == UINT64_MAX);
}

/* What is wrong with page 0 or 1; NULL: nothing. */
static const char *
meta_wrong(const struct user_db_pages *p, const unsigned char *meta)
{
	struct user_db_tree unused = tree_of(meta + UNUSED_AT);
	struct user_db_tree rows = tree_of(meta + MAIN_AT);
	uint32_t size = treepage_u32(meta + PAGE_SIZE_AT);

	if (treepage_u32(meta + MAGIC_AT) != MAGIC ||
	    treepage_u32(meta + VERSION_AT) != DATA_VERSION ||
	    treepage_kind(meta) != TREEPAGE_META)
		return "not what begins an LMDB file of version 1";
	if (size < TREEPAGE_SIZE_MIN || size > TREEPAGE_SIZE_MAX ||
	    (size & (size - 1)) != 0 || (p->size != 0 && size != p->size))
		return "its size of a page is none";
	if (!is_tree(&unused) || !is_tree(&rows) ||
	    (unused.flags & ~(unsigned)NO_SUBDIR) != UNUSED_FLAGS)
		return "its tables are none";
	if (treepage_u64(meta + MAP_SIZE_AT) > MAP_SIZE_MAX ||
	    treepage_u64(meta + LAST_AT) < METAS - 1 ||
	    treepage_u64(meta + LAST_AT) >= MAP_SIZE_MAX / size)
		return "larger than a file can be";
	return treepage_u64(meta + STATE_AT) > INT64_MAX ?
	    "its number is none" : NULL;
}

/* The state of this number, or the newest of the two. 0: there is none. */
static const unsigned char *
choose(const unsigned char metas[METAS][META_SIZE], uint64_t number)
{
	const unsigned char *best = NULL;
	uint64_t of;
	int i;

	for (i = 0; i < METAS; i++) {
		of = treepage_u64(metas[i] + STATE_AT);
		if (number != USER_DB_TREEFILE_NEWEST && of != number)
			continue;
		if (best == NULL || of > treepage_u64(best + STATE_AT))
			best = metas[i];
	}
	return best;
}

static int
read_metas(struct user_db_treefile *f, unsigned char metas[METAS][META_SIZE],
    struct errmsg *e)
{
	const char *why;
	int i;

	for (i = 0; i < METAS; i++) {
		/* The first one has the size, which is where the second is. */
		if (user_db_pages_read_at(&f->pages, (uint64_t)i, 0, metas[i],
		    META_SIZE, e) == -1)
			return -1;
		if (treepage_u32(metas[i] + MAGIC_AT) == MAGIC_SWAPPED)
			return errmsg_set(e, "%s: an LMDB file of another "
			    "kind of machine; mdb_dump -n there and mdb_load "
			    "-n here mend it", f->pages.path);
		why = meta_wrong(&f->pages, metas[i]);
		if (why != NULL)
			return user_db_pages_damaged(&f->pages, (uint64_t)i,
			    why, e);
		f->pages.size = treepage_u32(metas[i] + PAGE_SIZE_AT);
	}
	return 0;
}

int
user_db_treefile_open(int fd, const char *path, uint64_t number,
    struct user_db_treefile *f_r, struct errmsg *e)
{
	unsigned char metas[METAS][META_SIZE];
	const unsigned char *meta;

	*f_r = (struct user_db_treefile){ .pages = { .fd = fd, .path = path,
	    .kind = "LMDB", .mend = "saslpasswd2 --export" } };
	if (read_metas(f_r, metas, e) == -1)
		return -1;
	meta = choose(metas, number);
	if (meta == NULL)
		return 1;
	f_r->number = treepage_u64(meta + STATE_AT);
	f_r->unused = tree_of(meta + UNUSED_AT);
	f_r->main = tree_of(meta + MAIN_AT);
	/* The file may be shorter: pages that a transaction took and gave back
	 * are never written. Those that are used are missed when read. */
	f_r->pages.count = treepage_u64(meta + LAST_AT) + 1;
	return 0;
}

/* ---- pages of trees --------------------------------------------------- */

static bool
is_numeric(const struct user_db_tree *tree)
{
	return (tree->flags & UNUSED_FLAGS) != 0;
}

/* Level 1 are the leaves. */
static int
read_page(struct user_db_treefile *f, const struct user_db_tree *tree,
    uint64_t number, unsigned level, struct secret *page, struct errmsg *e)
{
	const char *why;

	if (secret_reserve(page, f->pages.size) == -1)
		return errmsg_errno(e, ENOMEM, "%s", f->pages.path);
	if (user_db_pages_read(&f->pages, number, page->bytes, e) == -1)
		return -1;
	why = treepage_wrong(page->bytes, f->pages.size, number,
	    level == 1 ? TREEPAGE_LEAF : TREEPAGE_BRANCH, is_numeric(tree));
	return why == NULL ? 0 :
	    user_db_pages_damaged(&f->pages, number, why, e);
}

/* Into room, when it is not on the node's page. */
static int
value_of(struct user_db_treefile *f, const struct treepage_node *n,
    struct secret *room, struct user_db_bytes *value_r, struct errmsg *e)
{
	unsigned char header[TREEPAGE_HEADER];
	uint64_t number;

	*value_r = (struct user_db_bytes){ n->value, n->len };
	if ((n->flags & TREEPAGE_NODE_LONG) == 0)
		return 0;
	number = treepage_u64(n->value);
	if (number >= f->pages.count)
		return user_db_pages_use(&f->pages, number, 1, e);
	if (user_db_pages_read_at(&f->pages, number, 0, header,
	    sizeof(header), e) == -1)
		return -1;
	if (treepage_u64(header + TREEPAGE_NUMBER_AT) != number ||
	    treepage_kind(header) != TREEPAGE_LONG ||
	    TREEPAGE_HEADER + (uint64_t)n->len >
	    (uint64_t)treepage_u32(header + SPAN_AT) * f->pages.size)
		return user_db_pages_damaged(&f->pages, number,
		    "it is no long value", e);
	if (user_db_pages_use(&f->pages, number, treepage_u32(header + SPAN_AT),
	    e) == -1)
		return -1;
	if (secret_reserve(room, n->len) == -1)
		return errmsg_errno(e, ENOMEM, "%s", f->pages.path);
	if (user_db_pages_read_at(&f->pages, number, TREEPAGE_HEADER,
	    room->bytes, n->len, e) == -1)
		return -1;
	secret_end(room, n->len);
	*value_r = (struct user_db_bytes){ room->bytes, room->len };
	return 0;
}

/* ---- one row ---------------------------------------------------------- */

/* The last node of a branch whose key is not behind this one. */
static uint64_t
child_for(const struct user_db_tree *tree, const unsigned char *page,
    const struct user_db_bytes *key)
{
	size_t i, last = 0;
	struct treepage_node n;

	for (i = 1; i < treepage_nodes(page); i++) {
		n = treepage_node(page, i);
		if (treepage_compare(is_numeric(tree), &n.key, key) > 0)
			break;
		last = i;
	}
	return treepage_node(page, last).page;
}

static bool
find_in_leaf(const struct user_db_tree *tree, const unsigned char *page,
    const struct user_db_bytes *key, struct treepage_node *n_r)
{
	size_t i;

	for (i = 0; i < treepage_nodes(page); i++) {
		*n_r = treepage_node(page, i);
		if (treepage_compare(is_numeric(tree), &n_r->key, key) == 0)
			return true;
	}
	return false;
}

/* The node, on a page that is read into *page. */
static enum user_db_found
find(struct user_db_treefile *f, const struct user_db_tree *tree,
    const struct user_db_bytes *key, struct secret *page,
    struct treepage_node *n_r, struct errmsg *e)
{
	uint64_t number = tree->root;
	unsigned level;

	for (level = tree->depth; level > 0; level--) {
		if (read_page(f, tree, number, level, page, e) == -1)
			return USER_DB_ERROR;
		if (level > 1)
			number = child_for(tree, page->bytes, key);
	}
	return tree->depth > 0 && find_in_leaf(tree, page->bytes, key, n_r) ?
	    USER_DB_FOUND : USER_DB_ABSENT;
}

enum user_db_found
user_db_treefile_get(struct user_db_treefile *f,
    const struct user_db_tree *tree, const struct user_db_bytes *key,
    struct secret *value_r, struct errmsg *e)
{
	struct secret page = SECRET_INIT, room = SECRET_INIT;
	struct user_db_bytes value;
	enum user_db_found found;
	struct treepage_node n;

	found = find(f, tree, key, &page, &n, e);
	if (found == USER_DB_FOUND && value_of(f, &n, &room, &value, e) == -1)
		found = USER_DB_ERROR;
	if (found == USER_DB_FOUND &&
	    secret_set(value_r, value.data, value.len) == -1) {
		errmsg_errno(e, ENOMEM, "%s", f->pages.path);
		found = USER_DB_ERROR;
	}
	secret_wipe(&page);
	secret_wipe(&room);
	return found;
}

/* ---- tables in the main one ------------------------------------------- */

static int
take_table(struct user_db_treefile *f, const struct treepage_node *n,
    struct user_db_tree *tree_r, struct errmsg *e)
{
	if (n->flags == TREEPAGE_NODE_TABLE && n->len == TABLE_SIZE) {
		*tree_r = tree_of(n->value);
		if (is_tree(tree_r))
			return 0;
	}
	return user_db_pages_damaged(&f->pages, f->main.root,
	    "a table in it is none", e);
}

enum user_db_found
user_db_treefile_table(struct user_db_treefile *f, const char *name,
    struct user_db_tree *tree_r, struct errmsg *e)
{
	struct user_db_bytes key = { name, strlen(name) };
	struct secret page = SECRET_INIT;
	enum user_db_found found;
	struct treepage_node n;

	found = find(f, &f->main, &key, &page, &n, e);
	if (found == USER_DB_FOUND && (n.flags & TREEPAGE_NODE_TABLE) == 0)
		found = USER_DB_ABSENT;
	if (found == USER_DB_FOUND && take_table(f, &n, tree_r, e) == -1)
		found = USER_DB_ERROR;
	secret_wipe(&page);
	return found;
}

/* ---- all rows --------------------------------------------------------- */

/* For each node of a leaf: 1 go on, 0 enough, -1. */
typedef int use_node(struct user_db_treefile *f, const struct treepage_node *n,
    void *ctx, struct errmsg *e);

/* As deep as a level is high. */
static int
each_below(struct user_db_treefile *f, const struct user_db_tree *tree,
    uint64_t number, unsigned level, use_node *use, void *ctx,
    struct errmsg *e)
{
	struct secret page = SECRET_INIT;
	struct treepage_node n;
	size_t i;
	int rc = 1;

	if (read_page(f, tree, number, level, &page, e) == -1)
		rc = -1;
	for (i = 0; rc == 1 && i < treepage_nodes(page.bytes); i++) {
		n = treepage_node(page.bytes, i);
		rc = level == 1 ? use(f, &n, ctx, e) :
		    each_below(f, tree, n.page, level - 1, use, ctx, e);
	}
	secret_wipe(&page);
	return rc;
}

static int
each_node(struct user_db_treefile *f, const struct user_db_tree *tree,
    use_node *use, void *ctx, struct errmsg *e)
{
	return tree->depth == 0 ? 1 : each_below(f, tree, tree->root,
	    tree->depth, use, ctx, e);
}

struct walk {
	user_db_table_visit *visit;
	void *ctx;
	struct secret room;
};

static int
show(struct user_db_treefile *f, const struct treepage_node *n, void *ctx,
    struct errmsg *e)
{
	struct user_db_bytes value;
	struct walk *w = ctx;

	if (value_of(f, n, &w->room, &value, e) == -1)
		return -1;
	return w->visit(w->ctx, &n->key, &value) ? 1 : 0;
}

int
user_db_treefile_each(struct user_db_treefile *f,
    const struct user_db_tree *tree, user_db_table_visit *visit, void *ctx,
    struct errmsg *e)
{
	struct walk w = { visit, ctx, SECRET_INIT };
	int rc;

	if (user_db_pages_count(&f->pages, e) == -1)
		return -1;
	rc = each_node(f, tree, show, &w, e);
	user_db_pages_fini(&f->pages);
	secret_wipe(&w.room);
	return rc == -1 ? -1 : 0;
}

/* ---- for who changes it ----------------------------------------------- */

static int
use_row(struct user_db_treefile *f, const struct treepage_node *n, void *ctx,
    struct errmsg *e)
{
	struct user_db_bytes value;

	return value_of(f, n, ctx, &value, e) == -1 ? -1 : 1;
}

/* In the main table there may be one with rows of ours. */
static int
use_main_row(struct user_db_treefile *f, const struct treepage_node *n,
    void *ctx, struct errmsg *e)
{
	struct user_db_tree tree;

	if ((n->flags & TREEPAGE_NODE_TABLE) == 0)
		return use_row(f, n, ctx, e);
	if (take_table(f, n, &tree, e) == -1)
		return -1;
	if (tree.flags != 0)
		return errmsg_set(e, "%s: has a table of another program",
		    f->pages.path);
	return each_node(f, &tree, use_row, ctx, e);
}

/* A list of pages: how many, and they in falling order. */
static int
use_list(struct user_db_treefile *f, const struct treepage_node *n, void *ctx,
    struct errmsg *e)
{
	struct user_db_bytes value;
	struct secret *room = ctx;
	const unsigned char *at;
	uint64_t i, count, page, above = f->pages.count;

	if (value_of(f, n, room, &value, e) == -1)
		return -1;
	at = value.data;
	if (n->key.len != sizeof(page) || value.len < sizeof(count))
		goto wrong;
	count = treepage_u64(at);
	if (count > value.len / sizeof(page) - 1)
		goto wrong;
	for (i = 1; i <= count; i++) {
		page = treepage_u64(at + i * sizeof(page));
		if (page >= above)
			goto wrong;
		if (user_db_pages_use(&f->pages, page, 1, e) == -1)
			return -1;
		above = page;
	}
	return 1;
wrong:
	return user_db_pages_damaged(&f->pages, f->unused.root,
	    "a list of unused pages in it is none", e);
}

int
user_db_treefile_check(struct user_db_treefile *f, struct errmsg *e)
{
	struct secret room = SECRET_INIT;
	int rc = -1;

	if (user_db_pages_count(&f->pages, e) == 0 &&
	    user_db_pages_use(&f->pages, 0, METAS, e) == 0 &&
	    each_node(f, &f->main, use_main_row, &room, e) != -1 &&
	    each_node(f, &f->unused, use_list, &room, e) != -1)
		rc = 0;
	user_db_pages_fini(&f->pages);
	secret_wipe(&room);
	return rc;
}
