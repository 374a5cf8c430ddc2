/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passhash - see passhash.h.
 */
#include "config.h"

#include "mechanisms/passhash.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/compat/compat.h"

_Static_assert(PASSHASH_MAX >= CRYPT_OUTPUT_SIZE, "crypt(3) output fits");

/*
 * crypt(3) refuses phrases of CRYPT_MAX_PASSPHRASE_SIZE bytes and more,
 * counting their NUL (crypt.h of libxcrypt).
 */
#define PASSWORD_MAX (CRYPT_MAX_PASSPHRASE_SIZE - 1)

/* A salt for the dummy hash: yescrypt at its default cost (crypt(5)). Its
 * value does not matter, since the outcome is thrown away. */
#define DUMMY_SETTING "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$"

/* crypt(5), "DES": 2 characters of salt, 11 of hash; bigcrypt has several
 * times 11. */
#define DES_SALT_LEN 2
#define DES_HASH_LEN 11
#define DES_ALPHABET \
	"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct method {
	const char *name;
	const char *prefix;	/* as crypt_gensalt(3) and hashes have it */
};

/* crypt(5). The first row of a name is the one new hashes are made with. */
static const struct method methods[] = {
	{ "yescrypt", "$y$" },
	{ "gost-yescrypt", "$gy$" },
	{ "scrypt", "$7$" },
	{ "bcrypt", "$2b$" },
	{ "bcrypt", "$2a$" },
	{ "bcrypt", "$2y$" },
	{ "bcrypt", "$2x$" },
	{ "sha512crypt", "$6$" },
	{ "sha256crypt", "$5$" },
	{ "sha1crypt", "$sha1" },
	{ "sunmd5", "$md5" },
	{ "md5crypt", "$1$" },
	{ "nt", "$3$" },
	{ "bsdicrypt", "_" },
	{ "descrypt", "" },
};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

static bool
is_des(const char *stored)
{
	size_t len = strlen(stored);

	return len >= DES_SALT_LEN + DES_HASH_LEN &&
	    (len - DES_SALT_LEN) % DES_HASH_LEN == 0 &&
	    strspn(stored, DES_ALPHABET) == len;
}

const char *
passhash_method(const char *stored)
{
	size_t i, len;

	for (i = 0; i < METHODS; i++) {
		len = strlen(methods[i].prefix);
		if (len > 0 && strncmp(stored, methods[i].prefix, len) == 0)
			return methods[i].name;
	}
	if (!is_des(stored))
		return NULL;
	return strlen(stored) == DES_SALT_LEN + DES_HASH_LEN ?
	    "descrypt" : "bigcrypt";
}

/* Working memory of crypt(3): 32 KiB, too much for a stack. */
static struct crypt_data *
work_new(void)
{
	return calloc(1, sizeof(struct crypt_data));
}

/* It has held the password and what was derived from it. */
static void
work_free(struct crypt_data *work)
{
	if (work == NULL)
		return;
	explicit_bzero(work, sizeof(*work));
	free(work);
}

/* crypt_r(3) whose failures ("*0" and "*1" among them) are all NULL. */
static const char *
compute(struct crypt_data *work, const struct secret *pw, const char *setting)
{
	const char *hash;

	errno = EINVAL;
	hash = crypt_r(secret_cstr(pw), setting, work);
	return hash == NULL || hash[0] == '*' ? NULL : hash;
}

/*
 * Of one method and setting all hashes are equally long, so a stored value
 * of another length is no hash. bigcrypt grows with the password.
 */
static enum passhash_verdict
compare(const char *stored, const char *hash)
{
	size_t len = strlen(stored);

	if (len != strlen(hash))
		return is_des(stored) ? PASSHASH_MISMATCH : PASSHASH_UNKNOWN;
	return secret_equal_bytes(stored, hash, len) ?
	    PASSHASH_MATCH : PASSHASH_MISMATCH;
}

enum passhash_verdict
passhash_verify(const char *stored, const struct secret *pw, struct errmsg *e)
{
	enum passhash_verdict verdict = PASSHASH_UNSET;
	struct crypt_data *work;
	const char *hash;

	/* crypt(3) takes any two letters for a DES salt; a word is no hash. */
	if (stored[0] != '$' && stored[0] != '_' && !is_des(stored)) {
		errmsg_set(e, "the stored value is no password hash");
		return PASSHASH_UNKNOWN;
	}
	/* No hash was ever made of such a password. */
	if (pw->len > PASSWORD_MAX || secret_has_nul(pw))
		return PASSHASH_MISMATCH;

	work = work_new();
	if (work == NULL) {
		errmsg_errno(e, errno, "password hash");
		return PASSHASH_ERROR;
	}
	hash = compute(work, pw, stored);
	if (hash != NULL)
		verdict = compare(stored, hash);
	else
		verdict = errno == ENOMEM ?
		    PASSHASH_ERROR : PASSHASH_UNKNOWN;
	if (verdict == PASSHASH_ERROR)
		errmsg_errno(e, ENOMEM, "password hash");
	if (verdict == PASSHASH_UNKNOWN)
		errmsg_set(e, "the stored value is no hash that crypt(3) "
		    "of this system knows");
	work_free(work);
	return verdict;
}

void
passhash_dummy(const char *model, const struct secret *pw)
{
	struct crypt_data *work = work_new();

	if (work == NULL)
		return;
	if (model == NULL || passhash_method(model) == NULL ||
	    compute(work, pw, model) == NULL)
		(void)compute(work, pw, DUMMY_SETTING);
	work_free(work);
}

static const char *
prefix_of(const char *method)
{
	size_t i;

	for (i = 0; i < METHODS; i++)
		if (strcmp(method, methods[i].name) == 0)
			return methods[i].prefix;
	return NULL;
}

static int
make(const char *setting, const struct secret *pw, char *to, size_t size,
    struct errmsg *e)
{
	struct crypt_data *work = work_new();
	const char *hash = NULL;
	int rc = -1;

	if (work != NULL)
		hash = compute(work, pw, setting);
	if (hash == NULL)
		errmsg_errno(e, errno, "password hash");
	else if (strlen(hash) >= size)
		errmsg_errno(e, ERANGE, "password hash");
	else {
		memcpy(to, hash, strlen(hash) + 1);
		rc = 0;
	}
	work_free(work);
	return rc;
}

int
passhash_make(const char *method, unsigned long cost, const struct secret *pw,
    char *to, size_t size, struct errmsg *e)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *prefix;

	if (method == NULL)
		method = "yescrypt";
	prefix = prefix_of(method);
	if (prefix == NULL)
		return errmsg_set(e, "%s is no hash method; see crypt(5)",
		    method);
	if (pw->len > PASSWORD_MAX)
		return errmsg_set(e, "the password is longer than %d bytes, "
		    "the most that crypt(3) takes", PASSWORD_MAX);
	if (secret_has_nul(pw))
		return errmsg_set(e, "the password has a NUL byte in it");
	/* Without random bytes given it takes the system's. */
	if (crypt_gensalt_rn(prefix, cost, NULL, 0, setting,
	    (int)sizeof(setting)) == NULL)
		return errmsg_errno(e, errno, "salt for %s", method);
	return make(setting, pw, to, size, e);
}
