/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entries - the records of the cache: who, and a digest of which password.
 *
 * All entries of an identity have one hash, whatever their service and
 * address, and so stand in one chain of their ring. Names are compared as
 * they are, never by a digest.
 */
#ifndef FRONT_ENTRIES_H
#define FRONT_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "front/cache.h"
#include "front/digest.h"
#include "front/ring.h"

/* One identity's entries in a ring: its many addresses are not to make a
 * chain long to walk. */
#define ENTRIES_OF_IDENTITY_MAX 64

/* Bytes of a name: as many as name_max may allow, for a login with a realm
 * behind it. */
#define ENTRIES_NAME_MAX (2 * WIRE_NAME_MAX_LIMIT + 1)

#define ENTRIES_NAMES 5

/*
 * The names of a key, each with its NUL: chain, login, realm, then service
 * and address. The first three are the identity. Names have no NUL inside,
 * so that no two keys look alike.
 */
struct entries_key {
	uint32_t hash;		/* of the identity */
	uint16_t len, identity_len;
	char names[ENTRIES_NAMES * (ENTRIES_NAME_MAX + 1)];
};

struct entry {
	uint32_t stored;	/* the caller's time */
	uint16_t len, identity_len;
	unsigned char verifier[DIGEST_VERIFIER_BYTES];
	unsigned char reason;	/* enum auth_reason, of a refusal */
	unsigned char life;	/* index of its cache_life */
	unsigned char by;	/* of his who said so */
	char names[];
};

/* -1: a name is too long. */
int entries_pack(struct entries_key *k_r, const unsigned char *digest_key,
    const struct cache_key *k);
/* Its names; they point into the entry. stored_sec is left alone. */
void entries_unpack(const struct entry *en, struct cache_entry *entry_r);

/* Bytes it takes in a ring. */
size_t entries_size(const struct entries_key *k);

/* The newest of this key, the next older one; NULL: none. */
struct entry *entries_find(const struct ring *r, const struct entries_key *k);
struct entry *entries_find_older(const struct ring *r,
    const struct entries_key *k, const struct entry *en);

/* Drop entries of the identity; `verifier` is looked at where a password
 * counts. */
enum entries_choice {
	ENTRIES_ALL,
	ENTRIES_OF_KEY,
	ENTRIES_OF_PASSWORD,
	ENTRIES_OF_OTHER_PASSWORD,
	ENTRIES_OF_KEY_AND_PASSWORD,
	ENTRIES_OF_KEY_OR_OTHER_PASSWORD
};
void entries_drop(struct ring *r, const struct entries_key *k,
    const unsigned char *verifier, enum entries_choice which);

/* The newest of the identity's that are meant; NULL: none. */
struct entry *entries_find_of(const struct ring *r,
    const struct entries_key *k,
    const unsigned char verifier[DIGEST_VERIFIER_BYTES],
    enum entries_choice which);

/* If the identity has all it may have, drop its oldest. Was it so? */
bool entries_make_room(struct ring *r, const struct entries_key *k);

/* There must be room in the ring. */
void entries_add(struct ring *r, const struct entries_key *k,
    const unsigned char verifier[DIGEST_VERIFIER_BYTES],
    const struct cache_found *what, unsigned life, uint32_t stored);

#endif
