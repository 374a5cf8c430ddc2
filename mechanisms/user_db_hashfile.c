/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_hashfile - see user_db_hashfile.h.
 *
 * The layout is that of Berkeley DB's dbinc/db_page.h and dbinc/hash.h,
 * versions 7 to 9 of hash files. Page 0 is about the file. The pages of a
 * bucket are a chain in both directions: a chain that leads back the way it
 * came cannot be a circle. Items lie one below the other from the end of
 * a page; their offsets stand behind its header, key and value in turn. A
 * long item is a chain of pages of its own.
 */
#include "config.h"

#include "mechanisms/user_db_hashfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mechanisms/user_db_pages.h"

/* Page 0. */
#define META_SIZE 512
#define MAGIC 0x00061561
#define MAGIC_AT 12
#define VERSION_AT 16
#define PAGE_SIZE_AT 20
#define CIPHER_AT 24		/* a byte; 0: not encrypted */
#define META_FLAGS_AT 26	/* a byte; checksums, parts */
#define FREE_AT 28		/* the first of the unused pages */
#define LAST_AT 32
#define PARTS_AT 36
#define FLAGS_AT 48		/* duplicates, several tables */
#define MAX_BUCKET_AT 72
#define HIGH_MASK_AT 76
#define LOW_MASK_AT 80
#define HASH_OF_TEXT_AT 92
#define SPARES_AT 96
#define VERSION_OLD 4		/* db_upgrade(1) knows these */
#define VERSION_MIN 7
#define VERSION_MAX 9
#define PAGE_SIZE_MIN 512
#define PAGE_SIZE_MAX 65536
#define SPARES 32

/* Every other page. */
#define HEADER 26
#define NUMBER_AT 8
#define PREV_AT 12
#define NEXT_AT 16
#define ENTRIES_AT 20
#define LOWEST_AT 22		/* offset; of a long item: its bytes here */
#define TYPE_AT 25
#define TYPE_FREE 0
#define TYPE_UNSORTED 2
#define TYPE_LONG 7
#define TYPE_META 8
#define TYPE_SORTED 13

/* Items. */
#define ITEM_HERE 1
#define ITEM_LONG 3
#define ITEM_LONG_SIZE 12
#define LONG_PAGE_AT 4
#define LONG_LEN_AT 8

struct user_db_hashfile {
	struct user_db_pages pages;
	bool swapped;		/* numbers are of the other byte order */
	uint32_t max_bucket, high_mask, low_mask, free, spares[SPARES];
	/* They have passwords in them. */
	struct secret page, long_page, key, value;
};

static uint16_t
u16(const struct user_db_hashfile *f, const unsigned char *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return f->swapped ? (uint16_t)(v >> 8 | v << 8) : v;
}

static uint32_t
u32(const struct user_db_hashfile *f, const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return !f->swapped ? v : v >> 24 | (v >> 8 & 0xff00) |
	    (v << 8 & 0xff0000) | v << 24;
}

/* ---- page 0 ----------------------------------------------------------- */

/* Fowler, Noll and Vo's, as the library has it since version 5. */
static uint32_t
hash_of(const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;
	uint32_t h = 0;

	for (; len > 0; len--)
		h = h * 16777619 ^ *byte++;
	return h;
}

/* The power of two that is not smaller. */
static unsigned
log2_up(uint32_t n)
{
	unsigned log = 0;

	while (log < SPARES && (uint64_t)1 << log < n)
		log++;
	return log;
}

