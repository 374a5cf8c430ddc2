/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "front/entries.h"

#define IDENTITY_NAMES 3	/* the first ones of a key */

int
entries_pack(struct entries_key *k_r, const unsigned char *digest_key,
    const struct cache_key *k)
{
	const char *names[ENTRIES_NAMES] = {
		k->chain, k->login, k->realm, k->service, k->address
	};
	size_t i, n, len = 0;

	for (i = 0; i < ENTRIES_NAMES; i++) {
		n = strlen(names[i]);
		if (n > ENTRIES_NAME_MAX)
			return -1;
		memcpy(k_r->names + len, names[i], n + 1);
		len += n + 1;
		if (i == IDENTITY_NAMES - 1)
			k_r->identity_len = (uint16_t)len;
	}
	k_r->len = (uint16_t)len;
	k_r->hash = (uint32_t)digest_index(digest_key, k_r->names,
	    k_r->identity_len);
	return 0;
}

void
entries_unpack(const struct entry *en, struct cache_entry *entry_r)
{
	const char **names[ENTRIES_NAMES] = {
		&entry_r->chain, &entry_r->login, &entry_r->realm,
		&entry_r->service, &entry_r->address
	};
	const char *name = en->names;
	size_t i;

	for (i = 0; i < ENTRIES_NAMES; i++) {
		*names[i] = name;
		name += strlen(name) + 1;
	}
}

size_t
entries_size(const struct entries_key *k)
{
	return offsetof(struct entry, names) + k->len;
}

static bool
same_identity(const struct entry *en, const struct entries_key *k)
{
	return en->identity_len == k->identity_len &&
	    memcmp(en->names, k->names, k->identity_len) == 0;
}

static bool
same_key(const struct entry *en, const struct entries_key *k)
{
	return en->len == k->len && memcmp(en->names, k->names, k->len) == 0;
}

struct entry *
entries_find(const struct ring *r, const struct entries_key *k)
{
	struct entry *en = ring_find(r, k->hash);

	while (en != NULL && !same_key(en, k))
		en = ring_find_older(r, en);
	return en;
}

struct entry *
entries_find_older(const struct ring *r, const struct entries_key *k,
    const struct entry *en)
{
	struct entry *older = ring_find_older(r, en);

	while (older != NULL && !same_key(older, k))
		older = ring_find_older(r, older);
	return older;
}

static bool
is_chosen(const struct entry *en, const struct entries_key *k,
    const unsigned char *verifier, enum entries_choice which)
{
	switch (which) {
	case ENTRIES_ALL:
		break;
	case ENTRIES_OF_KEY:
		return same_key(en, k);
	case ENTRIES_OF_PASSWORD:
		return digest_equal(en->verifier, verifier);
	case ENTRIES_OF_OTHER_PASSWORD:
		return !digest_equal(en->verifier, verifier);
	case ENTRIES_OF_KEY_AND_PASSWORD:
		return same_key(en, k) &&
		    digest_equal(en->verifier, verifier);
	case ENTRIES_OF_KEY_OR_OTHER_PASSWORD:
		return same_key(en, k) ||
		    !digest_equal(en->verifier, verifier);
	}
	return true;
}

struct entry *
entries_find_of(const struct ring *r, const struct entries_key *k,
    const unsigned char verifier[DIGEST_VERIFIER_BYTES],
    enum entries_choice which)
{
	struct entry *en = ring_find(r, k->hash);

	while (en != NULL && !(same_identity(en, k) &&
	    is_chosen(en, k, verifier, which)))
		en = ring_find_older(r, en);
	return en;
}

void
entries_drop(struct ring *r, const struct entries_key *k,
    const unsigned char *verifier, enum entries_choice which)
{
	struct entry *en, *older;

	for (en = ring_find(r, k->hash); en != NULL; en = older) {
		older = ring_find_older(r, en);
		if (same_identity(en, k) && is_chosen(en, k, verifier, which))
			ring_drop(r, en);
	}
}

bool
entries_make_room(struct ring *r, const struct entries_key *k)
{
	struct entry *en, *oldest = NULL;
	unsigned n = 0;

	for (en = ring_find(r, k->hash); en != NULL;
	    en = ring_find_older(r, en)) {
		if (same_identity(en, k)) {
			oldest = en;
			n++;
		}
	}
	if (n < ENTRIES_OF_IDENTITY_MAX)
		return false;
	ring_drop(r, oldest);
	return true;
}

void
entries_add(struct ring *r, const struct entries_key *k,
    const unsigned char verifier[DIGEST_VERIFIER_BYTES],
    const struct cache_found *what, unsigned life, uint32_t stored)
{
	struct entry *en = ring_add(r, k->hash, entries_size(k));

	en->stored = stored;
	en->len = k->len;
	en->identity_len = k->identity_len;
	memcpy(en->verifier, verifier, sizeof(en->verifier));
	en->reason = (unsigned char)what->reason;
	en->life = (unsigned char)life;
	en->by = (unsigned char)what->by;
	memcpy(en->names, k->names, k->len);
}
