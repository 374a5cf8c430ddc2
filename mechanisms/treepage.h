/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * treepage - a page of a tree of LMDB's: judged, then taken apart.
 *
 * The layout is that of lmdb.c, data version 1 on a machine of 64 bits, with
 * numbers in the byte order of that machine.
 */
#ifndef MECHANISMS_TREEPAGE_H
#define MECHANISMS_TREEPAGE_H

#include <stdint.h>

#include "mechanisms/user_db_table.h"

/* What each page begins with. */
#define TREEPAGE_HEADER 16
#define TREEPAGE_NUMBER_AT 0
#define TREEPAGE_FLAGS_AT 10
#define TREEPAGE_BRANCH 0x01
#define TREEPAGE_LEAF 0x02
#define TREEPAGE_LONG 0x04	/* values that need pages of their own */
#define TREEPAGE_META 0x08
#define TREEPAGE_KINDS 0x6f	/* these, and two that we do not read */
#define TREEPAGE_SIZE_MIN 512
#define TREEPAGE_SIZE_MAX 65536

/* Of nodes in a leaf. */
#define TREEPAGE_NODE_LONG 0x01		/* the value is the number of a page */
#define TREEPAGE_NODE_TABLE 0x02	/* the value is a table */

/* Nodes: of a leaf a key and its value, of a branch a key and a page. */
struct treepage_node {
	struct user_db_bytes key;
	unsigned flags;			/* of a leaf's */
	const unsigned char *value;	/* of a leaf's */
	size_t len;
	uint64_t page;			/* of a branch's */
};

/* Numbers at a place that need not be aligned. */
uint16_t treepage_u16(const unsigned char *at);
uint32_t treepage_u32(const unsigned char *at);
uint64_t treepage_u64(const unsigned char *at);

/* What is wrong with a page of `size` bytes that should have this number and
 * kind (BRANCH or LEAF), in a tree whose keys are numbers or bytes? NULL:
 * nothing. */
const char *treepage_wrong(const unsigned char *page, size_t size,
    uint64_t number, unsigned kind, bool numeric);

/* BRANCH, LEAF and so on. */
unsigned treepage_kind(const unsigned char *page);

/* Of a page that nothing is wrong with. */
size_t treepage_nodes(const unsigned char *page);
struct treepage_node treepage_node(const unsigned char *page,
    size_t i);

/* The order of keys: below 0, 0 or above. */
int treepage_compare(bool numeric, const struct user_db_bytes *a,
    const struct user_db_bytes *b);

#endif
