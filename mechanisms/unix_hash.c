/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_hash - see unix_hash.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compat/compat.h"
#include "common/str.h"
#include "mechanisms/unix_hash.h"

#define METHODS_MAX 16		/* libxcrypt knows fifteen */

/* One method met in the file: how often, and a hash of it. */
struct tally {
	const char *method;
	unsigned count;
	char hash[PASSHASH_MAX];
};

static void
tally_add(struct tally *tallies, const char *hash)
{
	const char *method = passhash_method(hash);
	struct tally *t;

	if (method == NULL)
		return;
	for (t = tallies; t < tallies + METHODS_MAX; t++) {
		if (t->method == NULL) {
			if (str_copy(t->hash, sizeof(t->hash), hash) == -1)
				return;
			t->method = method;
		}
		if (strcmp(t->method, method) == 0) {
			t->count++;
			return;
		}
	}
}

static void
tally_winner(const struct tally *tallies, struct unix_model *m)
{
	const struct tally *best = tallies, *t;

	for (t = tallies; t < tallies + METHODS_MAX; t++)
		if (t->count > best->count)
			best = t;
	memcpy(m->hash, best->hash, sizeof(m->hash));
}

void
unix_model_read(struct unix_model *m, const char *path)
{
	struct tally tallies[METHODS_MAX] = { 0 };
	char *line = NULL, *field;
	size_t size = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return;
	while (getline(&line, &size, f) != -1) {
		field = strchr(line, ':');
		if (field == NULL)
			continue;
		field++;
		field[strcspn(field, ":\n")] = '\0';
		tally_add(tallies, field);
	}
	tally_winner(tallies, m);
	if (line != NULL)
		explicit_bzero(line, size);
	free(line);
	explicit_bzero(tallies, sizeof(tallies));
	fclose(f);
}

void
unix_model_wipe(struct unix_model *m)
{
	explicit_bzero(m, sizeof(*m));
}

void
unix_hash_deny(const struct unix_model *m, const struct secret *password,
    enum auth_reason reason, const char *detail, struct mech_answer *a)
{
	passhash_dummy(m->hash[0] != '\0' ? m->hash : NULL, password);
	mech_answer_set(a, AUTH_DENIED, reason, "%s", detail);
}

/* A site whose hashes are not in the file (LDAP, NIS) shows its method with
 * the first account that is checked. */
static void
model_learn(struct unix_model *m, const char *stored)
{
	if (m->hash[0] == '\0')
		(void)str_copy(m->hash, sizeof(m->hash), stored);
}

bool
unix_hash_check(struct unix_model *m, const char *stored,
    const struct secret *password, struct mech_answer *a)
{
	struct errmsg e = ERRMSG_INIT;

	if (stored[0] == '\0') {
		unix_hash_deny(m, password, REASON_NO_PASSWORD,
		    "the account has no password", a);
		return false;
	}
	/* passwd(1) -l puts the '!' in front; '*' is no hash by crypt(5). */
	if (stored[0] == '!' || stored[0] == '*') {
		unix_hash_deny(m, password, REASON_LOCKED,
		    "the account is locked", a);
		return false;
	}
	switch (passhash_verify(stored, password, &e)) {
	case PASSHASH_MATCH:
		model_learn(m, stored);
		return true;
	case PASSHASH_MISMATCH:
		model_learn(m, stored);
		mech_answer_set(a, AUTH_DENIED, REASON_BAD_PASSWORD, "%s", "");
		return false;
	case PASSHASH_UNKNOWN:
		/* Words like "NP" are put there so that nothing matches. */
		unix_hash_deny(m, password, REASON_BAD_HASH, e.text, a);
		return false;
	case PASSHASH_UNSET:
	case PASSHASH_ERROR:
		break;
	}
	mech_answer_set(a, AUTH_TEMPFAIL, REASON_NO_MEMORY, "%s", e.text);
	return false;
}

void
unix_hash_not_found(const struct unix_model *m, enum nss_user_found found,
    const struct errmsg *e, const struct secret *password,
    struct mech_answer *a)
{
	switch (found) {
	case NSS_USER_NONE:
		unix_hash_deny(m, password, REASON_NO_SUCH_USER, "", a);
		return;
	case NSS_USER_NO_ACCESS:
		mech_answer_set(a, AUTH_TEMPFAIL, REASON_NO_ACCESS, "%s",
		    e->text);
		return;
	case NSS_USER_ERROR:
		mech_answer_set(a, AUTH_TEMPFAIL, REASON_BACKEND_DOWN, "%s",
		    e->text);
		return;
	case NSS_USER_UNSET:
	case NSS_USER_FOUND:
		break;
	}
	mech_answer_set(a, AUTH_TEMPFAIL, REASON_INTERNAL,
	    "no verdict on the look-up");
}
