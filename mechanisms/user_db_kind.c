/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_kind - see user_db_kind.h.
 */
#include "config.h"

#include "mechanisms/user_db_kind.h"

#include <stdint.h>
#include <string.h>

#ifdef WITH_BERKELEY
#define BERKELEY &user_db_berkeley
#else
#define BERKELEY NULL
#endif
#ifdef WITH_GDBM
#define GDBM &user_db_gdbm
#else
#define GDBM NULL
#endif

enum use {
	READ,		/* a user database, as far as its first bytes tell */
	FOREIGN
};

/* A 32-bit magic number at an offset, in the byte order of the writer. */
struct kind {
	size_t offset;
	uint32_t magic;
	enum use use;
	const struct user_db_table *table;	/* NULL: not in this build */
	const char *what;
};

static const struct kind kinds[] = {
	{ 16, 0xbeefc0de, READ, &user_db_lmdb, "an LMDB file" },
	{ 12, 0x00061561, READ, BERKELEY, "a Berkeley DB file" },
	{ 12, 0x00053162, FOREIGN, NULL, "a Berkeley DB file (btree)" },
	{ 12, 0x00042253, FOREIGN, NULL, "a Berkeley DB file (queue)" },
	{ 0, 0x00061561, FOREIGN, NULL, "a Berkeley DB 1.85 (ndbm) file" },
	{ 0, 0x13579acd, READ, GDBM, "a GDBM file" },
	{ 0, 0x13579ace, READ, GDBM, "a GDBM file" },
	{ 0, 0x13579acf, READ, GDBM, "a GDBM file" },
	{ 0, 0x13579ad0, READ, GDBM, "a GDBM file" },
	{ 0, 0x13579ad1, READ, GDBM, "a GDBM file" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint32_t
swapped(uint32_t v)
{
	return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

static uint32_t
number_at(const unsigned char *head, size_t offset)
{
	uint32_t v;

	memcpy(&v, head + offset, sizeof(v));
	return v;
}

static const struct kind *
kind_of(const unsigned char *head, size_t len)
{
	uint32_t magic;
	size_t i;

	for (i = 0; i < KINDS; i++) {
		if (kinds[i].offset + sizeof(magic) > len)
			continue;
		magic = number_at(head, kinds[i].offset);
		if (magic == kinds[i].magic ||
		    swapped(magic) == kinds[i].magic)
			return &kinds[i];
	}
	return NULL;
}

const struct user_db_table *
user_db_kind_judge(const char *path, const unsigned char *head, size_t len,
    struct errmsg *e)
{
	const struct kind *kind = kind_of(head, len);

	if (kind == NULL) {
		errmsg_set(e, "%s: not a user database; choose another file "
		    "(sasldb_path, saslpasswd2 -f)", path);
		return NULL;
	}
	switch (kind->use) {
	case READ:
		if (kind->table == NULL)
			errmsg_set(e, "%s: %s, and the library for these is "
			    "not in this build of saslauthd", path,
			    kind->what);
		return kind->table;
	case FOREIGN:
		break;
	}
	errmsg_set(e, "%s: %s, and these are not read; choose another file "
	    "(sasldb_path, saslpasswd2 -f)", path, kind->what);
	return NULL;
}

const struct user_db_table *
user_db_kind_table(enum user_db_layout layout, struct errmsg *e)
{
	const struct user_db_table *table = NULL;

	switch (layout) {
	case USER_DB_HASHED:
	case USER_DB_LMDB:
		table = &user_db_lmdb;
		break;
	case USER_DB_BERKELEY:
		table = BERKELEY;
		break;
	case USER_DB_GDBM:
		table = GDBM;
		break;
	}
	if (table == NULL)
		errmsg_set(e, "layout %s is not in this build of saslauthd",
		    user_db_layout_name(layout));
	return table;
}