/* What is wrong with the numbers of page 0; NULL: nothing. */
static const char *
meta_wrong(const struct user_db_hashfile *f, const unsigned char *meta)
{
	static const char text[] = "%$sniglet^&";
	uint32_t size = u32(f, meta + PAGE_SIZE_AT);

	if (size < PAGE_SIZE_MIN || size > PAGE_SIZE_MAX ||
	    (size & (size - 1)) != 0)
		return "its size of a page is none";
	if (meta[TYPE_AT] != TYPE_META)
		return "not what begins a hash file";
	if (u32(f, meta + HASH_OF_TEXT_AT) != hash_of(text, sizeof(text)))
		return "of another hash function";
	if (f->max_bucket == 0 || f->max_bucket >= u32(f, meta + LAST_AT) ||
	    f->max_bucket > INT32_MAX)
		return "more buckets than pages";
	if (f->high_mask != ((uint64_t)1 << log2_up(f->max_bucket + 1)) - 1 ||
	    f->low_mask != f->high_mask >> 1)
		return "its masks are not those of its buckets";
	return NULL;
}

/* libsasl2 has never made such a file. */
static bool
is_odd(const struct user_db_hashfile *f, const unsigned char *meta)
{
	return meta[CIPHER_AT] != 0 || meta[META_FLAGS_AT] != 0 ||
	    u32(f, meta + PARTS_AT) != 0 || u32(f, meta + FLAGS_AT) != 0;
}

static int
take_meta(struct user_db_hashfile *f, const unsigned char *meta,
    const struct stat *st, struct errmsg *e)
{
	uint32_t version;
	const char *why;
	size_t i;

	f->swapped = u32(f, meta + MAGIC_AT) != MAGIC;
	version = u32(f, meta + VERSION_AT);
	if (u32(f, meta + MAGIC_AT) != MAGIC || version < VERSION_OLD ||
	    version > VERSION_MAX)
		return user_db_pages_damaged(&f->pages, 0,
		    "not the beginning of a file of version 7 to 9", e);
	if (version < VERSION_MIN)
		return errmsg_set(e, "%s: a Berkeley DB file of an older "
		    "version; db5.3_upgrade mends it (keep a copy)",
		    f->pages.path);
	if (is_odd(f, meta))
		return errmsg_set(e, "%s: a Berkeley DB file with encryption, "
		    "checksums, duplicates or several tables, which is not "
		    "read here; db5.3_dump -p %s | saslpasswd2 --import "
		    "cyrus -f NEW --layout berkeley - makes one that is",
		    f->pages.path, f->pages.path);
	f->max_bucket = u32(f, meta + MAX_BUCKET_AT);
	f->high_mask = u32(f, meta + HIGH_MASK_AT);
	f->low_mask = u32(f, meta + LOW_MASK_AT);
	f->free = u32(f, meta + FREE_AT);
	for (i = 0; i < SPARES; i++)
		f->spares[i] = u32(f, meta + SPARES_AT + 4 * i);
	why = meta_wrong(f, meta);
	if (why != NULL)
		return user_db_pages_damaged(&f->pages, 0, why, e);
	f->pages.size = u32(f, meta + PAGE_SIZE_AT);
	f->pages.count = (uint64_t)u32(f, meta + LAST_AT) + 1;
	return f->pages.count <= (uint64_t)st->st_size / f->pages.size ? 0 :
	    errmsg_set(e, "%s: a Berkeley DB file that is cut short: its end "
	    "is missing; put a whole copy in its place", f->pages.path);
}

int
user_db_hashfile_open(int fd, const char *path,
    struct user_db_hashfile **f_r, struct errmsg *e)
{
	struct user_db_hashfile *f = calloc(1, sizeof(*f));
	unsigned char meta[META_SIZE];
	struct stat st;

	if (f == NULL)
		return errmsg_errno(e, ENOMEM, "%s", path);
	f->pages = (struct user_db_pages){ .fd = fd, .path = path,
	    .kind = "Berkeley DB", .mend = "db5.3_dump -r" };
	if (fstat(fd, &st) == -1)
		errmsg_errno(e, errno, "%s", path);
	else if (user_db_pages_read_at(&f->pages, 0, 0, meta, sizeof(meta),
	    e) == 0 && take_meta(f, meta, &st, e) == 0) {
		if (secret_reserve(&f->page, f->pages.size) == 0 &&
		    secret_reserve(&f->long_page, f->pages.size) == 0) {
			*f_r = f;
			return 0;
		}
		errmsg_errno(e, ENOMEM, "%s", path);
	}
	user_db_hashfile_close(f);
	return -1;
}

