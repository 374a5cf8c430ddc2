/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * treepage - see treepage.h.
 */
#include "config.h"

#include "mechanisms/treepage.h"

#include <limits.h>
#include <string.h>

#define HEADER TREEPAGE_HEADER
#define LOWER_AT 12		/* the end of the offsets of nodes */
#define UPPER_AT 14		/* the beginning of the nodes */

#define NODE 8
#define NODE_FLAGS_AT 4
#define NODE_KEY_LEN_AT 6
#define NODE_FLAGS (TREEPAGE_NODE_LONG | TREEPAGE_NODE_TABLE)

uint16_t
treepage_u16(const unsigned char *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

uint32_t
treepage_u32(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

uint64_t
treepage_u64(const unsigned char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

unsigned
treepage_kind(const unsigned char *page)
{
	return treepage_u16(page + TREEPAGE_FLAGS_AT) & TREEPAGE_KINDS;
}

size_t
treepage_nodes(const unsigned char *page)
{
	return (size_t)(treepage_u16(page + LOWER_AT) - HEADER) / 2;
}

struct treepage_node
treepage_node(const unsigned char *page, size_t i)
{
	const unsigned char *at = page + treepage_u16(page + HEADER + 2 * i);
	struct treepage_node n = { .key = { at + NODE,
	    treepage_u16(at + NODE_KEY_LEN_AT) } };
	uint16_t flags = treepage_u16(at + NODE_FLAGS_AT);

	if (treepage_kind(page) == TREEPAGE_BRANCH) {
		n.page = treepage_u32(at) | (uint64_t)flags << 32;
		return n;
	}
	n.flags = flags;
	n.value = at + NODE + n.key.len;
	n.len = treepage_u32(at);
	return n;
}

/* The bytes of a node on its page; 0: it is none. */
static size_t
node_size(const unsigned char *page, size_t size, size_t at)
{
	unsigned flags;
	size_t len;

	if (at < treepage_u16(page + UPPER_AT) || at + NODE > size)
		return 0;
	len = NODE + (size_t)treepage_u16(page + at + NODE_KEY_LEN_AT);
	if (treepage_kind(page) == TREEPAGE_LEAF) {
		flags = treepage_u16(page + at + NODE_FLAGS_AT);
		if ((flags & ~(unsigned)NODE_FLAGS) != 0)
			return 0;
		len += (flags & TREEPAGE_NODE_LONG) != 0 ?
		    sizeof(uint64_t) : treepage_u32(page + at);
	}
	return len <= size - at ? len : 0;
}

/* No byte may be of two nodes: the library moves them about. */
static const char *
nodes_wrong(const unsigned char *page, size_t size)
{
	unsigned char taken[TREEPAGE_SIZE_MAX / CHAR_BIT] = { 0 };
	size_t i, at, end;

	for (i = 0; i < treepage_nodes(page); i++) {
		at = treepage_u16(page + HEADER + 2 * i);
		end = at + node_size(page, size, at);
		if (end == at)
			return "a node outside of its place";
		for (; at < end; at++) {
			if ((taken[at / CHAR_BIT] & 1U << at % CHAR_BIT) != 0)
				return "two nodes in one place";
			taken[at / CHAR_BIT] |=
			    (unsigned char)(1U << at % CHAR_BIT);
		}
	}
	return NULL;
}

static int
compare_bytes(const struct user_db_bytes *a, const struct user_db_bytes *b)
{
	int diff = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

	return diff != 0 ? diff : (a->len > b->len) - (a->len < b->len);
}

int
treepage_compare(bool numeric, const struct user_db_bytes *a,
    const struct user_db_bytes *b)
{
	uint64_t x, y;

	if (!numeric)
		return compare_bytes(a, b);
	if (a->len != sizeof(x) || b->len != sizeof(y))
		return 0;
	memcpy(&x, a->data, sizeof(x));
	memcpy(&y, b->data, sizeof(y));
	return (x > y) - (x < y);
}

/* The key of a branch's first node is not looked at. */
static const char *
order_wrong(const unsigned char *page, bool numeric)
{
	size_t i, first = treepage_kind(page) == TREEPAGE_BRANCH ? 1 : 0;
	struct treepage_node a, b;

	for (i = first + 1; i < treepage_nodes(page); i++) {
		a = treepage_node(page, i - 1);
		b = treepage_node(page, i);
		if (treepage_compare(numeric, &a.key, &b.key) >= 0)
			return "its keys are not in order";
	}
	return NULL;
}

const char *
treepage_wrong(const unsigned char *page, size_t size,
    uint64_t number, unsigned kind, bool numeric)
{
	size_t lower = treepage_u16(page + LOWER_AT);
	size_t upper = treepage_u16(page + UPPER_AT);
	const char *why;

	if (treepage_u64(page + TREEPAGE_NUMBER_AT) != number)
		return "it has the number of another";
	if (treepage_kind(page) != kind)
		return "it is of another kind";
	/* A branch leads somewhere, a leaf has a row. */
	if (lower < HEADER + 2 || lower % 2 != 0 || upper < lower ||
	    upper > size)
		return "its number of nodes is none";
	why = nodes_wrong(page, size);
	return why != NULL ? why : order_wrong(page, numeric);
}