void
user_db_hashfile_close(struct user_db_hashfile *f)
{
	if (f == NULL)
		return;
	secret_wipe(&f->page);
	secret_wipe(&f->long_page);
	secret_wipe(&f->key);
	secret_wipe(&f->value);
	user_db_pages_fini(&f->pages);
	free(f);
}

/* ---- items ------------------------------------------------------------ */

/* Item i of the page is at [*at_r, end of the one before). */
static size_t
item_at(const struct user_db_hashfile *f, size_t i, size_t *len_r)
{
	const unsigned char *offsets = f->page.bytes + HEADER;
	size_t at = u16(f, offsets + 2 * i);

	*len_r = (i == 0 ? f->pages.size : u16(f, offsets + 2 * (i - 1))) - at;
	return at;
}

static const char *
item_wrong(const struct user_db_hashfile *f, size_t i, size_t lowest)
{
	size_t len, at = item_at(f, i, &len);

	if (at < lowest || at >= f->pages.size || len == 0 ||
	    len > f->pages.size - at)
		return "an item outside of its place";
	switch (f->page.bytes[at]) {
	case ITEM_HERE:
		return NULL;
	case ITEM_LONG:
		return len == ITEM_LONG_SIZE ? NULL : "an item of no length";
	default:
		return "an item of an unknown kind";
	}
}

/* What was never written is a page without rows. */
static bool
is_blank(const struct user_db_hashfile *f)
{
	const unsigned char *page = f->page.bytes;

	return page[0] == 0 && memcmp(page, page + 1, f->pages.size - 1) == 0;
}

/* What is wrong with the page of rows that was read; NULL: nothing. */
static const char *
page_wrong(const struct user_db_hashfile *f, uint32_t number, uint32_t prev)
{
	const unsigned char *page = f->page.bytes;
	size_t i, entries = u16(f, page + ENTRIES_AT), end = f->pages.size;
	size_t lowest = HEADER + 2 * entries;
	const char *why;

	if (u32(f, page + NUMBER_AT) != number)
		return "it has the number of another";
	if (page[TYPE_AT] != TYPE_SORTED && page[TYPE_AT] != TYPE_UNSORTED)
		return "it is no page of rows";
	if (u32(f, page + PREV_AT) != prev)
		return "its chain does not lead back";
	if (entries % 2 != 0 || lowest > end)
		return "its number of items is none";
	for (i = 0; i < entries; i++) {
		why = item_wrong(f, i, lowest);
		if (why != NULL)
			return why;
	}
	if (entries > 0)
		end = item_at(f, entries - 1, &i);
	/* 65536 does not fit. */
	return u16(f, page + LOWEST_AT) == (uint16_t)end ? NULL :
	    "its free room is none";
}

/* One page of a long item into long_page; its bytes. 0: -1 with a message. */
static size_t
long_part(struct user_db_hashfile *f, uint32_t number, struct errmsg *e)
{
	const unsigned char *page = f->long_page.bytes;
	size_t len;

	if (user_db_pages_read(&f->pages, number, f->long_page.bytes,
	    e) == -1)
		return 0;
	len = u16(f, page + LOWEST_AT);
	if (u32(f, page + NUMBER_AT) != number || page[TYPE_AT] != TYPE_LONG ||
	    len == 0 || len > f->pages.size - HEADER) {
		user_db_pages_damaged(&f->pages, number,
		    "it is no part of a long item", e);
		return 0;
	}
	return len;
}

/* A page gives one byte at least, so this ends. */
static int
read_long(struct user_db_hashfile *f, uint32_t number, size_t len,
    struct secret *s, struct errmsg *e)
{
	size_t part, at = 0;

	if (len > f->pages.count * f->pages.size)
		return user_db_pages_damaged(&f->pages, number,
		    "an item that is longer than the file", e);
	if (secret_reserve(s, len) == -1)
		return errmsg_errno(e, ENOMEM, "%s", f->pages.path);
	while (at < len) {
		part = long_part(f, number, e);
		if (part == 0)
			return -1;
		if (part > len - at)
			return user_db_pages_damaged(&f->pages, number,
			    "more than its item is long", e);
		memcpy(s->bytes + at, f->long_page.bytes + HEADER, part);
		at += part;
		number = u32(f, f->long_page.bytes + NEXT_AT);
	}
	if (number != 0)
		return user_db_pages_damaged(&f->pages, number,
		    "more than its item is long", e);
	secret_end(s, len);
	return 0;
}

/* Item i of the page; a long one is read into room. */
static int
item(struct user_db_hashfile *f, size_t i, struct secret *room,
    struct user_db_bytes *item_r, struct errmsg *e)
{
	size_t len, at = item_at(f, i, &len);
	const unsigned char *bytes = f->page.bytes + at;

	if (bytes[0] == ITEM_HERE) {
		*item_r = (struct user_db_bytes){ bytes + 1, len - 1 };
		return 0;
	}
	if (read_long(f, u32(f, bytes + LONG_PAGE_AT),
	    u32(f, bytes + LONG_LEN_AT), room, e) == -1)
		return -1;
	*item_r = (struct user_db_bytes){ room->bytes, room->len };
	return 0;
}

/* ---- buckets ---------------------------------------------------------- */

static uint32_t
bucket_of(const struct user_db_hashfile *f, const struct user_db_bytes *key)
{
	uint32_t h = hash_of(key->data, key->len), bucket = h & f->high_mask;

	return bucket > f->max_bucket ? h & f->low_mask : bucket;
}

/* Beyond the last page, if it is none: reading it says so. */
static uint32_t
page_of(const struct user_db_hashfile *f, uint32_t bucket)
{
	uint64_t page = (uint64_t)bucket + f->spares[log2_up(bucket + 1)];

	return page == 0 || page > UINT32_MAX ? UINT32_MAX : (uint32_t)page;
}

/* For key and value at items i and i + 1: 1 go on, 0 enough, -1. */
typedef int use_pair(struct user_db_hashfile *f, size_t i, void *ctx,
    struct errmsg *e);

static int
each_in_page(struct user_db_hashfile *f, use_pair *use, void *ctx,
    struct errmsg *e)
{
	size_t i, entries = u16(f, f->page.bytes + ENTRIES_AT);
	int rc = 1;

	for (i = 0; i < entries && rc == 1; i += 2)
		rc = use(f, i, ctx, e);
	return rc;
}

static int
each_in_bucket(struct user_db_hashfile *f, uint32_t bucket, use_pair *use,
    void *ctx, struct errmsg *e)
{
	uint32_t prev = 0, number = page_of(f, bucket);
	const char *why;
	int rc = 1;

	while (rc == 1 && number != 0) {
		if (user_db_pages_read(&f->pages, number, f->page.bytes,
		    e) == -1)
			return -1;
		if (prev == 0 && is_blank(f))
			return 1;
		why = page_wrong(f, number, prev);
		if (why != NULL)
			return user_db_pages_damaged(&f->pages, number, why,
			    e);
		rc = each_in_page(f, use, ctx, e);
		prev = number;
		number = u32(f, f->page.bytes + NEXT_AT);
	}
	return rc;
}

struct search {
	const struct user_db_bytes *key;
	struct secret *value_r;
	enum user_db_found found;
};

static int
compare(struct user_db_hashfile *f, size_t i, void *ctx, struct errmsg *e)
{
	struct user_db_bytes key, value;
	struct search *s = ctx;

	if (item(f, i, &f->key, &key, e) == -1)
		return -1;
	if (key.len != s->key->len ||
	    memcmp(key.data, s->key->data, key.len) != 0)
		return 1;
	if (item(f, i + 1, &f->value, &value, e) == -1)
		return -1;
	if (secret_set(s->value_r, value.data, value.len) == -1)
		return errmsg_errno(e, ENOMEM, "%s", f->pages.path);
	s->found = USER_DB_FOUND;
	return 0;
}

enum user_db_found
user_db_hashfile_get(struct user_db_hashfile *f,
    const struct user_db_bytes *key, struct secret *value_r,
    struct errmsg *e)
{
	struct search s = { key, value_r, USER_DB_ABSENT };

	return each_in_bucket(f, bucket_of(f, key), compare, &s, e) == -1 ?
	    USER_DB_ERROR : s.found;
}

struct walk {
	uint32_t bucket;
	user_db_table_visit *visit;
	void *ctx;
};

static int
show(struct user_db_hashfile *f, size_t i, void *ctx, struct errmsg *e)
{
	struct user_db_bytes key, value;
	struct walk *w = ctx;

	if (item(f, i, &f->key, &key, e) == -1 ||
	    item(f, i + 1, &f->value, &value, e) == -1)
		return -1;
	if (bucket_of(f, &key) != w->bucket)
		return user_db_pages_damaged(&f->pages,
		    u32(f, f->page.bytes + NUMBER_AT),
		    "a row that nobody would find there", e);
	return w->visit(w->ctx, &key, &value) ? 1 : 0;
}

int
user_db_hashfile_each(struct user_db_hashfile *f, user_db_table_visit *visit,
    void *ctx, struct errmsg *e)
{
	struct walk w = { 0, visit, ctx };
	int rc = 1;

	if (user_db_pages_count(&f->pages, e) == -1)
		return -1;
	for (; rc == 1 && w.bucket <= f->max_bucket; w.bucket++)
		rc = each_in_bucket(f, w.bucket, show, &w, e);
	return rc == -1 ? -1 : 0;
}

/* ---- for who changes it ----------------------------------------------- */

/* Buckets that are to come have their pages already, in rows of 1, 1, 2, 4
 * and so on. */
static int
use_buckets_to_come(struct user_db_hashfile *f, struct errmsg *e)
{
	uint64_t first, end;
	unsigned i;

	for (i = 0; i < SPARES; i++) {
		if (f->spares[i] == 0)
			continue;
		first = i == 0 ? 0 : (uint64_t)1 << (i - 1);
		end = (uint64_t)1 << i;
		if (first <= f->max_bucket)
			first = (uint64_t)f->max_bucket + 1;
		if (first < end && user_db_pages_use(&f->pages,
		    first + f->spares[i], end - first, e) == -1)
			return -1;
	}
	return 0;
}

static int
use_free(struct user_db_hashfile *f, struct errmsg *e)
{
	uint32_t number = f->free;

	while (number != 0) {
		if (user_db_pages_read(&f->pages, number, f->page.bytes,
		    e) == -1)
			return -1;
		if (f->page.bytes[TYPE_AT] != TYPE_FREE)
			return user_db_pages_damaged(&f->pages, number,
			    "it is not free", e);
		number = u32(f, f->page.bytes + NEXT_AT);
	}
	return 0;
}

static bool
pass_over(void *ctx, const struct user_db_bytes *key,
    const struct user_db_bytes *value)
{
	(void)ctx;
	(void)key;
	(void)value;
	return true;
}

int
user_db_hashfile_check(struct user_db_hashfile *f, struct errmsg *e)
{
	if (user_db_hashfile_each(f, pass_over, NULL, e) == -1 ||
	    user_db_pages_use(&f->pages, 0, 1, e) == -1 ||
	    use_buckets_to_come(f, e) == -1)
		return -1;
	return use_free(f, e);
}
